"""Mazes as JSON values and back; what comes back is checked to the last cell."""

from itertools import pairwise
from typing import Any

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.maze_task.puzzle import (
    DIRECTIONS,
    EAST,
    MAX_SIDE,
    MIN_SIDE,
    NORTH,
    OPPOSITE,
    SOUTH,
    WEST,
    Cell,
    Maze,
    dead_ends,
    junctions,
    turns,
)


def to_metadata(maze: Maze) -> dict[str, Any]:
    """Describe a maze, its path and how hard it is; cells are [row, column] from 0 at the upper left."""
    return {
        "algorithm": maze.algorithm,
        "rows": maze.rows,
        "columns": maze.columns,
        "walls": list(maze.walls),
        "wall_bits": {"north": NORTH, "east": EAST, "south": SOUTH, "west": WEST},
        "start": list(maze.start),
        "goal": list(maze.goal),
        "solution_path": [list(cell) for cell in maze.path],
        "path_length": len(maze.path) - 1,
        "turns": turns(maze.path),
        "junctions": junctions(maze),
        "dead_ends": dead_ends(maze.walls),
    }


def from_metadata(metadata: dict[str, Any]) -> Maze:
    """Rebuild a maze.

    Raises:
        PuzzleError: a field is missing or is not that of a maze.

    """
    algorithm = metadata.get("algorithm")
    if not isinstance(algorithm, str) or not algorithm:
        raise PuzzleError("maze: 'algorithm' must be the name of what made it")
    walls = _walls(metadata.get("walls"))
    start, goal = (_cell(metadata.get(name), name, walls) for name in ("start", "goal"))
    if start == goal:
        raise PuzzleError("maze: 'goal' is the same cell as 'start'")
    path = metadata.get("solution_path")
    if not isinstance(path, list) or not path:
        raise PuzzleError("maze: 'solution_path' must be a list of [row, column]")
    cells = tuple(_cell(cell, f"solution_path[{number}]", walls) for number, cell in enumerate(path))
    if cells[0] != start:
        raise PuzzleError("maze: 'solution_path' does not begin at 'start'")
    if len(set(cells)) != len(cells):
        raise PuzzleError("maze: 'solution_path' enters a cell twice")
    for (row, column), (next_row, next_column) in pairwise(cells):
        if abs(row - next_row) + abs(column - next_column) != 1:
            raise PuzzleError(f"maze: 'solution_path' jumps from [{row}, {column}] to [{next_row}, {next_column}]")
    return Maze(algorithm, walls, start, goal, cells)


def _walls(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not MIN_SIDE <= len(value) <= MAX_SIDE:
        raise PuzzleError(f"maze: 'walls' must be a list of {MIN_SIDE} to {MAX_SIDE} strings")
    for line in value:
        if not isinstance(line, str) or len(line) != len(value[0]) or not MIN_SIDE <= len(line) <= MAX_SIDE:
            raise PuzzleError(f"maze: 'walls' must be strings of equal length, {MIN_SIDE} to {MAX_SIDE} digits")
        if not set(line) <= set("0123456789abcdef"):
            raise PuzzleError("maze: 'walls' must hold hexadecimal digits, one per cell")
    masks = [[int(digit, 16) for digit in line] for line in value]
    for row, line in enumerate(masks):
        for column, mask in enumerate(line):
            for side, (down, right) in DIRECTIONS.items():
                other_row, other_column = row + down, column + right
                inside = 0 <= other_row < len(masks) and 0 <= other_column < len(line)
                other = masks[other_row][other_column] if inside else OPPOSITE[side]
                if bool(mask & side) != bool(other & OPPOSITE[side]):
                    problem = "disagrees with its neighbour" if inside else "has no outer wall"
                    raise PuzzleError(f"maze: 'walls': the cell [{row}, {column}] {problem}")
    return tuple(value)


def _cell(value: object, name: str, walls: tuple[str, ...]) -> Cell:
    if isinstance(value, list) and len(value) == 2 and all(type(number) is int for number in value):
        row, column = value
        if 0 <= row < len(walls) and 0 <= column < len(walls[0]):
            return row, column
    raise PuzzleError(f"maze: '{name}' must be [row, column] inside the maze")
