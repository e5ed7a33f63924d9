"""``/compare``: where two models, or one in two experiments, differ; of several, every two."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from vmevalkit.analysis.statistics import Interval, mcnemar, paired_difference
from vmevalkit.catalog import Catalog, ComparedRow, Comparison, ComparisonKind, Side
from vmevalkit.dataroot import check_name
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages._board import board_rows, sort_rows
from vmevalkit.web.pages.query import MOST_OPTIONS, Given, ScoredQuery, options
from vmevalkit.web.rendering import Choice, EmptyState, Pager, render

_MOST_SIDES = 8
_ROWS = 24


class CompareQuery(ScoredQuery):
    """What the page can be asked. A side is ``<experiment>/<model>``."""

    side: list[str] = Field(default_factory=list, max_length=4 * _MOST_SIDES)
    """The sides; each may be several with commas between them."""
    first: Given[str] = None
    """Of several sides, the two that are looked at: the first two if nothing is said."""
    second: Given[str] = None
    kind: ComparisonKind = "differ"
    domain: Given[str] = None
    cursor: Given[str] = None

    def sides(self) -> tuple[Side, ...]:
        """Return the sides, each once."""
        texts = [text for given in self.side for text in given.split(",")]
        found = tuple(dict.fromkeys(_side(text) for text in (*texts, self.first, self.second) if text and text.strip()))
        if len(found) > _MOST_SIDES:
            raise UsageError(f"{len(found)} sides are too many", hint=f"compare up to {_MOST_SIDES}")
        return found

    def pair(self, sides: Sequence[Side]) -> tuple[Side, Side]:
        """Return the two of the sides that are looked at."""
        second = _side(self.second) if self.second else None
        first = _side(self.first) if self.first else next(side for side in sides if side != second)
        second = second or next(side for side in sides if side != first)
        if first == second:
            raise UsageError("a side cannot be compared with itself", hint="choose two that are not the same")
        return first, second


def _side(text: str) -> Side:
    experiment, slash, model = text.strip().partition("/")
    if not slash:
        raise UsageError(f"{text!r} is no side of a comparison", hint="name it as experiment/model")
    return Side(check_name("experiment", experiment), check_name("model", model))


def side_name(side: Side) -> str:
    """Return a side as an address names it."""
    return f"{side.experiment}/{side.model}"


@dataclass(frozen=True)
class Duel:
    """How two sides did against each other, on one domain or on all."""

    counts: Comparison
    interval: Interval | None
    """Of the first's rate less the second's."""
    p: float
    """Of McNemar's exact test: how likely it is that sides of equal worth differ so much."""

    @property
    def questions(self) -> int:
        """Questions that both were scored on."""
        return self.counts.both + self.counts.only_first + self.counts.only_second + self.counts.neither

    @property
    def difference(self) -> float | None:
        """The first's rate less the second's."""
        return (self.counts.only_first - self.counts.only_second) / self.questions if self.questions else None

    @property
    def parts(self) -> tuple[tuple[str, float, float], ...]:
        """What a bar is drawn of: the kind, where it begins and how wide it is, in percent."""
        found, begin = [], 0.0
        for kind in ("both", "only_first", "only_second", "neither"):
            width = round(100 * getattr(self.counts, kind) / self.questions, 3) if self.questions else 0.0
            found.append((kind, begin, width))
            begin = round(begin + width, 3)
        return tuple(found)


@dataclass(frozen=True)
class DomainDuel:
    """A line of the table of domains; the first stands for all of them."""

    domain: str | None
    duel: Duel
    links: Mapping[str, str]
    """Where the questions of each kind are."""
    is_chosen: bool


@dataclass(frozen=True)
class Bout:
    """A cell of the matrix: a side against another one."""

    wins: int
    losses: int
    p: float
    link: str
    is_chosen: bool
    questions: int


@dataclass(frozen=True)
class ChosenSide:
    """A side in the form."""

    name: str
    side: Side
    without: str | None
    """The page without it; `None` if there are only two."""


