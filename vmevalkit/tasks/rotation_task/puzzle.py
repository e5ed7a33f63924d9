"""The question: a figure, a view of it and a turn; and the proof that the view after the turn is like no other."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, get_args

from vmevalkit.tasks.rotation_task.cells import Labels, agreement, seen_labels, visible_shares
from vmevalkit.tasks.rotation_task.figure import Figure, mirrored, quarter_turned

Direction = Literal["clockwise", "counterclockwise"]
"""As seen from above."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

ANGLES = (60, 90, 120, 150)
"""How far a figure may be asked to turn, in degrees. Not by 180, which is the same in both directions."""

LEAST_VISIBLE = 0.25
"""How much of each cube is seen in the first and in the final view, as a share of a cube that stands alone."""
ALIKE = 0.75
"""Views that agree more than this count as the same; well below what a frame must reach to be accepted."""


@dataclass(frozen=True)
class Turn:
    """A turn about the upright axis. A mirrored one ends in the mirror image of the figure: a mistake people make."""

    direction: Direction
    angle: int
    mirrored: bool = False

    def __str__(self) -> str:
        return f"{'mirror and ' if self.mirrored else ''}turn {self.direction} {self.angle}"

    @property
    def degrees(self) -> int:
        """The turn as an angle, counterclockwise."""
        return self.angle if self.direction == "counterclockwise" else -self.angle


@dataclass(frozen=True)
class Puzzle:
    """A figure that is seen at an azimuth and from an elevation, and the turns that are asked for and shown."""

    figure: Figure
    elevation: int
    azimuth: int
    asked: Turn
    shown: Turn


def pose(puzzle: Puzzle, turn: Turn | None, share: float = 1.0) -> tuple[Figure, float]:
    """Return the figure and its azimuth after a share of a turn, or before any.

    The mirror image is that of the first view, left and right exchanged, turned from there.
    """
    if turn is None:
        return puzzle.figure, float(puzzle.azimuth)
    if turn.mirrored:
        return mirrored(puzzle.figure), (turn.degrees * share - puzzle.azimuth) % 360
    return puzzle.figure, (puzzle.azimuth + turn.degrees * share) % 360


def labels_after(puzzle: Puzzle, turn: Turn | None) -> Labels:
    """Return what each cell of the picture shows after a turn, or before any."""
    return seen_labels(*pose(puzzle, turn), puzzle.elevation)


def mistakes(asked: Turn) -> list[Turn]:
    """Return all turns that are not the one asked for: other angles, the other direction, and the mirror image."""
    turns = [Turn(direction, angle) for direction in DIRECTIONS for angle in ANGLES]
    return [*(turn for turn in turns if turn != asked), Turn(asked.direction, asked.angle, mirrored=True)]


@lru_cache(maxsize=64)
def least_visible(puzzle: Puzzle, turn: Turn | None) -> float:
    """Return how much is seen of the most hidden cube after a turn, or before any."""
    return float(visible_shares(*pose(puzzle, turn), puzzle.elevation).min())


@lru_cache(maxsize=64)
def similarities(puzzle: Puzzle) -> Mapping[str, float]:
    """Return how much the view that is asked for agrees with the first view and with the view after each mistake."""
    asked = labels_after(puzzle, puzzle.asked)
    others = {"no turn": None, **{str(turn): turn for turn in mistakes(puzzle.asked)}}
    return MappingProxyType({name: agreement(labels_after(puzzle, turn), asked) for name, turn in others.items()})


def solutions(puzzle: Puzzle) -> list[str]:
    """Find all turns after which the figure looks as it must after the turn that is asked for.

    Returns:
        The turn that is asked for and those that look the same; nothing if a cube is hidden so far that the first
        view does not tell where it is.

    """
    if any(least_visible(puzzle, turn) < LEAST_VISIBLE for turn in (None, puzzle.asked)):
        return []
    alike = [name for name, similarity in similarities(puzzle).items() if similarity > ALIKE]
    return [str(puzzle.asked), *alike]


def question_key(puzzle: Puzzle) -> str:
    """Return a digest of what is seen and asked: a figure turned by right angles and seen from there is the same."""
    turns, azimuth = divmod(puzzle.azimuth, 90)
    figure = quarter_turned(puzzle.figure, turns)
    parts = (figure, azimuth, puzzle.elevation, puzzle.asked.direction, puzzle.asked.angle)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
