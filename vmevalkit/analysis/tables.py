"""The tables of a report, as text that a terminal, Markdown and HTML show alike."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vmevalkit.analysis.agreement import Coefficient
from vmevalkit.analysis.comparison import Comparison
from vmevalkit.analysis.curves import SCORES, WANTED_HALF_WIDTH
from vmevalkit.analysis.leaderboard import Cell, Leaderboard
from vmevalkit.analysis.report import Report, Section
from vmevalkit.analysis.statistics import Interval
from vmevalkit.analysis.voices import Agreement, PairAgreement

_DASH = "\N{EN DASH}"
NOTHING = _DASH
LEADERBOARD = "leaderboard"
PAIRS_SHOWN = 30
"""With more pairs of models a table shows each against the next; the figure and JSON have all."""

_HOW_TO_READ = (
    "Rate: solved of scored, with its 95% Wilson interval. Coverage: scored of all questions. "
    "Errors and missing answers count as neither solved nor failed."
)
_MANY = 200  # questions from which on a tenth of a percent means something


@dataclass(frozen=True)
class Table:
    """A table: the first ``names`` columns are names, the others numbers."""

    kind: str
    """What it is about, so that its figures can stand beside it."""
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1
    notes: tuple[str, ...] = ()
    """Sentences to stand below it."""


def heading(section: Section) -> str:
    """Return what a section is about."""
    return board_heading(section.board)


def board_heading(board: Leaderboard) -> str:
    """Return whose leaderboard it is."""
    return f"{board.experiment}, scored by {board.evaluator}"


def agreement_heading(agreement: Agreement) -> str:
    """Return what the part about an experiment's agreement is called."""
    return f"{agreement.experiment}, agreement"


def section_tables(section: Section) -> Iterator[Table]:
    """Yield all tables of a section that have something in them."""
    yield leaderboard_table(section.board, (_HOW_TO_READ, *cautions(section)))
    if section.comparisons:
        yield comparison_table(section.comparisons)
    if any(len(curve.points) > 1 for curve in section.difficulties):
        yield difficulty_table(section)
    if any(sum(scores.counts) for scores in section.scores):
        yield score_table(section)
    if any(curve.points for curve in section.convergences):
        yield sample_size_table(section)


def agreement_tables(agreement: Agreement) -> Iterator[Table]:
    """Yield all tables of who agrees with whom."""
    if agreement.evaluators:
        yield _pair_table("agreement", "Evaluators", agreement.evaluators)
        yield from (_confusion_table(pair) for pair in agreement.evaluators if pair.runs)
    for raters in agreement.raters:
        coefficients = (raters.verdict_alpha, raters.ordinal_alpha, raters.interval_alpha)
        yield Table(
            "raters",
            f"Raters of {raters.evaluator}",
            ("evaluator", "raters", "runs", "alpha, solved or not", "alpha, ordinal", "alpha, interval"),
            ((raters.evaluator, str(len(raters.raters)), str(raters.runs), *map(coefficient, coefficients)),),
            notes=(
                "Krippendorff's alpha over the runs that at least two raters have scored: of the verdict, of the "
                "scores as an order, and of the scores as numbers.",
                *_reasons(("alpha", c) for c in coefficients),
            ),
        )
        yield _pair_table("raters", f"Raters of {raters.evaluator}, two by two", raters.pairs)


def leaderboard_table(board: Leaderboard, notes: Sequence[str] = ()) -> Table:
    """Return what each model solved."""
    digits = _digits(board)

    def row(model: str, domains: dict[str, Cell], total: Cell) -> tuple[str, ...]:
        return (
            model,
            f"{total.passed} of {total.scored}",
            percent(total.rate, digits),
            percent_range(total.interval, digits),
            percent(total.coverage, digits),
            *(_share(domains[domain]) for domain in board.domains),
            str(total.errors),
            str(total.missing),
        )

    return Table(
        LEADERBOARD,
        "Leaderboard",
        ("model", "solved", "rate", "95% interval", "coverage", *board.domains, "errors", "missing"),
        tuple(row(entry.model, entry.domains, entry.total) for entry in board.rows),
        notes=tuple(notes),
    )


