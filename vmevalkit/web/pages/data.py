"""``/data``: the questions, what is wrong with files, and how much of the disk they take."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse, RedirectResponse, Response

from vmevalkit.catalog import Problem, QuestionRow
from vmevalkit.clock import now
from vmevalkit.dataroot import Archived, check_name
from vmevalkit.web import formats
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages._disk import DiskReport, DiskUse
from vmevalkit.web.pages.query import Given, PageQuery, options
from vmevalkit.web.public import without_prefix
from vmevalkit.web.rendering import EmptyState, Pager, render

_ROWS = 48
_PROBLEMS = 50
_PROMPT = 160
_REASON = 300
_PARTS = 100
_WAIT_SECONDS = 0.5
"""How long somebody who has a disk measured waits for it: for a small one that is enough."""

_Text = Annotated[str, Field(max_length=200)]


class DataQuery(PageQuery):
    """What the page can be asked."""

    domain: Given[str] = None
    difficulty: Given[_Text] = None
    text: Given[_Text] = None
    cursor: Given[str] = None
    before: Given[str] = None

    def link(self, links: Links, **changed: object) -> str:
        """Return the same page with something changed."""
        values: dict[str, object] = {"domain": self.domain, "difficulty": self.difficulty, "text": self.text}
        return links.data(**(values | changed))  # type: ignore[arg-type] # the domain is a string or nothing


@dataclass(frozen=True)
class DomainTab:
    """A domain that can be chosen."""

    name: str
    questions: int
    link: str
    is_chosen: bool


@dataclass(frozen=True)
class QuestionCard:
    """A question of the gallery."""

    row: QuestionRow
    link: str
    prompt: str


@dataclass(frozen=True)
class DataView:
    """For ``data.html``."""

    query: DataQuery
    tabs: tuple[DomainTab, ...]
    difficulties: tuple[tuple[str, str], ...]
    total: str
    cards: tuple[QuestionCard, ...]
    pager: Pager
    clear: str | None
    """The page without filters; `None` if there are none."""
    problem_count: int
    problems: tuple[Problem, ...]
    archived: tuple[Archived, ...]
    disk: DiskReport | None
    disk_age: str
    files_seen: int | None
    """How far the measurement of the disk is; `None` if none is going on."""
    measure: str
    """Where to ask for one."""
    empty: EmptyState | None


def data_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes of the page."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    disk = DiskUse(dashboard.root)

    @router.get("/data")
    def show_data(request: Request, query: Annotated[DataQuery, Query()]) -> str:
        return render(request, "data.html", _view(dashboard, disk, Links.of(request), query))

    @router.post("/data/disk")
    def measure_disk(request: Request) -> Response:
        disk.start()
        disk.wait(_WAIT_SECONDS)
        return RedirectResponse(f"{Links.of(request).data()}#disk", status_code=303)

    return router


def _view(dashboard: Dashboard, disk: DiskUse, links: Links, query: DataQuery) -> DataView:
    catalog = dashboard.catalog
    page = catalog.questions(
        domain=check_name("domain", query.domain) if query.domain else None,
        difficulty=query.difficulty,
        text=query.text,
        limit=_ROWS,
        cursor=query.cursor,
        before=query.before,
    )
    counts = catalog.question_counts()
    problem_count, problems = catalog.problems(_PROBLEMS)
    is_filtered = any((query.domain, query.difficulty, query.text))
    report = disk.report
    return DataView(
        query=query,
        tabs=(
            DomainTab("All", sum(counts.values()), query.link(links, domain=None), query.domain is None),
            *(
                DomainTab(name, number, query.link(links, domain=name), name == query.domain)
                for name, number in counts.items()
            ),
        ),
        difficulties=options(catalog.facets().difficulties),
        total=formats.total(page.total, page.total_is_exact) + (" question" if page.total == 1 else " questions"),
        cards=tuple(
            QuestionCard(row, links.question(row.key), formats.shortened(row.prompt, _PROMPT)) for row in page.rows
        ),
        pager=Pager(
            previous=query.link(links, before=page.previous_cursor) if page.previous_cursor else None,
            next=query.link(links, cursor=page.next_cursor) if page.next_cursor else None,
            first=query.link(links) if page.previous_cursor else None,
        ),
        clear=links.data() if is_filtered else None,
        problem_count=problem_count,
        problems=tuple(
            Problem(problem.path, formats.shortened(without_prefix(dashboard.root, problem.reason), _REASON))
            for problem in problems
        ),
        archived=catalog.archived(),
        disk=report and DiskReport(report.parts[:_PARTS], report.measured_at, report.seconds),
        disk_age=formats.ago(report.measured_at, now()) if report else "",
        files_seen=disk.files_seen,
        measure=links.path("data", "disk"),
        empty=None if page.rows else _empty(bool(counts), links),
    )


def _empty(has_questions: bool, links: Links) -> EmptyState:
    if has_questions:
        return EmptyState("No question matches", "Take a filter away, or choose another domain.", link=links.data())
    return EmptyState("No questions yet", "Make the standard 75, fifteen of each domain:", ("vmevalkit create",))
