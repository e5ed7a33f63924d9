"""Seeing a maze in a frame: its walls, its two marks and the blue line, each with a margin or not at all.

Every pixel is taken for the nearest of a few colours, or for none if it is far from all. The outer wall
tells where the maze lies, the other walls how many cells it has, and shares of colour in small windows the rest.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, nearest_colours, rgb, square_view
from vmevalkit.tasks.maze_task.drawing import COLOURS, START_RADIUS
from vmevalkit.tasks.maze_task.puzzle import DIRECTIONS, EAST, MAX_SIDE, MIN_SIDE, NORTH, SOUTH, WEST, Cell, Maze

Passage = tuple[Cell, Cell]
"""Two neighbouring cells, the upper or left one first."""
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]
Ranges = tuple[Reals, Reals]

_VIEW = 768
_COLOURS = {**COLOURS, "shade": "#8f9499"}
"""Those of a maze, and what lies half-way between wall and paper."""
_KINDS = [*_COLOURS, "unknown"]
_FARTHEST = {name: 55 if name == "shade" else 95 for name in _COLOURS}
"""Distance in RGB beyond which a pixel is none of the colours; a pale colour must not be mistaken for grey."""
_EDGE = 8
"""Pixels at the rim of the view in which a remnant of a letterbox is overlooked."""
_PLACES = (-0.132, 0.0, 0.132)
"""Where a line from cell to cell must be seen: before, on and behind the border, in cells from it."""


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


@dataclass(frozen=True)
class _Grid:
    """Where the maze lies in the view: the middle lines of its outer walls, its pitch and the walls' thickness."""

    left: float
    top: float
    rows: int
    columns: int
    pitch_x: float
    pitch_y: float
    wall: float


class _Shares:
    """Tells which share of a window each kind of colour fills."""

    def __init__(self, kinds: Pixels) -> None:
        height, width = kinds.shape
        self._above = np.zeros((len(_KINDS), height + 1, width), dtype=np.int16)
        np.cumsum(kinds == np.arange(len(_KINDS))[:, None, None], axis=1, dtype=np.int16, out=self._above[:, 1:])

    def of(self, x: Ranges, y: Ranges) -> dict[str, Reals]:
        """Return the shares in the windows that ranges of columns and of rows make where they cross.

        Args:
            x: first and last edges of m ranges of columns, in pixels; each range is a pixel wide at least.
            y: the same of n ranges of rows.

        Returns:
            For each kind of colour an array of shape (n, m).

        """
        (left, right), (top, bottom) = _whole_pixels(x), _whole_pixels(y)
        bands = self._above[:, bottom] - self._above[:, top]
        before = np.zeros((*bands.shape[:2], bands.shape[2] + 1), dtype=np.int32)
        np.cumsum(bands, axis=2, dtype=np.int32, out=before[:, :, 1:])
        counts = before[:, :, right] - before[:, :, left]
        return dict(zip(_KINDS, counts / np.outer(bottom - top, right - left), strict=True))


def _whole_pixels(ranges: Ranges) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first = np.rint(ranges[0]).astype(np.intp).clip(0, _VIEW - 1)
    return first, np.maximum(np.rint(ranges[1]).astype(np.intp).clip(1, _VIEW), first + 1)


def read(frame: Pixels) -> MazeState:
    """See the maze in a frame.

    Raises:
        UnreadableFrameError: there is no maze, or some part of it cannot be told with certainty.

    """
    kinds = _kinds(square_view(frame, _VIEW))
    grid = _find_grid(kinds == _KINDS.index("wall"))
    shares = _Shares(kinds)
    _check_surroundings(shares, grid)
    east_walls, east_lines, east_loose = _borders(shares, grid, vertical=True)
    south_walls, south_lines, south_loose = _borders(shares, grid, vertical=False)
    drawn, loose = _passages(east_lines, south_lines), _passages(east_loose, south_loose)
    start, goal = _read_cells(shares, grid, drawn | loose)
    return MazeState(_hex_walls(east_walls, south_walls), start, goal, drawn, loose)


def shown_state(maze: Maze, *, solved: bool) -> MazeState:
    """Return what the final frame of a maze shows, or the first."""
    steps = pairwise(maze.path) if solved else ()
    drawn = frozenset((min(step), max(step)) for step in steps)
    return MazeState(maze.walls, maze.start, maze.goal, drawn, frozenset())


def place(cell: Cell) -> str:
    """Name a cell for people, who count from 1."""
    return f"row {cell[0] + 1}, column {cell[1] + 1}"


