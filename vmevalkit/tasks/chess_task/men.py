"""Pieces in the making of a position."""

from vmevalkit.tasks.chess_task.bitboards import ALL, attackers, attacks, squares
from vmevalkit.tasks.chess_task.board import EMPTY

ROWS = tuple(0xFF << (8 * row) for row in range(8))
"""The ranks as bitboards, the eighth first."""
FILES = tuple(0x0101010101010101 << column for column in range(8))
EDGES = ROWS[0] | ROWS[7] | FILES[0] | FILES[7]
_DARK = sum(1 << square for square in range(64) if (square // 8 + square % 8) % 2)
_PAWN_ROWS = ALL & ~(ROWS[0] | ROWS[7])


class Men:
    """The pieces on a board that is being filled, by square and as two bitboards."""

    def __init__(self) -> None:
        self.pieces: dict[int, str] = {}
        self.white = 0
        self.black = 0

    @property
    def occupied(self) -> int:
        """The squares of both sides."""
        return self.white | self.black

    def copy(self) -> "Men":
        """Return an independent copy."""
        twin = Men()
        twin.pieces, twin.white, twin.black = self.pieces.copy(), self.white, self.black
        return twin

    def board(self) -> str:
        """Return the board as text."""
        return "".join(self.pieces.get(square, EMPTY) for square in range(64))

    def put(self, letter: str, square: int) -> None:
        """Add a piece on an empty square."""
        self.pieces[square] = letter
        if letter.isupper():
            self.white |= 1 << square
        else:
            self.black |= 1 << square

    def count(self, letter: str) -> int:
        """Count the pieces of a kind."""
        return sum(other == letter for other in self.pieces.values())

    def square_of(self, letter: str) -> int | None:
        """Find the first piece of a kind."""
        return next((square for square, other in self.pieces.items() if other == letter), None)

    def room_for(self, letter: str) -> int:
        """Return the empty squares where a piece, not a king, may stand without checking the enemy king at once.

        Pawns keep off the first and last ranks, and bishops of one side stand on different colours.
        """
        room = ALL & ~self.occupied
        enemy = self.square_of("k" if letter.isupper() else "K")
        if enemy is not None:
            room &= ~attackers(letter, enemy, self.occupied)
        if letter in "Pp":
            room &= _PAWN_ROWS
        elif letter in "Bb":
            for square, other in self.pieces.items():
                if other == letter:
                    room &= ~_DARK if _DARK >> square & 1 else _DARK
        return room

    def room_for_white_king(self) -> int:
        """Return the empty squares where the white king is safe, at a distance from the black one."""
        room = ALL & ~self.occupied
        for square in squares(self.black):
            room &= ~attacks(self.pieces[square], square, self.occupied)
        return room
