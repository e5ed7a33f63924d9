"""``/``: which model solves what, what is going on, and what has gone wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from vmevalkit.catalog import STATUSES, Catalog, ExperimentRow, RunFilters, RunRow, RunStatus, Standing
from vmevalkit.dataroot import Archived, DataRoot, check_name
from vmevalkit.errors import UnknownNameError
from vmevalkit.web import formats
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages._board import (
    BoardRow,
    BoardSort,
    Order,
    SortableColumn,
    board_rows,
    columns,
    first_order,
    sort_rows,
)
from vmevalkit.web.pages.query import Given, ScoredQuery, options
from vmevalkit.web.public import without_prefix
from vmevalkit.web.rendering import EmptyState, Pager, render

_ROWS = 100
_CELLS = 1600
"""How many cells a heatmap has at most, and then without links."""
_LINKED_CELLS = 400
_WIDEST = 40
_FAILURES = 10
_MESSAGE = 300
"""How much of a failure's reason is shown, in characters."""


class OverviewQuery(ScoredQuery):
    """What the overview can be asked."""

    sort: BoardSort = "rate"
    order: Given[Order] = None
    page: Annotated[int, Query(ge=1, le=10_000)] = 1
    model: Given[str] = None
    domain: Given[str] = None
    task_id: Given[str] = None
    status: Given[str] = None
    outcome: Given[str] = None

    def filters(self) -> dict[str, str]:
        """Return what once was filtered by at this address, and now is on the page of runs."""
        names = ("model", "domain", "task_id", "status", "outcome")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Progress:
    """How far the models of an experiment are, in questions; a question counts by its last run."""

    name: str
    link: str
    succeeded: int
    failed: int
    running: int
    remaining: int
    last_run_at: str | None

    @property
    def total(self) -> int:
        """All questions of all models."""
        return self.succeeded + self.failed + self.running + self.remaining

    @property
    def parts(self) -> tuple[tuple[str, str, int, float, float], ...]:
        """What a bar is drawn of: outcome, word, number, and where it begins and how wide it is, in percent."""
        found, begin = [], 0.0
        for outcome, word, number in (
            ("passed", "done", self.succeeded),
            ("running", "running", self.running),
            ("error", "failed", self.failed),
            ("unscored", "to do", self.remaining),
        ):
            width = round(100 * number / self.total, 3) if self.total else 0.0
            found.append((outcome, word, number, begin, width))
            begin = round(begin + width, 3)
        return tuple(found)


@dataclass(frozen=True)
class Failure:
    """A run that has failed."""

    row: RunRow
    link: str
    reason: str


@dataclass(frozen=True)
class OverviewView:
    """For ``overview.html``."""

    experiment: str
    experiments: tuple[tuple[str, str], ...]
    evaluator: str
    evaluators: tuple[tuple[str, str], ...]
    row: ExperimentRow | None
    """The experiment in numbers; `None` if there is none of this name."""
    questions: int
    columns: dict[BoardSort, SortableColumn]
    board: tuple[BoardRow, ...]
    models: int
    domains: tuple[str, ...]
    heated: tuple[BoardRow, ...]
    """The models of the heatmap."""
    has_linked_cells: bool
    pager: Pager
    progress: tuple[Progress, ...]
    is_running: bool
    failures: tuple[Failure, ...]
    problems: int
    is_building: bool
    empty: EmptyState | None


def overview_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of the overview."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    catalog = dashboard.catalog

    @router.get("/", response_model=None)
    def show_overview(request: Request, query: Annotated[OverviewQuery, Query()]) -> Response:
        links = Links.of(request)
        if query.filters():
            moved = links.browse(experiment=query.experiment, evaluator=query.evaluator, **query.filters())
            return RedirectResponse(moved)
        return HTMLResponse(render(request, "overview.html", _view(dashboard, catalog, links, query)))

    return router


