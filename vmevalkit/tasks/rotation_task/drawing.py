"""What a figure looks like: shaded cubes with dark edges on a light turntable."""

from dataclasses import replace
from functools import cache, lru_cache
from math import ceil, cos, floor, pi, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from vmevalkit.tasks.canvas import Canvas, Palette, Pixels, Point, coverage, rgb
from vmevalkit.tasks.rotation_task.figure import Figure
from vmevalkit.tasks.rotation_task.puzzle import Puzzle, pose
from vmevalkit.tasks.rotation_task.view import (
    DISC_RADIUS,
    LEFT,
    RIGHT,
    TOP,
    View,
    shade,
    stage,
    view,
)

COLOURS = {
    "paper": "#ffffff",
    "disc": "#eef1f4",
    "shadow": "#d3d9df",
    "rim": "#c3cbd3",
    "mark": "#c2571a",
    "ink": "#1f2933",
    "top": "#b4d0ee",
    "left": "#7ba5d6",
    "right": "#3d6799",
}
# What meets on the ground, and what meets a dark edge.
_GROUND_BLENDS = (("paper", "rim"), ("rim", "disc"), ("disc", "shadow"), ("disc", "mark"))
_BLENDS = (*_GROUND_BLENDS, *((under, "ink") for under in COLOURS if under != "ink"))

_EDGE = 0.0042
"""Width of the dark lines, as a share of the side."""
_THICKNESS = 0.014
"""Of the turntable's rim, likewise."""
_OVERSAMPLING = 3
_OVERSAMPLING_IN_MOTION = 2
"""Edges that are seen for an eighth of a second need fewer steps."""
_SHADES = 64


@lru_cache(maxsize=2 * _SHADES + 1)
def palette(left: int, right: int) -> Palette:
    """Return the colours for left and right faces that are so many 64ths of the way from bright to dark."""
    return Palette({**COLOURS, "left": side_colour(left / _SHADES), "right": side_colour(right / _SHADES)}, _BLENDS)


def side_colour(darkness: float) -> str:
    """Return the colour of a side face, from bright at 0 to dark at 1."""
    ends = zip(rgb(COLOURS["left"]), rgb(COLOURS["right"]), strict=True)
    return "#" + "".join(f"{round(bright + (dark - bright) * darkness):02x}" for bright, dark in ends)


PALETTE = palette(0, _SHADES)
"""The colours of first and final frames. All palettes number their colours alike."""
_FACES = {TOP: PALETTE.number("top"), LEFT: PALETTE.number("left"), RIGHT: PALETTE.number("right")}


def _snapped(points: list[Point]) -> list[Point]:
    """Round to 64ths of a pixel, so that pixels do not depend on the last bit of a sine."""
    return [(round(x * 64) / 64, round(y * 64) / 64) for x, y in points]


@lru_cache(maxsize=32)
def _turntable(size: int, elevation: int) -> tuple[Pixels, int]:
    """Draw the empty turntable over the whole width: colour numbers, and in which row its centre lies."""
    flat, across = DISC_RADIUS * size * sin(radians(elevation)), DISC_RADIUS * size
    middle, thick = ceil(flat) + 1, _THICKNESS * size * cos(radians(elevation))
    height = middle + ceil(flat + thick) + 2
    turns = [2 * pi * step / 240 for step in range(240)]
    canvas = Canvas(size, height, PALETTE, "paper")
    outline = [(size / 2 + across * cos(turn), middle + flat * sin(turn)) for turn in turns]
    lower = [(x, y + thick) for x, y in outline]
    canvas.stamp(coverage(size, height, [_snapped(outline), _snapped(lower)]), 0, 0, under="paper", over="rim")
    top = [
        (size / 2 + (across - 0.003 * size) * cos(turn), middle + (flat - 0.0015 * size) * sin(turn)) for turn in turns
    ]
    canvas.stamp(coverage(size, height, [_snapped(top)]), 0, 0, under="rim", over="disc")
    return canvas.pixels, middle


