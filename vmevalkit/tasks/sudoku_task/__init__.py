"""Sudokus from 3x3 to 9x9: fill in the digits that are missing."""

from vmevalkit.tasks.sudoku_task.domain import SudokuDomain
from vmevalkit.tasks.sudoku_task.puzzle import Sudoku
from vmevalkit.tasks.sudoku_task.reading import SudokuState

__all__ = ["Sudoku", "SudokuDomain", "SudokuState"]
