"""``/api``: the results as JSON."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vmevalkit import __version__
from vmevalkit.dataroot import RunFailure, VideoFacts
from vmevalkit.web.errors import ErrorBody
from vmevalkit.web.results import DEFAULT_EVALUATOR, Filters, Outcome, ResultRow, Results, domain_name
from vmevalkit.web.urls import final_frame_url, first_frame_url, video_url

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A name or cursor that makes no sense"},
    422: {"model": ErrorBody, "description": "A parameter that makes no sense"},
}


class FilterQuery(BaseModel):
    """The filters as they stand in an address; an empty one is none."""

    experiment: str | None = Field(None, description="Name of an experiment")
    model: str | None = Field(None, description="Name of a model")
    domain: str | None = Field(None, description="A domain, such as chess")
    task_id: str | None = Field(None, description="Id of a question, such as maze_0001")
    status: str | None = Field(None, description="State of the run: running, succeeded, failed or unreadable")
    outcome: str | None = Field(None, description="What came of it: passed, failed, error or unscored")
    evaluator: str | None = Field(None, description=f"Whose scores decide the outcome; {DEFAULT_EVALUATOR} by default")
    cursor: str | None = Field(None, description="The next_cursor of the page before")

    def filters(self) -> Filters:
        """Return them for the read layer; `UnsafePathError` if a name could not be a folder."""
        return Filters(
            experiment=self.experiment or None,
            model=self.model or None,
            domain=domain_name(self.domain) if self.domain else None,
            task_id=self.task_id or None,
            status=self.status or None,
            outcome=self.outcome or None,
            evaluator=self.evaluator or DEFAULT_EVALUATOR,
        )


class ResultQuery(FilterQuery):
    """What ``/api/results`` can be asked."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="The most results to return")


class EvaluationBody(BaseModel):
    """One rater's word on a run."""

    evaluator: str
    rater: str
    status: str
    score: int | None
    passed: bool | None
    explanation: str
    dimensions: dict[str, Any]


class ResultBody(BaseModel):
    """A run: one model's answer to one question."""

    experiment: str
    model: str
    domain: str
    task_id: str
    run_id: str
    status: str
    outcome: Outcome
    prompt: str | None
    created_at: str | None
    difficulty: str | None
    model_version: str | None
    duration_seconds: float | None
    cost_usd: float | None
    video: VideoFacts | None
    error: RunFailure | None
    video_url: str | None
    first_frame_url: str | None
    final_frame_url: str | None
    evaluations: list[EvaluationBody]


class ResultsBody(BaseModel):
    """A page of results, sorted by experiment, model, domain, task and run."""

    results: list[ResultBody]
    total: int
    """Matching results on all pages."""
    next_cursor: str | None
    """Give it back as ``cursor`` for the next page; null on the last."""


class HealthBody(BaseModel):
    """A sign of life."""

    status: Literal["ok"]
    version: str


def api_router(results: Results) -> APIRouter:
    """Build the routes below ``/api``."""
    router = APIRouter(prefix="/api", tags=["api"])

    @router.get("/results", responses=_RESPONSES)
    def list_results(query: Annotated[ResultQuery, Query()]) -> ResultsBody:
        """List the results that match all filters."""
        page = results.page(query.filters(), query.limit, query.cursor or None)
        return ResultsBody(results=[_body(row) for row in page.rows], total=page.total, next_cursor=page.next_cursor)

    @router.get("/health")
    def health() -> HealthBody:
        """Say that the dashboard runs, and which version."""
        return HealthBody(status="ok", version=__version__)

    return router


def _body(row: ResultRow) -> ResultBody:
    key = row.key
    return ResultBody(
        experiment=key.experiment,
        model=key.model,
        domain=key.domain,
        task_id=key.task_id,
        run_id=key.run_id,
        status=row.status,
        outcome=row.outcome,
        prompt=row.prompt,
        created_at=row.created_at,
        difficulty=row.difficulty,
        model_version=row.model_version,
        duration_seconds=row.duration_seconds,
        cost_usd=row.cost_usd,
        video=row.video,
        error=row.error,
        video_url=video_url(key) if row.has_video else None,
        first_frame_url=first_frame_url(key.pair) if row.has_first_frame else None,
        final_frame_url=final_frame_url(key.pair) if row.has_final_frame else None,
        evaluations=[EvaluationBody(**vars(evaluation)) for evaluation in row.evaluations],
    )
