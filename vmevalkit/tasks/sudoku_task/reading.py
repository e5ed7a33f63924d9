"""Seeing a sudoku in a frame: how many cells it has and the digit in each, with a margin or not at all.

The lines that run through the whole grid tell where the cells are. Each cell is then laid over the shapes of all
digits; colour plays no part, so that a digit counts whichever ink it is written in.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, square_view
from vmevalkit.tasks.sudoku_task.drawing import DARKEST, digit_shape
from vmevalkit.tasks.sudoku_task.puzzle import BOXES, Grid, Sudoku

Reals = NDArray[np.float64]

_VIEW = 768
_EDGE = 10
"""Pixels at the rim of the view in which a remnant of a letterbox is overlooked."""
_CELL = 28
"""Pixels to which the side of a cell is scaled; in the outermost ``_RIM`` of them the lines may lie."""
_RIM = 3
_SHIFTS = (-1, 0, 1)
"""By how many of these pixels a digit may lie beside its place, across and down."""
_LINE_INK, _LINE_LENGTH = 0.12, 0.9
"""How dark a line must be, as a share of full ink, and on which share of the grid's length."""
_BLANK, _FAINT = 0.2, 0.3
"""Cells whose darkest spot is below the first are empty; between the two it is not certain."""
_LIKENESS, _LEAD = 0.85, 0.04
"""How well a digit must fit its shape (the correlation), and how much better than any other digit's."""
_STRENGTH = (0.7, 1.4)
"""How strong the ink of a digit may be, as a share of full ink."""
UNCLEAR = -1
"""In place of a digit: it is not certain what the cell holds."""


@dataclass(frozen=True)
class SudokuState:
    """What a frame shows."""

    side: int
    digits: Grid


@dataclass(frozen=True)
class _Cells:
    """What is written in the cells, row by row."""

    darkest: Reals
    """How dark the darkest spot of each is, as a share of full ink."""
    likeness: Reals
    """How well each fits the digits 1 to 9, shape (cells, 9)."""
    strength: Reals
    """How strong the ink would be if it were that digit, as a share of full ink, shape (cells, 9)."""
    ranking: NDArray[np.intp]
    """The digits from the least to the most alike, less one, shape (cells, 9)."""

    @classmethod
    def compared(cls, cells: Reals) -> "_Cells":
        """Lay the shapes of all digits over cells of shape (cells, m, m)."""
        shapes = _shapes()
        flat = cells.reshape(len(cells), -1)
        darkest = np.sort(flat, axis=1)[:, -8:].mean(axis=1)
        centred = flat - flat.mean(axis=1, keepdims=True)
        products = np.einsum("cp,dsp->cds", centred, shapes)
        norms = np.sqrt((shapes**2).sum(axis=2))
        likeness = (products / norms / np.maximum(np.sqrt((centred**2).sum(axis=1)), 1e-9)[:, None, None]).max(axis=2)
        return cls(darkest, likeness, (products / norms**2).max(axis=2), np.argsort(likeness, axis=1))

    def digit(self, cell: int) -> int:
        """Return the digit that a cell holds if it can be told; 0 if it is empty."""
        return 0 if self.darkest[cell] < _BLANK else int(self.ranking[cell, -1]) + 1

    def doubt(self, cell: int) -> str:
        """Say why it cannot be told what a cell holds; nothing if it can."""
        if self.darkest[cell] < _BLANK:
            return ""
        best, second = int(self.ranking[cell, -1]), int(self.ranking[cell, -2])
        if self.darkest[cell] >= _FAINT and self.likeness[cell, best] < _LIKENESS:
            return "is not like a digit"
        if self.darkest[cell] < _FAINT or not _STRENGTH[0] < self.strength[cell, best] < _STRENGTH[1]:
            return "is too faint or too heavy"
        if self.likeness[cell, best] - self.likeness[cell, second] < _LEAD:
            return f"may be {best + 1} or {second + 1}"
        return ""


def shown_state(sudoku: Sudoku, *, solved: bool) -> SudokuState:
    """Return what the final frame of a sudoku shows, or the first."""
    return SudokuState(sudoku.side, sudoku.solution if solved else sudoku.givens)


