"""Glimpsing a maze in the middle of a film, where a hand or a pen may hide parts and the line is on its way.

What is seen is listed, and so is what is seen to be missing. A part of which neither is certain is in no list.
"""

from dataclasses import dataclass

import numpy as np

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels
from vmevalkit.tasks.maze_task.looking import (
    GOAL,
    LEAST_PAPER,
    MOST_STRAY,
    NO,
    START,
    YES,
    Flags,
    Grid,
    Passage,
    Reals,
    Shares,
    at_borders,
    find,
    in_cells,
    judged,
    lines_in,
    paper_around,
    passages,
    walls_in,
)
from vmevalkit.tasks.maze_task.puzzle import Cell

_MOST_STRAY = 0.5
"""Which share of the dark pixels may belong to a pen or a sleeve, and not to the maze."""
_PLAIN = 0.8
"""The share of paper and line together from which nothing else lies in a window; above 0.86 in compressed films."""
_WIDEST = 0.65
"""The share of a border that a line may take; what is wider may be a pen. At most 0.4 in compressed films."""
_MIDDLE, _CENTRED = 0.7, 0.9
"""The middle part of a border, and how much of the blue must be in it if it is a line and not a pen across the maze."""
_UNEVEN = 0.06
"""By how much the width of a line may differ from the usual one, as a share of a border."""
_TOUCH = 0.03
"""The share of a border that may be of a colour which is not there."""
_EMPTY = 0.95
"""The share of paper from which a cell is empty."""


@dataclass(frozen=True)
class MazeGlimpse:
    """What is certain in a frame."""

    rows: int
    columns: int
    undisturbed: bool
    """Whether nothing but a maze and a line is in the picture, so that the number of rows and columns is certain."""
    walls: frozenset[Passage]
    """Neighbours with a wall between them; outer walls are not looked at."""
    gaps: frozenset[Passage]
    """Neighbours without one."""
    drawn: frozenset[Passage]
    """Neighbours that the line joins, through a wall or not."""
    even: frozenset[Passage]
    """Those among them where the line is as wide as it is for the most part."""
    blank: frozenset[Passage]
    """Neighbours between which there is no trace of the line."""
    tidy: bool
    """Whether no blue lies on walls but where a line crosses them, as it would if part of it were a pen."""
    starts: frozenset[Cell]
    """Cells with a green dot."""
    goals: frozenset[Cell]
    """Cells with a red target."""
    unmarked: frozenset[Cell]
    """Cells that show nothing but paper and line."""
    empty: frozenset[Cell]
    """Those among them without a line."""


def glimpse(frame: Pixels) -> MazeGlimpse:
    """See what is certain of a maze in a frame.

    Raises:
        UnreadableFrameError: no maze can be seen, or it is not certain where it lies.

    """
    shares, grid = find(frame, _MOST_STRAY)
    east, south = (_borders(shares, grid, vertical=vertical) for vertical in (True, False))
    seen = in_cells(shares, grid)
    starts, goals = judged(seen["start"], START), judged(seen["goal"], GOAL)
    unmarked = (starts == NO) & (goals == NO) & (seen["paper"] + seen["path"] >= _PLAIN)
    drawn = passages(east.drawn, south.drawn)
    usual = _usual(np.concatenate([part.widths[:, part.drawn].ravel() for part in (east, south)]))
    even = [part.drawn & (np.abs(part.widths - usual) <= _UNEVEN).all(axis=0) for part in (east, south)]
    return MazeGlimpse(
        rows=grid.rows,
        columns=grid.columns,
        undisturbed=east.clean
        and south.clean
        and bool((unmarked | (starts == YES) | (goals == YES)).all())
        and grid.stray <= MOST_STRAY
        and paper_around(shares, grid) >= LEAST_PAPER,
        walls=passages(east.wall, south.wall),
        gaps=passages(east.gap, south.gap),
        drawn=drawn,
        even=passages(*even),
        blank=passages(east.blank, south.blank),
        tidy=east.tidy and south.tidy and len(_cells(seen["path"] > _TOUCH) - {c for step in drawn for c in step}) <= 1,
        starts=_cells(starts == YES),
        goals=_cells(goals == YES),
        unmarked=_cells(unmarked),
        empty=_cells(unmarked & (seen["paper"] >= _EMPTY)),
    )


@dataclass(frozen=True)
class _Borders:
    """What is certain of the inner borders of one direction; shape (rows, columns - 1) or (rows - 1, columns)."""

    wall: Flags
    gap: Flags
    drawn: Flags
    blank: Flags
    tidy: bool
    widths: Reals
    """Of the line before, on and behind the borders, as shares of their length; shape (3, ...)."""
    clean: bool
    """Whether there is nothing but paper, walls and line."""


def _borders(shares: Shares, grid: Grid, *, vertical: bool) -> _Borders:
    windows = at_borders(shares, grid, vertical=vertical)
    middles = at_borders(shares, grid, vertical=vertical, span=_MIDDLE)
    on = windows[1]
    outer = np.s_[:, [0, -1]] if vertical else np.s_[[0, -1], :]
    if (on["paper"][outer] >= _EMPTY).any():
        raise UnreadableFrameError("the maze's outer wall has a gap")
    plain = [window["paper"] + window["path"] >= _PLAIN for window in windows]
    beside = plain[0] & plain[2]
    wall = walls_in(on) == YES
    lines = np.array([lines_in(window) for window in windows])
    widths = np.array([window["path"] for window in windows])
    centred = [
        middle["path"] * _MIDDLE >= _CENTRED * window["path"] for middle, window in zip(middles, windows, strict=True)
    ]
    drawn = (
        np.all(centred, axis=0)
        & beside
        & (plain[1] | wall)
        & (lines == YES).all(axis=0)
        & (widths.max(axis=0) <= _WIDEST)
    )
    touched = (on["path"] > _TOUCH) & (on["wall"] > _TOUCH)
    gap = beside & plain[1] & (on["wall"] <= _TOUCH) & (on["path"] <= _WIDEST)
    blank = beside & (plain[1] | wall) & (lines == NO).all(axis=0)
    inner = np.s_[:, 1:-1] if vertical else np.s_[1:-1, :]
    return _Borders(
        wall=(beside & wall)[inner],
        gap=gap[inner],
        drawn=drawn[inner],
        blank=blank[inner],
        tidy=not (touched & ~drawn).any(),
        widths=widths[:, *inner],
        clean=bool((beside & (plain[1] | wall))[inner].all()),
    )


def _usual(widths: Reals) -> float:
    return float(np.median(widths)) if len(widths) else 0.0


def _cells(flags: Flags) -> frozenset[Cell]:
    return frozenset((r, c) for r, c in np.argwhere(flags).tolist())
