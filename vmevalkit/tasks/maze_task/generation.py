"""Four ways to carve a perfect maze: one in which exactly one path joins any two cells.

They differ in character. Depth-first search makes long winding corridors; Prim's algorithm makes many short dead
ends; Kruskal's lies between; Wilson's draws every maze with the same probability.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from vmevalkit.tasks.domain import Difficulty
from vmevalkit.tasks.maze_task.puzzle import (
    EAST,
    NORTH,
    SOUTH,
    WEST,
    Cell,
    Maze,
    explore,
    open_passages,
    trace,
    turns,
)

Passage = tuple[int, int]
"""Two neighbouring cells, numbered row by row."""
Neighbours = tuple[tuple[int, ...], ...]
Dice = Iterator[float]
"""Random numbers in [0, 1), without end."""

# Each side is as likely as it is often here. There are few mazes of 3x3 cells, and large ones are hard to film.
_SIDES: dict[Difficulty, tuple[int, ...]] = {
    "easy": (3, *(4,) * 4, *(5,) * 8, *(6,) * 8, *(7,) * 8),
    "medium": (8, 9, 10, 11),
    "hard": (*(12, 13, 14, 15) * 3, *range(16, 22)),
}
_LENGTHS = {"easy": (6, 14), "medium": (15, 27), "hard": (28, 100)}
_TURNS = {"easy": 3, "medium": 7, "hard": 14}


def sample_maze(rng: np.random.Generator, difficulty: Difficulty) -> Maze:
    """Make a square maze whose path has a length and a number of turns that suit the difficulty."""
    shortest, longest = _LENGTHS[difficulty]
    side = _SIDES[difficulty][int(rng.integers(len(_SIDES[difficulty])))]
    algorithm = list(ALGORITHMS)[int(rng.integers(len(ALGORITHMS)))]
    while True:
        walls = carve(algorithm, side, side, rng)
        graph = open_passages(walls)
        row, column, pick = rng.random(3).tolist()
        start = int(row * side), int(column * side)
        # Where no way from a random start is long enough, the farthest cell is the start that has the longest ways.
        for _ in range(2):
            origins = explore(graph, start)
            distances: dict[Cell, int] = {}
            for cell, origin in origins.items():
                distances[cell] = distances[origin] + 1 if cell != origin else 0
            goals = [cell for cell, distance in distances.items() if shortest <= distance <= longest]
            if goals:
                path = trace(origins, goals[int(pick * len(goals))])
                if turns(path) >= _TURNS[difficulty]:
                    return Maze(algorithm, walls, start, path[-1], path)
            start = next(reversed(distances))


def carve(algorithm: str, rows: int, columns: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Make the walls of a perfect maze, in the form of `Maze.walls`.

    Args:
        algorithm: a name from `ALGORITHMS`.
        rows: number of rows, at least 2.
        columns: number of columns, at least 2.
        rng: the source of chance.

    """
    masks = [NORTH | EAST | SOUTH | WEST] * (rows * columns)
    for one, two in ALGORITHMS[algorithm](_neighbours(rows, columns), _dice(rng)):
        low, high = min(one, two), max(one, two)
        first, second = (EAST, WEST) if high - low == 1 else (SOUTH, NORTH)
        masks[low] ^= first
        masks[high] ^= second
    digits = "".join(f"{mask:x}" for mask in masks)
    return tuple(digits[start : start + columns] for start in range(0, len(digits), columns))


def _dice(rng: np.random.Generator) -> Dice:
    while True:
        yield from rng.random(256).tolist()


@lru_cache(maxsize=64)
def _neighbours(rows: int, columns: int) -> Neighbours:
    table = []
    for row in range(rows):
        for column in range(columns):
            near = ((row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1))
            table.append(tuple(r * columns + c for r, c in near if 0 <= r < rows and 0 <= c < columns))
    return tuple(table)


def _kruskal(neighbours: Neighbours, dice: Dice) -> list[Passage]:
    """Open walls in random order wherever they separate two parts that are not yet joined."""
    edges = [(cell, other) for cell, near in enumerate(neighbours) for other in near if other > cell]
    edges = [edge for _, edge in sorted((next(dice), edge) for edge in edges)]
    parent = list(range(len(neighbours)))

    def root(cell: int) -> int:
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    passages = []
    for one, two in edges:
        part, other = root(one), root(two)
        if part != other:
            parent[part] = other
            passages.append((one, two))
    return passages


def _depth_first(neighbours: Neighbours, dice: Dice) -> list[Passage]:
    """Walk at random into new cells and step back where there are none."""
    cell = int(next(dice) * len(neighbours))
    inside, trail, passages = {cell}, [cell], []
    while trail:
        cell = trail[-1]
        options = [other for other in neighbours[cell] if other not in inside]
        if not options:
            trail.pop()
            continue
        other = options[int(next(dice) * len(options))]
        inside.add(other)
        trail.append(other)
        passages.append((cell, other))
    return passages


def _wilson(neighbours: Neighbours, dice: Dice) -> list[Passage]:
    """Join each cell to the maze by a random walk whose loops are erased."""
    inside = {int(next(dice) * len(neighbours))}
    passages = []
    for first in range(len(neighbours)):
        leaving: dict[int, int] = {}
        cell = first
        while cell not in inside:
            near = neighbours[cell]
            leaving[cell] = near[int(next(dice) * len(near))]
            cell = leaving[cell]
        cell = first
        while cell not in inside:
            inside.add(cell)
            passages.append((cell, leaving[cell]))
            cell = leaving[cell]
    return passages


def _prim(neighbours: Neighbours, dice: Dice) -> list[Passage]:
    """Grow from one cell through walls of its edge, taken in random order."""
    cell = int(next(dice) * len(neighbours))
    inside, passages = {cell}, []
    edge = [(cell, other) for other in neighbours[cell]]
    while edge:
        place = int(next(dice) * len(edge))
        edge[place], edge[-1] = edge[-1], edge[place]
        one, two = edge.pop()
        if two in inside:
            continue
        inside.add(two)
        passages.append((one, two))
        edge += [(two, other) for other in neighbours[two] if other not in inside]
    return passages


ALGORITHMS: dict[str, Callable[[Neighbours, Dice], list[Passage]]] = {
    "kruskal": _kruskal,
    "dfs": _depth_first,
    "wilson": _wilson,
    "prim": _prim,
}
