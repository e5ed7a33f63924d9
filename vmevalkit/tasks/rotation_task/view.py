"""Where the cubes of a figure lie in the picture, and which parts of it can be seen from where.

The camera is fixed and looks down at the figure by its elevation, without perspective. The figure turns about an
upright axis; its azimuth is how far it has turned counterclockwise, as seen from above.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vmevalkit.tasks.rotation_task.figure import Figure, Voxel

Labels = NDArray[np.uint8]
NOTHING, TOP, LEFT, RIGHT, FRONT, UNCERTAIN = range(6)
"""What a picture shows somewhere: no figure; a face that looks up, to the left, to the right or straight at the
camera; or something that is hard to tell."""

FULL_LIGHT = 20.0
"""Side faces that point this far or further to the left are bright, to the right dark, and between them half lit; in
degrees. No question begins or ends with half-lit faces."""

DISC_RADIUS = 0.42
"""Of the turntable, as a share of the picture's side."""
_REACH = 0.36
"""How far from the axis the figure may reach, likewise; less than the turntable, so that its mark stays visible."""
_HEIGHT = 0.86
"""How high turntable and figure together may be, likewise."""
_GRAZING = 1e-9
"""A face that is turned to the camera by no more than this is seen from its edge."""


@dataclass(frozen=True)
class Stage:
    """How a figure is placed in the picture, the same for all azimuths: shares of the side, from the upper left."""

    scale: float
    """The edge of a cube."""
    ground: float
    """How far down the centre of the turntable lies."""
    axis: tuple[float, float]
    """Where the axis meets the ground, in the figure's coordinates."""


@lru_cache(maxsize=64)
def stage(figure: Figure, elevation: int) -> Stage:
    """Place a figure so that no turn leads out of the picture."""
    cubes = np.array(figure)
    width, depth, height = (int(most) + 1 for most in cubes.max(axis=0))
    axis = width / 2, depth / 2
    reach = max(hypot(x + dx - axis[0], y + dy - axis[1]) for x, y, _ in figure for dx in (0, 1) for dy in (0, 1))
    rise, tilt = cos(radians(elevation)), sin(radians(elevation))
    below = DISC_RADIUS * tilt
    scale = min(_REACH / reach, (_HEIGHT - below) / (height * rise + reach * tilt))
    above = max(scale * (height * rise + reach * tilt), below)
    return Stage(scale, 0.5 + (above - below) / 2, axis)


_NORMALS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1))
"""Of the faces that can be seen: never those below."""


def _face_corners(normal: Voxel) -> list[list[float]]:
    """Return the corners of a unit cube's face, in order around it."""
    axis = next(number for number in range(3) if normal[number])
    corners = []
    for first, second in ((0, 0), (1, 0), (1, 1), (0, 1)):
        corner = [float(first), float(second)]
        corner.insert(axis, 1.0 if normal[axis] > 0 else 0.0)
        corners.append(corner)
    return corners


_CORNERS = np.array([_face_corners(normal) for normal in _NORMALS])


@lru_cache(maxsize=64)
def _bare(figure: Figure) -> NDArray[np.bool_]:
    """Tell which faces no other cube covers, shape (cubes, normals)."""
    cubes = set(figure)
    return np.array([[(x + dx, y + dy, z + dz) not in cubes for dx, dy, dz in _NORMALS] for x, y, z in figure])


@dataclass(frozen=True)
class View:
    """The faces that are turned to the camera, those further away first."""

    labels: NDArray[np.int64]
    """`TOP`, `LEFT` or `RIGHT` for each face."""
    cubes: NDArray[np.int64]
    """The number of each face's cube."""
    corners: NDArray[np.float64]
    """Corners in order around each face as shares of the picture's side, right and down; shape (faces, 4, 2)."""
    headings: tuple[float, float]
    """Where the left and the right faces point: degrees to the right of the camera, -90 to 0 and 0 to 90."""


