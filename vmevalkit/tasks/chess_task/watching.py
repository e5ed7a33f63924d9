"""Follows the film of a move that ends well: was anything else disturbed, and did the piece go there by a legal way?

What a glimpse leaves unclear is no evidence. A piece that slides over the board is clear only for an instant, when it
is on a square to a pixel or so: two glimpses of it there, or one before it suddenly is at its target, mean that it
stood there.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vmevalkit.tasks.chess_task.board import EMPTY, PIECE_NAMES, SIDE_NAMES, content_name, contrast, square_name
from vmevalkit.tasks.chess_task.puzzle import Puzzle
from vmevalkit.tasks.chess_task.reading import UNCLEAR
from vmevalkit.tasks.domain import Faults

_BESIDE = 0.75
"""How far, in squares, from the straight line to its target a piece may pass a square."""
_AROUND = 1.5
"""How far from that line a piece on its way covers something."""
_SLOW_GLIMPSES = 3
"""In how many glimpses a piece must be on its way before we know that it is too slow to leap."""
_LONG = 1 / 8
"""The share of the glimpses in which a piece may be seen twice, as one image of it goes and the other comes."""


def follow(puzzle: Puzzle, glimpses: Sequence[str | None]) -> Faults:
    """Say what is wrong with a film that ends on the solution; `Domain.follow` for boards with unclear squares."""
    film = _Film(puzzle, [glimpse for glimpse in glimpses if glimpse is not None])
    way = [*film.strangers(), *film.stops(), *film.other_moves(), *film.doubles(), *film.returns()]
    return Faults(givens=tuple(film.disturbances()), way=tuple(dict.fromkeys(way)))


class _Film:
    def __init__(self, puzzle: Puzzle, glimpses: Sequence[str]) -> None:
        self._board, self._glimpses = puzzle.board, glimpses
        self._origin, self._target = puzzle.origin, puzzle.target
        self._mover, self._captured = puzzle.mover, puzzle.captured
        self._name = f"the {SIDE_NAMES[puzzle.side]} {PIECE_NAMES[puzzle.mover.lower()]}"
        self._guises = {self._mover, puzzle.board_after[self._target]}
        """What the moving piece may look like."""
        self._all_guises = self._guises | set(_in_colour_of(self._mover, "qrbn") if self._mover in "Pp" else "")
        """What it might become."""
        knight = self._mover in "Nn"
        self._passed = _along(self._origin, self._target, _BESIDE, box=knight)
        self._covered = _along(self._origin, self._target, _AROUND, box=knight)

    # What a glimpse shows

    def _at_home(self, seen: str) -> bool:
        return seen[self._origin] in self._guises

    def _arrived(self, seen: str) -> bool:
        return seen[self._target] in self._guises

    def _on_its_way(self, seen: str) -> bool:
        return not self._at_home(seen) and not self._arrived(seen)

    def _changed(self, seen: str) -> list[int]:
        """Return the squares, other than origin and target, that clearly hold something else than they were given."""
        return [
            square
            for square in range(64)
            if seen[square] not in (UNCLEAR, self._board[square]) and square not in (self._origin, self._target)
        ]

    def _astray(self, seen: str) -> int | None:
        """Return the square that the piece is on, if it is on one, but on neither its origin nor its target."""
        if not self._on_its_way(seen):
            return None
        squares = [square for square in self._changed(seen) if seen[square] in self._all_guises]
        return squares[0] if len(squares) == 1 else None

    # Squares that have no part in the move

    def disturbances(self) -> list[str]:
        """Return a sentence for each glimpse in which something else was changed."""
        found = []
        for seen in self._glimpses:
            squares = self._changed(seen)
            if self._on_its_way(seen):
                squares = [
                    square for square in squares if square not in self._covered and seen[square] not in self._all_guises
                ]
            if squares:
                found.append(contrast(seen, self._board, squares))
        return found

    # The way of the piece

    def strangers(self) -> list[str]:
        """Find what was on the origin or the target, but belongs there neither before nor after the move."""
        usual = {self._origin: {*self._guises}, self._target: {*self._guises, self._captured}}
        return [
            f"{_on(seen[square], square)} on the way."
            for seen in self._glimpses
            for square, letters in usual.items()
            if seen[square] not in {*letters, EMPTY, UNCLEAR}
        ]

    def stops(self) -> list[str]:
        """Find the squares that the piece stood on between its origin and its target."""
        squares = [self._astray(seen) for seen in self._glimpses]
        stood = [
            square
            for square in dict.fromkeys(squares)
            if square is not None and (square not in self._passed or squares.count(square) > 1)
        ]
        stood += [
            square
            for number, (square, following) in enumerate(zip(squares[:-1], self._glimpses[1:], strict=True))
            if square is not None and self._arrived(following) and self._was_slow(number)
        ]
        return [f"{self._name} stood on {square_name(square)} before it came to its target." for square in stood]

    def _was_slow(self, number: int) -> bool:
        """Tell whether the piece was seen between squares several times since it left its origin."""
        between = 0
        for seen in reversed(self._glimpses[:number]):
            if not self._on_its_way(seen):
                break
            between += self._astray(seen) is None
        return between >= _SLOW_GLIMPSES

    def doubles(self) -> list[str]:
        """Tell whether the piece was on two squares at once for long."""
        count = sum(self._at_home(seen) and self._arrived(seen) for seen in self._glimpses)
        if count <= _LONG * len(self._glimpses):
            return []
        squares = f"{square_name(self._origin)} and {square_name(self._target)}"
        return [f"{self._name} was on {squares} at the same time."]

    def returns(self) -> list[str]:
        """Tell whether the move was taken back."""
        places = [
            self._arrived(seen)
            for seen in self._glimpses
            if self._arrived(seen) != self._at_home(seen) and UNCLEAR not in (seen[self._origin], seen[self._target])
        ]
        if not any(before and not after for before, after in pairwise(places)):
            return []
        return [f"{self._name} went back to {square_name(self._origin)}."]

    # Other pieces

    def other_moves(self) -> list[str]:
        """Find pieces that were gone from their squares and stood on others."""
        found = []
        for seen in self._glimpses:
            changed = self._changed(seen)
            left = [square for square in changed if seen[square] == EMPTY]
            places = [square for square in changed if seen[square] != EMPTY]
            if self._arrived(seen) and self._at_home(seen):
                places.append(self._target)
            found += [
                f"{_on(seen[place], place)}, and nothing on {square_name(home)}."
                for place in places
                for home in left
                if self._board[home] == seen[place]
            ]
        return found


def _on(letter: str, square: int) -> str:
    return f"{content_name(letter)} stood on {square_name(square)}"


def _in_colour_of(letter: str, kinds: str) -> str:
    return kinds.upper() if letter.isupper() else kinds


def _along(start: int, end: int, distance: float, *, box: bool) -> frozenset[int]:
    """Return the squares whose centres are near the straight line between two squares' centres.

    Args:
        start: a square.
        end: another square.
        distance: what counts as near, in squares.
        box: whether to take the whole rectangle that the line is the diagonal of, in the place of the line.

    """
    places = np.array([divmod(square, 8) for square in range(64)], dtype=np.float64)
    first, last = places[start], places[end]
    if box:
        nearest = places.clip(np.minimum(first, last), np.maximum(first, last))
    else:
        line = last - first
        nearest = first + ((places - first) @ line / (line @ line)).clip(0, 1)[:, None] * line
    return frozenset(np.flatnonzero(((places - nearest) ** 2).sum(axis=1) <= distance**2).tolist())
