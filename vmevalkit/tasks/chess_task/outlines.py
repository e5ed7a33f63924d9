"""The shapes of the pieces and of the letters and digits beside the board, drawn for this project.

Shapes are written in the path language of SVG, with absolute M, L and C commands and a y axis that points down. All
are made of straight lines and cubic curves, so that no library's sine has a say in them.
"""

import re
from dataclasses import dataclass
from typing import Final

from vmevalkit.tasks.canvas import Point

Line = tuple[Point, ...]

PIECE_BOX: Final = 45.0
"""The side of the box in which a piece is drawn."""
GLYPH_WIDTH: Final = 8.4
GLYPH_HEIGHT: Final = 15.0
"""A capital's height; letters may reach further down."""

_CURVE_STEPS = 12
_KAPPA = 0.5523  # the handle, in radii, that makes a cubic curve a quarter of a circle
_WORD = re.compile(r"[MLC]|-?[0-9.]+")


@dataclass(frozen=True)
class Figure:
    """A piece: closed outlines that are filled and may overlap, and open lines inside them."""

    outlines: tuple[Line, ...]
    details: tuple[Line, ...]


def _flattened(path: str) -> Line:
    """Turn a path with one starting point into points."""
    points: list[Point] = []
    command, numbers = "", []
    for word in _WORD.findall(path):
        if word in "MLC":
            command = word
            continue
        numbers.append(float(word))
        if len(numbers) < (6 if command == "C" else 2):
            continue
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "C":
            points += _curve(points[-1], *pairs)
        else:
            points += pairs
        numbers = []
    return tuple(points)


def _curve(start: Point, first: Point, second: Point, end: Point) -> list[Point]:
    points = []
    for step in range(1, _CURVE_STEPS + 1):
        t = step / _CURVE_STEPS
        weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        corners = start, first, second, end
        points.append(
            (
                sum(weight * x for weight, (x, _) in zip(weights, corners, strict=True)),
                sum(weight * y for weight, (_, y) in zip(weights, corners, strict=True)),
            )
        )
    return points


def _symmetric(path: str) -> Line:
    """Complete an outline whose right half is given, from the top of the axis to its bottom."""
    half = _flattened(path)
    return half + tuple((PIECE_BOX - x, y) for x, y in reversed(half))


def _ball(x: float, y: float, radius: float) -> Line:
    k = radius * _KAPPA
    return _flattened(
        f"M {x} {y - radius}"
        f"C {x + k} {y - radius} {x + radius} {y - k} {x + radius} {y}"
        f"C {x + radius} {y + k} {x + k} {y + radius} {x} {y + radius}"
        f"C {x - k} {y + radius} {x - radius} {y + k} {x - radius} {y}"
        f"C {x - radius} {y - k} {x - k} {y - radius} {x} {y - radius}"
    )


_FOOT = "C 34.4 36.1 35.4 36.9 35.4 38.2 L 35.4 39.2 C 35.4 40 34.9 40.5 34.1 40.5 L 22.5 40.5"
_FOOT_LINE = _flattened("M 12.4 35.9 C 17 35.2 28 35.2 32.6 35.9")
_COLLAR = "C 31.4 27.2 32.2 28 32.2 28.9 C 32.2 29.8 31.4 30.4 30.2 30.6 C 30.6 32.6 32.2 33.6 32.6 35.9" + _FOOT
_COLLAR_LINES = _flattened("M 15 27 C 19 26.3 26 26.3 30 27"), _flattened("M 14.8 30.6 C 19 30 26 30 30.2 30.6")

