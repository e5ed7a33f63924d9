"""Builds positions backwards from a checkmate.

White is the attacker in what is built. The kings and Black's men come first; then a checker is put where it attacks
the king, helpers take the flight squares away, and the checker goes back to a square that it may have come from. Most
of what comes out mates in one; whether it does, and in one way only, is for the rules to say.
"""

from collections.abc import Iterator

from vmevalkit.tasks.chess_task.bitboards import ALL, attackers, attacks
from vmevalkit.tasks.chess_task.chance import Chance
from vmevalkit.tasks.chess_task.mating import checking_moves, flights, guarded_squares, is_held, mates
from vmevalkit.tasks.chess_task.men import EDGES, FILES, ROWS, Men

# Letters and rows are drawn as often as they stand in these texts.
_OFFICERS = "QRRBBNN"
_CHECKERS = "QQQQQRRRRBBBBBNNPPPP"
_PROMOTIONS = "QQQQNNNRB"
_BLACK_PAWN_ROWS = "1112223345"
_WHITE_PAWN_ROWS = "6665554432"

_PROMOTION_SHARE = 0.1
_CASTLED = ALL & ~(FILES[3] | FILES[4])
_FREE_KING_PIECES = 7
"""On boards of up to so many pieces the white king may stand anywhere and help."""
_CHECKER_TRIES = 4
_HELPER_TRIES = 8
_ENDINGS = 3


