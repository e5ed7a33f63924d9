"""What a figure looks like: shaded cubes with dark edges on a light turntable."""

from dataclasses import replace
from functools import lru_cache
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
    NOTHING,
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
_GROUNDS = ("disc", "shadow", "rim", "mark")
_FACES = {NOTHING: "paper", TOP: "top", LEFT: "left", RIGHT: "right"}

_EDGE = 0.0042
"""Width of the dark lines, as a share of the side."""
_THICKNESS = 0.014
"""Of the turntable's rim, likewise."""
_OVERSAMPLING = 3
_SHADES = 64


@lru_cache(maxsize=64)
def palette(left: int, right: int) -> Palette:
    """Return the colours for left and right faces that are so many 64ths of the way from bright to dark."""
    return Palette({**COLOURS, "left": side_colour(left / _SHADES), "right": side_colour(right / _SHADES)}, _BLENDS)


def side_colour(darkness: float) -> str:
    """Return the colour of a side face, from bright at 0 to dark at 1."""
    ends = zip(rgb(COLOURS["left"]), rgb(COLOURS["right"]), strict=True)
    return "#" + "".join(f"{round(bright + (dark - bright) * darkness):02x}" for bright, dark in ends)


PALETTE = palette(0, _SHADES)
"""The colours of first and final frames."""


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
    if not puzzle.shown.mirrored or share < _FADE[0]:
        return draw_figure(rigid, azimuth, puzzle.elevation, size)
    other, other_azimuth = pose(puzzle, puzzle.shown, share)
    mirror = draw_figure(other, other_azimuth, puzzle.elevation, size)
    if share > _FADE[1]:
        return mirror
    before = draw_figure(rigid, azimuth, puzzle.elevation, size).convert("RGB")
    return Image.blend(before, mirror.convert("RGB"), (share - _FADE[0]) / (_FADE[1] - _FADE[0]))


_FADE = (0.35, 0.65)


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)


def draw_figure(figure: Figure, azimuth: float, elevation: int, size: int) -> Image.Image:
    """Draw a figure that has turned by an azimuth; the palette has its own shades where a side is half lit."""
    seen = view(figure, azimuth, elevation)
    canvas = Canvas(size, size, palette(*(round(_SHADES * shade(heading)) for heading in seen.headings)), "paper")
    disc, middle = _turntable(size, elevation)
    top = round(stage(figure, elevation).ground * size) - middle
    canvas.pixels[top : top + len(disc)] = disc
    _put_shadow(canvas, figure, azimuth, elevation)
    _put_mark(canvas, figure, azimuth, elevation)
    _put_figure(canvas, seen)
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
        (small.width * _SOFT, small.height * _SOFT), Image.Resampling.BILINEAR
    )
    target = canvas.pixels[top * _SOFT : bottom * _SOFT, left * _SOFT : right * _SOFT]
    shaded = canvas.palette.ramp("disc", "shadow")[np.asarray(soft)[: target.shape[0], : target.shape[1]]]
    np.copyto(target, shaded, where=target == canvas.palette.number("disc"))


def _put_mark(canvas: Canvas, figure: Figure, azimuth: float, elevation: int) -> None:
    """Put the mark on the turntable, near its rim: in front of the figure where that has not turned."""
    size, unit = len(canvas.pixels), DISC_RADIUS / stage(figure, elevation).scale
    corners = _snapped((_on_ground(figure, azimuth, elevation, _MARK * unit) * size).tolist())
    left, top = floor(min(x for x, _ in corners)), floor(min(y for _, y in corners))
    width, height = (ceil(max(corner[axis] for corner in corners)) + 1 - low for axis, low in ((0, left), (1, top)))
    shape = coverage(width, height, [[(x - left, y - top) for x, y in corners]])
    canvas.stamp(shape, left, top, under="disc", over="mark")


