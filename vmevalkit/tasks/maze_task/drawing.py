"""Mazes as pictures: dark walls on white, a green disc, a red target, a blue line.

All measures are whole pixels that follow from the maze's sides and the picture's, so that every wall is crisp.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.tasks.canvas import Canvas, Palette, Pixels, Point
from vmevalkit.tasks.maze_task.puzzle import Cell, Maze, Path, lattice

COLOURS = {"paper": "#ffffff", "wall": "#1f2933", "path": "#1f6feb", "start": "#12a150", "goal": "#e02424"}
PALETTE = Palette(
    COLOURS, [("paper", "path"), ("paper", "start"), ("paper", "goal"), ("path", "start"), ("path", "goal")]
)

START_RADIUS, GOAL_RADIUS = 0.28, 0.31
"""Of the marks, as shares of a cell's pitch."""

_FILLED = 0.89
_STROKE = 0.27
_BEND = 0.27

_PATH_COVERAGE = np.zeros(256, dtype=np.uint8)
"""How much of the path's colour each colour number stands for."""
_PATH_COVERAGE[PALETTE.ramp("paper", "path")] = np.arange(256)


Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Where a maze lies in its picture, in pixels."""

    left: int
    top: int
    pitch: int
    """From one cell to the next: a wall and a corridor."""
    wall: int
    """Thickness of the walls."""
    stroke: int
    """Width of the path; leaves as much corridor on one side as on the other."""

    @property
    def reach(self) -> int:
        """How far a round end of the path reaches beyond the point where it ends."""
        return self.stroke // 2 + 1

    def corner(self, cell: Cell) -> Point:
        """Return the upper left corner (x, y) of a cell's corridor."""
        return self.left + self.wall + cell[1] * self.pitch, self.top + self.wall + cell[0] * self.pitch


