"""Looking at a frame for a maze: where it lies, and which colours fill the windows in which its parts would show.

Every pixel is taken for the nearest of a few colours, or for none if it is far from all. The outer wall
tells where the maze lies, the other walls how many cells it has, and shares of colour in small windows the rest.
What is made of these shares, and how much doubt is borne, is up to the caller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, nearest_colours, rgb, square_view
from vmevalkit.tasks.maze_task.drawing import COLOURS, START_RADIUS
from vmevalkit.tasks.maze_task.puzzle import MAX_SIDE, MIN_SIDE, Cell

Passage = tuple[Cell, Cell]
"""Two neighbouring cells, the upper or left one first."""
Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]
Verdicts = NDArray[np.int8]
"""`YES`, `NO` or `UNSURE` for each of some windows."""
Ranges = tuple[Reals, Reals]
Window = dict[str, Reals]
"""For each kind of colour its share in windows that form a grid."""

YES, NO, UNSURE = 1, 0, -1
WALL = 0.25, 0.6
LINE = 0.07, 0.12
DISC = 3.14 * START_RADIUS**2
START = 0.15 * DISC, 0.5 * DISC
GOAL = 0.15 * DISC, 0.3 * DISC
"""Shares up to which there is none of something, and from which there is some; between the two it is not certain."""
MOST_STRAY = 0.02
"""The share of the dark pixels that may lie on none of the lines of a maze."""
LEAST_PAPER = 0.85
"""The share of white that makes out an undisturbed ground."""

_VIEW = 768
_COLOURS = {**COLOURS, "shade": "#8f9499"}
"""Those of a maze, and what lies half-way between wall and paper."""
_KINDS = [*_COLOURS, "unknown"]
_BITS = 10
"""So many hold a number up to ``_VIEW``."""
_FIRST_BITS = np.arange(len(_COLOURS), dtype=np.uint64) * _BITS
_ONE_OF = np.append(1 << _FIRST_BITS, 0).astype(np.uint64)
_FARTHEST = {name: 55 if name == "shade" else 95 for name in _COLOURS}
"""Distance in RGB beyond which a pixel is none of the colours; a pale colour must not be mistaken for grey."""
_EDGE = 8
"""Pixels at the rim of the view in which a remnant of a letterbox is overlooked."""
_PLACES = (-0.132, 0.0, 0.132)
"""Where a line from cell to cell must be seen: before, on and behind the border, in cells from it."""


@dataclass(frozen=True)
class Grid:
    """Where the maze lies in the view: the middle lines of its outer walls, its pitch and the walls' thickness."""

    left: float
    top: float
    rows: int
    columns: int
    pitch_x: float
    pitch_y: float
    wall: float
    stray: float
    """The share of the dark pixels that lie on none of the lines of cells."""


class Shares:
    """Tells which share of a window each kind of colour fills."""

    def __init__(self, kinds: Pixels) -> None:
        # How many pixels of each kind lie above, for all kinds but the last in the bits of one number.
        self._above = np.zeros((_VIEW + 1, _VIEW), dtype=np.uint64)
        np.take(_ONE_OF, kinds, out=self._above[1:], mode="clip")
        np.cumsum(self._above, axis=0, out=self._above)

    def of(self, x: Ranges, y: Ranges) -> Window:
        """Return the shares in the windows that ranges of columns and of rows make where they cross.

        Args:
            x: first and last edges of m ranges of columns, in pixels; each range is a pixel wide at least.
            y: the same of n ranges of rows.

        Returns:
            For each kind of colour an array of shape (n, m).

        """
        (left, right), (top, bottom) = _whole_pixels(x), _whole_pixels(y)
        bands = self._above[bottom] - self._above[top]
        counted = (bands >> _FIRST_BITS[:, None, None] & (1 << _BITS) - 1).astype(np.int64)
        unknown = (bottom - top)[:, None] - counted.sum(axis=0)
        before = np.zeros((len(_KINDS), len(bands), _VIEW + 1), dtype=np.int32)
        np.cumsum(np.concatenate([counted, unknown[None]]), axis=2, dtype=np.int32, out=before[:, :, 1:])
        counts = before[:, :, right] - before[:, :, left]
        return dict(zip(_KINDS, counts / np.outer(bottom - top, right - left), strict=True))


def _whole_pixels(ranges: Ranges) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first = np.rint(ranges[0]).astype(np.intp).clip(0, _VIEW - 1)
    return first, np.maximum(np.rint(ranges[1]).astype(np.intp).clip(1, _VIEW), first + 1)


def find(frame: Pixels, most_stray: float = MOST_STRAY) -> tuple[Shares, Grid]:
    """Find the maze in a frame.

    Args:
        frame: shape (height, width, 3), RGB.
        most_stray: the share of the dark pixels that may be no part of the maze.

    Raises:
        UnreadableFrameError: there is no maze.

    """
    kinds = _kinds(square_view(frame, _VIEW))
    dark = kinds == _KINDS.index("wall")
    grid = _explaining(dark) if most_stray == MOST_STRAY else _likeliest(dark, most_stray)
    if grid is None:
        raise UnreadableFrameError("the dark lines do not form a maze")
    return Shares(kinds), grid


def paper_around(shares: Shares, grid: Grid) -> float:
    """Return the share of paper on that side of the maze that has the least."""
    right, bottom = grid.left + grid.columns * grid.pitch_x, grid.top + grid.rows * grid.pitch_y
    gap = grid.wall / 2 + 3
    x = np.array([[_EDGE, grid.left - gap], [right + gap, _VIEW - _EDGE], [_EDGE, _VIEW - _EDGE]]).T
    y = np.array([[_EDGE, grid.top - gap], [bottom + gap, _VIEW - _EDGE], [_EDGE, _VIEW - _EDGE]]).T
    paper = shares.of((x[0], x[1]), (y[0], y[1]))["paper"]
    return float(min(*paper[:2, 2], *paper[2, :2]))


