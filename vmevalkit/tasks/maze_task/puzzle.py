"""What a maze is, how it is solved from its walls alone, and when two mazes ask the same question."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vmevalkit.errors import PuzzleError

Cell = tuple[int, int]
"""Row and column, counted from 0 at the upper left."""
Path = tuple[Cell, ...]
Graph = dict[Cell, list[Cell]]

MIN_SIDE = 3
MAX_SIDE = 21

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
DIRECTIONS: dict[int, Cell] = {NORTH: (-1, 0), EAST: (0, 1), SOUTH: (1, 0), WEST: (0, -1)}
OPPOSITE = {NORTH: SOUTH, EAST: WEST, SOUTH: NORTH, WEST: EAST}
_LETTERS = {DIRECTIONS[NORTH]: "U", DIRECTIONS[EAST]: "R", DIRECTIONS[SOUTH]: "D", DIRECTIONS[WEST]: "L"}


@dataclass(frozen=True)
class Maze:
    """A maze with start and goal, and the path that is given as its answer."""

    algorithm: str
    """What carved it: a name from `vmevalkit.tasks.maze_task.generation.ALGORITHMS`, or another word."""
    walls: tuple[str, ...]
    """One string per row, one hexadecimal digit per cell: the sum of the sides that are walls (N 1, E 2, S 4, W 8)."""
    start: Cell
    goal: Cell
    path: Path
    """The cells of the answer in order, the start first."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.walls)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.walls[0])


def open_passages(walls: Sequence[str]) -> Graph:
    """List for each cell the neighbours that no wall separates it from."""
    graph: Graph = {}
    for row, line in enumerate(walls):
        for column, digit in enumerate(line):
            mask = int(digit, 16)
            graph[row, column] = [
                (row + down, column + right) for side, (down, right) in DIRECTIONS.items() if not mask & side
            ]
    return graph


def solve(walls: Sequence[str], start: Cell, goal: Cell) -> list[Path]:
    """Find the paths from start to goal that enter no cell twice; two are enough to show that there are several.

    A second path must avoid at least one step of the first, so each step is barred in turn. Where the reachable
    part of the maze is a tree, there can be no second path and none is looked for.
    """
    graph = open_passages(walls)
    origins = explore(graph, start)
    if goal not in origins:
        return []
    first = trace(origins, goal)
    passages = sum(len(graph[cell]) for cell in origins) // 2
    if passages == len(origins) - 1:
        return [first]
    for barred in pairwise(first):
        detour = explore(graph, start, barred)
        if goal in detour:
            return [first, trace(detour, goal)]
    return [first]


def explore(graph: Graph, start: Cell, barred: tuple[Cell, Cell] | None = None) -> dict[Cell, Cell]:
    """Walk breadth-first from ``start``; return for each cell reached the cell it was reached from (start: itself)."""
    origins = {start: start}
    queue = deque([start])
    while queue:
        cell = queue.popleft()
        for neighbour in graph[cell]:
            if neighbour not in origins and barred not in ((cell, neighbour), (neighbour, cell)):
                origins[neighbour] = cell
                queue.append(neighbour)
    return origins


def trace(origins: dict[Cell, Cell], goal: Cell) -> Path:
    """Return the way to ``goal`` that `explore` went."""
    path = [goal]
    while (origin := origins[path[-1]]) != path[-1]:
        path.append(origin)
    return tuple(reversed(path))


