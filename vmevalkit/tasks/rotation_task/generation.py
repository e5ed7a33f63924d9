"""Making figures and questions about them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product

import numpy as np

from vmevalkit.tasks.domain import Difficulty
from vmevalkit.tasks.rotation_task.cells import agreement
from vmevalkit.tasks.rotation_task.figure import (
    DIRECTIONS_IN_SPACE,
    Figure,
    arm,
    is_chiral_without_symmetry,
    is_free,
    normalised,
    with_a_cube_moved,
)
from vmevalkit.tasks.rotation_task.puzzle import (
    ALIKE,
    DIRECTIONS,
    Puzzle,
    Turn,
    labels_after,
    mistakes,
    pose,
    solutions,
)
from vmevalkit.tasks.rotation_task.view import stage


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
    courses, splits = _courses(bends + 1), _splits(cubes - 1, bends + 1)
    while True:
        laid = arm(splits[rng.integers(len(splits))], courses[rng.integers(len(courses))])
        if not is_free(laid):
            continue
        figure = normalised(laid)
        if is_chiral_without_symmetry(figure):
            return figure


@cache
def _courses(segments: int) -> list[tuple[int, ...]]:
    """List the directions that the segments of an arm may take: each bends, and together they fill the space."""
    return [
        course
        for course in product(range(len(DIRECTIONS_IN_SPACE)), repeat=segments)
        if len({direction // 2 for direction in course}) == 3
        and all(one // 2 != other // 2 for one, other in pairwise(course))
    ]


@cache
def _splits(cubes: int, segments: int) -> list[tuple[int, ...]]:
    """List the ways to split cubes into segments; one of a single cube can only be at an end."""
    return [
        lengths
        for lengths in product(range(1, _LONGEST + 1), repeat=segments)
        if sum(lengths) == cubes and min(lengths[1:-1]) > 1
    ]


def mistaken_puzzle(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Show the turn in the other direction, a neighbouring angle, or the mirror image."""
    asked = puzzle.asked
    plausible = [
        turn
        for turn in mistakes(asked)
        if turn.mirrored or (turn.angle == asked.angle) != (turn.direction == asked.direction)
    ]
    return replace(puzzle, shown=plausible[rng.integers(len(plausible))])


_LEAST_MISS = 20
"""By how many degrees a turn is off at least, to be told from the right one with certainty in a compressed film."""


def nearly_right_puzzle(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Show a turn in the right direction that goes a little too far or not far enough."""
    miss = _LEAST_MISS if rng.integers(2) else -_LEAST_MISS
    return replace(puzzle, shown=replace(puzzle.asked, angle=puzzle.asked.angle + miss))


def tampered_puzzle(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle | None:
    """Move one cube of the figure, so that the final view is another one.

    The figure then stands where it stood and has its size, wherever that can be: nothing else gives it away.
    """
    asked = labels_after(puzzle, puzzle.asked)
    others = [replace(puzzle, figure=figure) for figure in with_a_cube_moved(puzzle.figure)]
    unlike = [other for other in others if agreement(labels_after(other, puzzle.asked), asked) <= ALIKE]
    placed = stage(puzzle.figure, puzzle.elevation)
    options = [other for other in unlike if stage(other.figure, puzzle.elevation) == placed] or unlike
    return options[rng.integers(len(options))] if options else None