def at_borders(shares: Shares, grid: Grid, *, vertical: bool, span: float = 1.0) -> list[Window]:
    """Look at the borders between neighbours, outer walls included.

    Args:
        shares: what the view shows.
        grid: where the maze lies.
        vertical: look at the borders between left and right neighbours, otherwise at those of upper and lower ones.
        span: look at so much of the length of each border, around its middle.

    Returns:
        What is before, on and behind the borders; shape (rows, columns + 1) if vertical, otherwise (rows + 1, columns).

    """
    inset = grid.wall / 2 + 1.5
    half = max(min(grid.wall / 4, 0.025 * grid.pitch_x), 0.5)
    lines_x, lines_y = (
        first + np.arange(count + 1, dtype=np.float64) * pitch
        for first, count, pitch in ((grid.left, grid.columns, grid.pitch_x), (grid.top, grid.rows, grid.pitch_y))
    )

    cut_x, cut_y = (inset + (pitch - 2 * inset) * (1 - span) / 2 for pitch in (grid.pitch_x, grid.pitch_y))

    def look(shift: float) -> Window:
        if vertical:
            middle = lines_x + shift * grid.pitch_x
            return shares.of((middle - half, middle + half), (lines_y[:-1] + cut_y, lines_y[1:] - cut_y))
        middle = lines_y + shift * grid.pitch_y
        return shares.of((lines_x[:-1] + cut_x, lines_x[1:] - cut_x), (middle - half, middle + half))

    return [look(shift) for shift in _PLACES]


def in_cells(shares: Shares, grid: Grid) -> Window:
    """Look at the cells, each within its walls; shape (rows, columns)."""
    inset = grid.wall / 2 + 2
    left = grid.left + np.arange(grid.columns, dtype=np.float64) * grid.pitch_x
    top = grid.top + np.arange(grid.rows, dtype=np.float64) * grid.pitch_y
    x = left + inset, left + grid.pitch_x - inset
    return shares.of(x, (top + inset, top + grid.pitch_y - inset))


def judged(share: Reals, thresholds: tuple[float, float]) -> Verdicts:
    """Tell for each share whether it is enough to be something."""
    none, some = thresholds
    return np.where(share >= some, YES, np.where(share > none, UNSURE, NO)).astype(np.int8)


def walls_in(border: Window) -> Verdicts:
    """Tell where windows on borders show a wall; what a line hides does not count, and pale edges count by half."""
    return judged((border["wall"] + border["shade"] / 2) / np.maximum(1 - border["path"], 0.2), WALL)


def lines_in(seen: Window) -> Verdicts:
    """Tell where windows show the line; its blurred edges count by half, but other colours alone leave it unsure."""
    other = seen["unknown"] + seen["start"] + seen["goal"]
    return judged(np.where(seen["path"] > 0.05, seen["path"] + other / 2, np.minimum(other, 0.1)), LINE)


def passages(east: Flags, south: Flags) -> frozenset[Passage]:
    """List the neighbours whose border is marked.

    Args:
        east: the borders between left and right neighbours, without the outer walls; shape (rows, columns - 1).
        south: the borders between upper and lower neighbours, likewise; shape (rows - 1, columns).

    """
    across = {((r, c), (r, c + 1)) for r, c in np.argwhere(east).tolist()}
    down = {((r, c), (r + 1, c)) for r, c in np.argwhere(south).tolist()}
    return frozenset(across | down)


def _kinds(view: Pixels) -> Pixels:
    """Tell for each pixel the number of its kind in ``_KINDS``."""
    red, green, blue = (view[:, :, channel] >> 3 for channel in range(3))
    colour = red.astype(np.uint16)
    for part in (green, blue):
        colour <<= 5
        colour |= part
    return _kinds_of_colours().take(colour)


@cache
def _kinds_of_colours() -> Pixels:
    """Return the kinds of all colours of 5 bits a channel: a table is ten times as fast as measuring each pixel."""
    middles = np.arange(32, dtype=np.uint8) * 8 + 4
    every = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1)
    index, distance = nearest_colours(every, np.array([rgb(colour) for colour in _COLOURS.values()], dtype=np.uint8))
    farthest = np.array([_FARTHEST[name] for name in _COLOURS])
    return np.where(distance <= farthest[index] ** 2, index, len(_COLOURS)).astype(np.uint8).ravel()


def _explaining(dark: Flags) -> Grid | None:
    """Find the grid with the least number of cells that explains the dark pixels."""
    return next((grid for grid in _grids(dark) if grid.stray <= MOST_STRAY), None)


def _likeliest(dark: Flags, most_stray: float) -> Grid | None:
    """Find the grid with the least number of cells off which the dark lies about as thinly as off any other grid.

    A pen or a sleeve lies as thickly off the right grid as off one that is too fine; off one that is too coarse lie
    walls as well.
    """
    grids = []
    for grid in _grids(dark):
        grids.append(grid)
        if grid.stray <= MOST_STRAY:
            break
    densities = [grid.stray / max(1 - (grid.wall + 3) / grid.pitch_x, 0.1) ** 2 for grid in grids]
    likely = (g for g, density in zip(grids, densities, strict=True) if density <= 1.15 * min(densities) + 0.02)
    return next((grid for grid in likely if grid.stray <= most_stray), None)


def _grids(dark: Flags) -> Iterator[Grid]:
    """Yield the grids that fit between the outer walls, those of few cells first."""
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
        stray = float(off_y @ inside @ off_x / inside.sum())
        yield Grid(left, top, rows, columns, pitch, pitch_y, wall, stray)


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
