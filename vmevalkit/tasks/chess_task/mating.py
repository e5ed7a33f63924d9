"""A quick look at whether White mates, for the search; what it lets through is judged by `rules`.

All functions speak of Black's king on the square ``king`` and of a check that the piece ``letter`` gives from the
square ``target``. ``occupied`` is what stands on the board after that move.
"""

from collections.abc import Iterator

from vmevalkit.tasks.chess_task.bitboards import attackers, attacks, squares
from vmevalkit.tasks.chess_task.board import EMPTY
from vmevalkit.tasks.chess_task.men import ROWS, Men


def guarded_squares(king: int, letter: str, target: int, occupied: int) -> int:
    """Return where no black piece may come: the checking piece's square and those between it and the king."""
    if letter not in "QRB":
        return 1 << target
    line = attacks(letter, target, occupied & ~(1 << king)) & attackers(letter, king, occupied & ~(1 << target))
    return 1 << target | line


def flights(men: Men, white: int, king: int, letter: str, target: int, occupied: int) -> int:
    """Return the squares that the king can go to when the checking piece and those on ``white`` are against him."""
    through = occupied & ~(1 << king)  # he cannot hide behind himself
    free = attacks("k", king, 0) & ~(men.black & ~(1 << target))
    free &= ~attacks(letter, target, through)
    for square in squares(white):
        if not free:
            break
        free &= ~attacks(men.pieces[square], square, through)
    return free


def is_held(men: Men, king: int, target: int, guarded: int, occupied: int) -> bool:
    """Tell whether no black piece but the pinned ones can come to a guarded square."""
    return not any(
        _reach(men.pieces[square], square, target, occupied) & guarded and not _is_pinned(men, square, king, occupied)
        for square in squares(men.black & ~(1 << king) & ~(1 << target))
    )


def _reach(letter: str, square: int, target: int, occupied: int) -> int:
    """Return where a black piece could take the checking piece or step in between."""
    if letter != "p":
        return attacks(letter, square, occupied)
    step = 1 << (square + 8) & ~occupied
    if step and square // 8 == 1:
        step |= 1 << (square + 16) & ~occupied
    return attacks(letter, square, occupied) & 1 << target | step


def _is_pinned(men: Men, square: int, king: int, occupied: int) -> bool:
    without = occupied & ~(1 << square)
    return any(
        men.pieces.get(pinner, EMPTY) in sliders
        for line, sliders in (("R", "QR"), ("B", "QB"))
        for pinner in squares(attackers(line, king, without) & men.white)
    )


def mates(men: Men, king: int, origin: int, letter: str, target: int) -> bool:
    """Tell whether it is mate when a white piece leaves its origin and arrives as ``letter``."""
    occupied = men.occupied & ~(1 << origin) | 1 << target
    return not flights(men, men.white & ~(1 << origin), king, letter, target, occupied) and is_held(
        men, king, target, guarded_squares(king, letter, target, occupied), occupied
    )


def checking_moves(men: Men, king: int) -> Iterator[tuple[int, str, int]]:
    """Yield White's direct checks as origin, letter on arrival, and target; pins and discoveries are overlooked."""
    for origin in squares(men.white):
        letter = men.pieces[origin]
        if letter == "P":
            yield from _pawn_checks(men, king, origin)
        elif letter != "K":
            occupied = men.occupied & ~(1 << origin)
            targets = attacks(letter, origin, occupied) & attackers(letter, king, occupied) & ~men.white
            for target in squares(targets):
                yield origin, letter, target


def _pawn_checks(men: Men, king: int, origin: int) -> Iterator[tuple[int, str, int]]:
    targets = attacks("P", origin, 0) & men.black & ~(1 << king)
    step = 1 << (origin - 8) & ~men.occupied
    if step and origin // 8 == 6:
        step |= 1 << (origin - 16) & ~men.occupied
    targets |= step
    if targets & ROWS[0]:
        occupied = men.occupied & ~(1 << origin)
        for letter in "QRBN":
            for target in squares(targets & attackers(letter, king, occupied)):
                yield origin, letter, target
    else:
        for target in squares(targets & attackers("P", king, 0)):
            yield origin, "P", target