def read(frame: Pixels) -> SudokuState:
    """See the sudoku in a frame.

    Raises:
        UnreadableFrameError: there is no sudoku, or some cell of it cannot be told with certainty.

    """
    side, cells = _look(frame)
    digits = []
    for cell in range(side * side):
        doubt = cells.doubt(cell)
        if doubt:
            raise UnreadableFrameError(f"what is written at {place(cell, side)} {doubt}")
        digits.append(cells.digit(cell))
    return SudokuState(side, tuple(digits))


def glimpse(frame: Pixels) -> SudokuState:
    """See what is certain of the sudoku in a frame; the cells that are not hold `UNCLEAR`.

    Raises:
        UnreadableFrameError: there is no sudoku.

    """
    side, cells = _look(frame)
    digits = (UNCLEAR if cells.doubt(cell) else cells.digit(cell) for cell in range(side * side))
    return SudokuState(side, tuple(digits))


def _look(frame: Pixels) -> tuple[int, "_Cells"]:
    """Find the grid, and compare what is in its cells with the digits."""
    # The least of the three colours is the same for both inks, and high for paper only.
    red, green, blue = np.moveaxis(square_view(frame, _VIEW), 2, 0)
    light = np.minimum(np.minimum(red, green), blue)
    paper = float(np.median(light))
    if paper < 180:
        raise UnreadableFrameError("there is no grid on white ground")
    ink = (paper - light) / (paper - DARKEST)
    columns = _full_lines(ink, axis=0)
    rows = _full_lines(ink, axis=1)
    side = len(rows) - 1
    if len(columns) != len(rows) or side not in BOXES:
        raise UnreadableFrameError(f"the lines make {len(rows) - 1} rows and {len(columns) - 1} columns")
    return side, _Cells.compared(_cells(ink, columns, rows))


def _full_lines(ink: Reals, axis: int) -> Reals:
    """Return the places of the lines that run through the whole grid, in pixels: across, for the axis 0."""
    inside = ink[_EDGE:-_EDGE, _EDGE:-_EDGE]
    dark = inside > _LINE_INK
    other = np.flatnonzero(dark.mean(axis=1 - axis) > 0.5)
    if not len(other):
        raise UnreadableFrameError("no grid can be seen")
    within = dark[other[0] : other[-1] + 1] if axis == 0 else dark[:, other[0] : other[-1] + 1]
    full = np.flatnonzero(within.mean(axis=axis) >= _LINE_LENGTH)
    runs = np.split(full, np.flatnonzero(np.diff(full) > 1) + 1)
    places = np.array([run.mean() for run in runs if len(run)]) + 0.5 + _EDGE
    gaps = np.diff(places)
    if len(gaps) < min(BOXES) or np.ptp(gaps) > 0.12 * gaps.mean() or max(map(len, runs)) > 0.3 * gaps.mean():
        raise UnreadableFrameError("the lines do not form an even grid")
    return places


def _cells(ink: Reals, columns: Reals, rows: Reals) -> Reals:
    """Cut out the cells and scale them to ``_CELL`` pixels, less the rim: shape (cells, m, m), row by row."""
    side = len(rows) - 1
    box = (columns[0], rows[0], columns[-1], rows[-1])
    whole = Image.fromarray(ink.astype(np.float32)).resize((side * _CELL,) * 2, Image.Resampling.BILINEAR, box)
    parts = np.asarray(whole, dtype=np.float64).reshape(side, _CELL, side, _CELL).swapaxes(1, 2)
    return parts.reshape(-1, _CELL, _CELL)[:, _RIM:-_RIM, _RIM:-_RIM]


@cache
def _shapes() -> Reals:
    """Return the shapes of the digits 1 to 9 in all shifts, less their means; shape (9, shifts, pixels)."""
    table = []
    for digit in range(1, 10):
        scale = 8
        large = np.zeros((_CELL * scale, _CELL * scale), dtype=np.uint8)
        shape, left, top = digit_shape(digit, _CELL * scale)
        large[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
        small = np.asarray(Image.fromarray(large).reduce(scale), dtype=np.float64) / 255
        shifted = [np.roll(small, (down, right), axis=(0, 1)) for down in _SHIFTS for right in _SHIFTS]
        table.append([part[_RIM:-_RIM, _RIM:-_RIM].ravel() for part in shifted])
    shapes = np.array(table)
    return np.asarray(shapes - shapes.mean(axis=2, keepdims=True))


def place(cell: int, side: int) -> str:
    """Name a cell for people, who count from 1."""
    return f"row {cell // side + 1}, column {cell % side + 1}"