def comparison_table(comparisons: Sequence[Comparison]) -> Table:
    """Return how models differ on the questions that both have answered."""
    shown, notes = comparisons, []
    tests = sum(comparison.questions > 0 for comparison in comparisons)
    if len(comparisons) > PAIRS_SHOWN:
        neighbours = _neighbours(comparisons)
        shown = [comparison for comparison in comparisons if (comparison.first, comparison.second) in neighbours]
        notes.append(f"Each model against the next; all {len(comparisons)} pairs are in the JSON report.")
    return Table(
        "comparison",
        "Models compared",
        (
            "model",
            "against",
            "questions",
            "difference",
            "95% interval",
            "bootstrap",
            "only first",
            "only second",
            "p",
            "p, corrected",
        ),
        tuple(
            (
                c.first,
                c.second,
                str(c.questions),
                NOTHING if c.difference is None else _points(c.difference),
                _points_range(c.interval),
                _points_range(c.bootstrap),
                str(c.only_first),
                str(c.only_second),
                p_value(c.p_exact) if c.questions else NOTHING,
                p_value(c.p_holm) if c.questions else NOTHING,
            )
            for c in shown
        ),
        names=2,
        notes=(
            *notes,
            "Difference in percentage points, on the questions that were scored for both; Newcombe's paired interval, "
            f"and one by bootstrap. p: McNemar's exact test; corrected for {_count(tests, 'comparison')} (Holm).",
        ),
    )


def difficulty_table(section: Section) -> Table:
    """Return what each model solved of each difficulty."""
    digits = _digits(section.board)
    levels = [level for level, _ in section.difficulties[0].points]

    def cell(cell: Cell) -> str:
        if cell.rate is None:
            return NOTHING
        return f"{percent(cell.rate, digits)} ({percent_range(cell.interval, digits)}) of {cell.scored}"

    return Table(
        "difficulty",
        "Difficulty",
        ("model", *levels),
        tuple((curve.model, *(cell(level) for _, level in curve.points)) for curve in section.difficulties),
        notes=("Rate with its 95% Wilson interval, of the scored questions.",),
    )


def score_table(section: Section) -> Table:
    """Return how often each model got each score."""
    return Table(
        "scores",
        "Scores",
        ("model", *map(str, SCORES), "mean", "95% interval"),
        tuple(
            (
                scores.model,
                *map(str, scores.counts),
                NOTHING if scores.mean is None else f"{scores.mean:.2f}",
                NOTHING if scores.interval is None else f"{scores.interval.low:.2f}{_DASH}{scores.interval.high:.2f}",
            )
            for scores in section.scores
        ),
        notes=("Questions by score, 4 and 5 being solved; the interval of the mean is by bootstrap.",),
    )


def sample_size_table(section: Section) -> Table:
    """Return how sure the rates are, and how many questions would make them surer."""
    digits = _digits(section.board)
    totals = {row.model: row.total for row in section.board.rows}

    def row(model: str, needed: int | None) -> tuple[str, ...]:
        total = totals[model]
        now = NOTHING if total.interval is None else f"±{100 * total.interval.half_width:.1f}"
        return model, str(total.scored), percent(total.rate, digits), now, NOTHING if needed is None else str(needed)

    wanted = f"±{100 * WANTED_HALF_WIDTH:.0f} points"
    return Table(
        "sample-size",
        "Sample size",
        ("model", "scored", "rate", "points, now", f"questions for {wanted}"),
        tuple(row(curve.model, curve.needed) for curve in section.convergences),
        notes=(f"Half of the Wilson interval's width, and the questions that make it {wanted} at this rate.",),
    )


def cautions(section: Section) -> Iterator[str]:
    """Yield what a reader of this leaderboard should know before believing it."""
    if len(section.versions) > 1:
        yield (
            f"The scores come from versions {', '.join(section.versions)} of {section.board.evaluator}; "
            "'vmevalkit evaluate' scores again what an older one has scored."
        )
    if section.earlier_runs:
        yield f"The last run of each question counts; {_count(section.earlier_runs, 'earlier one')} left out."


