"""``/api/results``: runs and what became of them."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request
from pydantic import Field

from vmevalkit.catalog import DEFAULT_EVALUATOR, RunRow
from vmevalkit.dataroot import DataRoot, FittedRequest, Run, RunKey, VideoRequest, load_run
from vmevalkit.errors import RecordError
from vmevalkit.web.api._bodies import (
    EXAMPLE_EVALUATION,
    EXAMPLE_PAGE,
    EXAMPLE_RUN,
    LIST_RESPONSES,
    EvaluationBody,
    FullEvaluationBody,
    PageBody,
    RunBody,
    example,
    run_values,
)
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import (
    DomainInPath,
    EvaluatorName,
    ExperimentInPath,
    ModelInPath,
    Order,
    Parameters,
    RunInPath,
    RunParameters,
    Sort,
    TaskInPath,
)
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.errors import NotFoundError
from vmevalkit.web.links import Links
from vmevalkit.web.public import domain_name, public_value
from vmevalkit.web.scores import ScoreReader

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
Detail = Literal["none", "summary", "full"]


class ResultParameters(RunParameters):
    """What ``/api/results`` can be asked."""

    sort: Sort = Field("key", description="By the five names, by when it was begun, or by score (only scored runs)")
    order: Order = Field("asc", description="Which end comes first")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="The most results to return")
    evaluations: Detail = Field("full", description="Leave them out, leave out only why, or return them in full")


class ResultBody(RunBody):
    """A run with what all evaluators say of it."""

    evaluations: list[EvaluationBody]

    @classmethod
    def with_evaluations(cls, links: Links, root: DataRoot, row: RunRow, scores: list[EvaluationBody]) -> Self:
        """Say it of a run."""
        return cls(**run_values(links, root, row), evaluations=scores)


class ResultsBody(PageBody):
    """A page of results."""

    model_config = example(results=[{**EXAMPLE_RUN, "evaluations": [EXAMPLE_EVALUATION]}], **EXAMPLE_PAGE)

    results: list[ResultBody]


class FullResultBody(RunBody):
    """A run with all that is known of it."""

    model_config = example(
        **EXAMPLE_RUN,
        finished_at="2025-01-15T10:30:41.200000Z",
        seed=42,
        sample=0,
        requested={"width": 512, "height": 512, "fps": 16.0, "seconds": 4.0},
        fitted=None,
        video_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        evaluations=[{**EXAMPLE_EVALUATION, "version": "1.0", "judge": None}],
    )

    finished_at: str | None
    seed: int | None
    sample: int | None
    """Which of several runs of the same question."""
    requested: VideoRequest | None
    """What was wanted of the model; null if the run's record cannot be read."""
    fitted: FittedRequest | None
    """What it was asked for in place of that, because it does not make everything."""
    video_sha256: str | None
    evaluations: list[FullEvaluationBody]


class _OneParameters(Parameters):
    evaluator: EvaluatorName = None


def results_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    root, catalog = dashboard.root, dashboard.catalog

    @router.get("/results", responses=LIST_RESPONSES)
    def list_results(request: Request, query: Annotated[ResultParameters, Query()]) -> ResultsBody:
        """List the runs that match all filters."""
        page = catalog.runs(
            query.filters(),
            sort=query.sort,
            descending=query.order == "desc",
            limit=query.limit,
            cursor=query.cursor,
            before=query.before,
        )
        links, reader = Links.of(request), ScoreReader(root)

        def evaluations(key: RunKey) -> list[EvaluationBody]:
            if query.evaluations == "none":
                return []
            return [EvaluationBody.of(score, in_full=query.evaluations == "full") for score in reader.of(key)]

        return ResultsBody(
            results=[ResultBody.with_evaluations(links, root, row, evaluations(row.key)) for row in page.rows],
            total=page.total,
            total_is_exact=page.total_is_exact,
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )

    @router.get("/results/{experiment}/{model}/{domain}/{task_id}/{run_id}", responses=LIST_RESPONSES)
    def show_result(
        request: Request,
        experiment: ExperimentInPath,
        model: ModelInPath,
        domain: DomainInPath,
        task_id: TaskInPath,
        run_id: RunInPath,
        query: Annotated[_OneParameters, Query()],
    ) -> FullResultBody:
        """Return one run with all that is known of it."""
        key = RunKey(experiment, model, domain_name(domain), task_id, run_id)
        row = catalog.run(key, query.evaluator or DEFAULT_EVALUATOR)
        if row is None:
            raise NotFoundError("there is no such run", hint="GET /api/results lists the runs that there are")
        scores = ScoreReader(root).of(key)
        return FullResultBody(
            **run_values(Links.of(request), root, row),
            **_of_record(root, key),
            sample=row.sample,
            evaluations=[FullEvaluationBody.of(score) for score in scores],
        )

    return router


def _of_record(root: DataRoot, key: RunKey) -> dict[str, Any]:
    """Return what only a run's own record says; nothing of one that cannot be read, which the index tells."""
    names = ("finished_at", "seed", "requested", "fitted", "video_sha256")
    try:
        run: Run | None = load_run(root, key)
    except RecordError:
        run = None
    values: dict[str, Any] = public_value(root, {name: run and run.to_json()[name] for name in names})
    return values
