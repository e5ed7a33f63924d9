"""The rules of chess, asked of the ``chess`` package; the only module that knows it.

Everything goes in and comes out as text: positions as FEN, moves as UCI (``a1a8``) or SAN (``Ra8#``).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import chess

from vmevalkit.errors import PuzzleError

_FEN = re.compile(r"[1-8KQRBNPkqrbnp/]{15,71} [wb] - - (0|[1-9][0-9]{0,2}) [1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Analysis:
    """What the side to move can do in a position."""

    mates: tuple[str, ...]
    """The moves that checkmate, in UCI; the search ends with the second."""
    checks: tuple[str, ...]
    """The moves that check, all mates among them, in UCI."""
    legal_moves: int
    """How many moves there are to choose from."""


def position(fen: str) -> chess.Board:
    """Set up a position.

    Raises:
        PuzzleError: it is no FEN, no legal position, or one with castling or en passant, which our puzzles are without.

    """
    if not _FEN.fullmatch(fen):
        raise PuzzleError(
            f"chess: fen_initial: not the FEN of a position without castling and en passant: {fen[:100]!r}"
        )
    try:
        board = chess.Board(fen)
    except ValueError as error:
        raise PuzzleError(f"chess: fen_initial: {error}") from error
    if not board.is_valid():
        raise PuzzleError(f"chess: fen_initial: not a legal position: {fen!r}")
    return board


@lru_cache(maxsize=256)
def analyse(fen: str) -> Analysis:
    """Try the legal moves of a position.

    Raises:
        PuzzleError: there is no such position.

    """
    board = position(fen)
    moves = list(board.legal_moves)
    checks = [move for move in _possible_checks(board, moves) if board.gives_check(move)]
    mates = islice((move.uci() for move in checks if _mates(board, move)), 2)
    return Analysis(tuple(mates), tuple(move.uci() for move in checks), len(moves))


def legal_moves(fen: str) -> tuple[str, ...]:
    """Return all legal moves of a position in UCI, sorted; `PuzzleError` where there is no such position."""
    return tuple(sorted(move.uci() for move in position(fen).legal_moves))


def fen_after(fen: str, move: str) -> str:
    """Return the position after a legal move in UCI."""
    board = position(fen)
    board.push_uci(move)
    return board.fen()


def san(fen: str, move: str) -> str:
    """Write a legal move in UCI as SAN, such as ``Ra8#``."""
    return position(fen).san(chess.Move.from_uci(move))


def move_from_san(fen: str, text: str) -> str:
    """Turn a move in SAN into UCI.

    Raises:
        PuzzleError: it is not a legal move of the position.

    """
    try:
        move = position(fen).parse_san(text)
    except ValueError as error:
        raise PuzzleError(f"chess: solution: not a legal move here: {text[:20]!r}") from error
    if not move:  # SAN has a sign for passing, too
        raise PuzzleError(f"chess: solution: no move: {text[:20]!r}")
    return move.uci()


def _mates(board: chess.Board, move: chess.Move) -> bool:
    board.push(move)
    mate = board.is_checkmate()
    board.pop()
    return mate


def _possible_checks(board: chess.Board, moves: list[chess.Move]) -> list[chess.Move]:
    """Leave out the moves that cannot check, which are most: making them would take most of the time."""
    king = board.king(not board.turn)
    if king is None:
        return []
    own, occupied = board.occupied_co[board.turn], board.occupied
    lines, diagonals = _lines(king, occupied), _diagonals(king, occupied)
    checking_squares = {
        chess.PAWN: chess.BB_PAWN_ATTACKS[not board.turn][king],
        chess.KNIGHT: chess.BB_KNIGHT_ATTACKS[king],
        chess.BISHOP: diagonals,
        chess.ROOK: lines,
        chess.QUEEN: lines | diagonals,
        chess.KING: chess.BB_EMPTY,
    }
    uncovering = chess.BB_EMPTY  # what stands between a piece of its own side and the king
    if _lines(king, occupied & ~(lines & own)) & ~lines & own & (board.rooks | board.queens):
        uncovering |= lines & own
    if _diagonals(king, occupied & ~(diagonals & own)) & ~diagonals & own & (board.bishops | board.queens):
        uncovering |= diagonals & own
    return [
        move
        for move in moves
        if move.promotion
        or uncovering >> move.from_square & 1
        or checking_squares[board.piece_type_at(move.from_square) or chess.KING] >> move.to_square & 1
    ]


def _lines(square: chess.Square, occupied: chess.Bitboard) -> chess.Bitboard:
    ranks = chess.BB_RANK_ATTACKS[square][chess.BB_RANK_MASKS[square] & occupied]
    return ranks | chess.BB_FILE_ATTACKS[square][chess.BB_FILE_MASKS[square] & occupied]


def _diagonals(square: chess.Square, occupied: chess.Bitboard) -> chess.Bitboard:
    return chess.BB_DIAG_ATTACKS[square][chess.BB_DIAG_MASKS[square] & occupied]