def _pair_table(kind: str, title: str, pairs: Sequence[PairAgreement]) -> Table:
    shown = pairs[:PAIRS_SHOWN]
    notes = [
        "On the runs that both have scored: the share with the same verdict, Cohen's kappa of the verdict, of the "
        "scores with quadratic weights, Spearman's rank correlation and Krippendorff's ordinal alpha of the scores; "
        "95% intervals by bootstrap over runs."
    ]
    if len(pairs) > len(shown):
        notes.insert(0, f"The first {len(shown)} of {len(pairs)} pairs; all are in the JSON report.")
    for pair in shown:
        named = {"kappa": pair.kappa, "weighted kappa": pair.weighted_kappa, "Spearman": pair.spearman}
        notes += _reasons((f"{pair.first} and {pair.second}, {name}", c) for name, c in named.items() if pair.runs)
    return Table(
        kind,
        title,
        ("", "with", "runs", "same verdict", "kappa", "weighted kappa", "Spearman", "alpha"),
        tuple(
            (
                pair.first,
                pair.second,
                str(pair.runs),
                percent(pair.same_verdict.value),
                coefficient(pair.kappa),
                coefficient(pair.weighted_kappa),
                coefficient(pair.spearman),
                coefficient(pair.alpha),
            )
            for pair in shown
        ),
        names=2,
        notes=tuple(notes),
    )


def _confusion_table(pair: PairAgreement) -> Table:
    return Table(
        "confusion",
        f"Scores by {pair.first} (rows) and {pair.second} (columns)",
        (pair.first, *map(str, SCORES)),
        tuple((str(score), *map(str, row)) for score, row in zip(SCORES, pair.confusion, strict=True)),
    )


def _reasons(named: Iterable[tuple[str, Coefficient]]) -> list[str]:
    """Say of each coefficient without a value why it has none; once, where several have the same reason."""
    return list(dict.fromkeys(f"{name}: {c.reason}." for name, c in named if c.value is None))


def _neighbours(comparisons: Sequence[Comparison]) -> set[tuple[str, str]]:
    ranked = list(dict.fromkeys(model for c in comparisons for model in (c.first, c.second)))
    return set(pairwise(ranked))


def _digits(board: Leaderboard) -> int:
    questions = max((row.total.questions for row in board.rows), default=0)
    return 1 if questions >= _MANY else 0


def _share(cell: Cell) -> str:
    return f"{cell.passed}/{cell.scored}" if cell.scored else NOTHING


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.0f}" if difference else "0"


def _points_range(interval: Interval | None) -> str:
    return NOTHING if interval is None else f"{_points(interval.low)} to {_points(interval.high)}"


def percent(rate: float | None, digits: int = 0) -> str:
    """Render a share."""
    return NOTHING if rate is None else f"{100 * rate:.{digits}f}%"


def percent_range(interval: Interval | None, digits: int = 0) -> str:
    """Render the interval of a share."""
    if interval is None:
        return NOTHING
    return f"{100 * interval.low:.{digits}f}{_DASH}{100 * interval.high:.{digits}f}%"


def coefficient(found: Coefficient) -> str:
    """Render a measure of agreement and its interval."""
    if found.value is None:
        return NOTHING
    # Adding zero turns a rounded -0.00 into 0.00.
    text = f"{round(found.value, 2) + 0.0:.2f}"
    if found.interval is None:
        return text
    return f"{text} ({round(found.interval.low, 2) + 0.0:.2f} to {round(found.interval.high, 2) + 0.0:.2f})"


def p_value(p: float) -> str:
    """Render a p-value; a very small one only as that."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def all_tables(report: Report) -> Iterator[tuple[str, list[Table]]]:
    """Yield the heading and the tables of each part of a report."""
    for section in report.sections:
        yield heading(section), list(section_tables(section))
    for agreement in report.agreements:
        yield agreement_heading(agreement), list(agreement_tables(agreement))
