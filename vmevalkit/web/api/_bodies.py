"""What several routes answer with."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from vmevalkit.analysis.statistics import Interval
from vmevalkit.catalog import FINAL_FRAME, FIRST_FRAME, Outcome, RunRow, RunStatus
from vmevalkit.dataroot import DataRoot, JudgeTrace, PairKey, RunFailure, VideoFacts
from vmevalkit.errors import UnknownNameError
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.errors import ErrorBody
from vmevalkit.web.links import Links
from vmevalkit.web.public import without_prefix
from vmevalkit.web.scores import RaterScore

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A name or cursor that makes no sense"},
    401: {"model": ErrorBody, "description": "The token is missing"},
    404: {"model": ErrorBody, "description": "A name that does not exist; the hint has the near ones"},
    422: {"model": ErrorBody, "description": "A parameter that makes no sense, or does not exist"},
    503: {"model": ErrorBody, "description": "The index cannot be read just now"},
}
LIST_RESPONSES: dict[int | str, dict[str, Any]] = {**RESPONSES, 304: {"description": "Nothing has changed"}}


class Body(BaseModel):
    """Base of what is answered; the text below a field is its description."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True)


class PageBody(Body):
    """A part of a list."""

    total: int
    """Matches on all pages."""
    total_is_exact: bool
    """Otherwise there are at least so many."""
    next_cursor: str | None
    """Give it back as ``cursor`` for the page after this one; null on the last."""
    previous_cursor: str | None
    """Give it back as ``before`` for the page before this one; null on the first."""


class EvaluationBody(Body):
    """One rater's word on a run."""

    evaluator: str
    rater: str
    status: Literal["scored", "error", "skipped"]
    score: int | None
    """1 to 5; from 4 on, the question is solved."""
    passed: bool | None
    explanation: str
    dimensions: dict[str, Any]
    created_at: str | None
    needs_review: bool

    @classmethod
    def of(cls, score: RaterScore, *, in_full: bool = True) -> Self:
        """Say it of a score, or all but why."""
        return cls(
            evaluator=score.evaluator,
            rater=score.rater,
            status=score.status,
            score=score.score,
            passed=score.passed,
            explanation=score.explanation if in_full else "",
            dimensions=score.dimensions if in_full else {},
            created_at=score.created_at,
            needs_review=score.needs_review,
        )


class FullEvaluationBody(EvaluationBody):
    """One rater's word on a run, with where it comes from."""

    version: str | None
    """Of the evaluator."""
    judge: JudgeTrace | None
    """What a judge was asked and has answered."""

    @classmethod
    def of(cls, score: RaterScore, *, in_full: bool = True) -> Self:
        """Say it of a score."""
        short = EvaluationBody.of(score, in_full=in_full)
        return cls(**dict(short), version=score.version, judge=score.judge)


class RunBody(Body):
    """A run: one model's answer to one question."""

    experiment: str
    model: str
    domain: str
    task_id: str
    run_id: str
    status: RunStatus
    outcome: Outcome
    """As the evaluator sees it; ``error`` if there is no video, or it could not be judged."""
    score: float | None
    """The evaluator's, the mean of its raters."""
    raters: int
    needs_review: bool
    is_last: bool
    """Whether it is the run that counts: the last of its model on its question."""
    prompt: str | None
    """The question's."""
    created_at: str | None
    difficulty: str | None
    model_version: str | None
    duration_seconds: float | None
    cost_usd: float | None
    video: VideoFacts | None
    error: RunFailure | None
    video_url: str | None
    poster_url: str | None
    """A small picture of the video's last frame."""
    first_frame_url: str | None
    final_frame_url: str | None
    """The frame that a right solution ends with."""

    @classmethod
    def of(cls, links: Links, root: DataRoot, row: RunRow) -> Self:
        """Say it of a run."""
        return cls(**run_values(links, root, row))