@lru_cache(maxsize=64)
def layout(rows: int, columns: int, size: int) -> Layout:
    """Fit a maze into a square picture of side ``size``."""
    pitch = max(int(size * _FILLED / (max(rows, columns) + 0.1)), 4)
    wall = max(round(min(size / 110, pitch / 7)), 1)
    corridor = pitch - wall
    stroke = max(round(pitch * _STROKE), 1)
    stroke += (corridor - stroke) % 2
    left, top = ((size - count * pitch - wall) // 2 for count in (columns, rows))
    return Layout(left, top, pitch, wall, stroke)


def draw_maze(maze: Maze, progress: float, size: int) -> Image.Image:
    """Draw a maze and the part of its path that is behind the pen; ``progress`` is 0 at the start and 1 at the end."""
    plan = layout(maze.rows, maze.columns, size)
    canvas = Canvas(size, size, PALETTE, "paper")
    canvas.pixels[...] = _walls(maze.walls, size)
    if progress > 0:
        _draw_path(canvas, plan, maze.path, progress)
    _draw_marks(canvas, plan, maze)
    return canvas.image()


@lru_cache(maxsize=4)
def _walls(walls: tuple[str, ...], size: int) -> Pixels:
    plan = layout(len(walls), len(walls[0]), size)
    pixels = np.full((size, size), PALETTE.number("paper"), dtype=np.uint8)
    colours = np.where(lattice(walls), PALETTE.number("wall"), PALETTE.number("paper")).astype(np.uint8)
    for axis in (1, 0):
        thickness = np.full(colours.shape[axis], plan.pitch - plan.wall)
        thickness[::2] = plan.wall
        colours = np.repeat(colours, thickness, axis=axis)
    height, width = colours.shape
    pixels[plan.top : plan.top + height, plan.left : plan.left + width] = colours
    pixels.setflags(write=False)
    return pixels


def _draw_marks(canvas: Canvas, plan: Layout, maze: Maze) -> None:
    corridor = plan.pitch - plan.wall
    for mark, cell in (("start", maze.start), ("goal", maze.goal)):
        left, top = plan.corner(cell)
        middle_x, middle_y = left + corridor / 2, top + corridor / 2
        shape, clearing = _mark(mark, plan.pitch, corridor % 2)
        corner = round(middle_x - shape.shape[1] / 2), round(middle_y - shape.shape[0] / 2)
        _over(canvas, shape, clearing, corner, mark)


def _over(canvas: Canvas, shape: Pixels, clearing: Flags, corner: tuple[int, int], colour: str) -> None:
    """Put a mark on paper and path alike; the path does not show through its clearing."""
    left, top = corner
    target = canvas.pixels[top : top + shape.shape[0], left : left + shape.shape[1]]
    target[clearing] = PALETTE.number("paper")
    on_path = _PATH_COVERAGE[target] > 127
    for under, place in (("paper", ~on_path), ("path", on_path)):
        np.copyto(target, PALETTE.ramp(under, colour)[shape], where=place & (shape > 0))


@lru_cache(maxsize=64)
def _mark(mark: str, pitch: int, odd: int) -> tuple[Pixels, Flags]:
    """Return a mark's coverage and, true or false, where it hides what lies under it without covering it."""
    radius = pitch * (START_RADIUS if mark == "start" else GOAL_RADIUS)
    side = 2 * int(radius + 2) + odd
    x, y = _pixel_centres(side)
    distance = np.sqrt((x - side / 2) ** 2 + (y - side / 2) ** 2)
    disc = _edge(radius - distance)
    if mark == "start":
        return disc, np.zeros(disc.shape, dtype=np.bool_)
    ring = np.minimum(disc, _edge(distance - 0.62 * radius))
    return np.maximum(ring, _edge(0.3 * radius - distance)), distance < 0.8 * radius


def _pixel_centres(side: int) -> tuple[Reals, Reals]:
    """Return the x of a square's columns, shape (1, side), and the y of its rows, shape (side, 1)."""
    centres = np.arange(side, dtype=np.float64) + 0.5
    return centres[None, :], centres[:, None]


def _edge(inside: Reals) -> Pixels:
    """Turn distances from an outline, positive inside, into coverage."""
    return (np.clip(inside + 0.5, 0.0, 1.0) * 255).astype(np.uint8)


def _draw_path(canvas: Canvas, plan: Layout, path: Path, progress: float) -> None:
    """Draw the path from the start to the pen, cell by cell: bars where it is straight, arcs where it turns."""
    if len(path) < 2:
        return
    pen = progress * (len(path) - 1)
    last = int(pen + 0.5)
    for number, cell in enumerate(path[: last + 1]):
        way_in = _towards(cell, path[number - 1]) if number else None
        way_out = _towards(cell, path[number + 1]) if number + 1 < len(path) else None
        if number == last:
            _join(canvas, plan, cell, _piece(plan, way_in, way_out, pen + 0.5 - last))
        elif way_in is None or way_out is None or way_in[0] + way_out[0] or way_in[1] + way_out[1]:
            inner = slice(plan.reach, plan.reach + plan.pitch)
            piece = _piece(plan, way_in, way_out, 1.0)[inner, inner]
            canvas.stamp(piece, *_tile(plan, cell), under="paper", over="path")
        else:
            _bar(canvas, plan, cell, way_out)


def _towards(cell: Cell, other: Cell) -> Cell:
    return other[0] - cell[0], other[1] - cell[1]


def _tile(plan: Layout, cell: Cell) -> tuple[int, int]:
    """Return the corner (x, y) of a cell's tile: a square of one pitch that ends half-way through the walls."""
    half = plan.wall // 2
    return plan.left + half + cell[1] * plan.pitch, plan.top + half + cell[0] * plan.pitch


def _bar(canvas: Canvas, plan: Layout, cell: Cell, way: Cell) -> None:
    left, top = _tile(plan, cell)
    near = plan.wall - plan.wall // 2 + (plan.pitch - plan.wall - plan.stroke) // 2
    far = near + plan.stroke
    if way[0] == 0:
        canvas.fill(left, top + near, left + plan.pitch, top + far, "path")
    else:
        canvas.fill(left + near, top, left + far, top + plan.pitch, "path")


@lru_cache(maxsize=256)
def _piece(plan: Layout, way_in: Cell | None, way_out: Cell | None, done: float) -> Pixels:
    """Return the coverage of the path's way through one tile, up to the share ``done`` of it.

    A margin of one reach lies around the tile. Where there is no way in, the path begins in the middle of the tile,
    at the share 0.5. A turn is a straight piece, a quarter of a circle of radius ``_BEND``, and a straight piece.
    """
    begin = 0.0
    if way_in is None:
        way_in, begin = (-way_out[0], -way_out[1]) if way_out else (0, 0), 0.5
    if way_out is None:
        way_out = -way_in[0], -way_in[1]
    side = plan.pitch + 2 * plan.reach
    middle = plan.reach + plan.wall - plan.wall // 2 + (plan.pitch - plan.wall) / 2
    x, y = ((centres - middle) / plan.pitch for centres in _pixel_centres(side))
    # Turn the tile so that the path comes from the left, and leaves for the right or the bottom.
    along = -way_in[1] * x - way_in[0] * y
    if (way_in[0] + way_out[0], way_in[1] + way_out[1]) == (0, 0):
        across = way_in[0] * x - way_in[1] * y
        distance = _to_segment(along, across, (begin - 0.5, 0.0), (max(done, begin) - 0.5, 0.0))
    else:
        across = way_out[1] * x + way_out[0] * y
        distance = _to_turn(along, across, done)
    return _edge(plan.stroke / 2 - distance * plan.pitch)


def _to_turn(along: Reals, across: Reals, done: float) -> Reals:
    """Return the distance to the share ``done`` of a turn from (-0.5, 0) by way of an arc to (0, 0.5)."""
    straight, arc = 0.5 - _BEND, _BEND * pi / 2
    travelled = done * (2 * straight + arc)
    distance = _to_segment(along, across, (-0.5, 0.0), (min(travelled, straight) - 0.5, 0.0))
    if travelled > straight:
        angle = min((travelled - straight) / _BEND, pi / 2)
        end_x, end_y = _rounded(sin(angle)), _rounded(1 - cos(angle))
        u, v = (along + _BEND) / _BEND, 1 - across / _BEND
        in_sector = (u >= 0) & (u * (1 - end_y) <= v * end_x)
        to_arc = np.abs(np.sqrt(u * u + v * v) - 1) * _BEND
        to_end = np.sqrt((u - end_x) ** 2 + (v - 1 + end_y) ** 2) * _BEND
        distance = np.minimum(distance, np.where(in_sector, to_arc, to_end))
    if travelled > straight + arc:
        end = (0.0, travelled - straight - arc + _BEND)
        distance = np.minimum(distance, _to_segment(along, across, (0.0, _BEND), end))
    return distance


def _to_segment(x: Reals, y: Reals, start: Point, end: Point) -> Reals:
    """Return the distance to a segment that is parallel to an axis, its ends in ascending order."""
    beyond_x = np.maximum(np.maximum(start[0] - x, x - end[0]), 0.0)
    beyond_y = np.maximum(np.maximum(start[1] - y, y - end[1]), 0.0)
    return np.asarray(np.sqrt(beyond_x * beyond_x + beyond_y * beyond_y))


def _rounded(value: float) -> float:
    """Round to 1/1024, so that pixels do not depend on the last bit of a sine."""
    return round(value * 1024) / 1024


def _join(canvas: Canvas, plan: Layout, cell: Cell, piece: Pixels) -> None:
    """Add a piece to the path that is there, as one shape: a pixel is as blue as the bluer of the two.

    A wall gives way only where the piece covers most of a pixel.
    """
    left, top = (place - plan.reach for place in _tile(plan, cell))
    target = canvas.pixels[top : top + piece.shape[0], left : left + piece.shape[1]]
    shape = np.maximum(piece, _PATH_COVERAGE[target])
    place = (piece > 0) & ((target != PALETTE.number("wall")) | (piece > 127))
    np.copyto(target, PALETTE.ramp("paper", "path")[shape], where=place)