FIGURES: Final = {
    "p": Figure(
        (
            _symmetric(
                "M 22.5 9.4 C 25.4 9.4 27.7 11.7 27.7 14.5 C 27.7 16.4 26.7 18 25.2 18.9"
                "C 27.4 19.3 29.2 20.1 29.2 21.3 C 29.2 22.4 27.6 22.8 25.8 22.9"
                "C 26 27 27.4 30.4 30.8 32.8 C 32 33.7 32.5 34.6 32.6 35.9" + _FOOT
            ),
        ),
        (_FOOT_LINE, _flattened("M 19.2 22.9 C 21 23.2 24 23.2 25.8 22.9")),
    ),
    "r": Figure(
        (
            _symmetric(
                "M 22.5 8.8 L 25.5 8.8 L 25.5 11.8 L 29.2 11.8 L 29.2 8.8 L 33.4 8.8 L 33.4 15.2 L 30 18.4"
                "C 29.9 22.6 30.2 26.8 31 30.4 C 32 31.6 32.5 33.6 32.6 35.9" + _FOOT
            ),
        ),
        (
            _FOOT_LINE,
            _flattened("M 11.6 15.2 L 33.4 15.2"),
            _flattened("M 15 18.4 L 30 18.4"),
            _flattened("M 14 30.4 L 31 30.4"),
        ),
    ),
    "b": Figure(
        (
            _ball(22.5, 7.2, 2.5),
            _symmetric(
                "M 22.5 9.2 C 26.8 11.6 31 15.6 31 20.4 C 31 23.2 29.6 25.4 27.6 27"
                "C 29.6 27.2 30.4 28 30.4 28.9 C 30.4 29.8 29.6 30.4 28.2 30.6"
                "C 28.8 32.6 31.8 33.4 32.6 35.9" + _FOOT
            ),
        ),
        (
            _FOOT_LINE,
            _flattened("M 17.4 27 C 20 26.4 25 26.4 27.6 27"),
            _flattened("M 16.8 30.6 C 20 30 25 30 28.2 30.6"),
            _flattened("M 27.2 13 L 22.2 19.4"),
        ),
    ),
    "n": Figure(
        (
            _flattened(
                "M 20.9 6 C 21.9 7 22.9 8.3 23.7 9.6 C 31.2 11.4 35.4 18.6 35.2 27 C 35.1 30.4 33.4 33 32.6 35.9"
                "C 34.4 36.1 35.4 36.9 35.4 38.2 L 35.4 39.2 C 35.4 40 34.9 40.5 34.1 40.5"
                "L 10.9 40.5 C 10.1 40.5 9.6 40 9.6 39.2 L 9.6 38.2 C 9.6 36.9 10.6 36.1 12.4 35.9"
                "C 12.6 31.4 15.8 28.6 19.2 26.2 C 21.4 24.6 22.6 22.8 22.8 20.4"
                "C 20.8 22 18.6 22.4 16.6 22.8 C 14.8 23.2 14 24.4 12.8 25.6 C 11.8 26.6 10 26.6 8.8 25.6"
                "C 7.2 24.2 6.8 22.6 7.8 20.6 C 9.4 17.8 12 15.4 13.2 12.4 C 14 10.6 15.4 9.8 17 9.2"
                "C 17.4 7.8 18.6 6.2 20.9 6"
            ),
        ),
        (
            _FOOT_LINE,
            _flattened("M 16.4 13.8 C 17 13 18.2 12.9 18.8 13.6"),
            _flattened("M 9.8 22.2 L 10.6 21.4"),
            _flattened("M 24.6 13.2 C 29.2 15.6 31.6 20.6 31.2 27.4"),
        ),
    ),
    "q": Figure(
        (
            _ball(22.5, 7.6, 2.3),
            _ball(30.6, 8.9, 2.3),
            _ball(14.4, 8.9, 2.3),
            _ball(38.2, 12.4, 2.3),
            _ball(6.8, 12.4, 2.3),
            _symmetric("M 22.5 9 L 25.8 19.2 L 30.4 10.6 L 31.6 20.4 L 37.8 13.8C 35.8 19.6 32 23 30 27" + _COLLAR),
        ),
        (_FOOT_LINE, *_COLLAR_LINES),
    ),
    "k": Figure(
        (
            _symmetric(
                "M 22.5 2.6 L 23.7 2.6 L 23.7 5.3 L 26.6 5.3 L 26.6 7.7 L 23.7 7.7 L 23.7 11.2"
                "C 28.6 11.4 32.6 12.6 34 15.4 C 35 18.8 31.8 22.6 30 27" + _COLLAR
            ),
        ),
        (_FOOT_LINE, *_COLLAR_LINES, _flattened("M 11 15.4 C 16 17.4 29 17.4 34 15.4")),
    ),
}
"""The pieces by lower-case FEN letter, in a box of `PIECE_BOX` units."""

