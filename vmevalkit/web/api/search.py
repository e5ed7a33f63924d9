"""``/api/search``: anything by its name, questions by their prompt, too."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from vmevalkit.catalog import Hit
from vmevalkit.web.api._bodies import LIST_RESPONSES, Body, example
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import LONGEST_TEXT, Parameters
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links

_MOST_HITS = 50


class SearchParameters(Parameters):
    """What ``/api/search`` can be asked."""

    q: str = Field("", max_length=LONGEST_TEXT, description="A part of a name, or words of a prompt")
    limit: int = Field(20, ge=1, le=_MOST_HITS, description="The most hits to return")


class HitBody(Body):
    """Something that was found."""

    kind: Literal["experiment", "model", "domain", "question"]
    name: str
    detail: str
    """Of a question its prompt, otherwise nothing."""
    domain: str | None
    """Of a question."""
    url: str
    """The page about it."""


class SearchBody(Body):
    """What a search finds: experiments, models and domains first, then questions."""

    model_config = example(
        query="maze_00",
        hits=[
            {
                "kind": "question",
                "name": "maze_0001",
                "detail": "Move the green dot to the red flag without crossing a wall.",
                "domain": "maze",
                "url": "/question/maze/maze_0001",
            }
        ],
    )

    query: str
    hits: list[HitBody]


def search_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])

    @router.get("/search", responses=LIST_RESPONSES)
    def search(request: Request, query: Annotated[SearchParameters, Query()]) -> SearchBody:
        """Find experiments, models, domains and questions; nothing finds nothing."""
        links = Links.of(request)
        hits = dashboard.catalog.search(query.q, query.limit)
        return SearchBody(
            query=query.q,
            hits=[
                HitBody(
                    kind=hit.kind,
                    name=hit.name,
                    detail=hit.detail,
                    domain=hit.key.domain if hit.key else None,
                    url=_page(links, hit),
                )
                for hit in hits
            ],
        )

    return router


def _page(links: Links, hit: Hit) -> str:
    if hit.key is not None:
        return links.question(hit.key)
    if hit.kind == "experiment":
        return links.overview(hit.name)
    return links.browse(**{hit.kind: hit.name})
