"""Draws boards. Each piece on each kind of square is drawn once for a size of picture and then copied."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from vmevalkit.tasks.canvas import Canvas, Palette, Pixels, Point, coverage
from vmevalkit.tasks.chess_task.board import EMPTY, PIECES
from vmevalkit.tasks.chess_task.outlines import FIGURES, GLYPH_HEIGHT, GLYPH_WIDTH, GLYPHS, PIECE_BOX, Line

CONTENTS: Final = EMPTY + PIECES
"""What can be on a square, in the order of the first axis of `tiles`."""

_PALETTE: Final = Palette(
    {
        "page": "#ffffff",
        "light": "#e4eaef",
        "dark": "#94a9bb",
        "ink": "#1f2933",
        "ivory": "#ffffff",
        "glint": "#c3ced8",
        "frame": "#52606d",
        "label": "#6b7885",
    },
    blends=[("light", "ink"), ("dark", "ink"), ("ink", "ivory"), ("ink", "glint"), ("page", "label")],
)

# In units of the box that a piece or a letter is drawn in.
_STROKE = 1.5
_GLINT_STROKE = 1.2
_LABEL_STROKE = 1.7
_LABEL_HEIGHT = 0.4
"""Of the margin."""
_ENLARGED = 3
"""Pieces are drawn so many times as large and shrunk: their fine curves need more than the canvas gives to lines."""
_GRID = 64
"""Coordinates are rounded to this part of a pixel: the last bit of a product must not decide about a pixel."""


@dataclass(frozen=True)
class Layout:
    """Where things are in a square picture, in pixels."""

    size: int
    """Side of the picture."""
    square: int
    """Side of a square of the board."""
    margin: int
    """Left and upper edge of the board."""

    @property
    def board(self) -> slice:
        """The rows, or columns, of the board."""
        return slice(self.margin, self.margin + 8 * self.square)

    def corner(self, square: int) -> tuple[int, int]:
        """Return the left and the upper edge of a square."""
        return self.margin + square % 8 * self.square, self.margin + square // 8 * self.square


@lru_cache
def layout(size: int) -> Layout:
    """Divide a picture: the margin on each side is about a twentieth of it."""
    square = round(size * 57 / 512)
    return Layout(size, square, (size - 8 * square) // 2)


def draw_board(board: str, size: int) -> Image.Image:
    """Draw a board, White at the bottom; a square palette picture."""
    place = layout(size)
    canvas = _empty_page(size)
    contents = np.array([CONTENTS.index(letter) for letter in board])
    dark = np.arange(64) % 2 ^ np.arange(64) // 8 % 2
    side = place.square
    squares = tiles(side)[contents, dark].reshape(8, 8, side, side)
    canvas.pixels[place.board, place.board] = squares.swapaxes(1, 2).reshape(8 * side, 8 * side)
    return canvas.image()


def draw_slide(board: str, letter: str, start: int, end: int, way: float, size: int) -> Image.Image:
    """Draw a board and above it a piece on its way in a straight line.

    Args:
        board: what stands on the squares, without the moving piece.
        letter: the moving piece.
        start: the square that it comes from.
        end: the square that it goes to.
        way: which part of the way it has gone, 0 to 1.
        size: side of the picture.

    Returns:
        A picture of mode ``RGB``.

    """
    place = layout(size)
    picture = _backdrop(board, size).copy()
    (x0, y0), (x1, y1) = place.corner(start), place.corner(end)
    piece, opacity = _cut_out(letter, place.square)
    picture.paste(piece, (round(x0 + (x1 - x0) * way), round(y0 + (y1 - y0) * way)), opacity)
    return picture


@lru_cache(maxsize=4)
def _backdrop(board: str, size: int) -> Image.Image:
    """Draw the board that a whole film has in common."""
    return draw_board(board, size).convert("RGB")


@lru_cache
def tiles(side: int) -> Pixels:
    """Return pictures of a square, colour numbers of shape (13, 2, side, side): contents, then light and dark."""
    pictures = [[_tile(letter, shade, side) for shade in ("light", "dark")] for letter in CONTENTS]
    return np.array(pictures, dtype=np.uint8)


def colours(numbers: Pixels) -> Pixels:
    """Turn colour numbers into RGB, one axis more."""
    return _PALETTE.table[numbers]


def _empty_page(size: int) -> Canvas:
    canvas = Canvas(size, size, _PALETTE, "page")
    canvas.pixels[:] = _page_pixels(size)
    return canvas


@lru_cache
def _page_pixels(size: int) -> Pixels:
    place = layout(size)
    canvas = Canvas(size, size, _PALETTE, "page")
    line = max(1, round(size / 512))
    start, stop = place.board.start - line, place.board.stop + line
    canvas.fill(start, start, stop, stop, "frame")
    middle = (place.square - place.margin) // 2
    for index in range(8):
        left, top = place.corner(8 * index + index)
        for glyph, x, y in (("abcdefgh"[index], left + middle, stop), ("87654321"[index], 0, top + middle)):
            canvas.stamp(_label(glyph, place.margin - line), x, y, under="page", over="label")
    return canvas.pixels


def _scaled(line: Line, scale: float, left: float = 0.0, top: float = 0.0) -> list[Point]:
    return [(round((left + x * scale) * _GRID) / _GRID, round((top + y * scale) * _GRID) / _GRID) for x, y in line]


def _label(glyph: str, side: int) -> Pixels:
    """Rasterise a letter or a digit in the middle of a square as wide as the margin."""
    scale = side * _LABEL_HEIGHT / GLYPH_HEIGHT
    left, top = (side - GLYPH_WIDTH * scale) / 2, (side - GLYPH_HEIGHT * scale) / 2
    stroke = max(_LABEL_STROKE * scale, 1.0)
    return coverage(side, side, lines=[(_scaled(line, scale, left, top), stroke) for line in GLYPHS[glyph]])


@lru_cache
def _masks(kind: str, side: int) -> tuple[Pixels, Pixels, Pixels]:
    """Return how far a piece covers each pixel: as a whole, with what its lines leave free, with its inner lines."""
    large = side * _ENLARGED
    scale = large / PIECE_BOX
    outlines = [_scaled(outline, scale) for outline in FIGURES[kind].outlines]
    details = [_scaled(detail, scale) for detail in FIGURES[kind].details]
    contours = [([*outline, outline[0]], _STROKE * scale) for outline in outlines]
    filled = coverage(large, large, outlines)
    contour = coverage(large, large, lines=contours)
    lines = coverage(large, large, lines=[(detail, _STROKE * scale) for detail in details])
    glints = coverage(large, large, lines=[(detail, _GLINT_STROKE * scale) for detail in details])
    masks = (
        np.maximum(filled, contour),
        np.minimum(filled, 255 - np.maximum(contour, lines)),
        np.minimum(glints, 255 - contour),
    )
    whole, inside, inner = (np.asarray(Image.fromarray(mask).reduce(_ENLARGED)) for mask in masks)
    return whole, inside, inner


def _tile(letter: str, shade: str, side: int) -> Pixels:
    canvas = Canvas(side, side, _PALETTE, shade)
    if letter != EMPTY:
        whole, inside, glints = _masks(letter.lower(), side)
        canvas.stamp(whole, 0, 0, under=shade, over="ink")
        if letter.isupper():
            canvas.stamp(inside, 0, 0, under="ink", over="ivory")
        else:
            canvas.stamp(glints, 0, 0, under="ink", over="glint")
    return canvas.pixels


@lru_cache
def _cut_out(letter: str, side: int) -> tuple[Image.Image, Image.Image]:
    """Return a piece's colours, mode ``RGB``, and its opacity, mode ``L``."""
    whole, inside, glints = _masks(letter.lower(), side)
    canvas = Canvas(side, side, _PALETTE, "ink")
    if letter.isupper():
        canvas.stamp(inside, 0, 0, under="ink", over="ivory")
    else:
        canvas.stamp(glints, 0, 0, under="ink", over="glint")
    return canvas.image().convert("RGB"), Image.fromarray(whole)
