"""Making sudokus: fill a board at random, then take digits away while it stays certain what they were."""

from dataclasses import dataclass

import numpy as np

from vmevalkit.tasks.domain import Difficulty
from vmevalkit.tasks.sudoku_task.logic import deduce, hardest_technique
from vmevalkit.tasks.sudoku_task.puzzle import Grid, Sudoku, board, solve


@dataclass(frozen=True)
class _Recipe:
    """A kind of sudoku: its share of a difficulty, its side, its least and most blanks."""

    share: float
    side: int
    fewest: int
    most: int
    tries: int = 0
    """How many of the digits that simple logic cannot bring back are tried with the exact solver."""


# There are few small boards. The larger board in each list keeps a data set of any size supplied with new questions.
_RECIPES: dict[Difficulty, tuple[_Recipe, ...]] = {
    "easy": (_Recipe(0.1, 3, 4, 6), _Recipe(0.75, 4, 5, 8), _Recipe(0.15, 6, 8, 11)),
    "medium": (_Recipe(0.25, 4, 9, 12, tries=16), _Recipe(0.75, 6, 14, 20)),
    "hard": (_Recipe(0.65, 6, 22, 28, tries=20), _Recipe(0.35, 9, 44, 56, tries=14)),
}


def sample_sudoku(rng: np.random.Generator, difficulty: Difficulty) -> Sudoku:
    """Make a sudoku with exactly one solution."""
    recipes = _RECIPES[difficulty]
    recipe = recipes[int(rng.choice(len(recipes), p=[recipe.share for recipe in recipes]))]
    while True:
        solution = fill(recipe.side, rng)
        blanks = int(rng.integers(recipe.fewest, recipe.most, endpoint=True))
        givens = dig(recipe.side, solution, blanks, recipe.tries, rng)
        if givens.count(0) >= recipe.fewest:
            steps = deduce(recipe.side, givens, solution)
            order = tuple(step.cell for step in steps)
            return Sudoku(recipe.side, givens, solution, order, hardest_technique(steps))


def fill(side: int, rng: np.random.Generator) -> Grid:
    """Fill a whole board at random."""
    digits = np.tile(np.arange(1, side + 1), (side * side, 1))
    preference = rng.permuted(digits, axis=1).tolist()
    first_row = rng.permutation(side) + 1
    return solve(side, [*first_row.tolist(), *[0] * (side * side - side)], limit=1, preference=preference)[0]


def dig(side: int, solution: Grid, blanks: int, tries: int, rng: np.random.Generator) -> Grid:
    """Take digits away, in random order, until there are as many blanks as wanted or none can go.

    First go digits that, once away, follow from the rest at a glance: as the only candidate of their cell or as the
    only place for their digit. Put back in reverse, they solve the sudoku by singles alone. Where these run out,
    the exact solver tells for a few of the others whether they can go as well.
    """
    digger = _Digger(side, solution)
    kept = [cell for cell in rng.permutation(side * side).tolist() if digger.blanks >= blanks or not digger.take(cell)]
    for cell in kept[:tries]:
        if digger.blanks >= blanks:
            break
        without = list(digger.grid)
        without[cell] = 0
        if len(solve(side, without)) == 1:
            digger.grid[cell] = 0
            digger.blanks += 1
    return tuple(digger.grid)


class _Digger:
    """A board from which digits are taken, with the digits that its rows, columns and boxes still show as bits."""

    def __init__(self, side: int, solution: Grid) -> None:
        self.grid = list(solution)
        self.blanks = 0
        self._board = board(side)
        self._full = (1 << side + 1) - 2
        self._rows, self._columns, self._boxes = [self._full] * side, [self._full] * side, [self._full] * side

    def take(self, cell: int) -> bool:
        """Take a digit away if it follows from the rest; tell whether it did."""
        digit = self.grid[cell]
        self._flip(cell, digit)
        if self._is_naked(cell, digit) or self._is_hidden(cell, digit):
            self.grid[cell] = 0
            self.blanks += 1
            return True
        self._flip(cell, digit)
        return False

    def _flip(self, cell: int, digit: int) -> None:
        row, column, box = self._board.houses[cell]
        self._rows[row] ^= 1 << digit
        self._columns[column] ^= 1 << digit
        self._boxes[box] ^= 1 << digit

    def _is_naked(self, cell: int, digit: int) -> bool:
        row, column, box = self._board.houses[cell]
        return (self._rows[row] | self._columns[column] | self._boxes[box]) == self._full ^ 1 << digit

    def _is_hidden(self, cell: int, digit: int) -> bool:
        houses, grid = self._board.houses, self.grid
        for unit in self._board.units_of[cell]:
            for other in unit:
                if other != cell and not grid[other]:
                    row, column, box = houses[other]
                    if not (self._rows[row] | self._columns[column] | self._boxes[box]) >> digit & 1:
                        break
            else:
                return True
        return False