_BOWL = "M 8 8.2 C 7.6 6.2 6.3 5 4.4 5 C 2 5 0.4 7 0.4 10 C 0.4 13 2 15 4.4 15 C 6.3 15 7.6 13.8 8 11.8"
_RIGHT_BOWL = "M 0.4 8.2 C 0.8 6.2 2.1 5 4 5 C 6.4 5 8 7 8 10 C 8 13 6.4 15 4 15 C 2.1 15 0.8 13.8 0.4 11.8"

_GLYPH_PATHS = {
    "a": (_BOWL, "M 8 5 L 8 15"),
    "b": (_RIGHT_BOWL, "M 0.4 0 L 0.4 15"),
    "c": ("M 8 7.2 C 7.3 5.8 6.2 5 4.6 5 C 2 5 0.4 7 0.4 10 C 0.4 13 2 15 4.6 15 C 6.2 15 7.3 14.2 8 12.8",),
    "d": (_BOWL, "M 8 0 L 8 15"),
    "e": ("M 0.4 9.8 L 8 9.8 C 8 6.9 6.6 5 4.3 5 C 2 5 0.4 7 0.4 10 C 0.4 13 2 15 4.5 15 C 6 15 7.1 14.4 7.8 13.2",),
    "f": ("M 6.6 0.3 C 4.2 -0.4 2.9 0.9 2.9 3.2 L 2.9 15", "M 0.6 5 L 6.2 5"),
    "g": (_BOWL, "M 8 5 L 8 15.6 C 8 18 6.5 19.2 4.4 19.2 C 2.9 19.2 1.6 18.7 0.8 17.6"),
    "h": ("M 0.6 0 L 0.6 15", "M 0.6 9 C 0.6 6.4 2.2 5 4.3 5 C 6.6 5 7.7 6.4 7.7 9 L 7.7 15"),
    "1": ("M 1.4 3 L 5 0.3 L 5 15",),
    "2": ("M 0.6 3.9 C 0.8 1.5 2.3 0 4.3 0 C 6.5 0 7.9 1.5 7.9 3.8 C 7.9 6.4 5.8 8.4 0.5 15 L 8.1 15",),
    "3": (
        "M 0.8 2.6 C 1.5 0.9 2.7 0 4.3 0 C 6.3 0 7.6 1.4 7.6 3.4 C 7.6 5.6 6.1 7 3.6 7"
        "C 6.4 7 8 8.6 8 11 C 8 13.4 6.5 15 4.2 15 C 2.3 15 1 14.1 0.3 12.4",
    ),
    "4": ("M 6.2 15 L 6.2 0 L 0 10.8 L 8.4 10.8",),
    "5": (
        "M 7.4 0 L 1.6 0 L 1 6.9 C 1.9 6 3 5.6 4.2 5.6 C 6.5 5.6 8.1 7.5 8.1 10.2"
        "C 8.1 13 6.4 15 4 15 C 2.3 15 1 14.2 0.3 12.7",
    ),
    "6": (
        "M 7.2 1.9 C 6.5 0.6 5.6 0 4.5 0 C 1.8 0 0.4 3 0.4 8 C 0.4 12.6 1.8 15 4.3 15"
        "C 6.6 15 8.1 13 8.1 10.4 C 8.1 7.8 6.6 5.9 4.3 5.9 C 2.2 5.9 0.6 7.5 0.4 9.9",
    ),
    "7": ("M 0.4 0 L 8 0 L 3 15",),
    "8": (
        "M 4.2 7 C 2.2 7 0.9 5.6 0.9 3.5 C 0.9 1.4 2.2 0 4.2 0 C 6.2 0 7.5 1.4 7.5 3.5 C 7.5 5.6 6.2 7 4.2 7"
        "C 1.9 7 0.3 8.7 0.3 11 C 0.3 13.4 1.9 15 4.2 15 C 6.5 15 8.1 13.4 8.1 11 C 8.1 8.7 6.5 7 4.2 7",
    ),
}

GLYPHS: Final = {letter: tuple(_flattened(path) for path in paths) for letter, paths in _GLYPH_PATHS.items()}
"""The letters a to h and the digits 1 to 8 as strokes, in a box of `GLYPH_WIDTH` by `GLYPH_HEIGHT` units."""
