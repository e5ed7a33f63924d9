"""The leaderboard and the heatmap of an experiment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from vmevalkit.analysis.leaderboard import Cell
from vmevalkit.catalog import Standing

BoardSort = Literal["model", "rate", "scored", "coverage", "errors", "unscored", "missing"]
Order = Literal["ascending", "descending"]
TONES = 6
"""How many tones a share is drawn in."""


@dataclass(frozen=True)
class BoardCell:
    """A model on one domain, or on all."""

    cell: Cell
    unscored: int
    """Videos that nobody has scored, and runs that are still going on."""

    @property
    def missing(self) -> int:
        """Questions without a run."""
        return max(self.cell.missing - self.unscored, 0)

    @property
    def tone(self) -> int:
        """From 0 for none solved to ``TONES - 1`` for all."""
        return round((self.cell.rate or 0.0) * (TONES - 1))

    def __add__(self, other: "BoardCell") -> "BoardCell":
        return BoardCell(self.cell + other.cell, self.unscored + other.unscored)


@dataclass(frozen=True)
class BoardRow:
    """A model."""

    model: str
    total: BoardCell
    domains: Mapping[str, BoardCell]


@dataclass(frozen=True)
class SortableColumn:
    """The head of a column by which a table can be sorted."""

    name: BoardSort
    text: str
    order: Literal["ascending", "descending", "none"]
    """How the table is sorted by it now."""
    link: str
    """The table sorted by it, the other way round if it is so already."""


def board_rows(standings: Iterable[Standing], questions: Mapping[str, int]) -> list[BoardRow]:
    """Count up how each model does.

    Args:
        standings: of an experiment.
        questions: how many questions there are of each domain; a model without runs in one misses them all.

    """
    found: dict[str, dict[str, Standing]] = {}
    for standing in standings:
        found.setdefault(standing.model, {})[standing.domain] = standing
    domains = sorted({*questions, *(domain for of_model in found.values() for domain in of_model)})
    rows = []
    for model, of_model in found.items():
        cells = {domain: _cell(of_model.get(domain), questions.get(domain, 0)) for domain in domains}
        total = BoardCell(Cell(), 0)
        for cell in cells.values():
            total += cell
        rows.append(BoardRow(model, total, cells))
    return rows


def _cell(standing: Standing | None, questions: int) -> BoardCell:
    if standing is None:
        return BoardCell(Cell(questions=questions), 0)
    cell = Cell(
        questions=max(questions, standing.runs),
        scored=standing.passed + standing.failed,
        passed=standing.passed,
        errors=standing.errors,
    )
    return BoardCell(cell, standing.unscored)


_VALUES: Mapping[BoardSort, Callable[[BoardRow], float | None]] = {
    "rate": lambda row: row.total.cell.rate,
    "scored": lambda row: row.total.cell.scored,
    "coverage": lambda row: row.total.cell.coverage,
    "errors": lambda row: row.total.cell.errors,
    "unscored": lambda row: row.total.unscored,
    "missing": lambda row: row.total.missing,
}
_COLUMNS: Mapping[BoardSort, tuple[str, Order]] = {
    "model": ("Model", "ascending"),
    "rate": ("Solved", "descending"),
    "scored": ("Passed of scored", "descending"),
    "coverage": ("Coverage", "descending"),
    "errors": ("Errors", "descending"),
    "unscored": ("Not scored", "descending"),
    "missing": ("No run", "descending"),
}
"""What a column is called, and how it is sorted at first."""


def sort_rows(rows: Iterable[BoardRow], sort: BoardSort, order: Order) -> list[BoardRow]:
    """Sort models; those without a value come last, and equal ones by name."""
    by_name = sorted(rows, key=lambda row: row.model, reverse=sort == "model" and order == "descending")
    if sort == "model":
        return by_name
    value = _VALUES[sort]
    known = [row for row in by_name if value(row) is not None]
    known.sort(key=lambda row: value(row) or 0.0, reverse=order == "descending")
    return known + [row for row in by_name if value(row) is None]


def first_order(sort: BoardSort) -> Order:
    """Return how a column is sorted when it is first chosen."""
    return _COLUMNS[sort][1]


def columns(sort: BoardSort, order: Order, link: Callable[[BoardSort, Order], str]) -> dict[BoardSort, SortableColumn]:
    """Return the heads of the columns; ``link`` gives the address of an order."""
    heads: dict[BoardSort, SortableColumn] = {}
    for name, (text, first) in _COLUMNS.items():
        turned: Order = "ascending" if order == "descending" else "descending"
        is_chosen = name == sort
        heads[name] = SortableColumn(
            name, text, order if is_chosen else "none", link(name, turned if is_chosen else first)
        )
    return heads
