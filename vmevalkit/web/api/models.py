"""``/api/models``: which models have filmed in which experiment."""

from typing import Annotated, Self

from fastapi import APIRouter, Query

from vmevalkit.catalog import DEFAULT_EVALUATOR, Standing
from vmevalkit.web.api._bodies import LIST_RESPONSES, Body, example, known_experiment
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import EvaluatorName, ExperimentName, Parameters
from vmevalkit.web.dashboard import Dashboard


class ModelParameters(Parameters):
    """What ``/api/models`` can be asked."""

    experiment: ExperimentName = None
    evaluator: EvaluatorName = None


class ModelBody(Body):
    """A model in an experiment, in numbers of questions; of several runs of one, the last counts."""

    experiment: str
    model: str
    domains: list[str]
    """Those that it has a run for."""
    questions: int
    """Those that it has a run for."""
    passed: int
    failed: int
    errors: int
    unscored: int
    running: int

    @classmethod
    def of(cls, experiment: str, standings: list[Standing]) -> Self:
        """Say it of a model's domains."""
        return cls(
            experiment=experiment,
            model=standings[0].model,
            domains=[s.domain for s in standings],
            questions=sum(s.runs for s in standings),
            passed=sum(s.passed for s in standings),
            failed=sum(s.failed for s in standings),
            errors=sum(s.errors for s in standings),
            unscored=sum(s.unscored for s in standings),
            running=sum(s.running for s in standings),
        )


class ModelsBody(Body):
    """The models of one experiment or of all, by experiment and name."""

    model_config = example(
        evaluator="RuleEvaluator",
        models=[
            {
                "experiment": "pilot_experiment",
                "model": "luma-ray-2",
                "domains": ["chess", "maze"],
                "questions": 30,
                "passed": 12,
                "failed": 15,
                "errors": 2,
                "unscored": 1,
                "running": 1,
            }
        ],
    )

    evaluator: str
    models: list[ModelBody]


def models_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    catalog = dashboard.catalog

    @router.get("/models", responses=LIST_RESPONSES)
    def list_models(query: Annotated[ModelParameters, Query()]) -> ModelsBody:
        """List the models of an experiment, or of all."""
        evaluator = query.evaluator or DEFAULT_EVALUATOR
        if query.experiment is not None:
            experiments = [known_experiment(dashboard, query.experiment)]
        else:
            experiments = [row.name for row in catalog.experiments()]
        models = []
        for experiment in experiments:
            by_model: dict[str, list[Standing]] = {}
            for standing in catalog.standings(experiment, evaluator):
                by_model.setdefault(standing.model, []).append(standing)
            models += [ModelBody.of(experiment, standings) for standings in by_model.values()]
        return ModelsBody(evaluator=evaluator, models=models)

    return router