def render(puzzle: Puzzle, progress: float, size: int) -> Image.Image:
    """Draw the figure at a point of the turn that the puzzle shows.

    A turn that ends in the mirror image fades into it in the middle of the way.
    """
    share = _eased(min(max(progress, 0.0), 1.0))
    rigid, azimuth = pose(puzzle, replace(puzzle.shown, mirrored=False), share)
    oversampling = _OVERSAMPLING_IN_MOTION if 0 < share < 1 else _OVERSAMPLING
    if not puzzle.shown.mirrored or share < _FADE[0]:
        return draw_figure(rigid, azimuth, puzzle.elevation, size, oversampling)
    other, other_azimuth = pose(puzzle, puzzle.shown, share)
    mirror = draw_figure(other, other_azimuth, puzzle.elevation, size, oversampling)
    if share > _FADE[1]:
        return mirror
    before = draw_figure(rigid, azimuth, puzzle.elevation, size, oversampling).convert("RGB")
    return Image.blend(before, mirror.convert("RGB"), (share - _FADE[0]) / (_FADE[1] - _FADE[0]))


_FADE = (0.35, 0.65)


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)


def draw_figure(
    figure: Figure, azimuth: float, elevation: int, size: int, oversampling: int = _OVERSAMPLING
) -> Image.Image:
    """Draw a figure that has turned by an azimuth; the palette has its own shades where a side is half lit."""
    seen = view(figure, azimuth, elevation)
    canvas = Canvas(size, size, palette(*(round(_SHADES * shade(heading)) for heading in seen.headings)), "paper")
    disc, middle = _turntable(size, elevation)
    top = round(stage(figure, elevation).ground * size) - middle
    canvas.pixels[top : top + len(disc)] = disc
    _put_shadow(canvas, figure, azimuth, elevation)
    _put_mark(canvas, figure, azimuth, elevation)
    _put_figure(canvas, seen, oversampling)
    return canvas.image()


