"""``/browse``: all runs, in a grid of pictures or a table; every filter is in the address."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from vmevalkit.catalog import OUTCOMES, STATUSES, Outcome, RunFilters, RunRow, RunStatus, Sort
from vmevalkit.web import formats
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages.query import Given, ScoredQuery, options
from vmevalkit.web.rendering import Choice, EmptyState, Pager, render

_IN_GRID, _IN_TABLE = 48, 100

BrowseSort = Literal["name", "newest", "oldest", "best", "worst"]
_SORTS: dict[BrowseSort, tuple[str, Sort, bool]] = {
    "name": ("Name", "key", False),
    "newest": ("Newest first", "created", True),
    "oldest": ("Oldest first", "created", False),
    "best": ("Best score first", "score", True),
    "worst": ("Worst score first", "score", False),
}
"""What an order is called, what it sorts by, and whether the largest comes first."""
_OUTCOME_WORDS: dict[Outcome, str] = {
    "passed": "Passed",
    "failed": "Failed",
    "error": "Error",
    "unscored": "Not scored",
}
View = Literal["grid", "table"]
_Score = Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
_Text = Annotated[str, Field(max_length=200)]


class BrowseQuery(ScoredQuery):
    """What the page of runs can be asked."""

    model: Given[str] = None
    domain: Given[str] = None
    task_id: Given[str] = None
    difficulty: Given[_Text] = None
    status: Given[RunStatus] = None
    outcome: Given[Outcome] = None
    score_from: Given[_Score] = None
    score_to: Given[_Score] = None
    since: Given[date] = None
    """The first day, in UTC."""
    until: Given[date] = None
    """The last day."""
    text: Given[_Text] = None
    last: Given[bool] = None
    """Only the run that counts of each model on each question."""
    review: Given[bool] = None
    """Only what somebody should look at."""
    sort: BrowseSort = "name"
    view: View = "grid"
    cursor: Given[str] = None
    before: Given[str] = None

    def filters(self) -> RunFilters:
        """Return which runs are asked for."""
        return RunFilters(
            experiment=self.experiment,
            model=self.model,
            domain=self.domain,
            task_id=self.task_id,
            difficulty=self.difficulty,
            status=self.status,
            outcome=self.outcome,
            evaluator=self.scored_by,
            score_from=self.score_from,
            score_to=self.score_to,
            since=self.since.isoformat() if self.since else None,
            # Up to the end of the last day: before the day after it, where there is one.
            until=(self.until + timedelta(days=1)).isoformat() if self.until and self.until < date.max else None,
            text=self.text,
            needs_review=bool(self.review),
            last_only=bool(self.last),
        )

    def link(self, links: Links, **changed: object) -> str:
        """Return the same page with something changed, from its start unless that names a cursor."""
        values = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"cursor", "before"})
        return links.browse(**({name: _in_address(value) for name, value in values.items()} | changed))

    def chips(self, links: Links) -> tuple["Chip", ...]:
        """Return the filters that are set."""
        words: dict[str, str | None] = {
            "experiment": self.experiment,
            "model": self.model,
            "domain": self.domain,
            "task_id": self.task_id,
            "difficulty": self.difficulty,
            "status": self.status,
            "outcome": _OUTCOME_WORDS[self.outcome] if self.outcome else None,
            "score_from": None if self.score_from is None else f"at least {self.score_from:g}",
            "score_to": None if self.score_to is None else f"at most {self.score_to:g}",
            "since": f"from {self.since}" if self.since else None,
            "until": f"to {self.until}" if self.until else None,
            "text": f"“{self.text}”" if self.text else None,
            "last": "last runs only" if self.last else None,
            "review": "needs review" if self.review else None,
        }
        return tuple(
            Chip(_CHIP_NAMES.get(name, name), word, self.link(links, **{name: None}))
            for name, word in words.items()
            if word
        )


def _in_address(value: object) -> object:
    return "true" if value is True else value


_CHIP_NAMES = {
    "task_id": "question",
    "score_from": "score",
    "score_to": "score",
    "since": "begun",
    "until": "begun",
    "text": "prompt",
    "last": "",
    "review": "",
}


@dataclass(frozen=True)
class Chip:
    """A filter that is set."""

    name: str
    value: str
    link: str
    """The page without it."""


@dataclass(frozen=True)
class BrowseView:
    """For ``browse.html``."""

    query: BrowseQuery
    rows: tuple[RunRow, ...]
    total: str
    experiments: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str], ...]
    domains: tuple[tuple[str, str], ...]
    difficulties: tuple[tuple[str, str], ...]
    evaluators: tuple[tuple[str, str], ...]
    statuses: tuple[tuple[str, str], ...]
    outcomes: tuple[tuple[str, str], ...]
    sorts: tuple[tuple[str, str], ...]
    has_more_filters: bool
    """Whether one of those that are folded away is set."""
    chips: tuple[Chip, ...]
    clear: str
    views: tuple[Choice, ...]
    pager: Pager
    empty: EmptyState | None


def browse_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of the page of runs."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/browse")
    def show_runs(request: Request, query: Annotated[BrowseQuery, Query()]) -> str:
        return render(request, "browse.html", _view(dashboard, Links.of(request), query))

    return router


def _view(dashboard: Dashboard, links: Links, query: BrowseQuery) -> BrowseView:
    _, sort, descending = _SORTS[query.sort]
    page = dashboard.catalog.runs(
        query.filters(),
        sort=sort,
        descending=descending,
        limit=_IN_GRID if query.view == "grid" else _IN_TABLE,
        cursor=query.cursor,
        before=query.before,
    )
    facets = dashboard.catalog.facets(query.experiment)
    chips = query.chips(links)
    clear = links.browse(view=None if query.view == "grid" else query.view)
    pager = Pager(
        previous=query.link(links, before=page.previous_cursor) if page.previous_cursor else None,
        next=query.link(links, cursor=page.next_cursor) if page.next_cursor else None,
        first=query.link(links) if page.previous_cursor else None,
    )
    return BrowseView(
        query=query,
        rows=page.rows,
        total=formats.total(page.total, page.total_is_exact) + (" run" if page.total == 1 else " runs"),
        experiments=options(facets.experiments),
        models=options(facets.models),
        domains=options(facets.domains),
        difficulties=options(facets.difficulties),
        evaluators=options(facets.evaluators),
        statuses=tuple((status, status.capitalize()) for status in STATUSES),
        outcomes=tuple((outcome, _OUTCOME_WORDS[outcome]) for outcome in OUTCOMES),
        sorts=tuple((name, text) for name, (text, _, _) in _SORTS.items()),
        has_more_filters=any((query.task_id, query.status, query.score_from, query.score_to, query.since, query.until)),
        chips=chips,
        clear=clear,
        views=(
            Choice("Grid", query.link(links, view=None), query.view == "grid"),
            Choice("Table", query.link(links, view="table"), query.view == "table"),
        ),
        pager=pager,
        empty=_empty(query, bool(facets.experiments), bool(chips), clear) if not page.rows else None,
    )


def _empty(query: BrowseQuery, has_runs: bool, is_filtered: bool, clear: str) -> EmptyState:
    if query.cursor or query.before:
        return EmptyState("Nothing more here", "The runs that were on this page are gone.", link=clear)
    if is_filtered and has_runs:
        return EmptyState("No run matches", "Take one of the filters away, or all of them.", link=clear)
    if query.sort in ("best", "worst") and has_runs:
        return EmptyState(
            "Nothing is scored yet",
            f"{query.scored_by} has scored no run. Have the videos scored:",
            ("vmevalkit evaluate",),
            clear,
        )
    return EmptyState("No runs yet", "Have a model film the questions:", ("vmevalkit run --model oracle",))
