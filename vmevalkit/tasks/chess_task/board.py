"""Boards and squares as plain values.

A *board* is a text of 64 characters, one for each square in the reading order of FEN, from a8 and b8 to h1: a FEN
letter for a piece (capitals are White), a dot for an empty square. A *square* is an index into it, 0 to 63.
"""

from collections.abc import Sequence
from typing import Final

EMPTY: Final = "."
PIECES: Final = "KQRBNPkqrbnp"
"""The FEN letters, White's first."""

PIECE_NAMES: Final = {"k": "king", "q": "queen", "r": "rook", "b": "bishop", "n": "knight", "p": "pawn"}
SIDE_NAMES: Final = {"w": "white", "b": "black"}
_NAMED_SQUARES: Final = 3
"""How many squares a sentence names before it only counts them."""


def expand(placement: str) -> str:
    """Turn the first field of a FEN into a board; the field must be well-formed."""
    return "".join(EMPTY * int(letter) if letter.isdigit() else letter for letter in placement if letter != "/")


def placement(board: str) -> str:
    """Turn a board into the first field of a FEN."""
    text = "/".join(board[start : start + 8] for start in range(0, 64, 8))
    for run in range(8, 0, -1):
        text = text.replace(EMPTY * run, str(run))
    return text


def square_name(square: int) -> str:
    """Name a square, such as ``a8`` for 0."""
    return "abcdefgh"[square % 8] + "87654321"[square // 8]


def square_index(name: str) -> int:
    """Find the square of a name, such as 0 for ``a8``."""
    return "abcdefgh".index(name[0]) + 8 * "87654321".index(name[1])


def content_name(letter: str) -> str:
    """Say what is on a square, such as ``the white rook`` for ``R``, ``a white pawn`` for ``P``, or ``nothing``."""
    if letter == EMPTY:
        return "nothing"
    article = "the" if letter in "KQkq" else "a"
    return f"{article} {'white' if letter.isupper() else 'black'} {PIECE_NAMES[letter.lower()]}"


def contrast(seen: str, expected: str, squares: Sequence[int]) -> str:
    """Say in a sentence what squares hold and what was expected there, and only count the last of many squares."""
    parts = [
        f"{square_name(square)} holds {content_name(seen[square])} instead of {content_name(expected[square])}"
        for square in squares
    ]
    named = ", ".join(parts[:_NAMED_SQUARES])
    rest = len(parts) - _NAMED_SQUARES
    return f"{named}, and {rest} more." if rest > 0 else f"{named}."


def mirrored(board: str) -> str:
    """Swap left and right: the a-file becomes the h-file."""
    return "".join(board[start : start + 8][::-1] for start in range(0, 64, 8))


def colours_swapped(board: str) -> str:
    """Swap the sides: the pieces change their colours and the board is turned upside down."""
    return "".join(board[start : start + 8] for start in range(56, -1, -8)).swapcase()