def run_values(links: Links, root: DataRoot, row: RunRow) -> dict[str, Any]:
    """Return the fields of a `RunBody`."""
    key, pair, error = row.key, row.key.pair, row.error
    if error is not None:
        error = RunFailure(type=error.type, message=without_prefix(root, error.message), retryable=error.retryable)
    has_video = row.status == "succeeded"
    return {
        "experiment": key.experiment,
        "model": key.model,
        "domain": key.domain,
        "task_id": key.task_id,
        "run_id": key.run_id,
        "status": row.status,
        "outcome": row.outcome,
        "score": row.score,
        "raters": row.raters,
        "needs_review": row.needs_review,
        "is_last": row.is_last,
        "prompt": row.prompt,
        "created_at": row.created_at,
        "difficulty": row.difficulty,
        "model_version": row.model_version,
        "duration_seconds": row.duration_seconds,
        "cost_usd": row.cost_usd,
        "video": row.video,
        "error": error,
        "video_url": links.video(key) if has_video else None,
        "poster_url": links.poster(key) if has_video else None,
        "first_frame_url": links.first_frame(pair) if row.question_files & FIRST_FRAME else None,
        "final_frame_url": links.final_frame(pair) if row.question_files & FINAL_FRAME else None,
    }


class QuestionKeyBody(Body):
    """Which question."""

    domain: str
    task_id: str

    @classmethod
    def of(cls, key: PairKey) -> Self:
        """Say it of a question."""
        return cls(domain=key.domain, task_id=key.task_id)


class IntervalBody(Body):
    """A range that holds the true value with 95 % confidence."""

    low: float
    high: float

    @classmethod
    def of(cls, interval: Interval | None) -> Self | None:
        """Say it of an interval."""
        return None if interval is None else cls(low=interval.low, high=interval.high)


def known_experiment(dashboard: Dashboard, name: str | None) -> str:
    """Return the experiment that is meant, the one shown first if none is named.

    Raises:
        UnknownNameError: there is no such experiment.

    """
    if name is None:
        return dashboard.default_experiment()
    names = [experiment.name for experiment in dashboard.catalog.experiments()]
    if name not in names:
        raise UnknownNameError("experiment", name, names)
    return name


def known_evaluator(dashboard: Dashboard, experiment: str, name: str) -> str:
    """Return the name of an evaluator that has scored something; `UnknownNameError` if it has not."""
    names = dashboard.catalog.facets(experiment).evaluators
    if name not in names:
        raise UnknownNameError("evaluator", name, names)
    return name


EXAMPLE_RUN: dict[str, Any] = {
    "experiment": "pilot_experiment",
    "model": "luma-ray-2",
    "domain": "maze",
    "task_id": "maze_0001",
    "run_id": "20250115T103000Z",
    "status": "succeeded",
    "outcome": "passed",
    "score": 5.0,
    "raters": 1,
    "needs_review": False,
    "is_last": True,
    "prompt": "Move the green dot to the red flag without crossing a wall.",
    "created_at": "2025-01-15T10:30:00.000000Z",
    "difficulty": "easy",
    "model_version": "ray-2",
    "duration_seconds": 41.2,
    "cost_usd": 0.35,
    "video": {"width": 512, "height": 512, "fps": 16.0, "frames": 64, "duration": 4.0},
    "error": None,
    "video_url": "/media/video/luma-ray-2/maze/maze_0001/20250115T103000Z/model_output.mp4?experiment=pilot_experiment",
    "poster_url": "/media/poster/pilot_experiment/luma-ray-2/maze/maze_0001/20250115T103000Z.jpg",
    "first_frame_url": "/media/question/maze/maze_0001/first_frame.png",
    "final_frame_url": "/media/question/maze/maze_0001/final_frame.png",
}
EXAMPLE_EVALUATION: dict[str, Any] = {
    "evaluator": "RuleEvaluator",
    "rater": "RuleEvaluator",
    "status": "scored",
    "score": 5,
    "passed": True,
    "explanation": "The last frame shows the solution.",
    "dimensions": {},
    "created_at": "2025-01-15T11:00:00.000000Z",
    "needs_review": False,
}
EXAMPLE_PAGE: dict[str, Any] = {"total": 1, "total_is_exact": True, "next_cursor": None, "previous_cursor": None}


def example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - JSON
    """Return the configuration of an answer with an example for the API's description."""
    return ConfigDict(json_schema_extra={"examples": [fields]})
