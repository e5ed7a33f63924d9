"""What a matrix looks like: nine framed panels, equal figures in their slots, a question mark in the last."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil, cos, pi, sin

import numpy as np
from PIL import Image

from vmevalkit.tasks.canvas import Canvas, Palette, Pixels, Point, coverage
from vmevalkit.tasks.raven_task.puzzle import COLOURS, Panel, Puzzle

LAST = 8
"""The place of the missing panel."""

# Lengths are in 256ths of the picture's side, so that they are whole pixels at 256, 512 and 1024.
_UNITS = 256
_MARGIN, _PANEL, _GAP = 14, 72, 6
_PADDING, _SLOT = 3, 22
_RADIUS, _BORDER, _OUTLINE = 5, 0.75, 1.0

_FILLS = ("#ffffff", "#c3d5ec", "#82a5d3", "#42699e", "#173660")
PALETTE = Palette(
    {
        "paper": "#ffffff",
        "border": "#9aa5b1",
        "ink": "#1f2933",
        "accent": "#c2571a",
        **{f"fill{colour}": fill for colour, fill in zip(COLOURS, _FILLS, strict=True)},
    },
    [
        ("paper", "border"),
        ("paper", "ink"),
        ("paper", "accent"),
        *(("ink", f"fill{colour}") for colour in COLOURS),
    ],
)

_SCALES = (0.44, 0.61, 0.80, 1.0)
_WIDEST = 19.4
"""Width of the box that holds the largest figures, in units; a little less than a slot."""


def _regular(corners: int, reach: float, drop: float = 0.0) -> tuple[Point, ...]:
    """Return a regular polygon that stands on a side, as wide as ``reach`` says, in a box from -1 to 1."""
    turns = [2 * pi * number / corners + (pi / corners if corners % 2 == 0 else 0.0) for number in range(corners)]
    return tuple((reach * sin(turn), drop - reach * cos(turn)) for turn in turns)


_STAR_WAIST = 0.52
_SHAPES: dict[str, tuple[Point, ...]] = {
    "triangle": _regular(3, 1.18, 0.27),
    "square": _regular(4, 1.21),
    "pentagon": _regular(5, 1.04, 0.07),
    "hexagon": _regular(6, 1.02),
    "circle": _regular(64, 0.93),
    "star": tuple(
        (radius * sin(pi * number / 5), 0.09 - radius * cos(pi * number / 5))
        for number in range(10)
        for radius in (1.12 if number % 2 == 0 else 1.12 * _STAR_WAIST,)
    ),
}
"""Outlines in a box from -1 to 1, of about the same visual weight."""


def _pixels(units: float, size: int) -> float:
    return units * size / _UNITS


def panel_corner(place: int, size: int) -> tuple[int, int]:
    """Return the left and top of a panel, in whole pixels; places count from 0 in reading order."""
    row, column = divmod(place, 3)
    left, top = (round(_pixels(_MARGIN + number * (_PANEL + _GAP), size)) for number in (column, row))
    return left, top


def slot_corner(place: int, slot: int, size: int) -> tuple[float, float]:
    """Return the left and top of a slot of a panel, in pixels; slots count from 1 in reading order."""
    (panel_row, panel_column), (row, column) = divmod(place, 3), divmod(slot - 1, 3)
    left, top = (
        _pixels(_MARGIN + panel * (_PANEL + _GAP) + _PADDING + number * _SLOT, size)
        for panel, number in ((panel_column, column), (panel_row, row))
    )
    return left, top


def panel_side(size: int) -> int:
    """Return the side of a panel in pixels."""
    return round(_pixels(_PANEL, size))


def slot_side(size: int) -> int:
    """Return the side of a slot in whole pixels."""
    return ceil(_pixels(_SLOT, size))


def _snapped(points: Sequence[Point]) -> list[Point]:
    """Round to 64ths of a pixel, so that pixels do not depend on the last bit of a sine."""
    return [(round(x * 64) / 64, round(y * 64) / 64) for x, y in points]


def _inset(points: Sequence[Point], width: float) -> list[Point]:
    """Move every side of an outline, given clockwise, inwards by a width."""
    inner = []
    for number, (x, y) in enumerate(points):
        (x0, y0), (x1, y1) = points[number - 1], points[(number + 1) % len(points)]
        before, after = _unit(x - x0, y - y0), _unit(x1 - x, y1 - y)
        along = width / (1 + before[0] * after[0] + before[1] * after[1])
        inner.append((x - (before[1] + after[1]) * along, y + (before[0] + after[0]) * along))
    return inner


def _unit(x: float, y: float) -> Point:
    length = float(np.hypot(x, y))
    return x / length, y / length


_PHASES = 8
"""Figures start on whole 8ths of a pixel."""


@lru_cache(maxsize=1024)
def figure(shape: str, level: int, colour: int, size: int, phase: tuple[int, int] = (0, 0)) -> Pixels:
    """Draw a figure in its slot: colour numbers of shape (slot side, slot side).

    ``phase`` is how far the slot lies to the right of and below a whole pixel, in 8ths; 0 where the size of the
    picture is a multiple of 256.
    """
    side = slot_side(size)
    reach = _pixels(_WIDEST / 2 * _SCALES[level - 1], size)
    middle_x, middle_y = (_pixels(_SLOT / 2, size) + part / _PHASES for part in phase)
    outer = [(middle_x + x * reach, middle_y + y * reach) for x, y in _SHAPES[shape]]
    inner = _inset(outer, _pixels(_OUTLINE, size))
    canvas = Canvas(side, side, PALETTE, "paper")
    canvas.stamp(coverage(side, side, [_snapped(outer)]), 0, 0, under="paper", over="ink")
    canvas.stamp(coverage(side, side, [_snapped(inner)]), 0, 0, under="ink", over=f"fill{colour}")
    return canvas.pixels


def _rounded(low: float, high: float, radius: float) -> list[Point]:
    """Return a square with round corners."""
    corners = [(high - radius, low + radius), (high - radius, high - radius)]
    corners += [(low + radius, high - radius), (low + radius, low + radius)]
    return _snapped(
        [
            (x + radius * sin(turn), y - radius * cos(turn))
            for quarter, (x, y) in enumerate(corners)
            for turn in (pi / 2 * (quarter + step / 8) for step in range(9))
        ]
    )


@lru_cache(maxsize=8)
def empty_board(size: int) -> Pixels:
    """Draw the nine empty panels: colour numbers of shape (size, size), to be copied before drawing on it."""
    canvas = Canvas(size, size, PALETTE, "paper")
    side, line = panel_side(size), max(_pixels(_BORDER, size), 1.0)
    radius = _pixels(_RADIUS, size)
    frame = coverage(
        side, side, [_rounded(0, side, radius)], holes=[_rounded(line, side - line, max(radius - line, 0))]
    )
    for place in range(9):
        left, top = panel_corner(place, size)
        canvas.stamp(frame, left, top, under="paper", over="border")
    return canvas.pixels


@lru_cache(maxsize=8)
def question_mark(size: int) -> Pixels:
    """Return the coverage of the question mark, of shape (panel side, panel side)."""
    side, unit = panel_side(size), _pixels(1, size)
    hook = [(-8.5 * cos(turn), -8.5 - 8.5 * sin(turn)) for turn in (pi * step / 32 for step in range(2, 39))]
    (x, y), (slope_x, slope_y) = hook[-1], _unit(hook[-1][0] - hook[-2][0], hook[-1][1] - hook[-2][1])
    foot = 10.0
    stem = [
        (
            (1 - t) ** 3 * x + 3 * (1 - t) ** 2 * t * (x + 4 * slope_x),
            (1 - t) ** 3 * y + 3 * (1 - t) ** 2 * t * (y + 4 * slope_y) + 3 * (1 - t) * t * t * 3.5 + t**3 * foot,
        )
        for t in (step / 16 for step in range(1, 17))
    ]
    dot = [(0.0, 18.0), (0.0, 18.1)]
    strokes = [
        (_snapped([(side / 2 + x * unit, side / 2 + y * unit) for x, y in line]), width * unit)
        for line, width in (([*hook, *stem], 4.0), (dot, 5.0))
    ]
    return coverage(side, side, lines=strokes)


def _placed(panel: Panel, place: int, size: int) -> Iterator[tuple[Pixels, int, int]]:
    """Yield a panel's figures, each with the left and top of the pixels that it goes to."""
    for slot in panel.slots:
        x, y = (int(part * _PHASES) for part in slot_corner(place, slot, size))
        phase = (x % _PHASES, y % _PHASES)
        yield figure(panel.shape, panel.size, panel.colour, size, phase), x // _PHASES, y // _PHASES


