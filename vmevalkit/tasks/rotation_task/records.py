"""A question as JSON, and back."""

from typing import Any

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.rotation_task.figure import Figure, Voxel, bends, normalised
from vmevalkit.tasks.rotation_task.puzzle import (
    ANGLES,
    DIRECTIONS,
    Puzzle,
    Turn,
    least_visible,
    pose,
    similarities,
)

_WIDEST = 10
"""Cubes along each axis, at most."""
_ELEVATIONS = range(10, 61)
_AZIMUTHS = range(360)


def to_metadata(puzzle: Puzzle) -> dict[str, Any]:
    """Describe the figure, the view, the turn, and how hard it is to tell the final view from others."""
    alike = similarities(puzzle)
    nearest = max(alike, key=lambda name: alike[name])
    return {
        "voxels": [list(cube) for cube in puzzle.figure],
        "elevation": puzzle.elevation,
        "azimuth_start": puzzle.azimuth,
        "azimuth_end": round(pose(puzzle, puzzle.asked)[1]),
        "direction": puzzle.asked.direction,
        "angle": puzzle.asked.angle,
        "answer": {
            "direction": puzzle.shown.direction,
            "angle": puzzle.shown.angle,
            "mirrored": puzzle.shown.mirrored,
        },
        "solution": str(puzzle.shown),
        "cubes": len(puzzle.figure),
        "bends": bends(puzzle.figure),
        "least_visible_cube_at_start": round(least_visible(puzzle, None), 3),
        "least_visible_cube_at_end": round(least_visible(puzzle, puzzle.asked), 3),
        "most_similar_mistake": {"turn": nearest, "similarity": round(alike[nearest], 3)},
    }


def from_metadata(metadata: dict[str, Any]) -> Puzzle:
    """Rebuild a question.

    Raises:
        PuzzleError: a field is missing or malformed; the message names it.

    """
    answer = metadata.get("answer")
    if not isinstance(answer, dict):
        raise PuzzleError("rotation: answer does not describe a turn")
    mirrored = answer.get("mirrored")
    if not isinstance(mirrored, bool):
        raise PuzzleError("rotation: answer.mirrored must be true or false")
    return Puzzle(
        figure=_figure(metadata.get("voxels")),
        elevation=_whole(metadata.get("elevation"), _ELEVATIONS, "elevation"),
        azimuth=_whole(metadata.get("azimuth_start"), _AZIMUTHS, "azimuth_start"),
        asked=_turn(metadata, ""),
        shown=_turn(answer, "answer.", mirrored=mirrored),
    )


def _figure(value: object) -> Figure:
    if not isinstance(value, list) or not value:
        raise PuzzleError("rotation: voxels must be a list of cubes")
    figure = tuple(_voxel(cube, number) for number, cube in enumerate(value))
    if figure != normalised(set(figure)):
        raise PuzzleError("rotation: voxels must be in ascending order, all different, and start at 0 along each axis")
    return figure


def _voxel(value: object, number: int) -> Voxel:
    if not isinstance(value, list) or len(value) != 3:
        raise PuzzleError(f"rotation: voxels[{number}] must be three whole numbers")
    x, y, z = (_whole(part, range(_WIDEST), f"voxels[{number}]") for part in value)
    return x, y, z


def _whole(value: object, bounds: range, field: str) -> int:
    if type(value) is not int or value not in bounds:
        raise PuzzleError(f"rotation: {field} must be a whole number from {bounds.start} to {bounds.stop - 1}")
    return value


def _turn(fields: dict[str, Any], prefix: str, *, mirrored: bool = False) -> Turn:
    angle = fields.get("angle")
    if type(angle) is not int or angle not in ANGLES:
        raise PuzzleError(f"rotation: {prefix}angle must be one of {', '.join(str(each) for each in ANGLES)}")
    for direction in DIRECTIONS:
        if direction == fields.get("direction"):
            return Turn(direction, angle, mirrored)
    raise PuzzleError(f"rotation: {prefix}direction must be {' or '.join(DIRECTIONS)}")
