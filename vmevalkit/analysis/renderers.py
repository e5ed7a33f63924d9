"""A report as text, Markdown, CSV and JSON."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vmevalkit.analysis.agreement import Coefficient
from vmevalkit.analysis.comparison import Comparison
from vmevalkit.analysis.curves import Convergence, DifficultyCurve, ScoreDistribution
from vmevalkit.analysis.leaderboard import Cell, Leaderboard
from vmevalkit.analysis.report import Report, Section
from vmevalkit.analysis.statistics import Interval
from vmevalkit.analysis.tables import LEADERBOARD, Table, all_tables, board_heading, cautions, leaderboard_table
from vmevalkit.analysis.voices import Agreement, PairAgreement, RaterAgreement

if TYPE_CHECKING:
    from rich.table import Table as RichTable

CSV_COLUMNS = (
    "experiment",
    "evaluator",
    "model",
    "domain",
    "questions",
    "scored",
    "passed",
    "errors",
    "missing",
    "skipped",
    "coverage",
    "rate",
    "rate_low",
    "rate_high",
)

_PLAIN_WIDTH = 200
_MARKDOWN_SPECIAL = re.compile(r"[\\`*|\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|<(?=[A-Za-z/!?])|~(?=~)|&(?=[#A-Za-z])")
"""What GitHub would read as more than the character; an underscore within a word is one."""


def rich_tables(report: Report, *, full: bool) -> Iterator["RichTable"]:
    """Yield the tables for a terminal: the leaderboards, or everything."""
    if full:
        for part, tables in all_tables(report):
            for table in tables:
                yield _rich(table, part if table.kind == LEADERBOARD else f"{part}: {table.title}")
    else:
        for section in report.sections:
            yield rich_leaderboard(section.board, tuple(cautions(section)))


def rich_leaderboard(board: Leaderboard, notes: Sequence[str] = ()) -> "RichTable":
    """Return a leaderboard for a terminal."""
    return _rich(leaderboard_table(board, notes), board_heading(board))


def plain_text(report: Report, *, full: bool) -> str:
    """Render the tables for a terminal as text without colours, as wide as they need to be."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=_PLAIN_WIDTH)
    for table in rich_tables(report, full=full):
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def markdown(report: Report, figures: Mapping[str, str] | None = None) -> str:
    """Render a report as GitHub's Markdown.

    Args:
        report: what to render.
        figures: the address of each figure by what it shows, to be put at the end.

    """
    parts = []
    for part, tables in all_tables(report):
        parts.append(f"## {_escaped(part)}")
        for table in tables:
            if table.kind != LEADERBOARD:
                parts.append(f"### {_escaped(table.title)}")
            parts.append(_markdown_table(table))
            parts += (_escaped(note) for note in table.notes)
    if figures:
        parts.append("## Figures")
        parts += (f"![{_escaped(caption)}]({address})" for caption, address in figures.items())
    return "\n\n".join(parts) + "\n"


def csv_text(report: Report) -> str:
    """Render the counts as CSV: a line per experiment, evaluator, model and domain. An empty field is no value."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for section in report.sections:
        for row in section.board.rows:
            for domain, cell in row.domains.items():
                names = (section.board.experiment, section.board.evaluator, row.model, domain)
                counts = (cell.questions, cell.scored, cell.passed, cell.errors, cell.missing, cell.skipped)
                interval = cell.interval
                ends = (None, None) if interval is None else (interval.low, interval.high)
                writer.writerow((*names, *counts, *(_rounded(x) for x in (cell.coverage, cell.rate, *ends))))
    return out.getvalue()


def json_value(report: Report) -> dict[str, Any]:
    """Render a report as plain values for JSON.

    The first section's entries stand at the top; the sections of further evaluators and experiments, in the same
    shape, under ``further``.
    """
    first, *further = [_section(section) for section in report.sections]
    return {
        **first,
        "further": further,
        "agreement": [_agreement(agreement) for agreement in report.agreements],
        "problems": [str(problem) for problem in report.problems],
        "more_problems": report.more_problems,
    }


def _rich(table: Table, title: str) -> "RichTable":
    from rich.table import Table as RichTable
    from rich.text import Text

    caption = Text("\n".join(table.notes)) if table.notes else None
    rich = RichTable(title=Text(title), title_justify="left", caption=caption, caption_justify="left")
    for i, heading_ in enumerate(table.headings):
        rich.add_column(Text(heading_), style="bold" if i == 0 else "", justify="left" if i < table.names else "right")
    for row in table.rows:
        rich.add_row(*(Text(cell) for cell in row))
    return rich


def _markdown_table(table: Table) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(cells)} |"

    rule = tuple(":--" if i < table.names else "--:" for i in range(len(table.headings)))
    body = (tuple(_escaped(cell) for cell in row) for row in (table.headings, *table.rows))
    head, *rows = map(line, body)
    return "\n".join((head, line(rule), *rows))


def _escaped(text: str) -> str:
    """Keep text from being read as Markdown or HTML, and on one line."""
    return _MARKDOWN_SPECIAL.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _section(section: Section) -> dict[str, Any]:
    return {
        "experiment": section.board.experiment,
        "evaluator": section.board.evaluator,
        "evaluator_versions": list(section.versions),
        "earlier_runs": section.earlier_runs,
        "models": [
            {
                "model": row.model,
                "total": _cell(row.total),
                "domains": {domain: _cell(cell) for domain, cell in row.domains.items()},
            }
            for row in section.board.rows
        ],
        "comparisons": [_comparison(comparison) for comparison in section.comparisons],
        "difficulty": [_difficulty(curve) for curve in section.difficulties],
        "scores": [_scores(scores) for scores in section.scores],
        "sample_size": [_sample_size(curve) for curve in section.convergences],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        **vars(cell),
        "missing": cell.missing,
        "coverage": cell.coverage,
        "rate": cell.rate,
        "interval": _interval(cell.interval),
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        **vars(comparison),
        "interval": _interval(comparison.interval),
        "bootstrap": _interval(comparison.bootstrap),
        "questions": comparison.questions,
        "difference": comparison.difference,
    }


def _difficulty(curve: DifficultyCurve) -> dict[str, Any]:
    return {"model": curve.model, "difficulties": {level: _cell(cell) for level, cell in curve.points}}


def _scores(scores: ScoreDistribution) -> dict[str, Any]:
    return {
        "model": scores.model,
        "counts": list(scores.counts),
        "mean": scores.mean,
        "interval": _interval(scores.interval),
    }


def _sample_size(curve: Convergence) -> dict[str, Any]:
    return {
        "model": curve.model,
        "rate": curve.rate,
        "needed_for_5_points": curve.needed,
        "points": [{**vars(point), "interval": _interval(point.interval)} for point in curve.points],
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "experiment": agreement.experiment,
        "evaluators": [_named(pair) for pair in agreement.evaluators],
        "raters": [{**_named(raters), "pairs": [_named(pair) for pair in raters.pairs]} for raters in agreement.raters],
    }


def _named(item: PairAgreement | RaterAgreement) -> dict[str, Any]:
    return {
        name: _coefficient(value) if isinstance(value, Coefficient) else value for name, value in vars(item).items()
    }


def _coefficient(found: Coefficient) -> dict[str, Any]:
    return {**vars(found), "interval": _interval(found.interval)}