def _on_ground(figure: Figure, azimuth: float, elevation: int, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where points of the turning ground, counted from the axis, lie in the picture; shape (..., 2)."""
    placed, turn = stage(figure, elevation), radians(azimuth)
    right, away = np.array([cos(turn), -sin(turn)]), np.array([sin(turn), cos(turn)])
    down = placed.ground - placed.scale * sin(radians(elevation)) * (points @ away)
    return np.stack([0.5 + placed.scale * (points @ right), down], axis=-1)


_MARK = np.array([(0.0, -0.865), (-0.05, -0.965), (0.05, -0.965)])
"""Corners of the mark on the turntable, at azimuth 0, in radii of the turntable."""
_BLUR = 0.012
"""Of the shadow, as a share of the side."""
_SOFT = 4
"""The shadow is drawn in pixels of so many pixels."""
_STEP = 2
"""It changes its colour every so many pixels: finer than can be seen in so soft an edge."""
_SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def _put_shadow(canvas: Canvas, figure: Figure, azimuth: float, elevation: int) -> None:
    """Darken the ground below the cubes, as if the light came from above."""
    size = len(canvas.pixels)
    columns = np.array(sorted({(x, y) for x, y, _ in figure})) - stage(figure, elevation).axis
    corners = _on_ground(figure, azimuth, elevation, columns[:, None] + _SQUARE) * (size / _SOFT)
    blur = _BLUR * size / _SOFT
    left, top = (int(part) for part in np.floor(corners.min(axis=(0, 1)) - 3 * blur))
    right, bottom = (int(part) for part in np.ceil(corners.max(axis=(0, 1)) + 3 * blur))
    small = Image.new("L", (right - left, bottom - top))
    pen = ImageDraw.Draw(small)
    for outline in (np.round((corners - (left, top)) * 64) / 64).reshape(len(corners), 8).tolist():
        pen.polygon(outline, fill=255)
    soft = small.filter(ImageFilter.GaussianBlur(blur)).resize(
        (small.width * _SOFT // _STEP, small.height * _SOFT // _STEP), Image.Resampling.BILINEAR
    )
    steps = soft.point(canvas.palette.ramp("disc", "shadow").tolist())
    shaded = np.asarray(steps.resize((soft.width * _STEP, soft.height * _STEP), Image.Resampling.NEAREST))
    target = canvas.pixels[top * _SOFT : bottom * _SOFT, left * _SOFT : right * _SOFT]
    np.copyto(target, shaded[: target.shape[0], : target.shape[1]], where=target == canvas.palette.number("disc"))


def _put_mark(canvas: Canvas, figure: Figure, azimuth: float, elevation: int) -> None:
    """Put the mark on the turntable, near its rim: in front of the figure where that has not turned."""
    size, unit = len(canvas.pixels), DISC_RADIUS / stage(figure, elevation).scale
    corners = _snapped((_on_ground(figure, azimuth, elevation, _MARK * unit) * size).tolist())
    left, top = floor(min(x for x, _ in corners)), floor(min(y for _, y in corners))
    width, height = (ceil(max(corner[axis] for corner in corners)) + 1 - low for axis, low in ((0, left), (1, top)))
    shape = coverage(width, height, [[(x - left, y - top) for x, y in corners]])
    canvas.stamp(shape, left, top, under="disc", over="mark")


def _put_figure(canvas: Canvas, seen: View, oversampling: int) -> None:
    """Paint the faces, those further away first, each with its edges."""
    size = len(canvas.pixels)
    corners = seen.corners * size
    reach = ceil(_EDGE * size) + 1
    left, top = (int(part) - reach for part in np.floor(corners.min(axis=(0, 1))))
    right, bottom = (int(part) + reach for part in np.ceil(corners.max(axis=(0, 1))))
    target = canvas.pixels[top:bottom, left:right]
    painted, edges = _paint(target, seen.labels.tolist(), corners - (left, top), _EDGE * size, oversampling)
    inked = np.flatnonzero(edges > 0)
    painted[inked] = _ink_table().take(painted[inked] * np.intp(256) + edges[inked])
    target[:] = painted.reshape(target.shape)


def _paint(
    ground: Pixels, labels: list[int], corners: NDArray[np.float64], width: float, oversampling: int
) -> tuple[Pixels, Pixels]:
    """Return the colour numbers of the ground with the faces on it, and how much edges cover: 0 to 255; both flat."""
    plain = Image.fromarray(ground)
    large = Image.new("L", (plain.width * oversampling, plain.height * oversampling))
    ink, fill = ImageDraw.Draw(large), ImageDraw.Draw(plain)
    snapped = np.round(corners * 64) / 64
    outlines = (snapped, *(oversampling * outline for outline in _strokes(snapped, width / 2)))
    faces, outer, inner = (outline.reshape(len(corners), -1).tolist() for outline in outlines)
    for number, label in enumerate(labels):
        fill.polygon(faces[number], fill=_FACES[label])
        ink.polygon(outer[number], fill=255)
        ink.polygon(inner[number], fill=0)
    return np.array(plain).ravel(), np.asarray(large.reduce(oversampling)).ravel()


def _strokes(faces: NDArray[np.float64], reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outer and the inner outlines of the edges of faces; the outer ones have cut corners.

    Args:
        faces: corners, shape (faces, 4, 2).
        reach: half of the width of the edges.

    Returns:
        Shapes (faces, 8, 2) and (faces, 4, 2).

    """
    ahead = faces[:, [1, 2, 3, 0]] - faces
    ahead /= np.hypot(ahead[..., 0], ahead[..., 1])[..., None]
    outward = np.stack([ahead[..., 1], -ahead[..., 0]], axis=-1)
    inverted = (outward[:, 0] * (faces[:, 2] - faces[:, 0])).sum(axis=-1) > 0
    outward[inverted] *= -1
    before = outward[:, [3, 0, 1, 2]]
    outer = np.stack([faces + reach * before, faces + reach * outward], axis=2).reshape(-1, 8, 2)
    inner = faces - reach * (before + outward) / (1 + (before * outward).sum(axis=-1))[..., None]
    return np.round(outer * 64) / 64, np.round(inner * 64) / 64


@cache
def _ink_table() -> Pixels:
    """Return the colour number of each colour number under each coverage with ink, flat; near ones for blends."""
    table = np.tile(np.arange(256, dtype=np.uint8)[:, None], 256)
    for under, over in _GROUND_BLENDS:
        ramp = PALETTE.ramp(under, over)
        table[ramp[:128]], table[ramp[128:]] = PALETTE.ramp(under, "ink"), PALETTE.ramp(over, "ink")
    for name in ("paper", "top", "left", "right"):
        table[PALETTE.number(name)] = PALETTE.ramp(name, "ink")
    return table.ravel()
