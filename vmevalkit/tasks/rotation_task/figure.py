"""Figures of unit cubes in the tradition of Shepard and Metzler, "Mental Rotation of Three-Dimensional Objects" (1971).

A figure is a set of cubes on the integer grid: x to the right, y away from the viewer, z up, for a viewer who sees it
unturned. It stands on the ground, z = 0.
"""

from collections.abc import Iterable
from functools import cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

Voxel = tuple[int, int, int]
Figure = tuple[Voxel, ...]
"""Cubes in ascending order; the smallest coordinate along each axis is 0."""

DIRECTIONS_IN_SPACE: tuple[Voxel, ...] = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def normalised(cubes: Iterable[Voxel]) -> Figure:
    """Move a figure to the origin and sort its cubes."""
    listed = list(cubes)
    x0, y0, z0 = (min(cube[axis] for cube in listed) for axis in range(3))
    return tuple(sorted((x - x0, y - y0, z - z0) for x, y, z in listed))


def mirrored(figure: Figure) -> Figure:
    """Return the mirror image."""
    return normalised((-x, y, z) for x, y, z in figure)


def quarter_turned(figure: Figure, turns: int) -> Figure:
    """Turn a figure counterclockwise, as seen from above, by right angles."""
    cubes = list(figure)
    for _ in range(turns % 4):
        cubes = [(-y, x, z) for x, y, z in cubes]
    return normalised(cubes)


@cache
def _rotations() -> NDArray[np.float64]:
    """Return the 24 rotations of a cube side by side, shape (3, 72)."""
    found = []
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if round(np.linalg.det(matrix)) == 1:
                found.append(matrix)
    return np.hstack(found)


def _poses(figure: Figure) -> list[bytes]:
    """Return the figure in each of the 24 orientations, as comparable keys."""
    turned = (np.array(figure) @ _rotations()).reshape(len(figure), -1, 3)
    codes = (turned - turned.min(axis=0)) @ (256.0, 16.0, 1.0)
    return [row.tobytes() for row in np.sort(codes.T.astype(np.int32))]


def is_chiral_without_symmetry(figure: Figure) -> bool:
    """Tell whether no rotation maps the figure to itself and none maps it to its mirror image."""
    poses = _poses(figure)
    return len(set(poses)) == len(poses) and _poses(mirrored(figure))[0] not in poses


def arm(lengths: Iterable[int], directions: Iterable[int]) -> list[Voxel]:
    """Lay cubes along straight segments.

    Args:
        lengths: how many cubes each segment adds.
        directions: for each segment an index into the six directions +x, -x, +y, -y, +z, -z.

    """
    cubes: list[Voxel] = [(0, 0, 0)]
    for length, direction in zip(lengths, directions, strict=True):
        step = DIRECTIONS_IN_SPACE[direction]
        for _ in range(length):
            x, y, z = cubes[-1]
            cubes.append((x + step[0], y + step[1], z + step[2]))
    return cubes


def is_free(cubes: list[Voxel]) -> bool:
    """Tell whether an arm touches itself nowhere, not even at an edge or a corner, beside its bends."""
    return all(
        abs(x - u) > 1 or abs(y - v) > 1 or abs(z - w) > 1
        for number, (x, y, z) in enumerate(cubes)
        for u, v, w in cubes[number + 3 :]
    ) and len(set(cubes)) == len(cubes)


def with_a_cube_moved(figure: Figure) -> list[Figure]:
    """List the figures in one piece that differ from a figure by the place of one cube, in a fixed order."""
    found = set()
    for cube in figure:
        rest = set(figure) - {cube}
        beside = {(x + dx, y + dy, z + dz) for x, y, z in rest for dx, dy, dz in DIRECTIONS_IN_SPACE}
        if _is_connected(rest):
            found |= {normalised([*rest, place]) for place in beside - set(figure)}
    return sorted(found - {figure})


def _is_connected(cubes: set[Voxel]) -> bool:
    reached: set[Voxel] = set()
    waiting = set(sorted(cubes)[:1])
    while waiting:
        reached |= waiting
        beside = {(x + dx, y + dy, z + dz) for x, y, z in waiting for dx, dy, dz in DIRECTIONS_IN_SPACE}
        waiting = (beside & cubes) - reached
    return reached == cubes


def bends(figure: Figure) -> int:
    """Count the cubes where an arm changes its direction."""
    cubes = set(figure)
    count = 0
    for x, y, z in figure:
        ways = [(dx, dy, dz) for dx, dy, dz in DIRECTIONS_IN_SPACE if (x + dx, y + dy, z + dz) in cubes]
        count += len(ways) == 2 and any(one + other for one, other in zip(*ways, strict=True))
    return count
