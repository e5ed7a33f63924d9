"""Attacks as sets of squares: 64-bit numbers in which bit ``n`` stands for square ``n`` of a board (bit 0 is a8).

Only what the search for positions needs, where speed decides; the rules themselves are asked of `rules`.
"""

from collections.abc import Callable, Iterable

ALL = (1 << 64) - 1

_NORTH, _SOUTH, _WEST, _EAST = (-1, 0), (1, 0), (0, -1), (0, 1)
_NORTH_WEST, _NORTH_EAST, _SOUTH_WEST, _SOUTH_EAST = (-1, -1), (-1, 1), (1, -1), (1, 1)


def _steps(square: int, jumps: Iterable[tuple[int, int]]) -> int:
    row, column = divmod(square, 8)
    targets = ((row + down, column + right) for down, right in jumps)
    return sum(1 << (8 * r + c) for r, c in targets if 0 <= r < 8 and 0 <= c < 8)


def _ray(square: int, direction: tuple[int, int]) -> int:
    return _steps(square, ((direction[0] * length, direction[1] * length) for length in range(1, 8)))


def _table(jumps: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    return tuple(_steps(square, jumps) for square in range(64))


def _ray_tables(*directions: tuple[int, int]) -> tuple[tuple[tuple[int, ...], bool], ...]:
    """Return a table of rays for each direction, and whether squares count upwards along it."""
    return tuple(
        (tuple(_ray(square, direction) for square in range(64)), direction > (0, 0)) for direction in directions
    )


_KING = _table((_NORTH, _SOUTH, _WEST, _EAST, _NORTH_WEST, _NORTH_EAST, _SOUTH_WEST, _SOUTH_EAST))
_KNIGHT = _table(((-2, -1), (-2, 1), (-1, -2), (-1, 2), (1, -2), (1, 2), (2, -1), (2, 1)))
_WHITE_PAWN = _table((_NORTH_WEST, _NORTH_EAST))
_BLACK_PAWN = _table((_SOUTH_WEST, _SOUTH_EAST))
_LINES = _ray_tables(_NORTH, _SOUTH, _WEST, _EAST)
_DIAGONALS = _ray_tables(_NORTH_WEST, _NORTH_EAST, _SOUTH_WEST, _SOUTH_EAST)


def _slide(square: int, occupied: int, tables: tuple[tuple[tuple[int, ...], bool], ...]) -> int:
    attacked = 0
    for rays, upwards in tables:
        ray = rays[square]
        blockers = ray & occupied
        if blockers:
            first = ((blockers & -blockers) if upwards else blockers).bit_length() - 1
            ray ^= rays[first]
        attacked |= ray
    return attacked


def _rook(square: int, occupied: int) -> int:
    return _slide(square, occupied, _LINES)


def _bishop(square: int, occupied: int) -> int:
    return _slide(square, occupied, _DIAGONALS)


def _queen(square: int, occupied: int) -> int:
    return _slide(square, occupied, _LINES) | _slide(square, occupied, _DIAGONALS)


_ATTACKS: dict[str, Callable[[int, int], int]] = {
    "K": lambda square, _: _KING[square],
    "N": lambda square, _: _KNIGHT[square],
    "P": lambda square, _: _WHITE_PAWN[square],
    "p": lambda square, _: _BLACK_PAWN[square],
    "R": _rook,
    "B": _bishop,
    "Q": _queen,
}
_ATTACKS |= {letter.lower(): _ATTACKS[letter] for letter in "KNRBQ"}


def attacks(piece: str, square: int, occupied: int) -> int:
    """Return the squares that a piece (a FEN letter) attacks; sliding pieces stop at the first occupied one."""
    return _ATTACKS[piece](square, occupied)


def attackers(piece: str, square: int, occupied: int) -> int:
    """Return the squares from which a piece attacks a square: its own attacks, for pawns those of the other side."""
    if piece in "Pp":
        piece = piece.swapcase()
    return _ATTACKS[piece](square, occupied)


def squares(bits: int) -> list[int]:
    """List the squares of a set, in order."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found
