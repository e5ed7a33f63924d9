"""``/api/health`` and ``/api/problems``: how the dashboard is, and what it could not read."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from vmevalkit import __version__
from vmevalkit.web.api._bodies import LIST_RESPONSES, RESPONSES, Body, example
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import Parameters
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.public import without_prefix


class IndexBody(Body):
    """The index of the data root."""

    is_building: bool
    """Whether not all folders have been looked at yet; until then, answers may lack something."""
    refreshed_at: datetime | None
    """When all folders were last looked at, in UTC; what was written by this program since then is known, too."""
    changes: int
    """Grows whenever something has changed."""


class HealthBody(Body):
    """A sign of life."""

    model_config = example(
        status="ok",
        version=__version__,
        index={"is_building": False, "refreshed_at": "2025-01-15T10:30:00Z", "changes": 1736937000000},
        problems=0,
    )

    status: Literal["ok"]
    version: str
    index: IndexBody
    problems: int
    """How many files could not be read; ``/api/problems`` names them."""


class ProblemParameters(Parameters):
    """What ``/api/problems`` can be asked."""

    limit: int = Field(100, ge=1, le=1000, description="The most files to name")


class FileProblemBody(Body):
    """A file that could not be read."""

    path: str
    """Relative to the data root."""
    reason: str


class ProblemsBody(Body):
    """Files that could not be read, by path."""

    model_config = example(
        total=1,
        problems=[
            {
                "path": "outputs/pilot_experiment/luma-ray-2/maze_task/maze_0001/20250115T103000Z/metadata.json",
                "reason": "no such file",
            }
        ],
    )

    total: int
    problems: list[FileProblemBody]


def health_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes."""
    router = APIRouter()
    catalog = dashboard.catalog

    @router.get("/health", responses=RESPONSES)
    def health() -> HealthBody:
        """Say that the dashboard runs, which version, and how its index is."""
        problems, _ = catalog.problems(0)
        index = IndexBody(is_building=catalog.is_building, refreshed_at=catalog.refreshed_at, changes=catalog.changes())
        return HealthBody(status="ok", version=__version__, index=index, problems=problems)

    @router.get("/problems", responses=LIST_RESPONSES, dependencies=[conditional(catalog)])
    def list_problems(query: Annotated[ProblemParameters, Query()]) -> ProblemsBody:
        """List the files that could not be read."""
        total, found = catalog.problems(query.limit)
        problems = [FileProblemBody(path=p.path, reason=without_prefix(dashboard.root, p.reason)) for p in found]
        return ProblemsBody(total=total, problems=problems)

    return router
