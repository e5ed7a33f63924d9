"""``/api/experiments``: what there is, in numbers."""

from fastapi import APIRouter

from vmevalkit.web.api._bodies import LIST_RESPONSES, Body, example
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.dashboard import Dashboard


class ExperimentBody(Body):
    """An experiment, in numbers of runs."""

    name: str
    models: int
    runs: int
    running: int
    succeeded: int
    failed: int
    cost_usd: float
    last_run_at: str | None
    """When the last run was begun."""


class ExperimentsBody(Body):
    """All experiments, by name."""

    model_config = example(
        experiments=[
            {
                "name": "pilot_experiment",
                "models": 5,
                "runs": 375,
                "running": 2,
                "succeeded": 370,
                "failed": 3,
                "cost_usd": 12.5,
                "last_run_at": "2025-01-15T10:30:00.000000Z",
            }
        ],
        default="pilot_experiment",
    )

    experiments: list[ExperimentBody]
    default: str
    """The one that is meant where none is named."""


def experiments_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])

    @router.get("/experiments", responses=LIST_RESPONSES)
    def list_experiments() -> ExperimentsBody:
        """List the experiments."""
        return ExperimentsBody(
            experiments=[ExperimentBody(**vars(row)) for row in dashboard.catalog.experiments()],
            default=dashboard.default_experiment(),
        )

    return router
