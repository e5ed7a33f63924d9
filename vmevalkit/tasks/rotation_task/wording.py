"""Everything said about a turn in words."""

from collections.abc import Mapping

import numpy as np

from vmevalkit.tasks.domain import PromptStyle
from vmevalkit.tasks.rotation_task.cells import agreement
from vmevalkit.tasks.rotation_task.puzzle import Direction, Puzzle
from vmevalkit.tasks.rotation_task.reading import State, similarity
from vmevalkit.tasks.rotation_task.view import LEFT, RIGHT, TOP

_SIDES: Mapping[Direction, str] = {"clockwise": "left", "counterclockwise": "right"}
"""Where the side that faces the camera moves first."""
_QUARTERS = ("front right", "back right", "back left", "front left")
"""Where the mark is while the azimuth grows by right angles."""

_TURNS = (
    "A figure made of cubes stands on a round turntable. The turntable turns {direction} by {angle} degrees, as seen "
    "from above, and stops: the side of the figure that faces the camera moves to the {side}.",
    "Turn this figure of cubes, together with the turntable it stands on, by {angle} degrees {direction} as seen from "
    "above. What is in front moves to the {side} first.",
    "The turntable with the figure on it makes a turn of {angle} degrees about its upright axis, {direction} when seen "
    "from above, so that its front goes to the {side}. Show how the figure looks on the way and at the end.",
    "Film a turntable that carries a figure of cubes and turns it by exactly {angle} degrees. Seen from above it turns "
    "{direction}; the parts near the camera travel to the {side}.",
)
_FIXED = (
    "The figure keeps its shape and turns as one rigid piece. The camera, the light and the background stay as they "
    "are.",
    "All cubes stay attached as they are; nothing else changes, and the camera does not move.",
    "The figure stays the same rigid object on the same spot, filmed with a fixed camera and a steady light.",
)
_MARKS = (
    "The orange mark near the rim ends up at the {end}, whether or not the figure hides it there.",
    "This takes the orange mark on the turntable from the {start} to the {end}, even where the figure hides it.",
)


def prompt(puzzle: Puzzle, style: PromptStyle, rng: np.random.Generator) -> str:
    """Word the task. The turn is the question itself; the instructed style adds where it leads."""
    asked, turned = puzzle.asked, puzzle.azimuth + puzzle.asked.degrees
    start, end = (_QUARTERS[azimuth % 360 // 90] for azimuth in (puzzle.azimuth, turned))
    parts = [_TURNS[rng.integers(len(_TURNS))], _FIXED[rng.integers(len(_FIXED))]]
    if style == "instructed":
        parts.insert(1, _MARKS[rng.integers(len(_MARKS))])
    return " ".join(parts).format(
        direction=asked.direction, angle=asked.angle, side=_SIDES[asked.direction], start=start, end=end
    )


def difference(seen: State, expected: State) -> str:
    """Say how much of the figure is seen as expected, and which of its faces."""
    one, other = seen.labels, expected.labels
    names = {TOP: "top", LEFT: "left", RIGHT: "right"}
    shares = []
    for label, name in names.items():
        either = (one == label) | (other == label)
        shares.append(f"{agreement(np.where(either, one, 0), np.where(either, other, 0)):.0%} of its {name} faces")
    return (
        f"{similarity(seen, expected):.0%} of the figure is seen as expected: {shares[0]}, {shares[1]} and {shares[2]}."
    )
