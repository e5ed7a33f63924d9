"""Where the cubes of a figure lie in the picture, and which parts of it can be seen from where.

The camera is fixed and looks down at the figure by its elevation, without perspective. The figure turns about an
upright axis; its azimuth is how far it has turned counterclockwise, as seen from above.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, radians, sin

import numpy as np
from numpy.typing import NDArray

from vmevalkit.tasks.rotation_task.figure import Figure, Voxel

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
_GRAZING = 0.005
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


@dataclass(frozen=True)
class _Faces:
    """The faces that no other cube covers, in the figure's coordinates."""

    cubes: NDArray[np.int64]
    """The number of each face's cube."""
    sides: NDArray[np.int64]
    """The number of each face's normal."""
    places: NDArray[np.float64]
    """Where each face's cube begins, shape (faces, 3)."""
    corners: NDArray[np.float64]
    """In order around each face, shape (faces, 4, 3)."""


@lru_cache(maxsize=64)
def _faces(figure: Figure) -> _Faces:
    taken = set(figure)
    bare = np.array([[(x + dx, y + dy, z + dz) not in taken for dx, dy, dz in _NORMALS] for x, y, z in figure])
    cubes, sides = np.nonzero(bare)
    places = np.array(figure, dtype=float)[cubes]
    return _Faces(cubes, sides, places, places[:, None] + _CORNERS[sides])


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


def camera(azimuth: float, elevation: int) -> NDArray[np.float64]:
    """Return a matrix whose columns lead, for a turned figure, to the right, down, and away from the camera."""
    turn, tilt = radians(azimuth), radians(elevation)
    return np.array(
        [
            (cos(turn), -sin(tilt) * sin(turn), cos(tilt) * sin(turn)),
            (-sin(turn), -sin(tilt) * cos(turn), cos(tilt) * cos(turn)),
            (0.0, -cos(tilt), -sin(tilt)),
        ]
    )


def view(figure: Figure, azimuth: float, elevation: int) -> View:
    """Look at a figure that has turned counterclockwise by ``azimuth`` degrees."""
    placed, faces = stage(figure, elevation), _faces(figure)
    axes = camera(azimuth, elevation)
    normals = np.array(_NORMALS, dtype=float) @ axes
    facing = normals[:, 2] < -_GRAZING
    headings = np.degrees(np.arctan2(normals[:, 0], -normals[:, 2] / cos(radians(elevation))))
    labels = np.where(headings > 0, RIGHT, LEFT)
    labels[-1] = TOP
    seen = np.flatnonzero(facing[faces.sides])
    distance = np.round(faces.places[seen] @ axes[:, 2], 6)
    seen = seen[np.lexsort((labels[faces.sides[seen]], -distance))]
    corners = (faces.corners[seen] - (*placed.axis, 0.0)) @ axes[:, :2]
    screen = corners * placed.scale + (0.5, placed.ground)

    ends = [float(headings[:-1][facing[:-1] & (labels[:-1] == label)].sum()) for label in (LEFT, RIGHT)]
    return View(labels[faces.sides[seen]], faces.cubes[seen], screen, (ends[0], ends[1]))


def shade(heading: float) -> float:
    """Return how dark a side face is, from 0 to 1, by where it points."""
    share = min(max((heading / FULL_LIGHT + 1) / 2, 0.0), 1.0)
    return share * share * (3 - 2 * share)
