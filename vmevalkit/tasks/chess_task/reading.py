"""Sees the board in a frame: finds the squares, then compares each with every piece on such a square.

`read_board` wants every square to be clear, `glimpse_board` says which are not.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, square_view
from vmevalkit.tasks.chess_task.board import content_name, square_name
from vmevalkit.tasks.chess_task.drawing import CONTENTS, colours, layout, tiles
from vmevalkit.tasks.domain import FRAME_SIZE

UNCLEAR: Final = "?"
"""Stands for a square whose content a glimpse does not make out."""

Array = NDArray[np.float32]
_Edges = tuple[float, float]
"""Where a board begins and ends along one axis, in pixels of the overview."""

_SIZE: Final = 256
"""The side of the overview of a frame in which the board is found, in pixels."""
_SIDE: Final = 24
"""Squares are compared in this size."""
_BLUR: Final = Image.Resampling.BILINEAR
"""Shrinking with it evens out the steps of a frame that was itself scaled."""
_SLACK: Final = 4
"""How far the board's edges may lie from where they were drawn, in pixels of the overview."""
_STEP: Final = 0.25
_FINE: Final = 5
"""Samples per pixel of the overview where it is made up."""
_CORNER: Final = slice(1, 3)
"""The pixels in the corner of a square, of side `_SIDE`, that no piece covers."""

_LINE = 2
"""How far the line around the board may reach into the margin, in pixels of the overview."""
_MARGIN_LEVEL = 215
"""The least mean level of the white margin."""
_OFFSET_LIMIT = 20
"""How much brighter or darker, of 255, a frame may be as a whole."""
_CORNER_LIMIT = 22
"""How far the colour of an empty corner may be off after that."""
_DISTANCE_LIMIT = 20
"""How far, in root mean square of 255, a square may be from the piece that is seen there."""
_DISTANCE_RATIO = 0.42
"""And how far at most in comparison with the second-best piece."""
_LEAST_CLEAR = 32
"""How many squares must be clear for a glimpse to be one."""


def read_board(frame: Pixels) -> str:
    """Read the board in a frame of shape (height, width, 3).

    Raises:
        UnreadableFrameError: there is no chessboard, or the content of a square is not clear.

    """
    squares = _found_squares(frame)
    _check_corners(squares)
    best, second, clear = _likeliest_contents(squares)
    unclear = np.flatnonzero(~clear)
    if unclear.size:
        square = int(unclear[_DARK[unclear].argmin()])  # the light squares first
        names = content_name(CONTENTS[best[square]]), content_name(CONTENTS[second[square]])
        raise UnreadableFrameError(f"{square_name(square)} is not clear: {names[0]}, or {names[1]}?")
    return "".join(CONTENTS[index] for index in best)


def glimpse_board(frame: Pixels) -> str:
    """Read what is clear of the board in a frame of shape (height, width, 3), and mark the other squares as such.

    Raises:
        UnreadableFrameError: there is no chessboard, or less than half of it is clear.

    """
    squares = _found_squares(frame)
    best, _, clear = _likeliest_contents(squares)
    clear &= _worst_corners(squares) <= _CORNER_LIMIT
    if np.count_nonzero(clear) < _LEAST_CLEAR:
        raise UnreadableFrameError("less than half of the chessboard is clear")
    return "".join(CONTENTS[index] if sure else UNCLEAR for index, sure in zip(best, clear, strict=True))


