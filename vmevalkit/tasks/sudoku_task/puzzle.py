"""What a sudoku is, how it is solved exactly, and when two sudokus ask the same question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np

Grid = tuple[int, ...]
"""The digits of all cells, row by row; 0 where there is none."""

BOXES: dict[int, tuple[int, int] | None] = {3: None, 4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""For each side, the rows and columns of a box. The 3x3 board has no boxes: it is a Latin square."""

TECHNIQUES = ("naked_single", "hidden_single", "locked_candidates", "naked_pair", "search")
"""What a logical solver may need, the simplest first."""


@dataclass(frozen=True)
class Sudoku:
    """A sudoku, the digits that are given as its answer, and a logical order to write them in."""

    side: int
    givens: Grid
    solution: Grid
    order: tuple[int, ...]
    """The cells that are to be filled in, numbered row by row, in an order in which each digit can be inferred."""
    technique: str
    """The hardest of `TECHNIQUES` that the order needs."""


@dataclass(frozen=True)
class Board:
    """What all sudokus of one side have in common. Cells are numbered row by row."""

    side: int
    units: tuple[tuple[int, ...], ...]
    """The rows, the columns and the boxes, each the cells that must hold every digit once."""
    units_of: tuple[tuple[tuple[int, ...], ...], ...]
    """For each cell the units that it lies in."""
    peers: tuple[tuple[int, ...], ...]
    """For each cell the others that it shares a unit with."""
    houses: tuple[tuple[int, int, int], ...]
    """For each cell the numbers of its row, its column and its box; the box of a Latin square is the row once more."""
    symmetries: tuple[tuple[int, ...], ...]
    """The ways to mirror and rotate the board: for each new place the cell that comes there."""


@cache
def board(side: int) -> Board:
    """Return the board of a side that is a key of `BOXES`."""
    cells = range(side * side)
    tall, wide = BOXES[side] or (1, side)
    houses = tuple((c // side, c % side, c // side // tall * (side // wide) + c % side // wide) for c in cells)
    kinds = range(3 if BOXES[side] else 2)
    units = tuple(tuple(c for c in cells if houses[c][kind] == number) for kind in kinds for number in range(side))
    units_of = tuple(tuple(unit for unit in units if c in unit) for c in cells)
    peers = tuple(tuple(sorted({p for unit in units_of[c] for p in unit} - {c})) for c in cells)
    square = np.arange(side * side).reshape(side, side)
    views = [np.rot90(view, turn) for view in (square, square.T) for turn in range(4)]
    boxes = {frozenset(unit) for unit in units}
    symmetries = tuple(
        tuple(view.ravel().tolist())
        for view in views
        if {frozenset(view.ravel()[list(unit)].tolist()) for unit in units} == boxes
    )
    return Board(side, units, units_of, peers, houses, symmetries)


def solve(side: int, givens: Sequence[int], limit: int = 2, preference: Sequence[Sequence[int]] = ()) -> list[Grid]:
    """Find solutions by trying the digits of the cell that has the fewest candidates, again and again.

    Args:
        side: the board's side.
        givens: the digits, 0 where there is none.
        limit: how many solutions are enough.
        preference: for each cell the digits in the order to try them; ascending if it is empty.

    """
    houses = board(side).houses
    full = (1 << side + 1) - 2
    rows, columns, boxes = [0] * side, [0] * side, [0] * side
    grid = list(givens)
    blanks = []
    for cell, digit in enumerate(grid):
        if not digit:
            blanks.append(cell)
            continue
        row, column, box = houses[cell]
        if (rows[row] | columns[column] | boxes[box]) >> digit & 1:
            return []
        rows[row] |= 1 << digit
        columns[column] |= 1 << digit
        boxes[box] |= 1 << digit
    found: list[Grid] = []

    def search() -> None:
        if not blanks:
            found.append(tuple(grid))
            return
        fewest, best, choices = side + 1, 0, 0
        for place, cell in enumerate(blanks):
            row, column, box = houses[cell]
            candidates = full & ~(rows[row] | columns[column] | boxes[box])
            count = candidates.bit_count()
            if count < fewest:
                fewest, best, choices = count, place, candidates
                if count <= 1:
                    break
        if not choices:
            return
        blanks[best], blanks[-1] = blanks[-1], blanks[best]
        cell = blanks.pop()
        row, column, box = houses[cell]
        for digit in preference[cell] if preference else range(1, side + 1):
            bit = 1 << digit
            if choices & bit:
                grid[cell] = digit
                rows[row] |= bit
                columns[column] |= bit
                boxes[box] |= bit
                search()
                rows[row] ^= bit
                columns[column] ^= bit
                boxes[box] ^= bit
                if len(found) >= limit:
                    break
        grid[cell] = 0
        blanks.append(cell)

    search()
    return found


def text(side: int, grid: Sequence[int]) -> str:
    """Write a grid as its rows, such as ``123/231/312``."""
    digits = "".join(map(str, grid))
    return "/".join(digits[start : start + side] for start in range(0, len(digits), side))


def question_key(sudoku: Sudoku) -> str:
    """Return a text that is equal for sudokus that differ only by the names of the digits, mirroring or rotation."""
    forms = []
    for places in board(sudoku.side).symmetries:
        digits = bytes([sudoku.givens[place] for place in places])
        names = bytearray(sudoku.side + 1)
        for digit in digits:
            if digit and not names[digit]:
                names[digit] = max(names) + 1
        forms.append(bytes([names[digit] for digit in digits]))
    return text(sudoku.side, min(forms))


def wrong_answer(sudoku: Sudoku, rng: np.random.Generator) -> Sudoku:
    """Swap two digits of the answer, in one row, column or box if it can be; the givens stay."""
    layout = board(sudoku.side)
    solution = sudoku.solution
    pairs = [pair for pair in combinations(sorted(sudoku.order), 2) if solution[pair[0]] != solution[pair[1]]]
    pairs = [pair for pair in pairs if pair[1] in layout.peers[pair[0]]] or pairs
    wrong = list(solution)
    if pairs:
        one, two = pairs[int(rng.integers(len(pairs)))]
        wrong[one], wrong[two] = wrong[two], wrong[one]
    else:
        wrong[sudoku.order[0]] = wrong[sudoku.order[0]] % sudoku.side + 1
    return replace(sudoku, solution=tuple(wrong))


def near_miss(sudoku: Sudoku, rng: np.random.Generator) -> Sudoku:
    """Change one digit of the answer that was to be filled in."""
    cell = sudoku.order[int(rng.integers(len(sudoku.order)))]
    return replace(sudoku, solution=_with_other_digit(sudoku.side, sudoku.solution, cell, rng))


def tampered(sudoku: Sudoku, rng: np.random.Generator) -> Sudoku | None:
    """Change one given digit, and leave the digits that are filled in; `None` if nothing is given."""
    given = [cell for cell, digit in enumerate(sudoku.givens) if digit]
    if not given:
        return None
    cell = given[int(rng.integers(len(given)))]
    solution = _with_other_digit(sudoku.side, sudoku.solution, cell, rng)
    givens = (*sudoku.givens[:cell], solution[cell], *sudoku.givens[cell + 1 :])
    return replace(sudoku, givens=givens, solution=solution)


def _with_other_digit(side: int, grid: Grid, cell: int, rng: np.random.Generator) -> Grid:
    other = (grid[cell] - 1 + int(rng.integers(1, side))) % side + 1
    return (*grid[:cell], other, *grid[cell + 1 :])
