"""``/api/leaderboard``: how many questions each model solves."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query

from vmevalkit.analysis.leaderboard import Cell
from vmevalkit.catalog import DEFAULT_EVALUATOR, Standing
from vmevalkit.web.api._bodies import (
    LIST_RESPONSES,
    Body,
    IntervalBody,
    example,
    known_evaluator,
    known_experiment,
)
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import EvaluatorName, ExperimentName, Parameters
from vmevalkit.web.dashboard import Dashboard

_EXAMPLE_CELL: dict[str, Any] = {
    "questions": 15,
    "scored": 12,
    "passed": 9,
    "errors": 1,
    "unscored": 1,
    "missing": 1,
    "rate": 0.75,
    "interval": {"low": 0.468, "high": 0.911},
    "coverage": 0.8,
}


class LeaderboardParameters(Parameters):
    """What ``/api/leaderboard`` can be asked."""

    experiment: ExperimentName = None
    evaluator: EvaluatorName = None


class CellBody(Body):
    """A model on some questions; of several runs of one, the last counts. An error is no failure and no zero."""

    questions: int
    scored: int
    passed: int
    errors: int
    """Runs that made no video, or one that could not be judged."""
    unscored: int
    """Runs that are under way or that the evaluator has not looked at."""
    missing: int
    """Questions without a run."""
    rate: float | None
    """Passed among the scored."""
    interval: IntervalBody | None
    """Of the rate, by Wilson."""
    coverage: float | None
    """Scored among the questions."""

    @classmethod
    def of(cls, standings: list[Standing], questions: Mapping[str, int]) -> Self:
        """Add up how a model does on some domains.

        Args:
            standings: the model's.
            questions: how many there are of each domain; the model may have run more that are gone.

        """
        runs = {s.domain: s.runs for s in standings}
        asked = sum(max(questions.get(domain, 0), runs.get(domain, 0)) for domain in {*questions, *runs})
        passed, failed = sum(s.passed for s in standings), sum(s.failed for s in standings)
        cell = Cell(asked, passed + failed, passed, errors=sum(s.errors for s in standings))
        return cls(
            questions=cell.questions,
            scored=cell.scored,
            passed=cell.passed,
            errors=cell.errors,
            unscored=sum(s.unscored for s in standings),
            missing=asked - sum(runs.values()),
            rate=cell.rate,
            interval=IntervalBody.of(cell.interval),
            coverage=cell.coverage,
        )


class LeaderboardRowBody(Body):
    """A model."""

    model: str
    total: CellBody
    domains: dict[str, CellBody]


class LeaderboardBody(Body):
    """The models of an experiment, best first."""

    model_config = example(
        experiment="pilot_experiment",
        evaluator="RuleEvaluator",
        domains=["maze"],
        models=[{"model": "luma-ray-2", "total": _EXAMPLE_CELL, "domains": {"maze": _EXAMPLE_CELL}}],
    )

    experiment: str
    evaluator: str
    domains: list[str]
    models: list[LeaderboardRowBody]


def leaderboard_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    catalog = dashboard.catalog

    @router.get("/leaderboard", responses=LIST_RESPONSES)
    def show_leaderboard(query: Annotated[LeaderboardParameters, Query()]) -> LeaderboardBody:
        """Count what the models of an experiment solve, as one evaluator sees it."""
        experiment = known_experiment(dashboard, query.experiment)
        evaluator = known_evaluator(dashboard, experiment, query.evaluator or DEFAULT_EVALUATOR)
        questions = catalog.question_counts()
        by_model: dict[str, list[Standing]] = {}
        for standing in catalog.standings(experiment, evaluator):
            by_model.setdefault(standing.model, []).append(standing)
        domains = sorted({*questions, *(s.domain for standings in by_model.values() for s in standings)})
        rows = [_row(model, standings, questions, domains) for model, standings in by_model.items()]
        rows.sort(key=lambda row: (-(row.total.rate or 0.0), -row.total.scored, row.model))
        return LeaderboardBody(experiment=experiment, evaluator=evaluator, domains=domains, models=rows)

    return router


def _row(model: str, standings: list[Standing], questions: Mapping[str, int], domains: list[str]) -> LeaderboardRowBody:
    of_domain = {
        domain: CellBody.of([s for s in standings if s.domain == domain], {domain: questions.get(domain, 0)})
        for domain in domains
    }
    return LeaderboardRowBody(model=model, total=CellBody.of(standings, questions), domains=of_domain)