class Construction:
    """One attempt at positions of about as many pieces, and at least as many checks, as wanted."""

    def __init__(self, chance: Chance, pieces: int, least_checks: int) -> None:
        self._chance = chance
        self._least_checks = least_checks
        self._wanted = pieces
        self._men = Men()
        self._white_kit = chance.shuffled(_OFFICERS)
        self._black_kit = chance.shuffled(_OFFICERS.lower())
        self._king = self._target = 0
        self._mover = self._checker = ""
        self._guarded = 0
        """Where no black piece may come: the checker's square and those between it and the king."""

    def boards(self) -> Iterator[str]:
        """Yield boards on which White, to move, has a mate as far as can be seen here; none where it failed."""
        self._place_kings_and_black()
        self._put_pawns("P", round((self._wanted - 2) * 0.3 * self._chance.unit()), self._men.square_of("K"))
        if not any(self._check_the_king() for _ in range(_CHECKER_TRIES)) or not self._take_the_flights():
            return
        men, kits = self._men, (self._white_kit, self._black_kit)
        for _ in range(_ENDINGS):
            self._men = men.copy()
            self._white_kit, self._black_kit = (kit.copy() for kit in kits)
            if self._move_back():
                self._fill()
                if self._is_promising():
                    yield self._men.board()

    # The sides

    def _place_kings_and_black(self) -> None:
        chance, men = self._chance, self._men
        place = chance.unit()
        at_home = place < 0.6
        self._king = chance.square(ROWS[0] & _CASTLED if at_home else EDGES if place < 0.85 else ALL & ~EDGES)
        men.put("k", self._king)
        number = round((self._wanted - 2) * (0.3 + 0.25 * chance.unit()))
        pawns = round(number * (0.4 + 0.5 * chance.unit()))
        self._put_pawns("p", pawns, self._king if at_home else None)
        if self._wanted > _FREE_KING_PIECES or chance.unit() < 0.4:
            self._place_white_king()
        for _ in range(number - pawns):
            letter = self._black_kit.pop()
            men.put(letter, chance.square(men.room_for(letter)))

    def _place_white_king(self) -> None:
        room = self._men.room_for_white_king() & ~self._guarded
        home = room & ROWS[7] & _CASTLED
        if home and self._chance.unit() < 0.75:
            room = home
        if room:
            self._men.put("K", self._chance.square(room))

    def _put_pawns(self, letter: str, number: int, king: int | None) -> None:
        """Place pawns on files of their own: a shield in front of a king at home, and some that have gone ahead."""
        chance, men = self._chance, self._men
        home, rows = (1, _BLACK_PAWN_ROWS) if letter == "p" else (6, _WHITE_PAWN_ROWS)
        free = men.room_for(letter)
        shield = attacks("K", king, 0) & ROWS[home] if king is not None else 0
        for _ in range(number):
            room = free & shield
            if not room or chance.unit() < 0.3:
                room = free & ROWS[int(chance.letter(rows))]
            if room:
                square = chance.square(room)
                men.put(letter, square)
                free &= ~FILES[square % 8]

    # The mate

    def _check_the_king(self) -> bool:
        """Choose the piece that will mate and the square that it will do it from."""
        chance, men = self._chance, self._men
        room = ALL & ~men.white
        if chance.unit() < _PROMOTION_SHARE:
            self._mover, self._checker = "P", chance.letter(_PROMOTIONS)
            room &= ROWS[0]
        else:
            self._mover = self._checker = chance.letter(_CHECKERS)
        targets = attackers(self._checker, self._king, men.occupied) & room
        if not targets:
            return False
        self._target = chance.square(targets)
        occupied = men.occupied | 1 << self._target
        self._guarded = guarded_squares(self._king, self._checker, self._target, occupied)
        if not is_held(men, self._king, self._target, self._guarded, occupied):
            return False
        if self._mover in _OFFICERS:
            self._white_kit.remove(self._mover)
        return True

    def _take_the_flights(self) -> bool:
        """Add helpers until the king has nowhere to go."""
        chance, men = self._chance, self._men
        for _ in range(_HELPER_TRIES):
            occupied = men.occupied | 1 << self._target
            free = flights(men, men.white, self._king, self._checker, self._target, occupied)
            if not free:
                return True
            if len(men.pieces) + 1 >= self._wanted:
                return False
            pawns_and_king = "P" if "K" in men.pieces.values() else "PKKK"
            letter = chance.letter("".join(self._white_kit) + pawns_and_king)
            room = men.room_for_white_king() if letter == "K" else men.room_for(letter)
            room &= attackers(letter, chance.square(free), occupied & ~(1 << self._king)) & ~self._guarded
            if room:
                men.put(letter, chance.square(room))
                if letter in _OFFICERS:
                    self._white_kit.remove(letter)
        return False

    def _move_back(self) -> bool:
        """Put the checker where it may have come from."""
        men = self._men
        pawn = self._mover == "P"
        origins = self._pawn_origins() if pawn else attackers(self._mover, self._target, men.occupied)
        origins &= men.room_for(self._mover) & ~(1 << self._target)
        if not origins:
            return False
        men.put(self._mover, self._chance.square(origins))
        if "K" not in men.pieces.values():
            self._place_white_king()
        return True

    def _pawn_origins(self) -> int:
        if self._men.black >> self._target & 1:
            return attackers("P", self._target, 0)
        step = 1 << (self._target + 8)
        if self._target // 8 == 4 and not self._men.occupied & step:
            step |= 1 << (self._target + 16)
        return step

    def _is_promising(self) -> bool:
        """Tell whether the checker's move seems to be the only mate, among as many checks as wanted."""
        men, king, found, checks = self._men, self._king, 0, 0
        for origin, letter, target in checking_moves(men, king):
            checks += 1
            found += mates(men, king, origin, letter, target)
            if found > 1:
                return False
        return found == 1 and checks >= self._least_checks

    # The rest

    def _fill(self) -> None:
        """Add men that have no part in the mate, until there are as many as wanted."""
        chance, men = self._chance, self._men
        for _ in range(self._wanted - len(men.pieces)):
            kit, pawn = (self._white_kit, "P") if chance.unit() < 0.6 else (self._black_kit, "p")
            letter = kit[-1] if kit and (chance.unit() < 0.8 or men.count(pawn) > 6) else pawn
            room = men.room_for(letter) & ~self._guarded
            if letter.isupper() and letter != pawn and chance.unit() < 0.4:
                room &= self._checking_room(letter)
            if not room or men.count(letter) > 7:
                continue
            square = chance.square(room)
            if letter.islower() and attacks(letter, square, men.occupied) & self._guarded:
                continue
            men.put(letter, square)
            if letter != pawn:
                kit.pop()

    def _checking_room(self, letter: str) -> int:
        """Return squares from which a piece could give some check in its next move: a false trail."""
        checks = attackers(letter, self._king, self._men.occupied) & ~self._men.white & ~self._guarded
        return attackers(letter, self._chance.square(checks), self._men.occupied) if checks else ALL