def _put_figure(canvas: Canvas, seen: View) -> None:
    """Paint the faces, those further away first, each with its edges."""
    size = len(canvas.pixels)
    corners = seen.corners * size
    reach = ceil(_EDGE * size) + 1
    left, top = (int(part) - reach for part in np.floor(corners.min(axis=(0, 1))))
    right, bottom = (int(part) + reach for part in np.ceil(corners.max(axis=(0, 1))))
    labels, edges = _paint(seen, corners - (left, top), (right - left, bottom - top), _EDGE * size)
    target = canvas.pixels[top:bottom, left:right]
    table = _ink_table(canvas.palette)
    outline = np.nonzero((labels == NOTHING) & (edges > 0))
    on_ground = table[_ground_rows(canvas.palette)[target[outline]], edges[outline]]
    np.copyto(target, table.ravel().take(labels * np.uint16(256) + edges), where=labels != NOTHING)
    target[outline] = on_ground


def _paint(
    seen: View, corners: NDArray[np.float64], extent: tuple[int, int], width: float
) -> tuple[NDArray[np.uint8], Pixels]:
    """Return the label of each pixel, and how much of it the edges cover: 0 to 255."""
    large = Image.new("L", (extent[0] * _OVERSAMPLING, extent[1] * _OVERSAMPLING))
    flat = Image.new("L", extent)
    ink, fill = ImageDraw.Draw(large), ImageDraw.Draw(flat)
    snapped = np.round(corners * 64) / 64
    outlines = (snapped, *(_OVERSAMPLING * outline for outline in _strokes(snapped, width / 2)))
    faces, outer, inner = (outline.reshape(len(corners), -1).tolist() for outline in outlines)
    for number, label in enumerate(seen.labels.tolist()):
        fill.polygon(faces[number], fill=label)
        ink.polygon(outer[number], fill=255)
        ink.polygon(inner[number], fill=0)
    return np.asarray(flat), np.asarray(large.reduce(_OVERSAMPLING))


def _strokes(faces: NDArray[np.float64], reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outer and the inner outlines of the edges of faces; the outer ones have cut corners.

    Args:
        faces: corners, shape (faces, 4, 2).
        reach: half of the width of the edges.

    Returns:
        Shapes (faces, 8, 2) and (faces, 4, 2).

    """
    ahead = np.roll(faces, -1, axis=1) - faces
    ahead /= np.hypot(ahead[..., 0], ahead[..., 1])[..., None]
    outward = np.stack([ahead[..., 1], -ahead[..., 0]], axis=-1)
    inverted = (outward[:, 0] * (faces[:, 2] - faces[:, 0])).sum(axis=-1) > 0
    outward[inverted] *= -1
    before = np.roll(outward, 1, axis=1)
    outer = np.stack([faces + reach * before, faces + reach * outward], axis=2).reshape(-1, 8, 2)
    inner = faces - reach * (before + outward) / (1 + (before * outward).sum(axis=-1))[..., None]
    return np.round(outer * 64) / 64, np.round(inner * 64) / 64


@lru_cache(maxsize=64)
def _ink_table(colours: Palette) -> Pixels:
    """Return the colour numbers of each ground under each coverage with ink: a label's row, or one of `_GROUNDS`."""
    names = [*(_FACES[label] for label in range(len(_FACES))), *_GROUNDS]
    return np.stack([colours.ramp(name, "ink") for name in names])


@lru_cache(maxsize=64)
def _ground_rows(colours: Palette) -> NDArray[np.uint8]:
    """Return for each colour number of the ground its row in `_ink_table`, or the row of a colour that is near."""
    rows = np.zeros(256, dtype=np.uint8)
    row = {name: len(_FACES) + number for number, name in enumerate(_GROUNDS)}
    for under, over in _GROUND_BLENDS:
        ramp = colours.ramp(under, over)
        rows[ramp[:128]], rows[ramp[128:]] = row.get(under, NOTHING), row[over]
    return rows