@dataclass(frozen=True)
class CompareView:
    """For ``compare.html``."""

    query: CompareQuery
    sides: tuple[ChosenSide, ...]
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """What can be chosen: for each experiment, the sides by their names in an address."""
    can_add: bool
    evaluators: tuple[tuple[str, str], ...]
    domains: tuple[tuple[str, str], ...]
    matrix: tuple[tuple[ChosenSide, tuple[Bout | None, ...]], ...]
    """For each of three or more sides, how it does against every other one."""
    names: tuple[str, str]
    """Of the two that are looked at, as short as tells them apart."""
    table: tuple[DomainDuel, ...]
    kinds: tuple[Choice, ...]
    rows: tuple[ComparedRow, ...]
    pager: Pager
    empty: EmptyState | None


def compare_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of the comparison."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/compare")
    def show_comparison(request: Request, query: Annotated[CompareQuery, Query()]) -> str:
        page = _Page(dashboard, Links.of(request), query)
        return render(request, "compare.html", page.view())

    return router


class _Page:
    """The page while it is made."""

    def __init__(self, dashboard: Dashboard, links: Links, query: CompareQuery) -> None:
        self._catalog, self._links, self._query = dashboard.catalog, links, query
        self._evaluator = check_name("evaluator", query.scored_by)
        self._domain = check_name("domain", query.domain) if query.domain else None
        known = self._catalog.sides()
        self._groups = _groups(known)
        sides = query.sides()
        for side in sides:
            _check_side(side, known)
        if len(sides) < 2:
            best = _best(self._catalog, query.experiment or dashboard.default_experiment(), self._evaluator)
            sides = (*sides, *(side for side in best if side not in sides))[:2]
        self._sides = sides

    def view(self) -> CompareView:
        """Look everything up."""
        facets = self._catalog.facets()
        sides = tuple(
            ChosenSide(
                side_name(side), side, self._link(sides=rest, first=None, second=None) if len(rest) > 1 else None
            )
            for side in self._sides
            for rest in [[other for other in self._sides if other != side]]
        )
        pair = self._query.pair(self._sides) if len(self._sides) > 1 else None
        table = self._table(*pair) if pair else ()
        found = (
            self._catalog.compared(
                *pair,
                self._query.kind,
                evaluator=self._evaluator,
                domain=self._domain,
                limit=_ROWS,
                cursor=self._query.cursor,
            )
            if pair
            else None
        )
        names = _short_names(*pair) if pair else ("", "")
        return CompareView(
            query=self._query,
            sides=sides,
            groups=tuple(
                (experiment, tuple((f"{experiment}/{model}", model) for model in models))
                for experiment, models in self._groups.items()
            ),
            can_add=1 < len(sides) < _MOST_SIDES,
            evaluators=options(facets.evaluators),
            domains=options(facets.domains),
            matrix=self._matrix(sides, pair) if pair and len(sides) > 2 else (),
            names=names,
            table=table,
            kinds=self._kinds(table, names),
            rows=found.rows if found else (),
            pager=Pager(
                previous=None,
                next=self._link(cursor=found.next_cursor) if found and found.next_cursor else None,
                first=self._link() if self._query.cursor else None,
            ),
            empty=_empty(self._groups, pair is not None, table),
        )

    def _link(self, *, sides: Sequence[Side] | None = None, **changed: object) -> str:
        query = self._query
        values: dict[str, object] = {
            "side": ",".join(map(side_name, self._sides if sides is None else sides)),
            "first": query.first,
            "second": query.second,
            "evaluator": query.evaluator,
            "kind": None if query.kind == "differ" else query.kind,
            "domain": query.domain,
        }
        return self._links.compare(**(values | changed))

    def _counts(self, first: Side, second: Side) -> dict[str, Comparison]:
        return self._catalog.compare(first, second, evaluator=self._evaluator)

    def _table(self, first: Side, second: Side) -> tuple[DomainDuel, ...]:
        by_domain = self._counts(first, second)

        def line(domain: str | None, counts: Comparison) -> DomainDuel:
            kinds = ("both", "only_first", "only_second", "neither")
            links = {kind: f"{self._link(kind=kind, domain=domain)}#questions" for kind in kinds}
            return DomainDuel(domain, _duel(counts), links, domain == self._domain)

        every = line(None, _sum(by_domain.values()))
        return (every, *(line(domain, counts) for domain, counts in by_domain.items()))

    def _kinds(self, table: Sequence[DomainDuel], names: tuple[str, str]) -> tuple[Choice, ...]:
        chosen = next((line for line in table if line.is_chosen), None)
        if chosen is None:
            return ()
        counts = chosen.duel.counts
        kinds: tuple[tuple[ComparisonKind, str, int], ...] = (
            ("differ", "They differ", counts.only_first + counts.only_second),
            ("only_first", f"Only {names[0]}", counts.only_first),
            ("only_second", f"Only {names[1]}", counts.only_second),
            ("both", "Both", counts.both),
            ("neither", "Neither", counts.neither),
        )
        return tuple(
            Choice(
                f"{text} ({number:,})",
                f"{self._link(kind=None if kind == 'differ' else kind)}#questions",
                kind == self._query.kind,
            )
            for kind, text, number in kinds
        )

    def _matrix(
        self, sides: Sequence[ChosenSide], pair: tuple[Side, Side]
    ) -> tuple[tuple[ChosenSide, tuple[Bout | None, ...]], ...]:
        bouts: dict[tuple[Side, Side], Bout] = {}
        for one, other in combinations(self._sides, 2):
            duel = _duel(_sum(self._counts(one, other).values()))
            counts, is_chosen = duel.counts, {one, other} == set(pair)
            for first, second, wins, losses in (
                (one, other, counts.only_first, counts.only_second),
                (other, one, counts.only_second, counts.only_first),
            ):
                link = self._link(first=side_name(first), second=side_name(second))
                bouts[first, second] = Bout(wins, losses, duel.p, link, is_chosen, duel.questions)
        return tuple((row, tuple(bouts.get((row.side, column.side)) for column in sides)) for row in sides)