def _view(dashboard: Dashboard, catalog: Catalog, links: Links, query: OverviewQuery) -> OverviewView:
    experiments = {row.name: row for row in catalog.experiments()}
    name = check_name("experiment", query.experiment or dashboard.default_experiment())
    archived = {stub.experiment: stub for stub in catalog.archived() if stub.experiment not in experiments}
    known = sorted({*experiments, *archived})
    if query.experiment and name not in known:
        raise UnknownNameError("experiment", name, known)
    evaluator = check_name("evaluator", query.scored_by)
    order = query.order or first_order(query.sort)
    questions = catalog.question_counts()
    standings = catalog.standings(name, evaluator)
    rows = sort_rows(board_rows(standings, questions), query.sort, order)
    first = (query.page - 1) * _ROWS
    board = tuple(rows[first : first + _ROWS])
    domains = tuple(sorted({*questions, *(standing.domain for standing in standings)}))[:_WIDEST]
    heated = board[: _CELLS // max(len(domains), 1)]
    progress = tuple(
        _progress(catalog, links, row, questions) for row in experiments.values() if row.running or row.name == name
    )
    problems, _ = catalog.problems(0)

    def sorted_by(sort: BoardSort, order: Order, page: int = 1) -> str:
        return links.with_query(
            links.overview(),
            experiment=name,
            evaluator=query.evaluator,
            sort=None if sort == "rate" else sort,
            order=None if order == first_order(sort) else order,
            page=None if page == 1 else page,
        )

    return OverviewView(
        experiment=name,
        experiments=options(known),
        evaluator=evaluator,
        evaluators=options(catalog.facets(name).evaluators),
        row=experiments.get(name),
        questions=sum(questions.values()),
        columns=columns(query.sort, order, sorted_by),
        board=board,
        models=len(rows),
        domains=domains,
        heated=heated,
        has_linked_cells=len(heated) * len(domains) <= _LINKED_CELLS,
        pager=Pager(
            previous=sorted_by(query.sort, order, query.page - 1) if query.page > 1 and rows else None,
            next=sorted_by(query.sort, order, query.page + 1) if first + _ROWS < len(rows) else None,
        ),
        progress=tuple(one for one in progress if one.remaining or one.running),
        is_running=any(row.running for row in experiments.values()),
        failures=tuple(
            Failure(row, links.question(row.key.pair, name, evaluator), _reason(dashboard.root, row))
            for row in catalog.last_failures(name, _FAILURES)
        ),
        problems=problems,
        is_building=catalog.is_building,
        empty=_empty(questions, standings, name, archived.get(name)),
    )


def _progress(catalog: Catalog, links: Links, row: ExperimentRow, questions: Mapping[str, int]) -> Progress:
    def runs(status: RunStatus) -> int:
        return catalog.runs(RunFilters(row.name, status=status, last_only=True), limit=1).total

    numbers = {status: runs(status) for status in STATUSES}
    return Progress(
        name=row.name,
        link=links.overview(row.name),
        succeeded=numbers["succeeded"],
        failed=numbers["failed"] + numbers["unreadable"],
        running=numbers["running"],
        remaining=max(row.models * sum(questions.values()) - sum(numbers.values()), 0),
        last_run_at=row.last_run_at,
    )


def _empty(
    questions: Mapping[str, int], standings: Sequence[Standing], experiment: str, archived: Archived | None
) -> EmptyState | None:
    """Say what to do next where there is nothing to rank."""
    if standings:
        return None
    if archived is not None:
        runs = sum(model.runs for model in archived.models.values())
        return EmptyState(
            "This experiment is archived",
            f"Since {formats.when(archived.archived_at)}, {formats.plural(runs, 'run')} of "
            f"{formats.plural(len(archived.models), 'model')} ({formats.size(archived.bytes)}) are on the remote as "
            f"{archived.snapshot}. To bring them back:",
            (f"vmevalkit unarchive {experiment} --yes",),
        )
    film = f"vmevalkit run --experiment {experiment} --model oracle"
    score = f"vmevalkit evaluate --experiment {experiment}"
    if questions:
        return EmptyState(
            "No videos yet",
            f"Experiment {experiment} has no runs. Have a model film the questions, then score its videos:",
            (film, score),
        )
    return EmptyState(
        "Nothing here yet",
        "This data root has no questions. Make some, have a model film them, then score the videos:",
        ("vmevalkit create", film, score),
    )


def _reason(root: DataRoot, row: RunRow) -> str:
    if row.error is None:
        return "no reason was noted"
    return formats.shortened(without_prefix(root, row.error.message), _MESSAGE)
