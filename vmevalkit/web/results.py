"""What the API and the pages ask about runs.

Today the answers come from walking the folders; whatever answers tomorrow keeps these types and the methods of
`Results`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    TASK_SUFFIX,
    VIDEO_NAME,
    DataRoot,
    PairKey,
    Run,
    RunFailure,
    RunKey,
    Score,
    VideoFacts,
    check_name,
    load_evaluation,
    load_pair,
    load_run,
    sorted_entries,
)
from vmevalkit.errors import RecordError, UnsafePathError, UsageError, VMEvalError
from vmevalkit.web._cache import ShortMemory

DEFAULT_EVALUATOR = "RuleEvaluator"
UNREADABLE = "unreadable"
"""The status of a run whose ``metadata.json`` is missing or broken."""

_COUNTS_KEPT_SECONDS = 5.0


class Outcome(StrEnum):
    """What became of a run, as one evaluator sees it."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """The model made no video, or the evaluator could not judge it: neither solved nor unsolved."""
    UNSCORED = "unscored"


@dataclass(frozen=True)
class Filters:
    """Which runs are asked for; `None` is any. A name that does not exist matches nothing.

    Raises:
        UnsafePathError: a name could not be a folder.

    """

    experiment: str | None = None
    model: str | None = None
    domain: str | None = None
    task_id: str | None = None
    status: str | None = None
    """``running``, ``succeeded``, ``failed`` or ``unreadable``."""
    outcome: str | None = None
    """A value of `Outcome`."""
    evaluator: str = DEFAULT_EVALUATOR
    """Whose scores decide the outcome."""

    def __post_init__(self) -> None:
        for kind in ("experiment", "model", "domain", "task_id", "evaluator"):
            name = getattr(self, kind)
            if name is not None:
                check_name(kind, name)

    @property
    def need_records(self) -> bool:
        """Whether a run has to be read, and not only listed, to know if it matches."""
        return self.status is not None or self.outcome is not None

    def match(self, row: "ResultRow") -> bool:
        """Tell whether a run that lies in the right folders has the status and the outcome asked for."""
        return self.status in (None, row.status) and self.outcome in (None, row.outcome)


@dataclass(frozen=True)
class EvaluationRow:
    """One rater's word on a run."""

    evaluator: str
    rater: str
    status: str
    """``scored``, ``error`` or ``skipped``."""
    score: int | None
    passed: bool | None
    explanation: str
    dimensions: dict[str, Any]


@dataclass(frozen=True)
class ResultRow:
    """A run with all that is known about it."""

    key: RunKey
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
    has_video: bool
    has_first_frame: bool
    has_final_frame: bool
    evaluations: tuple[EvaluationRow, ...]


@dataclass(frozen=True)
class ResultPage:
    """Some of the matching runs, in the order of their keys."""

    rows: tuple[ResultRow, ...]
    total: int
    next_cursor: str | None
    """Where the next page starts; `None` on the last."""


@dataclass(frozen=True)
class Facets:
    """What an experiment can be filtered by."""

    experiments: tuple[str, ...]
    models: tuple[str, ...]
    domains: tuple[str, ...]
    evaluators: tuple[str, ...]


def domain_name(text: str) -> str:
    """Turn a domain or the name of its folder into the domain: ``chess_task`` is ``chess``."""
    return text.removesuffix(TASK_SUFFIX)


def cursor_of(key: RunKey | PairKey) -> str:
    """Write a key as the cursor behind which a page starts."""
    return "/".join(getattr(key, field.name) for field in fields(key))


def run_key(cursor: str) -> RunKey:
    """Read a cursor; `UsageError` if it is none."""
    return RunKey(*_cursor_parts(cursor, 5))


def pair_key(cursor: str) -> PairKey:
    """Read a cursor over questions; `UsageError` if it is none."""
    return PairKey(*_cursor_parts(cursor, 2))


def _cursor_parts(cursor: str, count: int) -> list[str]:
    parts = cursor.split("/")
    try:
        if len(parts) == count:
            return [check_name("cursor", part) for part in parts]
    except UnsafePathError as error:
        raise UsageError("cursor is not one that was given out", hint="start again without a cursor") from error
    raise UsageError("cursor is not one that was given out", hint="start again without a cursor")


