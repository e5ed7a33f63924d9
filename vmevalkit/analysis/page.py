"""A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vmevalkit.analysis.report import Report
from vmevalkit.analysis.tables import Table, all_tables

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class InlineFigure:
    """A figure to stand in the page."""

    part: str
    """The heading of the part of the report that it belongs to."""
    table: str
    """The kind of table that it stands below."""
    shows: str
    svg: str
    """Made by `style.inline_svg`."""


@dataclass(frozen=True)
class _Part:
    heading: str
    tables: tuple[Table, ...]
    figures: tuple[InlineFigure, ...]


def html(report: Report, figures: Sequence[InlineFigure]) -> str:
    """Render a report and its figures as a page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    parts = [
        _Part(heading, tuple(tables), tuple(figure for figure in figures if figure.part == heading))
        for heading, tables in all_tables(report)
    ]
    experiments = list(dict.fromkeys(section.board.experiment for section in report.sections))
    text = environment.get_template("report.html").render(
        title=f"Report: {', '.join(experiments)}",
        parts=parts,
        problems=[str(problem) for problem in report.problems],
        more_problems=report.more_problems,
    )
    return "\n".join(line for line in text.splitlines() if line.strip()) + "\n"
