"""Pictures as grids of cells, each of which shows one kind of face or none: what views are compared by.

The light, the camera and the cubes are the same all over a picture, so that one cube is painted for a view and then
copied to where the figure has cubes, those further away first.
"""

from functools import lru_cache
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vmevalkit.tasks.rotation_task.figure import Figure
from vmevalkit.tasks.rotation_task.view import FRONT, LEFT, NOTHING, RIGHT, UNCERTAIN, camera, shade, stage, view

Labels = NDArray[np.uint8]
"""`NOTHING` to `UNCERTAIN` for each cell, shape (GRID, GRID)."""

GRID = 96
"""Cells along each side of a picture."""
_FINE = 7
"""Pixels along each side of a cell, an odd number: the middle one counts."""
_OVERLAP = 2
"""By how many pixels the edges of a cube are painted too long, so that rounding opens no cracks between cubes."""
_CUBE: Figure = ((0, 0, 0),)
_LABEL_BITS = 3
_LABEL_MASK = (1 << _LABEL_BITS) - 1


@lru_cache(maxsize=64)
def _painted_cube(azimuth: float, elevation: int, edge: float) -> tuple[Labels, NDArray[np.bool_]]:
    """Paint the labels of a cube with edges of so many pixels; its middle is the middle pixel. Return a mask, too."""
    seen, placed = view(_CUBE, azimuth, elevation), stage(_CUBE, elevation)
    middle = 0.5, placed.ground - placed.scale * cos(radians(elevation)) / 2
    corners = _whole((seen.corners - middle) * ((edge + _OVERLAP) / placed.scale))
    across, down = np.abs(corners).max(axis=(0, 1)).tolist()
    picture = Image.new("L", (2 * across + 1, 2 * down + 1))
    pen = ImageDraw.Draw(picture)
    sides = zip((LEFT, RIGHT), seen.headings, strict=True)
    lit = {side: FRONT if 0.25 < shade(heading) < 0.75 else side for side, heading in sides}
    outlines = (corners + np.array([across, down])).reshape(-1, 8).tolist()
    for label, outline in zip(seen.labels.tolist(), outlines, strict=True):
        pen.polygon(outline, fill=lit.get(label, label))
    labels = np.asarray(picture)
    return labels, labels != NOTHING


def _whole(coordinates: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round to whole pixels, regardless of the last bits of a sine."""
    return np.rint(np.round(coordinates, 6)).astype(np.int64)


@lru_cache(maxsize=64)
def _painted(figure: Figure, azimuth: float, elevation: int) -> NDArray[np.uint16]:
    """Paint the cubes of a view: for each cell its label and, in the bits above, the number of its cube."""
    placed = stage(figure, elevation)
    cube, mask = _painted_cube(azimuth % 90, elevation, placed.scale * GRID * _FINE)
    height, width = mask.shape
    middles = (np.array(figure) + 0.5 - (*placed.axis, 0.0)) @ camera(azimuth, elevation)
    shown = _whole((middles[:, :2] * placed.scale + (0.5, placed.ground)) * (GRID * _FINE) - 0.5)
    corners = shown - (width // 2, height // 2)
    cells = (corners + _FINE // 2) // _FINE
    skipped = cells * _FINE + _FINE // 2 - corners  # pixels of the cube before the first that is the middle of a cell
    places = np.hstack([cells, skipped]).tolist()

    codes, tags = np.zeros((GRID, GRID), np.uint16), np.arange(len(figure), dtype=np.uint16) << _LABEL_BITS
    for number in np.argsort(-np.round(middles[:, 2], 6), kind="stable").tolist():
        column, row, left, top = places[number]
        part = cube[top::_FINE, left::_FINE]
        target = codes[row : row + len(part), column : column + part.shape[1]]
        np.copyto(target, part | tags[number], where=mask[top::_FINE, left::_FINE])
    codes.flags.writeable = False
    return codes


def seen_labels(figure: Figure, azimuth: float, elevation: int) -> Labels:
    """Return what each cell of the picture shows."""
    return (_painted(figure, azimuth, elevation) & _LABEL_MASK).astype(np.uint8)


def visible_shares(figure: Figure, azimuth: float, elevation: int) -> NDArray[np.float64]:
    """Return how much of each cube is seen, as a share of what is seen of a cube that stands alone."""
    codes = _painted(figure, azimuth, elevation)
    cells = np.bincount(codes[codes != NOTHING] >> _LABEL_BITS, minlength=len(figure))
    turn, tilt = radians(azimuth), radians(elevation)
    alone = sin(tilt) + cos(tilt) * (abs(sin(turn)) + abs(cos(turn)))
    edge = stage(figure, elevation).scale * GRID
    return np.asarray(cells / (alone * edge * edge))


def agreement(seen: Labels, expected: Labels) -> float:
    """Return in which share of the cells where either shows the figure both show the same.

    Cells that are `UNCERTAIN` in either do not count.
    """
    counted = ((seen != NOTHING) | (expected != NOTHING)) & (seen != UNCERTAIN) & (expected != UNCERTAIN)
    return int(np.count_nonzero((seen == expected) & counted)) / max(int(np.count_nonzero(counted)), 1)
