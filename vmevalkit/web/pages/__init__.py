"""The pages that people look at."""

from fastapi import APIRouter

from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.pages.browse import browse_router
from vmevalkit.web.pages.compare import compare_router
from vmevalkit.web.pages.data import data_router
from vmevalkit.web.pages.docs import docs_router
from vmevalkit.web.pages.overview import overview_router
from vmevalkit.web.pages.question import question_router
from vmevalkit.web.pages.score import score_router
from vmevalkit.web.pages.search import search_router
from vmevalkit.web.pages.versions import versions_router

__all__ = ["routers"]


def routers(dashboard: Dashboard) -> list[APIRouter]:
    """Build the routes of all pages."""
    makers = (
        overview_router,
        browse_router,
        question_router,
        compare_router,
        score_router,
        data_router,
        versions_router,
        search_router,
        docs_router,
    )
    return [make(dashboard) for make in makers]