def letters(path: Path) -> str:
    """Spell a path as its steps: U, R, D and L for up, right, down and left."""
    return "".join(_LETTERS[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(path))


def turns(path: Path) -> int:
    """Count the changes of direction along a path."""
    steps = letters(path)
    return sum(a != b for a, b in pairwise(steps))


def dead_ends(walls: Sequence[str]) -> int:
    """Count the cells with a single way out."""
    return sum(digit in "7bde" for line in walls for digit in line)


def junctions(maze: Maze) -> int:
    """Count the cells before the end of the path where another way branches off."""
    return sum(
        int(maze.walls[row][column], 16).bit_count() < (3 if (row, column) == maze.start else 2)
        for row, column in maze.path[:-1]
    )


@lru_cache(maxsize=8)
def lattice(walls: tuple[str, ...]) -> NDArray[np.bool_]:
    """Lay a maze out as posts, sides and cells, shape (2 rows + 1, 2 columns + 1); true where there is wall.

    Cell (r, c) lies at [2r + 1, 2c + 1], its sides around it. A post stands where a wall ends or meets another.
    """
    masks = np.array([[int(digit, 16) for digit in line] for line in walls], dtype=np.uint8)
    rows, columns = masks.shape
    plan = np.zeros((2 * rows + 1, 2 * columns + 1), dtype=np.bool_)
    plan[0:-1:2, 1::2] = masks & NORTH
    plan[-1, 1::2] = masks[-1] & SOUTH
    plan[1::2, 0:-1:2] = masks & WEST
    plan[1::2, -1] = masks[:, -1] & EAST
    horizontal, vertical = plan[0::2, 1::2].copy(), plan[1::2, 0::2].copy()
    posts = plan[0::2, 0::2]
    posts[:, :-1] |= horizontal
    posts[:, 1:] |= horizontal
    posts[:-1] |= vertical
    posts[1:] |= vertical
    plan.setflags(write=False)
    return plan


def question_key(maze: Maze) -> str:
    """Return a text that is equal for mazes that are mirrored or rotated copies of each other.

    Start and goal are told apart: the way back is another question.
    """
    plan = lattice(maze.walls).astype(np.uint8)
    plan[2 * maze.start[0] + 1, 2 * maze.start[1] + 1] = 2
    plan[2 * maze.goal[0] + 1, 2 * maze.goal[1] + 1] = 3
    views = [np.rot90(side, quarter) for side in (plan, plan.T) for quarter in range(4)]
    smallest = min(bytes(view.shape) + view.tobytes() for view in views)
    return blake2b(smallest, digest_size=16).hexdigest()


def wrong_answers(maze: Maze) -> tuple[list[Maze], list[Maze]]:
    """List the plausible wrong answers: paths that end in a dead end, and paths that take a short cut through a wall.

    Where a maze leaves room for neither, the path that stops half-way is in the first list.

    Raises:
        PuzzleError: the maze has no solution that one could miss.

    """
    solutions = solve(maze.walls, maze.start, maze.goal)
    if not solutions:
        raise PuzzleError("maze: no way leads from start to goal")
    solution = solutions[0]
    graph = open_passages(maze.walls)
    origins = explore(graph, maze.start)
    ends = [cell for cell in origins if len(graph[cell]) == 1 and cell != maze.start]
    strays = [path for path in (trace(origins, cell) for cell in ends) if maze.goal not in path]
    cuts = [
        solution[: here + 1] + solution[there:]
        for here, (row, column) in enumerate(solution)
        for there in range(here + 3, len(solution), 2)
        if abs(solution[there][0] - row) + abs(solution[there][1] - column) == 1
    ]
    if not strays and not cuts:
        strays = [solution[: len(solution) // 2]]
    return [replace(maze, path=path) for path in strays], [replace(maze, path=path) for path in cuts]


def near_misses(maze: Maze) -> list[Maze]:
    """List the answers that are off by one cell: the path stops before the goal, or cuts a corner through a wall."""
    path = maze.path
    ends = [path[:-1]]
    corners = []
    for number in range(1, len(path) - 1):
        before, corner, after = path[number - 1 : number + 2]
        other = before[0] + after[0] - corner[0], before[1] + after[1] - corner[1]
        if other not in path:
            corners.append((*path[:number], other, *path[number + 1 :]))
    return [replace(maze, path=each) for each in ends + corners]


def tamperings(maze: Maze) -> tuple[list[Maze], list[Maze]]:
    """List mazes with one wall less, and mazes with one of the marks moved, the line still joining both marks.

    A mark moves along the path, or one cell away from it; so the answer is drawn as before, but shorter or longer.
    """
    graph = open_passages(maze.walls)
    path = maze.path
    thinner = [
        replace(maze, walls=_opened(maze.walls, cell, side))
        for cell in graph
        for side in (EAST, SOUTH)
        if _step(cell, side) in graph and _step(cell, side) not in graph[cell]
    ]
    shorter = [path[: number + 1] for number in range(1, len(path) - 1)]
    longer = [(*path, cell) for cell in graph[maze.goal] if cell not in path]
    ends = [replace(maze, goal=each[-1], path=each) for each in shorter + longer]
    shorter = [path[number:] for number in range(1, len(path) - 1)]
    longer = [(cell, *path) for cell in graph[maze.start] if cell not in path]
    starts = [replace(maze, start=each[0], path=each) for each in shorter + longer]
    return thinner, ends + starts


def _step(cell: Cell, side: int) -> Cell:
    down, right = DIRECTIONS[side]
    return cell[0] + down, cell[1] + right


def _opened(walls: Sequence[str], cell: Cell, side: int) -> tuple[str, ...]:
    """Take away the wall on one side of a cell."""
    masks = [[int(digit, 16) for digit in line] for line in walls]
    other = _step(cell, side)
    masks[cell[0]][cell[1]] ^= side
    masks[other[0]][other[1]] ^= OPPOSITE[side]
    return tuple("".join(f"{mask:x}" for mask in line) for line in masks)