def view(figure: Figure, azimuth: float, elevation: int) -> View:
    """Look at a figure that has turned counterclockwise by ``azimuth`` degrees."""
    placed = stage(figure, elevation)
    turn, tilt = radians(azimuth), radians(elevation)
    right = np.array([cos(turn), -sin(turn), 0.0])
    away = np.array([sin(turn), cos(turn), 0.0])
    down = np.array([0.0, 0.0, -cos(tilt)]) - sin(tilt) * away
    depth = cos(tilt) * away + np.array([0.0, 0.0, -sin(tilt)])

    normals = np.array(_NORMALS, dtype=float)
    facing = normals @ depth < -_GRAZING
    cubes, sides = np.nonzero(_bare(figure) & facing)
    origin = np.array([placed.axis[0], placed.axis[1], 0.0])
    headings = np.degrees(np.arctan2(normals @ right, -(normals @ away)))
    labels = np.where(headings > 0, RIGHT, LEFT)
    labels[-1] = TOP
    distance = np.round(np.array(figure) @ depth, 6)[cubes]
    order = np.lexsort((labels[sides], -distance))
    cubes, sides = cubes[order], sides[order]
    corners = np.array(figure, dtype=float)[cubes][:, None] + _CORNERS[sides] - origin
    screen = np.stack(
        [0.5 + placed.scale * (corners @ right), placed.ground + placed.scale * (corners @ down)], axis=-1
    )

    ends = [float(headings[:-1][facing[:-1] & (labels[:-1] == label)].sum()) for label in (LEFT, RIGHT)]
    return View(labels[sides], cubes, screen, (ends[0], ends[1]))


GRID = 96
"""Cells along each side of a raster."""
_FINE = 3
"""Pixels along each side of a cell, an odd number: the middle one counts."""


def shade(heading: float) -> float:
    """Return how dark a side face is, from 0 to 1, by where it points."""
    share = min(max((heading / FULL_LIGHT + 1) / 2, 0.0), 1.0)
    return share * share * (3 - 2 * share)


@lru_cache(maxsize=64)
def _painted(figure: Figure, azimuth: float, elevation: int) -> tuple[View, NDArray[np.uint8]]:
    """Paint the faces of a view, and return the number of the face that each cell shows, from 1; 0 for none."""
    seen, side = view(figure, azimuth, elevation), GRID * _FINE
    picture = Image.new("L", (side, side))
    pen = ImageDraw.Draw(picture)
    outlines = (np.round(seen.corners * side * 64) / 64).reshape(len(seen.labels), 8).tolist()
    for number, outline in enumerate(outlines, start=1):
        pen.polygon(outline, fill=number)
    middle = _FINE // 2
    return seen, np.asarray(picture)[middle::_FINE, middle::_FINE]


def seen_labels(figure: Figure, azimuth: float, elevation: int) -> Labels:
    """Return what each cell of the picture shows, shape (GRID, GRID)."""
    seen, painted = _painted(figure, azimuth, elevation)
    sides = zip((LEFT, RIGHT), seen.headings, strict=True)
    lit = {side: FRONT if 0.25 < shade(heading) < 0.75 else side for side, heading in sides}
    labels = [NOTHING, *(lit.get(label, label) for label in seen.labels.tolist())]
    return np.array(labels, dtype=np.uint8)[painted]


def visible_shares(figure: Figure, azimuth: float, elevation: int) -> NDArray[np.float64]:
    """Return how much of each cube is seen, as a share of what is seen of a cube that stands alone."""
    seen, painted = _painted(figure, azimuth, elevation)
    faces = np.bincount(painted.ravel(), minlength=len(seen.labels) + 1)[1:]
    cubes = np.bincount(seen.cubes, weights=faces, minlength=len(figure))
    turn, tilt = radians(azimuth), radians(elevation)
    alone = sin(tilt) + cos(tilt) * (abs(sin(turn)) + abs(cos(turn)))
    edge = stage(figure, elevation).scale * GRID
    return np.asarray(cubes / (alone * edge * edge))


def agreement(seen: Labels, expected: Labels) -> float:
    """Return in which share of the cells where either shows the figure both show the same.

    Cells that are `UNCERTAIN` in either do not count.
    """
    counted = ((seen != NOTHING) | (expected != NOTHING)) & (seen != UNCERTAIN) & (expected != UNCERTAIN)
    return int(np.count_nonzero((seen == expected) & counted)) / max(int(np.count_nonzero(counted)), 1)