@lru_cache
def _waves() -> tuple[list[_Edges], Array]:
    """Return pairs of edges that a board may have along one axis, and the squares between them as unit vectors."""
    board, scale = layout(FRAME_SIZE).board, _SIZE / FRAME_SIZE
    shifts = np.arange(-_SLACK, _SLACK + _STEP, _STEP).tolist()
    pairs = [(board.start * scale + start, board.stop * scale + stop) for start in shifts for stop in shifts]
    points = (np.arange(_FINE * _SIZE) + 0.5) / _FINE
    blur = np.bartlett(2 * _FINE + 1)  # what `_BLUR` does to an edge
    waves = []
    for start, stop in pairs:
        index = np.floor((points - start) * 8 / (stop - start)).astype(int)
        signs = np.where((index >= 0) & (index < 8), 1 - 2 * (index % 2), 0)
        wave = np.convolve(signs, blur, "same")[_FINE // 2 :: _FINE]
        waves.append(wave / np.sqrt((wave * wave).sum()))
    return pairs, np.array(waves, dtype=np.float32)


def _edges(overview: Array) -> tuple[_Edges, _Edges]:
    """Find the board's left and right and its upper and lower edges as those that fit its squares best."""
    pairs, waves = _waves()
    nominal = waves[len(pairs) // 2]
    across = int((waves @ (nominal @ overview)).argmax())
    down = int((waves @ (overview @ waves[across])).argmax())
    return pairs[across], pairs[down]


def _check_margin(overview: Array, columns: _Edges, rows: _Edges) -> None:
    left, right = int(columns[0]) - _LINE, int(columns[1]) + _LINE
    top, bottom = int(rows[0]) - _LINE, int(rows[1]) + _LINE
    sides = overview[:top], overview[bottom:], overview[:, :left], overview[:, right:]
    if min(float(side.mean()) for side in sides) < _MARGIN_LEVEL:
        raise UnreadableFrameError("there is no white margin around a chessboard")


def _found_squares(frame: Pixels) -> Array:
    """Find the board and cut its squares out, as bright as they were drawn: shape (64, side, side, 3)."""
    picture = Image.fromarray(square_view(frame, min(frame.shape[:2])))
    overview = np.asarray(picture.convert("L").resize((_SIZE, _SIZE), _BLUR), dtype=np.float32)
    columns, rows = _edges(overview)
    _check_margin(overview, columns, rows)
    squares = _squares(picture, columns, rows)
    squares -= _offset(squares)
    return squares


def _squares(picture: Image.Image, columns: _Edges, rows: _Edges) -> Array:
    """Cut the squares out: shape (64, side, side, 3)."""
    scale = picture.width / _SIZE
    box = columns[0] * scale, rows[0] * scale, columns[1] * scale, rows[1] * scale
    board = picture.resize((8 * _SIDE, 8 * _SIDE), _BLUR, box=box)
    pixels = np.asarray(board, dtype=np.float32).reshape(8, _SIDE, 8, _SIDE, 3)
    return pixels.swapaxes(1, 2).reshape(64, _SIDE, _SIDE, 3)


@lru_cache
def _templates() -> Array:
    """Return what squares look like: shape (light or dark, contents, side, side, 3)."""
    pictures = (Image.fromarray(picture) for pair in colours(tiles(4 * _SIDE)) for picture in pair)
    small = np.array([picture.resize((_SIDE, _SIDE), _BLUR) for picture in pictures], dtype=np.float32)
    return small.reshape(len(CONTENTS), 2, _SIDE, _SIDE, 3).swapaxes(0, 1)


_DARK: Final = np.arange(64) % 2 ^ np.arange(64) // 8 % 2


def _corners(squares: Array) -> Array:
    """Return the mean colour in the four corners of squares: shape (..., 4, 3)."""
    flipped = squares, squares[..., ::-1, :], squares[..., ::-1, :, :], squares[..., ::-1, ::-1, :]
    corners: Array = np.stack([view[..., _CORNER, _CORNER, :].mean(axis=(-3, -2)) for view in flipped], axis=-2)
    return corners


def _corner_errors(squares: Array) -> Array:
    expected: Array = _corners(_templates()[:, 0])[_DARK]
    return _corners(squares) - expected


def _offset(squares: Array) -> Array:
    """Return by how much the frame is brighter than what was drawn: shape (3,)."""
    offset = np.median(_corner_errors(squares), axis=(0, 1)).astype(np.float32)
    if np.abs(offset).max() > _OFFSET_LIMIT:
        raise UnreadableFrameError("there is no chessboard in the expected colours")
    return offset


def _worst_corners(squares: Array) -> Array:
    """Return how far the colour of each square's most unlikely corner is off: shape (64,)."""
    worst: Array = np.abs(_corner_errors(squares)).max(axis=(1, 2))
    return worst


def _check_corners(squares: Array) -> None:
    errors = _worst_corners(squares)
    worst = int(errors.argmax())
    if errors[worst] > _CORNER_LIMIT:
        shade = "dark" if _DARK[worst] else "light"
        raise UnreadableFrameError(f"{square_name(worst)} is not the {shade} square of a chessboard")


def _likeliest_contents(squares: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the best and the second-best content of each square, and whether the best is clear: shape (64,) each."""
    flat = squares.reshape(64, -1)
    distances = np.empty((64, len(CONTENTS)), dtype=np.float32)
    for shade, templates in enumerate(_templates().reshape(2, len(CONTENTS), -1)):
        which = np.flatnonzero(shade == _DARK)
        distances[which] = np.sqrt(((flat[which, None] - templates) ** 2).mean(axis=2))
    order = distances.argsort(axis=1)
    nearest = np.take_along_axis(distances, order, axis=1)
    clear = (nearest[:, 0] <= _DISTANCE_LIMIT) & (nearest[:, 0] <= _DISTANCE_RATIO * nearest[:, 1])
    return order[:, 0], order[:, 1], clear
