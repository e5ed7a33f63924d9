"""Sudokus as pictures: a grid of thin and thick lines, the givens in dark ink, what is filled in in blue.

All lines are whole pixels that follow from the sudoku's side and the picture's, so that every line is crisp.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vmevalkit.tasks.canvas import Canvas, Palette, Pixels
from vmevalkit.tasks.sudoku_task.puzzle import BOXES, Sudoku

PALETTE = Palette(
    {"paper": "#ffffff", "thin": "#9aa5b1", "thick": "#1f2933", "given": "#1f2933", "solved": "#1f6feb"},
    [("paper", "given"), ("paper", "solved")],
)
DARKEST = 0x1F
"""The least of the red, green and blue of both inks; the one measure of how much ink there is, whatever its colour."""

_FILLED = 0.89
_TYPE_SIZE = 0.78
_WEIGHT = 0.011
"""By how much the strokes of digits are made stronger, as a share of a cell."""
_OVERSAMPLING = 4


@dataclass(frozen=True)
class Layout:
    """Where a grid lies in its picture, in pixels."""

    origin: int
    """The upper left corner of the first cell, on the middle of the outer lines."""
    cell: int
    """The side of a cell."""
    thin: int
    """Thickness of the lines between cells."""
    thick: int
    """Thickness of the lines around the grid and between boxes."""


@lru_cache(maxsize=64)
def layout(side: int, size: int) -> Layout:
    """Fit a grid into a square picture of side ``size``."""
    cell = max(int(size * _FILLED / side), 8)
    thin, thick = max(round(size / 320), 1), max(round(size / 128), 2)
    thick += (thick - thin) % 2
    return Layout((size - cell * side) // 2, cell, thin, thick)


def draw_sudoku(sudoku: Sudoku, progress: float, size: int) -> Image.Image:
    """Draw a sudoku; with ``progress`` from 0 to 1 the missing digits fade in one after the other."""
    plan = layout(sudoku.side, size)
    canvas = Canvas(size, size, PALETTE, "paper")
    canvas.pixels[...] = _grid(sudoku.side, size)
    for cell, digit in enumerate(sudoku.givens):
        if digit:
            _write(canvas, plan, sudoku.side, cell, digit, "given")
    written = progress * len(sudoku.order)
    for number, cell in enumerate(sudoku.order):
        strength = min(written - number, 1.0)
        if strength <= 0:
            break
        _write(canvas, plan, sudoku.side, cell, sudoku.solution[cell], "solved", strength)
    return canvas.image()


def _write(canvas: Canvas, plan: Layout, side: int, cell: int, digit: int, colour: str, strength: float = 1.0) -> None:
    shape, inset_x, inset_y = digit_shape(digit, plan.cell)
    row, column = divmod(cell, side)
    left, top = plan.origin + column * plan.cell + inset_x, plan.origin + row * plan.cell + inset_y
    if strength < 1:
        colours = PALETTE.ramp("paper", colour)[(shape * strength).astype(np.uint8)]
    else:
        colours = _digit_colours(digit, plan.cell, colour)
    # Under a digit there is nothing but paper, so that its colours need not be mixed with what is there.
    canvas.pixels[top : top + shape.shape[0], left : left + shape.shape[1]] = colours


@lru_cache(maxsize=256)
def _digit_colours(digit: int, cell: int, colour: str) -> Pixels:
    return PALETTE.ramp("paper", colour)[digit_shape(digit, cell)[0]]


@lru_cache(maxsize=256)
def digit_shape(digit: int, cell: int) -> tuple[Pixels, int, int]:
    """Return a digit for a cell of a side: its coverage, and how far right and down in the cell it lies, in pixels.

    Digits are drawn large and shrunk, which leaves no trace of the hinting of fonts.
    """
    scale = _OVERSAMPLING
    font = ImageFont.load_default(cell * _TYPE_SIZE * scale)
    stroke = cell * _WEIGHT * scale
    large = Image.new("L", (cell * scale, cell * scale))
    pen = ImageDraw.Draw(large)
    _, top, _, bottom = pen.textbbox((0, 0), "0123456789", font)
    left, _, right, _ = pen.textbbox((0, 0), str(digit), font)
    middle = cell * scale / 2
    pen.text((middle - (left + right) / 2, middle - (top + bottom) / 2), str(digit), 255, font, stroke_width=stroke)
    shape = np.asarray(large.reduce(scale))
    rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
    return shape[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], int(columns[0]), int(rows[0])


@lru_cache(maxsize=16)
def _grid(side: int, size: int) -> Pixels:
    """Return the picture of an empty grid."""
    plan = layout(side, size)
    canvas = Canvas(size, size, PALETTE, "paper")
    tall, wide = BOXES[side] or (side, side)
    low, high = plan.origin - plan.thick // 2, plan.origin + side * plan.cell + plan.thick - plan.thick // 2
    for colour, width in (("thin", plan.thin), ("thick", plan.thick)):
        for number in range(side + 1):
            start = plan.origin + number * plan.cell - width // 2
            if colour == "thin" or number % tall == 0:
                canvas.fill(low, start, high, start + width, colour)
            if colour == "thin" or number % wide == 0:
                canvas.fill(start, low, start + width, high, colour)
    canvas.pixels.setflags(write=False)
    return canvas.pixels
