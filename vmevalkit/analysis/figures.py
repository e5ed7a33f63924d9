"""The figures of a report. Each has a row, a column or a panel per model, so that nothing lies over anything else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmevalkit.analysis.curves import SCORES
from vmevalkit.analysis.leaderboard import Cell
from vmevalkit.analysis.report import Report, Section
from vmevalkit.analysis.style import (
    BLUE,
    GROUND,
    INK,
    MUTED,
    SCORE_COLOURS,
    bare,
    diverging,
    new_figure,
    percent_axis,
    sequential,
    short,
    styled,
    text_colour_on,
)
from vmevalkit.analysis.tables import NOTHING, agreement_heading, heading
from vmevalkit.analysis.voices import Agreement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_WIDTH = 7.2
_ROW = 0.235
_NUMBERS_UP_TO = 12  # models in a matrix whose cells have room for a number
_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Drawing:
    """A figure and what it shows."""

    path: tuple[str, ...]
    """Folders and name, without ending: experiment, evaluator, kind."""
    part: str
    """The heading of the part of the report that it belongs to."""
    table: str
    """The kind of table that it stands beside."""
    shows: str
    """A phrase that says what is to be seen."""
    figure: "Figure"

    @property
    def caption(self) -> str:
        """What it shows, and of what."""
        return f"{self.part}: {self.shows}"


def drawings(report: Report) -> Iterator[Drawing]:
    """Draw all figures of a report for which there are numbers, one after the other."""
    path: tuple[str, ...]
    kinds: tuple[tuple[str, str, str, Callable[[Section], Figure | None]], ...] = (
        ("rates", "leaderboard", "success rate with 95% Wilson interval", _rates),
        ("domains", "leaderboard", "success rate by domain, in percent", _domains),
        ("difficulty", "difficulty", "success rate by difficulty, with 95% Wilson interval", _difficulty),
        ("scores", "scores", "share of each score", _scores),
        (
            "comparison",
            "comparison",
            "row's rate less column's, in points; a dot: p < 0.05 after Holm's correction",
            _comparison,
        ),
        (
            "sample-size",
            "sample-size",
            "success rate as questions are added in random order: nine in ten orders lie in the band; dashed, the mean "
            "95% interval; points up or down now, and how many questions five would take",
            _size,
        ),
    )
    for section in report.sections:
        for name, table, what, draw in kinds:
            with styled():
                figure = draw(section)
            if figure is not None:
                path = (section.board.experiment, section.board.evaluator, name)
                yield Drawing(path, heading(section), table, what, figure)
    for agreement in report.agreements:
        if agreement.evaluators:
            with styled():
                figure = _agreement(agreement)
            path, part = (agreement.experiment, "agreement"), agreement_heading(agreement)
            what = "evaluators two by two, Cohen's kappa of the scores with quadratic weights"
            yield Drawing(path, part, "agreement", what, figure)


def _rates(section: Section) -> "Figure | None":
    rows = section.board.rows
    if not rows:
        return None
    figure = new_figure(_WIDTH, 0.75 + _ROW * len(rows))
    axes = figure.add_subplot()
    for y, row in enumerate(rows):
        total, interval = row.total, row.total.interval
        if total.rate is not None and interval is not None:
            axes.plot([interval.low, interval.high], [y, y], color=BLUE, linewidth=2.2, alpha=0.55)
            axes.plot([total.rate], [y], "o", color=BLUE, markersize=5, clip_on=False)
        _beside(axes, y, _counts(total))
    axes.set_xlim(0, 1)
    percent_axis(axes.xaxis)
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("solved of the scored questions")
    _model_rows(axes, [row.model for row in rows])
    return figure


def _counts(total: Cell) -> str:
    unscored = total.errors + total.missing
    if not total.scored:
        return f"{unscored} unscored"
    return f"{total.passed} of {total.scored}" + (f", {unscored} unscored" if unscored else "")


def _domains(section: Section) -> "Figure | None":
    board = section.board
    if not board.rows or not board.domains:
        return None
    cells = [[row.domains[domain].rate for domain in board.domains] for row in board.rows]
    figure = new_figure(min(2.6 + 0.75 * len(board.domains), 14), 0.7 + _ROW * len(board.rows))
    axes = figure.add_subplot()
    _heat(axes, cells, sequential(), (0, 1), lambda rate: f"{100 * rate:.0f}")
    _columns_on_top(axes, board.domains, turned=len(board.domains) > 8)
    _model_rows(axes, [row.model for row in board.rows])
    return figure


def _difficulty(section: Section) -> "Figure | None":
    if not any(len(curve.points) > 1 for curve in section.difficulties):
        return None
    figure, panels = _panels([curve.model for curve in section.difficulties])
    for axes, curve in zip(panels, section.difficulties, strict=True):
        levels = [short(level, 10) for level, _ in curve.points]
        seen = [
            (x, cell.rate, interval)
            for x, (_, cell) in enumerate(curve.points)
            if cell.rate is not None and (interval := cell.interval) is not None
        ]
        for x, _, interval in seen:
            axes.plot([x, x], [interval.low, interval.high], color=BLUE, linewidth=2, alpha=0.5)
        axes.plot([x for x, _, _ in seen], [rate for _, rate, _ in seen], "-o", color=BLUE, markersize=4, linewidth=1.2)
        axes.set_xlim(-0.4, len(levels) - 0.6)
        turned = len(levels) > 4 or max(map(len, levels)) > 7
        axes.set_xticks(range(len(levels)), levels, rotation=45 if turned else 0, ha="right" if turned else "center")
        _rate_panel(axes)
        if not seen:
            _nothing_in(axes)
    return figure


def _scores(section: Section) -> "Figure | None":
    if not any(sum(scores.counts) for scores in section.scores):
        return None
    figure = new_figure(_WIDTH, 1.0 + _ROW * len(section.scores))
    axes = figure.add_subplot()
    counts = np.array([scores.counts for scores in section.scores], dtype=float)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    left = np.zeros(len(totals))
    for score, colour, share in zip(SCORES, SCORE_COLOURS, shares.T, strict=True):
        axes.barh(range(len(share)), share, left=left, height=0.72, color=colour, label=str(score))
        left += share
    for y, (scores, total) in enumerate(zip(section.scores, totals, strict=True)):
        _beside(axes, y, "no scores" if scores.mean is None else f"mean {scores.mean:.1f} of {total:.0f}")
    axes.set_xlim(0, 1)
    percent_axis(axes.xaxis)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _model_rows(axes, [scores.model for scores in section.scores])
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=5,
        title="score",
        title_fontsize=8,
        handlelength=1.2,
        labelcolor=INK,
    )
    return figure


def _comparison(section: Section) -> "Figure | None":
    compared = [c for c in section.comparisons if c.questions]
    if not compared:
        return None
    models = [row.model for row in section.board.rows if any(row.model in (c.first, c.second) for c in compared)]
    size = len(models)
    place = {model: i for i, model in enumerate(models)}
    cells: list[list[float | None]] = [[None] * size for _ in models]
    for c in compared:
        if c.difference is not None:
            cells[place[c.first]][place[c.second]] = c.difference
            cells[place[c.second]][place[c.first]] = -c.difference
    cell = 0.42 if size <= _NUMBERS_UP_TO else 0.2
    figure = new_figure(2.6 + cell * size, 1.6 + cell * size)
    axes = figure.add_subplot()
    _heat(axes, cells, diverging(), (-1, 1), _signed if size <= _NUMBERS_UP_TO else None)
    axes.set_aspect("equal")
    found = [(place[c.first], place[c.second]) for c in compared if c.p_holm < _SIGNIFICANT]
    for y, x in [*found, *((x, y) for y, x in found)]:
        _dot(axes, x, y, cells[y][x] or 0.0, below_number=size <= _NUMBERS_UP_TO)
    _columns_on_top(axes, models, turned=True)
    _model_rows(axes, models)
    return figure


def _dot(axes: "Axes", x: int, y: int, difference: float, *, below_number: bool) -> None:
    """Mark a difference that is more than chance."""
    colour = text_colour_on(diverging()((difference + 1) / 2))
    axes.plot([x], [y + (0.32 if below_number else 0)], "o", color=colour, markersize=2 if below_number else 2.4)


def _size(section: Section) -> "Figure | None":
    if not any(curve.points for curve in section.convergences):
        return None
    figure, panels = _panels([curve.model for curve in section.convergences])
    for axes, curve in zip(panels, section.convergences, strict=True):
        _rate_panel(axes)
        if curve.rate is None:
            _nothing_in(axes)
            axes.set_xticks([])
            continue
        sizes = [point.questions for point in curve.points]
        low, high = [point.low for point in curve.points], [point.high for point in curve.points]
        axes.fill_between(sizes, low, high, color=BLUE, alpha=0.28, linewidth=0)
        axes.axhline(curve.rate, color=BLUE, linewidth=1.2)
        for ends in ([point.interval.low for point in curve.points], [point.interval.high for point in curve.points]):
            axes.plot(sizes, ends, color=MUTED, linewidth=0.8, dashes=(3, 2))
        axes.set_xlim(1, max(sizes[-1], 2))
        axes.set_xticks([1, sizes[-1]] if sizes[-1] > 1 else [1])
        # The label goes to the half of the panel that the curve leaves free.
        where = 0.05 if curve.rate >= 0.5 else 0.95
        text = f"±{100 * curve.points[-1].interval.half_width:.0f} now; {curve.needed} for ±5"
        axes.text(
            0.97,
            where,
            text,
            transform=axes.transAxes,
            ha="right",
            va="bottom" if where < 0.5 else "top",
            fontsize=7,
            color=MUTED,
        )
    return figure


def _agreement(agreement: Agreement) -> "Figure":
    names = list(dict.fromkeys(name for pair in agreement.evaluators for name in (pair.first, pair.second)))
    place = {name: i for i, name in enumerate(names)}
    cells: list[list[float | None]] = [[None] * len(names) for _ in names]
    for pair in agreement.evaluators:
        a, b = place[pair.first], place[pair.second]
        cells[a][b] = cells[b][a] = pair.weighted_kappa.value
    figure = new_figure(2.6 + 0.55 * len(names), 1.6 + 0.55 * len(names))
    axes = figure.add_subplot()
    _heat(axes, cells, sequential(), (0, 1), lambda value: f"{round(value, 2) + 0.0:.2f}")
    axes.set_aspect("equal")
    _columns_on_top(axes, names, turned=True)
    _model_rows(axes, names)
    return figure


def _heat(
    axes: "Axes",
    cells: Sequence[Sequence[float | None]],
    colours: "Colormap",
    limits: tuple[float, float],
    label: Callable[[float], str] | None,
) -> None:
    """Fill the axes with coloured cells, the first row on top; a cell without a value stays empty."""
    values = np.array([[np.nan if cell is None else cell for cell in row] for row in cells], dtype=float)
    edges_x, edges_y = np.arange(values.shape[1] + 1) - 0.5, np.arange(values.shape[0] + 1) - 0.5
    axes.pcolormesh(
        edges_x,
        edges_y,
        np.ma.masked_invalid(values),
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
        edgecolors=GROUND,
        linewidth=1,
    )
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            if cell is None:
                axes.text(x, y, NOTHING, ha="center", va="center", fontsize=7, color=MUTED)
            elif label is not None:
                place = (min(max(cell, limits[0]), limits[1]) - limits[0]) / (limits[1] - limits[0])
                colour = text_colour_on(colours(place))
                axes.text(x, y, label(cell), ha="center", va="center", fontsize=7.5, color=colour)
    bare(axes)


def _panels(models: Sequence[str]) -> "tuple[Figure, list[Axes]]":
    """Make a small panel per model, with common scales."""
    columns = 4 if len(models) > 6 else min(len(models), 3)
    rows = -(-len(models) // columns)
    width = {1: 3.4, 2: 5.4}.get(columns, _WIDTH)
    figure = new_figure(width, 0.2 + 1.55 * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    flat = list(grid.flat)
    for axes in flat[len(models) :]:
        axes.remove()
    longest = {1: 44, 2: 36, 3: 32}.get(columns, 25)
    for axes, model in zip(flat, models, strict=False):
        axes.set_title(short(model, longest), loc="left", fontsize=8)
    return figure, flat[: len(models)]


def _rate_panel(axes: "Axes") -> None:
    axes.set_ylim(-0.03, 1.03)
    percent_axis(axes.yaxis)
    axes.set_yticks([0, 0.5, 1])
    axes.grid(visible=True, axis="y")
    axes.tick_params(length=0, labelsize=7.5, labelcolor=MUTED)
    axes.spines["left"].set_visible(False)


def _nothing_in(axes: "Axes") -> None:
    axes.text(
        0.5,
        0.5,
        "no score",
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=8,
        color=MUTED,
        bbox={"facecolor": GROUND, "edgecolor": "none", "pad": 2},
    )


def _model_rows(axes: "Axes", models: Sequence[str]) -> None:
    axes.set_yticks(range(len(models)), [short(model) for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=7)


def _columns_on_top(axes: "Axes", names: Sequence[str], *, turned: bool) -> None:
    axes.xaxis.tick_top()
    axes.set_xticks(
        range(len(names)),
        [short(name) for name in names],
        rotation=90 if turned else 0,
        ha="center",
        color=INK,
    )


def _beside(axes: "Axes", y: int, text: str) -> None:
    """Write to the right of a row."""
    axes.annotate(
        text,
        (1, y),
        xytext=(10, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        color=MUTED,
        annotation_clip=False,
    )


def _signed(difference: float) -> str:
    return f"{100 * difference:+.0f}" if difference else "0"
