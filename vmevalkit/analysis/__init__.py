"""What the scores say: leaderboards, comparisons, agreement, and the reports made of them."""

from vmevalkit.analysis.leaderboard import Cell, Leaderboard, Row, leaderboard
from vmevalkit.analysis.report import Report, Section, build_report
from vmevalkit.analysis.results import Outcome, Results, read_results
from vmevalkit.analysis.statistics import Interval

__all__ = [
    "Cell",
    "Interval",
    "Leaderboard",
    "Outcome",
    "Report",
    "Results",
    "Row",
    "Section",
    "build_report",
    "leaderboard",
    "read_results",
]
