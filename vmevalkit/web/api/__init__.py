"""``/api``: everything that the pages show, as JSON. One module for each group of routes."""

from fastapi import APIRouter

from vmevalkit.web.api.agreement import agreement_router
from vmevalkit.web.api.compare import compare_router
from vmevalkit.web.api.domains import domains_router
from vmevalkit.web.api.evaluations import evaluations_router
from vmevalkit.web.api.experiments import experiments_router
from vmevalkit.web.api.health import health_router
from vmevalkit.web.api.leaderboard import leaderboard_router
from vmevalkit.web.api.models import models_router
from vmevalkit.web.api.questions import questions_router
from vmevalkit.web.api.results import results_router
from vmevalkit.web.api.search import search_router
from vmevalkit.web.api.versions import versions_router
from vmevalkit.web.dashboard import Dashboard

__all__ = ["api_router"]


def api_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes below ``/api``."""
    router = APIRouter(prefix="/api", tags=["api"])
    for build in (
        results_router,
        evaluations_router,
        questions_router,
        experiments_router,
        models_router,
        domains_router,
        leaderboard_router,
        compare_router,
        agreement_router,
        versions_router,
        search_router,
        health_router,
    ):
        router.include_router(build(dashboard))
    return router
