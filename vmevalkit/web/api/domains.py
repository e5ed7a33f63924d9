"""``/api/domains``: the kinds of puzzles."""

from fastapi import APIRouter

from vmevalkit.web.api._bodies import LIST_RESPONSES, Body, example
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.dashboard import Dashboard


class DomainBody(Body):
    """A kind of puzzle."""

    domain: str
    questions: int


class DomainsBody(Body):
    """All domains that there are questions or runs of, by name."""

    model_config = example(
        domains=[{"domain": "chess", "questions": 15}, {"domain": "maze", "questions": 15}],
        difficulties=["easy", "medium", "hard"],
    )

    domains: list[DomainBody]
    difficulties: list[str]
    """Those that runs can be filtered by."""


def domains_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    catalog = dashboard.catalog

    @router.get("/domains", responses=LIST_RESPONSES)
    def list_domains() -> DomainsBody:
        """List the domains."""
        facets, counts = catalog.facets(), catalog.question_counts()
        return DomainsBody(
            domains=[DomainBody(domain=name, questions=counts.get(name, 0)) for name in facets.domains],
            difficulties=list(facets.difficulties),
        )

    return router
