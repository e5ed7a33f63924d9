"""Seeing a maze in a frame: its walls, its two marks and the blue line, each with a margin or not at all."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels
from vmevalkit.tasks.maze_task.looking import (
    GOAL,
    LEAST_PAPER,
    START,
    UNSURE,
    YES,
    Flags,
    Grid,
    Passage,
    Shares,
    Verdicts,
    at_borders,
    find,
    in_cells,
    judged,
    lines_in,
    paper_around,
    passages,
    walls_in,
)
from vmevalkit.tasks.maze_task.puzzle import DIRECTIONS, EAST, NORTH, SOUTH, WEST, Cell, Maze


@dataclass(frozen=True)
class MazeState:
    """What a frame shows."""

    walls: tuple[str, ...]
    """As in `Maze.walls`."""
    start: Cell
    goal: Cell
    drawn: frozenset[Passage]
    """Neighbours that the blue line joins, through a wall or not."""
    loose: frozenset[Passage]
    """Neighbours between which the line comes to an end."""


def read(frame: Pixels) -> MazeState:
    """See the maze in a frame.

    Raises:
        UnreadableFrameError: there is no maze, or some part of it cannot be told with certainty.

    """
    shares, grid = find(frame)
    if paper_around(shares, grid) < LEAST_PAPER:
        raise UnreadableFrameError("the maze does not lie on a white ground")
    east_walls, east_lines, east_loose = _borders(shares, grid, vertical=True)
    south_walls, south_lines, south_loose = _borders(shares, grid, vertical=False)
    drawn, loose = passages(east_lines, south_lines), passages(east_loose, south_loose)
    start, goal = _read_cells(shares, grid, drawn | loose)
    return MazeState(_hex_walls(east_walls, south_walls), start, goal, drawn, loose)


def shown_state(maze: Maze, *, solved: bool) -> MazeState:
    """Return what the final frame of a maze shows, or the first."""
    drawn = passages_of(maze.path) if solved else frozenset()
    return MazeState(maze.walls, maze.start, maze.goal, drawn, frozenset())


def passages_of(path: tuple[Cell, ...]) -> frozenset[Passage]:
    """List the neighbours that a path joins."""
    return frozenset((min(step), max(step)) for step in pairwise(path))


def place(cell: Cell) -> str:
    """Name a cell for people, who count from 1."""
    return f"row {cell[0] + 1}, column {cell[1] + 1}"


def _borders(shares: Shares, grid: Grid, *, vertical: bool) -> tuple[Flags, Flags, Flags]:
    """Look at the borders between neighbours.

    Args:
        shares: what the view shows.
        grid: where the maze lies.
        vertical: look at the borders between left and right neighbours, otherwise at those of upper and lower ones.

    Returns:
        Whether there is a wall (outer walls included), whether the line crosses, and whether it comes to an end there;
        shape (rows, columns + 1) if vertical, otherwise (rows + 1, columns), for the last two without the outer ones.

    """
    seen = at_borders(shares, grid, vertical=vertical)
    inner, outer = (np.s_[:, 1:-1], np.s_[:, [0, -1]]) if vertical else (np.s_[1:-1, :], np.s_[[0, -1], :])
    walls = _certain(walls_in(seen[1]), "wall")
    if not walls[outer].all() or (seen[1]["path"][outer] > 0.05).any():
        raise UnreadableFrameError("the maze's outer wall has a gap or is crossed by the line")
    blue = [_certain(lines_in(part)[inner], "line") for part in seen]
    lines, touched = np.logical_and.reduce(blue), np.logical_or.reduce(blue)
    return walls, lines, touched & ~lines


def _certain(verdicts: Verdicts, what: str) -> Flags:
    unsure = np.argwhere(verdicts == UNSURE)
    if len(unsure):
        cell = place((int(unsure[0][0]), int(unsure[0][1])))
        raise UnreadableFrameError(f"it is not certain whether there is a {what} at the edge of {cell}")
    return np.asarray(verdicts == YES)


def _read_cells(shares: Shares, grid: Grid, lined: frozenset[Passage]) -> tuple[Cell, Cell]:
    """Find the two marks, and make sure that all other cells are empty or have a line that leads somewhere."""
    seen = in_cells(shares, grid)
    marks = {}
    for mark, thresholds in (("start", START), ("goal", GOAL)):
        verdicts = judged(seen[mark], thresholds)
        found = np.argwhere(verdicts == YES)
        if len(found) != 1 or (verdicts == UNSURE).any():
            name = "green dot" if mark == "start" else "red target"
            raise UnreadableFrameError(f"there is not exactly one {name}")
        marks[mark] = int(found[0][0]), int(found[0][1])
    with_line = np.zeros((grid.rows, grid.columns), dtype=np.bool_)
    for cell in {cell for passage in lined for cell in passage}:
        with_line[cell] = True
    allowed = np.where(with_line, 0.4, 0.1)
    for cell in marks.values():
        allowed[cell] = 0.55
    strange = seen["unknown"] + seen["wall"] > allowed
    strange |= (seen["path"] > 0.03) & ~with_line
    if strange.any():
        row, column = (int(number) for number in np.argwhere(strange)[0])
        raise UnreadableFrameError(f"what is at {place((row, column))} cannot be made out")
    return marks["start"], marks["goal"]


def _hex_walls(vertical: Flags, horizontal: Flags) -> tuple[str, ...]:
    sides = {NORTH: horizontal[:-1], SOUTH: horizontal[1:], WEST: vertical[:, :-1], EAST: vertical[:, 1:]}
    masks = sum(side * sides[side].astype(int) for side in DIRECTIONS)
    return tuple("".join(f"{mask:x}" for mask in row) for row in np.asarray(masks).tolist())