def _kinds(view: Pixels) -> Pixels:
    """Tell for each pixel the number of its kind in ``_KINDS``."""
    red, green, blue = (view[:, :, channel] >> 3 for channel in range(3))
    kinds: Pixels = _kinds_of_colours()[red, green, blue]
    return kinds


@cache
def _kinds_of_colours() -> Pixels:
    """Return the kinds of all colours, shape (32, 32, 32): a table is ten times as fast as measuring each pixel."""
    middles = np.arange(32, dtype=np.uint8) * 8 + 4
    every = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1)
    index, distance = nearest_colours(every, np.array([rgb(colour) for colour in _COLOURS.values()], dtype=np.uint8))
    farthest = np.array([_FARTHEST[name] for name in _COLOURS])
    return np.where(distance <= farthest[index] ** 2, index, len(_COLOURS)).astype(np.uint8)


def _find_grid(dark: Flags) -> _Grid:
    """Find the outer wall and the number of cells."""
    dark = dark.copy()
    dark[:_EDGE], dark[-_EDGE:], dark[:, :_EDGE], dark[:, -_EDGE:] = False, False, False, False
    left, right, thick_x = _outer_lines(dark.sum(axis=0))
    top, bottom, thick_y = _outer_lines(dark.sum(axis=1))
    wall = (thick_x + thick_y) / 2
    inside = dark[int(top) : int(bottom) + 1, int(left) : int(right) + 1].astype(np.float32)
    for columns in range(MIN_SIDE, MAX_SIDE + 1):
        pitch = (right - left) / columns
        rows = round((bottom - top) / pitch)
        if not MIN_SIDE <= rows <= MAX_SIDE or pitch < 2.5 * wall:
            continue
        pitch_y = (bottom - top) / rows
        if abs(pitch_y - pitch) * max(rows, columns) > 0.5 * pitch:
            continue
        off_x = _off_lines(inside.shape[1], left % 1, pitch, wall)
        off_y = _off_lines(inside.shape[0], top % 1, pitch_y, wall)
        if off_y @ inside @ off_x <= 0.02 * inside.sum():
            return _Grid(left, top, rows, columns, pitch, pitch_y, wall)
    raise UnreadableFrameError("the dark lines do not form a maze")


