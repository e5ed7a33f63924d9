"""What a maze's prompt says, and how two states of a maze differ, in words."""

from itertools import groupby

import numpy as np

from vmevalkit.tasks.domain import PromptStyle
from vmevalkit.tasks.maze_task.looking import Passage
from vmevalkit.tasks.maze_task.puzzle import Maze, letters
from vmevalkit.tasks.maze_task.reading import MazeState, place

_OPEN = (
    "The picture shows a maze seen from above. A smooth blue line grows from the green dot along the middle of the "
    "corridors until it reaches the red target, and it never touches a wall. The walls, the dot and the target stay "
    "exactly as they are. The camera does not move.",
    "Solve this maze. Starting at the green dot, draw one continuous blue line through the open corridors to the red "
    "target, without crossing any dark wall and without entering a dead end. Nothing else in the picture changes, and "
    "the camera stays fixed.",
    "A blue line is slowly drawn from the green dot to the red target and stays visible behind its tip. It takes the "
    "only way through the maze, turns where the corridors turn and does not pass through walls. The maze itself does "
    "not change, and the view is still.",
    "Find the way from the green dot to the red target and trace it as a solid blue line in the centre of the "
    "corridors. At the end the line joins the two marks without a gap and has no side branches. Keep the black walls, "
    "the marks and the white background unchanged, filmed from a fixed camera straight above.",
    "Seen from straight above with a fixed camera, a blue pen draws the route that leads out of the green dot, "
    "through gaps between the dark walls, to the red target. The pen never lifts, never crosses a wall and never "
    "goes back. The walls and both marks remain where they are.",
)
_INSTRUCTED = (
    "Draw a continuous blue line through this maze from the green dot to the red target. From the dot, the line goes "
    "{moves}, counted in cells. The walls and the two marks do not change, and the camera does not move.",
    "A smooth blue line grows from the green dot along the middle of the corridors, cell by cell: {moves}. There it "
    "reaches the red target. Nothing else in the picture changes, and the camera stays fixed.",
    "Starting at the green dot, trace the way through the maze in blue: {moves}, where each number counts cells. The "
    "line ends on the red target, stays visible and touches no wall. The view from above is still.",
    "Seen from straight above with a fixed camera, a blue pen leaves the green dot and moves {moves} cell by cell "
    "until it arrives at the red target. The dark walls, the dot and the target remain exactly as they are.",
)
_WORDS = {"U": "up", "R": "right", "D": "down", "L": "left"}


def prompt(maze: Maze, style: PromptStyle, rng: np.random.Generator) -> str:
    """Word the task; ``rng`` chooses among paraphrases."""
    wordings = _OPEN if style == "open" else _INSTRUCTED
    return wordings[int(rng.integers(len(wordings)))].format(moves=moves(maze))


def moves(maze: Maze) -> str:
    """Spell out the path, such as ``right 2, down 1``."""
    return ", ".join(f"{_WORDS[letter]} {len(list(run))}" for letter, run in groupby(letters(maze.path)))


def difference(seen: MazeState, expected: MazeState) -> str:
    """Say where two states of a maze differ."""
    if (len(seen.walls), len(seen.walls[0])) != (len(expected.walls), len(expected.walls[0])):
        return f"the maze has {_sides(seen)} cells instead of {_sides(expected)}."
    found = []
    changed = [
        (row, column)
        for row, (line, right) in enumerate(zip(seen.walls, expected.walls, strict=True))
        for column, (digit, other) in enumerate(zip(line, right, strict=True))
        if digit != other
    ]
    if changed:
        found.append(f"the walls around {listed([place(cell) for cell in changed])} have changed")
    for name, here, there in (("green dot", seen.start, expected.start), ("red target", seen.goal, expected.goal)):
        if here != there:
            found.append(f"the {name} is at {place(here)} instead of {place(there)}")
    loose = seen.loose - expected.loose
    for passages, problem in (
        (expected.drawn - seen.drawn - loose, "the line does not lead"),
        (seen.drawn - expected.drawn, "the line wrongly leads"),
        (loose, "the line ends on the way"),
    ):
        if passages:
            found.append(f"{problem} {listed([step_name(passage) for passage in sorted(passages)])}")
    return "; ".join(found) + "." if found else "both show the same."


def _sides(state: MazeState) -> str:
    return f"{len(state.walls)}x{len(state.walls[0])}"


def step_name(passage: Passage) -> str:
    """Name a passage for people."""
    return f"from {place(passage[0])} to {place(passage[1])}"


def listed(items: list[str]) -> str:
    """Name the first few of some things."""
    shown = ", ".join(items[:3])
    return f"{shown} and {len(items) - 3} more" if len(items) > 3 else shown