def _duel(counts: Comparison) -> Duel:
    interval = paired_difference(counts.both, counts.only_first, counts.only_second, counts.neither)
    return Duel(counts, interval, mcnemar(counts.only_first, counts.only_second).exact)


def _sum(counts: Iterable[Comparison]) -> Comparison:
    total = Comparison(0, 0, 0, 0)
    for one in counts:
        total = Comparison(
            total.both + one.both,
            total.only_first + one.only_first,
            total.only_second + one.only_second,
            total.neither + one.neither,
        )
    return total


def _groups(sides: Sequence[Side]) -> dict[str, tuple[str, ...]]:
    """Return what can be chosen: the models of each experiment, up to as many as a field holds."""
    groups: dict[str, tuple[str, ...]] = {}
    for side in sides[:MOST_OPTIONS]:
        groups[side.experiment] = (*groups.get(side.experiment, ()), side.model)
    return groups


def _best(catalog: Catalog, experiment: str, evaluator: str) -> tuple[Side, ...]:
    """Return the models of an experiment, the best first: what is compared as long as nothing is chosen."""
    rows = sort_rows(board_rows(catalog.standings(experiment, evaluator), {}), "rate", "descending")
    return tuple(Side(experiment, row.model) for row in rows)


def _check_side(side: Side, known: Sequence[Side]) -> None:
    experiments = sorted({other.experiment for other in known})
    if side.experiment not in experiments:
        raise UnknownNameError("experiment", side.experiment, experiments)
    if side not in known:
        models = [other.model for other in known if other.experiment == side.experiment]
        raise UnknownNameError("model", side.model, models)


def _short_names(first: Side, second: Side) -> tuple[str, str]:
    if first.experiment == second.experiment:
        return first.model, second.model
    return side_name(first), side_name(second)


def _empty(groups: Mapping[str, Sequence[str]], has_pair: bool, table: Sequence[DomainDuel]) -> EmptyState | None:
    if not has_pair:
        number = sum(map(len, groups.values()))
        found = "There are no runs yet" if not number else "There is only one model with runs"
        return EmptyState(
            "Two sides are needed",
            f"{found}. Have two models film the questions, then score the videos:",
            ("vmevalkit run --model oracle,static", "vmevalkit evaluate"),
        )
    if not table[0].duel.questions:
        return EmptyState(
            "No question in common",
            "There is no question that both sides were scored on. Score more of their videos, or choose others:",
            ("vmevalkit evaluate",),
        )
    return None
