"""``/search``: anything by its name, questions by their prompt, too."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from vmevalkit.catalog import Hit
from vmevalkit.web import formats
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages.query import Given, PageQuery
from vmevalkit.web.rendering import EmptyState, render

_HITS = 50
_DETAIL = 240
_KINDS = (("experiment", "Experiments"), ("model", "Models"), ("domain", "Domains"), ("question", "Questions"))


class SearchQuery(PageQuery):
    """What the page can be asked."""

    q: Given[Annotated[str, Field(max_length=200)]] = None


@dataclass(frozen=True)
class Found:
    """Something that was found."""

    name: str
    detail: str
    link: str


@dataclass(frozen=True)
class SearchView:
    """For ``search.html``."""

    text: str
    groups: tuple[tuple[str, tuple[Found, ...]], ...]
    """What was found, by kind."""
    number: int
    is_cut: bool
    """Whether there may be more."""
    more: str
    """The questions that match, page by page."""
    empty: EmptyState | None


def search_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of the page."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/search")
    def show_hits(request: Request, query: Annotated[SearchQuery, Query()]) -> str:
        return render(request, "search.html", _view(dashboard, Links.of(request), query.q or ""))

    return router


def page_of(links: Links, hit: Hit) -> str:
    """Return the page about what was found."""
    if hit.key is not None:
        return links.question(hit.key)
    return links.overview(hit.name) if hit.kind == "experiment" else links.browse(**{hit.kind: hit.name})


def _view(dashboard: Dashboard, links: Links, text: str) -> SearchView:
    hits = dashboard.catalog.search(text, _HITS)
    groups = tuple(
        (
            title,
            tuple(
                Found(hit.name, formats.shortened(hit.detail, _DETAIL), page_of(links, hit))
                for hit in hits
                if hit.kind == kind
            ),
        )
        for kind, title in _KINDS
    )
    return SearchView(
        text=text,
        groups=tuple(group for group in groups if group[1]),
        number=len(hits),
        is_cut=len(hits) == _HITS,
        more=links.data(text=text),
        empty=EmptyState(
            "Nothing found",
            "Try the beginning of a question's id, a part of the name of a model, an experiment or a domain, or "
            "words of a prompt.",
        )
        if text and not hits
        else None,
    )