class Results:
    """The runs of a data root."""

    def __init__(self, root: DataRoot) -> None:
        self._root = root
        self._totals: ShortMemory[int] = ShortMemory(_COUNTS_KEPT_SECONDS)
        self._facets: ShortMemory[Facets] = ShortMemory(_COUNTS_KEPT_SECONDS)

    def iter_results(self, filters: Filters, after: RunKey | None = None) -> Iterator[ResultRow]:
        """Yield the matching runs behind ``after``, sorted by key; each is read when it is asked for."""
        rows = (self.row(key, filters.evaluator) for key in self._keys(filters, after))
        return (row for row in rows if filters.match(row))

    def page(self, filters: Filters, limit: int, cursor: str | None = None) -> ResultPage:
        """Return up to ``limit`` matching runs.

        Raises:
            UsageError: the cursor is malformed.

        """
        after = run_key(cursor) if cursor is not None else None
        rows = tuple(islice(self.iter_results(filters, after), limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        return ResultPage(rows, self.total(filters), cursor_of(rows[-1].key) if more else None)

    def total(self, filters: Filters) -> int:
        """Count the matching runs; the count may be a few seconds old."""
        if not filters.need_records:
            filters = replace(filters, evaluator=DEFAULT_EVALUATOR)
        return self._totals.get(filters, lambda: self._count(filters))

    def facets(self, experiment: str) -> Facets:
        """Return what there is to filter by; it may be a few seconds old."""
        return self._facets.get(experiment, lambda: self._find_facets(experiment))

    def row(self, key: RunKey, evaluator: str) -> ResultRow:
        """Read one run. What is broken is said in the row; it is never an exception."""
        run: Run | None = None
        error: RunFailure | None = None
        try:
            run = load_run(self._root, key)
            error = run.error
        except RecordError as problem:
            error = RunFailure(type="RecordError", message=public_message(problem), retryable=False)
        evaluations = tuple(self._evaluations(key))
        status = run.status if run else UNREADABLE
        questions = self._root.pair_folder(key.pair)
        return ResultRow(
            key=key,
            status=status,
            outcome=_outcome(status, [e for e in evaluations if e.evaluator == evaluator]),
            prompt=run.prompt if run else None,
            created_at=run.created_at if run else None,
            difficulty=self._difficulty(key.pair),
            model_version=run.model_version if run else None,
            duration_seconds=run.duration_seconds if run else None,
            cost_usd=run.cost_usd if run else None,
            video=run.video if run else None,
            error=self._without_host_paths(error) if error else None,
            has_video=(self._root.run_folder(key) / "video" / VIDEO_NAME).is_file(),
            has_first_frame=(questions / FIRST_FRAME_NAME).is_file(),
            has_final_frame=(questions / FINAL_FRAME_NAME).is_file(),
            evaluations=evaluations,
        )

    def latest(self, experiment: str, model: str, pair: PairKey) -> RunKey | None:
        """Return a model's last run on a question, `None` if there is none."""
        runs = list(self._root.iter_runs(experiment, model, pair.domain, pair.task_id))
        return runs[-1] if runs else None

    def _keys(self, filters: Filters, after: RunKey | None = None) -> Iterator[RunKey]:
        root = self._root
        for experiment in [filters.experiment] if filters.experiment else root.experiments():
            for model in [filters.model] if filters.model else root.models(experiment):
                if after and (experiment, model) < (after.experiment, after.model):
                    continue
                for key in root.iter_runs(experiment, model, filters.domain, filters.task_id):
                    if after is None or key > after:
                        yield key

    def _count(self, filters: Filters) -> int:
        found = self.iter_results(filters) if filters.need_records else self._keys(filters)
        return sum(1 for _ in found)

    def _find_facets(self, experiment: str) -> Facets:
        root = self._root
        evaluators = {DEFAULT_EVALUATOR}
        domains = set(root.domains())
        for key in root.iter_runs(experiment):
            domains.add(key.domain)
            evaluators.update(self._evaluators(key))
        return Facets(
            tuple(root.experiments()), tuple(root.models(experiment)), tuple(sorted(domains)), tuple(sorted(evaluators))
        )

    def _evaluators(self, key: RunKey) -> list[str]:
        folder = self._root.evaluation_file(key.experiment, key.model, key.pair, DEFAULT_EVALUATOR).parent
        return [entry.name.removesuffix(".json") for entry in sorted_entries(folder) if entry.name.endswith(".json")]

    def _evaluations(self, key: RunKey) -> Iterator[EvaluationRow]:
        for name in self._evaluators(key):
            try:
                evaluation = load_evaluation(self._root, key.experiment, key.model, key.pair, name)
            except (RecordError, UnsafePathError) as problem:
                yield EvaluationRow(name, name, "error", None, None, public_message(problem), {})
                continue
            for score in evaluation.records if evaluation else ():
                if score.run_id == key.run_id:
                    yield self._evaluation(name, score)

    def _evaluation(self, name: str, score: Score) -> EvaluationRow:
        explanation = without_prefix(self._root, score.explanation)
        return EvaluationRow(name, score.rater, score.status, score.score, score.passed, explanation, score.dimensions)

    def _difficulty(self, pair: PairKey) -> str | None:
        try:
            return load_pair(self._root, pair).difficulty
        except RecordError:
            return None

    def _without_host_paths(self, error: RunFailure) -> RunFailure:
        return error.model_copy(update={"message": without_prefix(self._root, error.message)})


def public_message(error: VMEvalError) -> str:
    """Return an error's sentence with the name of the file at fault, but not where on this host it lies."""
    if isinstance(error, RecordError):
        return f"{str(error.path).rpartition('/')[2]}: {error.problem}"
    return error.message


def without_prefix(root: DataRoot, text: str) -> str:
    """Make paths below the data root that a text mentions relative to it."""
    return text.replace(f"{root.path.resolve()}/", "").replace(f"{root.path.absolute()}/", "")


def _outcome(status: str, evaluations: list[EvaluationRow]) -> Outcome:
    """Several raters pass a run if more than half of those who scored it do."""
    if status in ("failed", UNREADABLE):
        return Outcome.ERROR
    scored = [e for e in evaluations if e.status == "scored"]
    if scored:
        return Outcome.PASSED if sum(e.passed is True for e in scored) * 2 > len(scored) else Outcome.FAILED
    return Outcome.ERROR if any(e.status == "error" for e in evaluations) else Outcome.UNSCORED
