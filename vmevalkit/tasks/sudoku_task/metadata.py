"""Sudokus as JSON values and back; what comes back is checked to the last cell."""

from collections.abc import Sequence
from typing import Any

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.sudoku_task.puzzle import BOXES, TECHNIQUES, Grid, Sudoku


def to_metadata(sudoku: Sudoku) -> dict[str, Any]:
    """Describe a sudoku, its solution and how hard it is; rows and columns are counted from 0 at the upper left."""
    side, box = sudoku.side, BOXES[sudoku.side]
    return {
        "side": side,
        "box": list(box) if box else None,
        "puzzle": _rows(side, sudoku.givens),
        "solution": _rows(side, sudoku.solution),
        "solution_order": [[*divmod(cell, side), sudoku.solution[cell]] for cell in sudoku.order],
        "blanks": len(sudoku.order),
        "technique": sudoku.technique,
    }


def from_metadata(metadata: dict[str, Any]) -> Sudoku:
    """Rebuild a sudoku.

    Raises:
        PuzzleError: a field is missing or is not that of a sudoku.

    """
    side = metadata.get("side")
    if type(side) is not int or side not in BOXES:
        raise PuzzleError(f"sudoku: 'side' must be one of {', '.join(map(str, BOXES))}")
    givens = _grid(metadata, "puzzle", side, lowest=0)
    solution = _grid(metadata, "solution", side, lowest=1)
    for cell, (given, digit) in enumerate(zip(givens, solution, strict=True)):
        if given not in (0, digit):
            raise PuzzleError(f"sudoku: 'solution' changes the given digit at {list(divmod(cell, side))}")
    technique = metadata.get("technique")
    if technique not in TECHNIQUES:
        raise PuzzleError(f"sudoku: 'technique' must be one of {', '.join(TECHNIQUES)}")
    return Sudoku(side, givens, solution, _order(metadata, side, givens, solution), technique)


def _rows(side: int, grid: Sequence[int]) -> list[list[int]]:
    return [list(grid[start : start + side]) for start in range(0, len(grid), side)]


def _grid(metadata: dict[str, Any], name: str, side: int, lowest: int) -> Grid:
    rows = metadata.get(name)
    if isinstance(rows, list) and len(rows) == side:
        digits = [digit for row in rows if isinstance(row, list) and len(row) == side for digit in row]
        if len(digits) == side * side and all(type(digit) is int and lowest <= digit <= side for digit in digits):
            return tuple(digits)
    raise PuzzleError(f"sudoku: '{name}' must be {side} lists of {side} whole numbers, {lowest} to {side}")


def _order(metadata: dict[str, Any], side: int, givens: Grid, solution: Grid) -> tuple[int, ...]:
    steps = metadata.get("solution_order")
    blanks = [cell for cell, digit in enumerate(givens) if not digit]
    if not blanks:
        raise PuzzleError("sudoku: 'puzzle' has no empty cell")
    if not isinstance(steps, list):
        raise PuzzleError("sudoku: 'solution_order' must be a list of [row, column, digit]")
    wanted = {(*divmod(cell, side), solution[cell]): cell for cell in blanks}
    cells = []
    for step in steps:
        if not (isinstance(step, list) and len(step) == 3 and all(type(number) is int for number in step)):
            raise PuzzleError("sudoku: 'solution_order' must be a list of [row, column, digit]")
        cell = wanted.pop((step[0], step[1], step[2]), None)
        if cell is None:
            raise PuzzleError(
                f"sudoku: 'solution_order' holds {step}, which is not in the solution or not to be filled in"
            )
        cells.append(cell)
    if wanted:
        raise PuzzleError(f"sudoku: 'solution_order' lacks {list(next(iter(wanted)))}")
    return tuple(cells)
