"""A question and its answer: a position in which one move mates, and that move."""

from dataclasses import dataclass

from vmevalkit.tasks.chess_task.board import EMPTY, colours_swapped, expand, mirrored, square_index


@dataclass(frozen=True)
class Puzzle:
    """A position and a move in it."""

    fen: str
    """The position, with the side to move; nobody can castle or capture en passant."""
    move: str
    """The answer in UCI, such as ``a1a8`` or ``b7b8q``."""

    @property
    def board(self) -> str:
        """The board before the move."""
        return expand(self.fen.split()[0])

    @property
    def side(self) -> str:
        """The side to move: ``w`` or ``b``."""
        return self.fen.split()[1]

    @property
    def origin(self) -> int:
        """The square that the piece moves from."""
        return square_index(self.move[:2])

    @property
    def target(self) -> int:
        """The square that the piece moves to."""
        return square_index(self.move[2:4])

    @property
    def promotion(self) -> str:
        """The kind of piece that a pawn becomes, such as ``q``; otherwise empty."""
        return self.move[4:]

    @property
    def mover(self) -> str:
        """The piece that moves, as a FEN letter."""
        return self.board[self.origin]

    @property
    def captured(self) -> str:
        """The piece that is captured, as a FEN letter, or a dot."""
        return self.board[self.target]

    @property
    def board_after(self) -> str:
        """The board after the move."""
        board = list(self.board)
        arriving = self.promotion or self.mover
        board[self.target] = arriving.upper() if self.side == "w" else arriving.lower()
        board[self.origin] = EMPTY
        return "".join(board)


def canonical(board: str, side: str) -> str:
    """Return a text that is the same for a position, its mirror image, and both with the sides swapped.

    White is made the side to move; of the position and its mirror image, the first in alphabetical order counts.
    """
    if side == "b":
        board = colours_swapped(board)
    return min(board, mirrored(board))