def _outer_lines(profile: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return the middles and the thickness of the first and last line that is about as long as the longest."""
    longest = profile.max()
    if longest < 40:
        raise UnreadableFrameError("no walls of a maze can be seen")
    strong = np.flatnonzero(profile >= 0.6 * longest)
    breaks = np.flatnonzero(np.diff(strong) > 1)
    if not len(breaks):
        raise UnreadableFrameError("the maze's outer wall cannot be seen")
    first, last = (strong[0], strong[breaks[0]]), (strong[breaks[-1] + 1], strong[-1])
    thickness = (first[1] - first[0] + last[1] - last[0]) / 2 + 1
    return (first[0] + first[1] + 1) / 2, (last[0] + last[1] + 1) / 2, float(thickness)


def _off_lines(length: int, first: float, pitch: float, wall: float) -> NDArray[np.float32]:
    """Mark with 1 the pixels that lie on none of the lines ``pitch`` apart, the first of which is at ``first``."""
    cells = (np.arange(length) + 0.5 - first) / pitch
    off: Flags = np.abs(cells - np.rint(cells)) * pitch > 0.5 * wall + 1.5
    return off.astype(np.float32)


def _check_surroundings(shares: _Shares, grid: _Grid) -> None:
    """Make sure that around the maze there is little but paper."""
    right, bottom = grid.left + grid.columns * grid.pitch_x, grid.top + grid.rows * grid.pitch_y
    gap = grid.wall / 2 + 3
    x = np.array([[_EDGE, grid.left - gap], [right + gap, _VIEW - _EDGE], [_EDGE, _VIEW - _EDGE]]).T
    y = np.array([[_EDGE, grid.top - gap], [bottom + gap, _VIEW - _EDGE], [_EDGE, _VIEW - _EDGE]]).T
    paper = shares.of((x[0], x[1]), (y[0], y[1]))["paper"]
    if min(*paper[:2, 2], *paper[2, :2]) < 0.85:
        raise UnreadableFrameError("the maze does not lie on a white ground")


def _borders(shares: _Shares, grid: _Grid, *, vertical: bool) -> tuple[Flags, Flags, Flags]:
    """Look at the borders between neighbours.

    Args:
        shares: what the view shows.
        grid: where the maze lies.
        vertical: look at the borders between left and right neighbours, otherwise at those of upper and lower ones.

    Returns:
        Whether there is a wall (outer walls included), whether the line crosses, and whether it comes to an end there;
        shape (rows, columns + 1) if vertical, otherwise (rows + 1, columns), for the last two without the outer ones.

    """
    inset = grid.wall / 2 + 1.5
    half = max(min(grid.wall / 4, 0.025 * grid.pitch_x), 0.5)
    lines_x, lines_y = (
        first + np.arange(count + 1, dtype=np.float64) * pitch
        for first, count, pitch in ((grid.left, grid.columns, grid.pitch_x), (grid.top, grid.rows, grid.pitch_y))
    )

    def look(shift: float) -> dict[str, Reals]:
        if vertical:
            middle = lines_x + shift * grid.pitch_x
            return shares.of((middle - half, middle + half), (lines_y[:-1] + inset, lines_y[1:] - inset))
        middle = lines_y + shift * grid.pitch_y
        return shares.of((lines_x[:-1] + inset, lines_x[1:] - inset), (middle - half, middle + half))

    seen = [look(shift) for shift in _PLACES]
    inner, outer = (np.s_[:, 1:-1], np.s_[:, [0, -1]]) if vertical else (np.s_[1:-1, :], np.s_[[0, -1], :])
    walls = _decide(_wall(seen[1]), 0.25, 0.6, "wall")
    if not walls[outer].all() or (seen[1]["path"][outer] > 0.05).any():
        raise UnreadableFrameError("the maze's outer wall has a gap or is crossed by the line")
    blue = [_decide(_line(part)[inner], 0.07, 0.12, "line") for part in seen]
    lines, touched = np.logical_and.reduce(blue), np.logical_or.reduce(blue)
    return walls, lines, touched & ~lines


def _wall(seen: dict[str, Reals]) -> Reals:
    """Weigh the dark colours in windows; what a line hides does not count, and pale edges count by half."""
    return (seen["wall"] + seen["shade"] / 2) / np.maximum(1 - seen["path"], 0.2)


def _line(seen: dict[str, Reals]) -> Reals:
    """Weigh the blue in windows; its blurred edges count by half, but other colours alone leave it uncertain."""
    other = seen["unknown"] + seen["start"] + seen["goal"]
    return np.where(seen["path"] > 0.05, seen["path"] + other / 2, np.minimum(other, 0.1))


def _decide(share: Reals, none: float, some: float, what: str) -> Flags:
    """Tell for each share whether it is enough to be something; between ``none`` and ``some`` it is not certain."""
    unsure = np.argwhere((share > none) & (share < some))
    if len(unsure):
        cell = place((int(unsure[0][0]), int(unsure[0][1])))
        raise UnreadableFrameError(f"it is not certain whether there is a {what} at the edge of {cell}")
    return share >= some


def _read_cells(shares: _Shares, grid: _Grid, lined: frozenset[Passage]) -> tuple[Cell, Cell]:
    """Find the two marks, and make sure that all other cells are empty or have a line that leads somewhere."""
    inset = grid.wall / 2 + 2
    left = grid.left + np.arange(grid.columns, dtype=np.float64) * grid.pitch_x
    top = grid.top + np.arange(grid.rows, dtype=np.float64) * grid.pitch_y
    x = left + inset, left + grid.pitch_x - inset
    seen = shares.of(x, (top + inset, top + grid.pitch_y - inset))
    marks = {}
    disc = 3.14 * START_RADIUS**2
    for mark, least in (("start", 0.5 * disc), ("goal", 0.3 * disc)):
        found = np.argwhere(seen[mark] > least)
        faint = np.argwhere((seen[mark] > 0.15 * disc) & (seen[mark] <= least))
        if len(found) != 1 or len(faint):
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


def _passages(east: Flags, south: Flags) -> frozenset[Passage]:
    across = {((r, c), (r, c + 1)) for r, c in np.argwhere(east).tolist()}
    down = {((r, c), (r + 1, c)) for r, c in np.argwhere(south).tolist()}
    return frozenset(across | down)


def _hex_walls(vertical: Flags, horizontal: Flags) -> tuple[str, ...]:
    sides = {NORTH: horizontal[:-1], SOUTH: horizontal[1:], WEST: vertical[:, :-1], EAST: vertical[:, 1:]}
    masks = sum(side * sides[side].astype(int) for side in DIRECTIONS)
    return tuple("".join(f"{mask:x}" for mask in row) for row in np.asarray(masks).tolist())