def draw_board(panels: Sequence[Panel], size: int, *, marked: bool = False) -> Canvas:
    """Draw the first panels of a board and, if ``marked``, the question mark in the last."""
    canvas = Canvas(size, size, PALETTE, "paper")
    canvas.pixels[:] = empty_board(size)
    for place, panel in enumerate(panels):
        for sprite, left, top in _placed(panel, place, size):
            height, width = sprite.shape
            canvas.pixels[top : top + height, left : left + width] = sprite
    if marked:
        left, top = panel_corner(LAST, size)
        canvas.stamp(question_mark(size), left, top, under="paper", over="accent")
    return canvas


def render(puzzle: Puzzle, progress: float, size: int) -> Image.Image:
    """Draw the matrix: the question mark fades in the first part of the way, then the figures grow."""
    if progress <= 0.0:
        return draw_board(puzzle.panels, size, marked=True).image()
    if progress >= 1.0:
        return draw_board((*puzzle.panels, puzzle.answer), size).image()
    return _between(puzzle, progress, size)


_MARK_GONE = 0.4
"""The share of the way after which the question mark has faded."""
_SEEDLING = 0.3
"""The scale at which figures appear, to grow to 1."""


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)


def _between(puzzle: Puzzle, progress: float, size: int) -> Image.Image:
    image = _without_answer(puzzle, size).copy()
    if progress < _MARK_GONE:
        left, top = panel_corner(LAST, size)
        mark = question_mark(size) * (1 - _eased(progress / _MARK_GONE))
        accent = tuple(int(part) for part in PALETTE.table[PALETTE.number("accent")])
        image.paste(accent, (left, top), Image.fromarray(mark.astype(np.uint8)))
        return image
    grown = _eased((progress - _MARK_GONE) / (1 - _MARK_GONE))
    side = slot_side(size)
    shown = max(round(side * (_SEEDLING + (1 - _SEEDLING) * grown)), 1)
    inset, mask = (side - shown) // 2, Image.new("L", (shown, shown), round(255 * grown))
    for sprite, left, top in _placed(puzzle.answer, LAST, size):
        scaled = Image.fromarray(PALETTE.table[sprite]).resize((shown, shown), Image.Resampling.BICUBIC)
        image.paste(scaled, (left + inset, top + inset), mask)
    return image


@lru_cache(maxsize=2)
def _without_answer(puzzle: Puzzle, size: int) -> Image.Image:
    """Draw what stays the same through the film."""
    return draw_board(puzzle.panels, size).image().convert("RGB")
