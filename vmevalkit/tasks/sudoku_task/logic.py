"""Solving a sudoku the way people do: always by the simplest technique that leads on.

- *naked single*: a cell has one candidate left;
- *hidden single*: a digit has one place left in a row, column or box;
- *locked candidates*: the places for a digit in one unit all lie in a second one, so it goes nowhere else in there;
- *naked pair*: two cells of a unit have the same two candidates, which then go nowhere else in it;
- *search*: none of these leads on, and a digit has to be tried.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vmevalkit.tasks.sudoku_task.puzzle import TECHNIQUES, Board, Grid, board


@dataclass(frozen=True)
class Step:
    """A digit that is written into a cell, and the hardest technique that was needed since the step before."""

    cell: int
    digit: int
    technique: str


def deduce(side: int, givens: Sequence[int], solution: Grid) -> list[Step]:
    """Fill in a sudoku step by step.

    Args:
        side: the board's side.
        givens: the digits, 0 where there is none; they have exactly one solution.
        solution: that solution; it is looked at only where a digit has to be tried.

    """
    marks = _Marks(board(side), givens)
    steps: list[Step] = []
    blanks = sum(not digit for digit in givens)
    hardest = 0
    while len(steps) < blanks:
        level, placement = _simplest(marks)
        hardest = max(hardest, level)
        if placement is None and level < len(TECHNIQUES) - 1:
            continue
        if placement is None:
            cell = min((c for c in range(side * side) if marks.candidates[c]), key=marks.count)
            placement = cell, solution[cell]
        marks.place(*placement)
        steps.append(Step(*placement, TECHNIQUES[hardest]))
        hardest = 0
    return steps


def hardest_technique(steps: Sequence[Step]) -> str:
    """Return the hardest technique among steps."""
    return max((step.technique for step in steps), key=TECHNIQUES.index)


class _Marks:
    """The candidates of all cells as bit masks: bit d is set while the digit d is possible; 0 where one is written."""

    def __init__(self, layout: Board, givens: Sequence[int]) -> None:
        self.board = layout
        self.candidates = [(1 << layout.side + 1) - 2] * len(givens)
        self.singles: list[int] = []
        for cell, digit in enumerate(givens):
            if digit:
                self.candidates[cell] = 0
        for cell, digit in enumerate(givens):
            if digit:
                self.place(cell, digit)

    def place(self, cell: int, digit: int) -> None:
        """Write a digit."""
        self.candidates[cell] = 0
        self.remove(self.board.peers[cell], 1 << digit)

    def remove(self, cells: Sequence[int], mask: int) -> bool:
        """Strike out candidates; tell whether there were any."""
        candidates = self.candidates
        changed = False
        for cell in cells:
            before = candidates[cell]
            if before & mask:
                after = before & ~mask
                candidates[cell] = after
                changed = True
                if after and not after & (after - 1):
                    self.singles.append(cell)
        return changed

    def count(self, cell: int) -> int:
        """Count the candidates of a cell."""
        return self.candidates[cell].bit_count()


def _simplest(marks: _Marks) -> tuple[int, tuple[int, int] | None]:
    """Apply the simplest technique that leads on.

    Returns:
        The technique's level, and the cell and digit that it finds, or none if it only strikes out candidates.

    """
    while marks.singles:
        cell = marks.singles.pop(0)
        if marks.candidates[cell]:
            return 0, (cell, marks.candidates[cell].bit_length() - 1)
    placement = _hidden_single(marks)
    if placement is not None:
        return 1, placement
    techniques: tuple[Callable[[_Marks], bool], ...] = (_strike_locked_candidates, _strike_naked_pair)
    for level, strike in enumerate(techniques, 2):
        if strike(marks):
            return level, None
    return len(TECHNIQUES) - 1, None


def _hidden_single(marks: _Marks) -> tuple[int, int] | None:
    candidates = marks.candidates
    for unit in marks.board.units:
        once = more = 0
        for cell in unit:
            more |= once & candidates[cell]
            once |= candidates[cell]
        only = once & ~more
        if only:
            bit = only & -only
            return next(cell for cell in unit if candidates[cell] & bit), bit.bit_length() - 1
    return None


def _strike_locked_candidates(marks: _Marks) -> bool:
    candidates = marks.candidates
    for unit in marks.board.units:
        for digit in range(1, marks.board.side + 1):
            places = [cell for cell in unit if candidates[cell] >> digit & 1]
            for other in marks.board.units_of[places[0]] if places else ():
                if other is not unit and set(places) <= set(other):
                    rest = [cell for cell in other if cell not in places]
                    if marks.remove(rest, 1 << digit):
                        return True
    return False


def _strike_naked_pair(marks: _Marks) -> bool:
    candidates = marks.candidates
    for unit in marks.board.units:
        for one, two in _pairs([cell for cell in unit if marks.count(cell) == 2]):
            if candidates[one] == candidates[two]:
                rest = [cell for cell in unit if cell not in (one, two)]
                if marks.remove(rest, candidates[one]):
                    return True
    return False


def _pairs(cells: list[int]) -> Iterator[tuple[int, int]]:
    for number, one in enumerate(cells):
        for two in cells[number + 1 :]:
            yield one, two
