"""What the index answers with, and what it can be asked about runs."""

from dataclasses import dataclass
from typing import Literal, get_args

from vmevalkit.dataroot import PairKey, RunFailure, RunKey, VideoFacts, check_name

Outcome = Literal["passed", "failed", "error", "unscored"]
"""What became of a run as an evaluator sees it. ``error``: the model made no video, or it could not be judged."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
RunStatus = Literal["running", "succeeded", "failed", "unreadable"]
STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
Sort = Literal["key", "created", "score"]
"""The order of runs: by their five names, by when they were begun, or by score."""

DEFAULT_EVALUATOR = "RuleEvaluator"


@dataclass(frozen=True)
class RunFilters:
    """Which runs are asked for; `None` is any. A name that does not exist matches nothing.

    Raises:
        UnsafePathError: a name could not be a folder.

    """

    experiment: str | None = None
    model: str | None = None
    domain: str | None = None
    task_id: str | None = None
    difficulty: str | None = None
    status: RunStatus | None = None
    outcome: Outcome | None = None
    """As the evaluator sees it."""
    evaluator: str = DEFAULT_EVALUATOR
    score_from: float | None = None
    score_to: float | None = None
    since: str | None = None
    """Begun at this time or later; ISO 8601, or the beginning of it."""
    until: str | None = None
    """Begun before this time."""
    text: str | None = None
    """Words of the question's prompt; the last one may be cut short."""
    needs_review: bool = False
    last_only: bool = False
    """Only the run that counts, where a model filmed a question several times."""

    def __post_init__(self) -> None:
        for kind in ("experiment", "model", "domain", "task_id", "evaluator"):
            name = getattr(self, kind)
            if name is not None:
                check_name(kind, name)

    @property
    def is_tallied(self) -> bool:
        """Whether the tallies alone say how many runs match."""
        extra = (self.task_id, self.score_from, self.score_to, self.since, self.until, self.text)
        return all(value is None for value in extra) and not self.needs_review

    @property
    def has_span(self) -> bool:
        """Whether only runs of a span of time are asked for."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True)
class RunRow:
    """A run and what an evaluator says of it."""

    key: RunKey
    status: RunStatus
    outcome: Outcome
    score: float | None
    """The lower median of the raters, which passes if and only if most of them do."""
    raters: int
    needs_review: bool
    is_last: bool
    """Whether it is the run that counts: the last of its model on its question."""
    difficulty: str | None
    prompt: str | None
    created_at: str | None
    duration_seconds: float | None
    cost_usd: float | None
    model_version: str | None
    sample: int | None
    video: VideoFacts | None
    error: RunFailure | None
    question_files: int
    """Which of its files the question has: the bits of `FIRST_FRAME`, `FINAL_FRAME` and `GROUND_TRUTH`."""


@dataclass(frozen=True)
class RunPage:
    """Some of the matching runs."""

    rows: tuple[RunRow, ...]
    total: int
    total_is_exact: bool
    """Otherwise there are at least so many."""
    next_cursor: str | None
    """Where the next page starts; `None` on the last."""
    previous_cursor: str | None
    """Where the page before starts, to be given as ``before``; `None` on the first."""


@dataclass(frozen=True)
class QuestionRow:
    """A question; a broken one has a problem and nothing else."""

    key: PairKey
    difficulty: str
    category: str
    prompt: str
    created_at: str
    files: int
    problem: str | None


@dataclass(frozen=True)
class QuestionPage:
    """Some of the matching questions, in the order of their keys."""

    rows: tuple[QuestionRow, ...]
    total: int
    total_is_exact: bool
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class ExperimentRow:
    """An experiment, in numbers of runs."""

    name: str
    models: int
    runs: int
    running: int
    succeeded: int
    failed: int
    cost_usd: float
    last_run_at: str | None


@dataclass(frozen=True)
class Standing:
    """One model on one domain, by the runs that count."""

    model: str
    domain: str
    passed: int
    failed: int
    errors: int
    unscored: int
    running: int

    @property
    def runs(self) -> int:
        """Questions that the model has a run for."""
        return self.passed + self.failed + self.errors + self.unscored


@dataclass(frozen=True)
class Facets:
    """What runs can be filtered by."""

    experiments: tuple[str, ...]
    models: tuple[str, ...]
    domains: tuple[str, ...]
    difficulties: tuple[str, ...]
    evaluators: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    experiment: str
    model: str


@dataclass(frozen=True)
class Comparison:
    """How two sides did on the questions that both were scored on."""

    both: int
    only_first: int
    only_second: int
    neither: int


ComparisonKind = Literal["differ", "only_first", "only_second", "both", "neither"]


@dataclass(frozen=True)
class ComparedRow:
    """A question and the runs of both sides that count."""

    first: RunRow
    second: RunRow


@dataclass(frozen=True)
class ComparedPage:
    """Some of the compared questions."""

    rows: tuple[ComparedRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Hit:
    """Something that a search found."""

    kind: Literal["experiment", "model", "domain", "question"]
    name: str
    detail: str
    key: PairKey | None = None


@dataclass(frozen=True)
class Problem:
    """A file that could not be read."""

    path: str
    """Relative to the data root."""
    reason: str
