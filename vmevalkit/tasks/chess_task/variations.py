"""Puzzles that are slightly wrong: the piece goes one square too far, or another piece is not as given.

They can be drawn and filmed, but need be neither legal positions nor legal moves.
"""

from dataclasses import replace

import numpy as np

from vmevalkit.tasks.chess_task.board import EMPTY, PIECES, placement, square_name
from vmevalkit.tasks.chess_task.puzzle import Puzzle

_LAST_ROWS = {"w": 0, "b": 7}


def near_miss(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Let the piece come to rest one square off its target: on an empty square, if there is one."""
    around = [square for square in _neighbours(puzzle.target) if square != puzzle.origin]
    squares = [square for square in around if puzzle.board[square] == EMPTY] or around
    square = squares[int(rng.integers(len(squares)))]
    promotion = puzzle.promotion if square // 8 == _LAST_ROWS[puzzle.side] else ""
    return replace(puzzle, move=f"{puzzle.move[:2]}{square_name(square)}{promotion}")


def tampered(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Have one piece that neither moves nor is captured vanish, appear, change its kind or stand one square off."""
    board = list(puzzle.board)
    elsewhere = [square for square in range(64) if square not in (puzzle.origin, puzzle.target)]
    pieces = [square for square in elsewhere if board[square] != EMPTY]
    free = [square for square in elsewhere if board[square] == EMPTY]
    square = pieces[int(rng.integers(len(pieces)))]
    letter = board[square]
    beside = [other for other in _neighbours(square) if other in free]
    change = int(rng.integers(4))
    if change == 0:
        board[square] = EMPTY
    elif change == 1:
        board[free[int(rng.integers(len(free)))]] = PIECES[int(rng.integers(len(PIECES)))]
    elif change == 2 and beside:
        board[square], board[beside[int(rng.integers(len(beside)))]] = EMPTY, letter
    else:
        kinds = [other for other in PIECES if other != letter and other.isupper() == letter.isupper()]
        board[square] = kinds[int(rng.integers(len(kinds)))]
    return replace(puzzle, fen=" ".join([placement("".join(board)), *puzzle.fen.split()[1:]]))


def _neighbours(square: int) -> list[int]:
    row, column = divmod(square, 8)
    return [
        8 * down + right
        for down in range(max(row - 1, 0), min(row + 2, 8))
        for right in range(max(column - 1, 0), min(column + 2, 8))
        if (down, right) != (row, column)
    ]
