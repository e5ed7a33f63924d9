"""Making figures and questions about them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vmevalkit.tasks.domain import Difficulty
from vmevalkit.tasks.rotation_task.figure import (
    DIRECTIONS_IN_SPACE,
    Figure,
    arm,
    is_chiral_without_symmetry,
    is_free,
    normalised,
)
from vmevalkit.tasks.rotation_task.puzzle import DIRECTIONS, Puzzle, Turn, mistakes, pose, solutions


@dataclass(frozen=True)
class _Level:
    cubes: tuple[int, ...]
    bends: tuple[int, ...]
    angles: tuple[int, ...]


_LEVELS: Mapping[Difficulty, _Level] = {
    "easy": _Level(cubes=(7, 8), bends=(2,), angles=(60, 90)),
    "medium": _Level(cubes=(8, 9), bends=(2, 3), angles=(90, 120)),
    "hard": _Level(cubes=(9, 10), bends=(3,), angles=(120, 150)),
}

ELEVATIONS = range(20, 31)
"""From where the camera may look down, in degrees."""
_EVEN_VIEWS = range(20, 71)
"""Azimuths, less whole right angles, at which both sides of a cube are well seen."""
_VIEWS_TRIED = 8
"""Of a figure, before another one is made."""
_LONGEST = 4
"""How many cubes a straight segment may add."""


def sample_puzzle(rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
    """Make a question whose figure is seen well before and after the turn, and whose final view is unlike others."""
    level = _LEVELS[difficulty]
    while True:
        turn = Turn(DIRECTIONS[rng.integers(2)], level.angles[rng.integers(len(level.angles))])
        figure = _sample_figure(rng, _one_of(rng, level.cubes), _one_of(rng, level.bends))
        for _ in range(_VIEWS_TRIED):
            elevation = ELEVATIONS[rng.integers(len(ELEVATIONS))]
            puzzle = Puzzle(figure, elevation, int(rng.integers(360)), turn, turn)
            if _is_even(puzzle) and solutions(puzzle) == [str(turn)]:
                return puzzle


def _one_of(rng: np.random.Generator, options: tuple[int, ...]) -> int:
    return options[rng.integers(len(options))]


def _is_even(puzzle: Puzzle) -> bool:
    return all(azimuth % 90 in _EVEN_VIEWS for azimuth in (puzzle.azimuth, pose(puzzle, puzzle.asked)[1]))


def _sample_figure(rng: np.random.Generator, cubes: int, bends: int) -> Figure:
    """Make an arm that bends into all three dimensions, equals none of its rotations and not its mirror image."""
    while True:
        directions = [int(rng.integers(len(DIRECTIONS_IN_SPACE)))]
        while len(directions) <= bends:
            direction = int(rng.integers(len(DIRECTIONS_IN_SPACE)))
            if direction // 2 != directions[-1] // 2:
                directions.append(direction)
        if len({direction // 2 for direction in directions}) < 3:
            continue
        lengths = _sample_lengths(rng, cubes - 1, bends + 1)
        laid = arm(lengths, directions)
        if not is_free(laid):
            continue
        figure = normalised(laid)
        if is_chiral_without_symmetry(figure):
            return figure


def _sample_lengths(rng: np.random.Generator, total: int, segments: int) -> list[int]:
    """Split a number of cubes into segments; one of a single cube can only be at an end."""
    while True:
        lengths = [int(length) for length in rng.integers(1, _LONGEST + 1, segments)]
        if sum(lengths) == total and min(lengths[1:-1]) > 1:
            return lengths


def mistaken_puzzle(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Show the turn in the other direction, a neighbouring angle, or the mirror image."""
    asked = puzzle.asked
    plausible = [
        turn
        for turn in mistakes(asked)
        if turn.mirrored or (turn.angle == asked.angle) != (turn.direction == asked.direction)
    ]
    return replace(puzzle, shown=plausible[rng.integers(len(plausible))])
