"""Following a sudoku as it is solved: what in the film of a right answer is no legal way to it.

Digits may be written in any order and at any pace, several at once, and a hand may hide some of them. So only what is
seen beyond doubt counts, and what may be a flicker only if it is seen more than once.
"""

from collections import Counter
from collections.abc import Sequence

from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.sudoku_task.puzzle import Sudoku
from vmevalkit.tasks.sudoku_task.reading import UNCLEAR, SudokuState, place
from vmevalkit.tasks.sudoku_task.wording import listed, named

_SIGHTINGS = 2
"""How many glimpses must show a thing before it is held against a film."""


def follow(sudoku: Sudoku, glimpses: Sequence[SudokuState | None]) -> Faults:
    """Say what is wrong with a film that ends on the solution.

    Givens: a given cell certainly shows another digit or nothing. Way: a cell that was to be filled in certainly
    showed a wrong digit, in two glimpses or beside another wrong digit, or, in two glimpses, nothing any more.
    """
    seen = [each for each in glimpses if each is not None]
    givens = tuple(sentence for sentence in (_changed(sudoku, each) for each in seen) if sentence)
    boards = [each for each in seen if each.side == sudoku.side]
    return Faults(givens, (*_wrong(sudoku, boards), *_gone(sudoku, boards)))


def _changed(sudoku: Sudoku, seen: SudokuState) -> str:
    """Say what of the question has changed in a glimpse; nothing if all is as it was, or may be."""
    if seen.side != sudoku.side:
        return f"the grid has {seen.side}x{seen.side} cells instead of {sudoku.side}x{sudoku.side}."
    found = [
        f"the given digit {given} at {place(cell, sudoku.side)} has become {named(digit)}"
        for cell, (given, digit) in enumerate(zip(sudoku.givens, seen.digits, strict=True))
        if given and digit not in (given, UNCLEAR)
    ]
    return listed(found) if found else ""


def _wrong(sudoku: Sudoku, boards: Sequence[SudokuState]) -> list[str]:
    """Find the cells that were filled in with a wrong digit."""
    sightings: Counter[tuple[int, int]] = Counter()
    for seen in boards:
        wrong = [
            (cell, seen.digits[cell])
            for cell in sudoku.order
            if seen.digits[cell] not in (sudoku.solution[cell], 0, UNCLEAR)
        ]
        for each in wrong:
            sightings[each] += len(wrong)
    return [
        f"{place(cell, sudoku.side)} held {digit} instead of {sudoku.solution[cell]}."
        for (cell, digit), count in sorted(sightings.items())
        if count >= _SIGHTINGS
    ]


def _gone(sudoku: Sudoku, boards: Sequence[SudokuState]) -> list[str]:
    """Find the cells that were filled in and empty again later."""
    found = []
    for cell in sorted(sudoku.order):
        held = [seen.digits[cell] for seen in boards]
        filled = [number for number, digit in enumerate(held) if digit == sudoku.solution[cell]]
        if len(filled) >= _SIGHTINGS and held[filled[_SIGHTINGS - 1] :].count(0) >= _SIGHTINGS:
            found.append(f"{place(cell, sudoku.side)} held {sudoku.solution[cell]} and then nothing again.")
    return found
