"""The search for positions in which exactly one move mates."""

from dataclasses import dataclass

import numpy as np

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.chess_task import rules
from vmevalkit.tasks.chess_task.board import EMPTY, colours_swapped, placement
from vmevalkit.tasks.chess_task.chance import Chance
from vmevalkit.tasks.chess_task.construction import Construction
from vmevalkit.tasks.chess_task.puzzle import Puzzle
from vmevalkit.tasks.domain import Difficulty

_ATTEMPTS = 5_000


@dataclass(frozen=True)
class Band:
    """What makes a question easy, medium or hard; ranges are (lowest, highest)."""

    pieces: tuple[int, int]
    """Pieces on the board, kings and pawns included."""
    legal_moves: tuple[int, int]
    """Moves that the side to move can choose from."""
    checks: tuple[int, int]
    """Those of them that check, the mate included."""


BANDS: dict[Difficulty, Band] = {
    "easy": Band(pieces=(5, 8), legal_moves=(5, 40), checks=(1, 3)),
    "medium": Band(pieces=(9, 13), legal_moves=(12, 60), checks=(2, 5)),
    "hard": Band(pieces=(14, 20), legal_moves=(24, 90), checks=(4, 20)),
}


def sample_puzzle(rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
    """Find a position of the difficulty in which exactly one of the legal moves mates.

    Raises:
        PuzzleError: none was found in thousands of attempts, each of which succeeds about one time in ten.

    """
    band = BANDS[difficulty]
    chance = Chance(rng)
    for _ in range(_ATTEMPTS):
        for board in Construction(chance, chance.between(*band.pieces), band.checks[0]).boards():
            puzzle = _judged(board, band, white=chance.unit() < 0.5)
            if puzzle is not None:
                return puzzle
    raise PuzzleError(f"chess: no {difficulty} position found")


def _judged(board: str, band: Band, *, white: bool) -> Puzzle | None:
    """Return the puzzle on a board if it has exactly one answer and fits the band."""
    if not _within(len(board) - board.count(EMPTY), band.pieces) or board.count("K") != 1:
        return None
    if any(
        board.count(pawn) > 8 or sum(map(side, board)) > 16 for pawn, side in (("P", str.isupper), ("p", str.islower))
    ):
        return None
    if not white:
        board = colours_swapped(board)
    fen = f"{placement(board)} {'w' if white else 'b'} - - 0 1"
    analysis = rules.analyse(fen)
    if len(analysis.mates) != 1:
        return None
    if not _within(analysis.legal_moves, band.legal_moves) or not _within(len(analysis.checks), band.checks):
        return None
    return Puzzle(fen, analysis.mates[0])


def _within(number: int, ends: tuple[int, int]) -> bool:
    return ends[0] <= number <= ends[1]
