"""All that the evaluators say about an experiment, read once and kept small.

Of several runs of a question the last that the evaluator has looked at counts; of several raters of that run the
majority. Agreement between raters is about runs, and takes all of them.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from vmevalkit.dataroot import (
    DataRoot,
    Evaluation,
    PairKey,
    Score,
    is_name,
    load_evaluation,
    load_pair,
    refuse_archived,
    sorted_entries,
)
from vmevalkit.errors import RecordError, UnknownNameError, UsageError
from vmevalkit.first_few import FirstFew
from vmevalkit.progress import Progress, Silent

UNKNOWN_DIFFICULTY = "unknown"


class Outcome(IntEnum):
    """What became of a question that a model was asked, as one evaluator sees it."""

    MISSING = 0
    """Nobody has looked at a video of it."""
    SKIPPED = 1
    """The evaluator found no video, or has no rules for it; counts among the missing."""
    ERROR = 2
    """The video could not be judged, or the evaluation cannot be read."""
    FAILED = 3
    PASSED = 4

    @property
    def scored(self) -> bool:
        """Whether it counts in a success rate."""
        return self >= Outcome.FAILED


@dataclass(frozen=True)
class Answer:
    """What the raters of one run say together."""

    outcome: Outcome
    score: int | None = None


@dataclass(frozen=True)
class Ratings:
    """Every score of every run, as columns of the same length: one entry per item and rater."""

    raters: tuple[tuple[str, str], ...]
    """Evaluator and rater."""
    rater: NDArray[np.int32]
    """A place in ``raters``."""
    item: NDArray[np.int64]
    """A run; the same number means the same run."""
    score: NDArray[np.int8]


@dataclass(frozen=True)
class Results:
    """An experiment as its evaluators see it.

    ``outcomes`` and ``scores`` have the shape (evaluators, models, questions).
    """

    experiment: str
    models: tuple[str, ...]
    evaluators: tuple[str, ...]
    questions: tuple[PairKey, ...]
    """Those on disk, sorted; a question that nobody answered is missing, and not left out."""
    difficulties: tuple[str, ...]
    """Of each question."""
    outcomes: NDArray[np.int8]
    """Values of `Outcome`."""
    scores: NDArray[np.int8]
    """From 1 to 5; 0 where there is none."""
    ratings: Ratings
    earlier_runs: tuple[int, ...] = ()
    """Per evaluator, runs that do not count because a later one of the same question does."""
    versions: tuple[tuple[str, ...], ...] = ()
    """Per evaluator, its versions that the scores come from."""
    problems: tuple[RecordError, ...] = ()
    """Files that cannot be read, the first thousand; an evaluation among them counts as an error."""
    problem_count: int = 0
    """How many there are."""


def settled(records: Sequence[Score]) -> Answer:
    """Return what the raters of one run say together.

    Those who scored it decide: it is solved if more than half of them say so, and its score is their median, of two
    in the middle the lower. So a run is solved if and only if its score is a passing one.
    """
    scored = [record for record in records if record.status == "scored"]
    if scored:
        passed = 2 * sum(record.passed is True for record in scored) > len(scored)
        scores = [record.score for record in scored if record.score is not None]
        return Answer(Outcome.PASSED if passed else Outcome.FAILED, median_low(scores) if scores else None)
    if any(record.status == "error" for record in records):
        return Answer(Outcome.ERROR)
    return Answer(Outcome.SKIPPED if records else Outcome.MISSING)


def last_answer(evaluation: Evaluation | None) -> Answer:
    """Return what an evaluator says about a question: its word on the last run that it has looked at."""
    records = evaluation.records if evaluation else ()
    last = max((record.run_id for record in records), default=None)
    return settled([record for record in records if record.run_id == last])


def read_evaluation(root: DataRoot, experiment: str, model: str, pair: PairKey, evaluator: str) -> Evaluation | None:
    """Read an evaluation and check that it is the one its place says; `None` if there is none.

    Raises:
        RecordError: it is malformed, or belongs elsewhere.

    """
    found = load_evaluation(root, experiment, model, pair, evaluator)
    if found is None:
        return None
    if (found.evaluator, found.model, found.domain, found.task_id) != (evaluator, model, pair.domain, pair.task_id):
        path = root.evaluation_file(experiment, model, pair, evaluator)
        raise RecordError(path, f"is by {found.evaluator} about {found.model} on {found.task_id}; it lies elsewhere")
    return found


def check_experiment(root: DataRoot, experiment: str) -> None:
    """Refuse an experiment that does not exist.

    Raises:
        UsageError: there is no data root, or no experiment in it, or the experiment is archived.
        UnknownNameError: the experiment does not exist.

    """
    there = root.existing().experiments()
    if not there:
        raise UsageError(f"no experiments in {root.outputs}", hint="make one with 'vmevalkit run'")
    if experiment not in there:
        raise UnknownNameError("experiment", experiment, there)
    refuse_archived(root, experiment)


def evaluators_of(
    root: DataRoot, experiment: str, models: Collection[str], questions: Collection[PairKey]
) -> list[str]:
    """Return the evaluators that have said anything about these, by name."""
    found: set[str] = set()
    for model in models:
        for pair in questions:
            found.update(_names(root, experiment, model, pair))
    return sorted(found)


def read_results(
    root: DataRoot,
    experiment: str,
    evaluators: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> Results:
    """Read an experiment: each file once, a few bytes kept of each.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        evaluators: these, in this order; all that have said anything if `None`.
        progress: told of every model and question.

    Raises:
        UsageError: there is no data root, or no experiment in it.
        UnknownNameError: the experiment does not exist.

    """
    check_experiment(root, experiment)
    models, questions = tuple(root.models(experiment)), tuple(root.iter_pairs())
    if evaluators is None:
        evaluators = evaluators_of(root, experiment, models, questions)
    problems = FirstFew[RecordError]()
    reader = _Reader(root, experiment, models, tuple(evaluators), questions, problems)
    progress = progress or Silent()
    progress.start(len(models) * len(questions), "answers")
    difficulties = tuple(_difficulty(root, pair, problems) for pair in questions)
    reader.read(progress)
    return reader.results(difficulties)


class _Reader:
    """Fills the columns while the files go by."""

    def __init__(
        self,
        root: DataRoot,
        experiment: str,
        models: tuple[str, ...],
        evaluators: tuple[str, ...],
        questions: tuple[PairKey, ...],
        problems: FirstFew[RecordError],
    ) -> None:
        self._root, self._experiment, self._problems = root, experiment, problems
        self._models, self._evaluators, self._questions = models, evaluators, questions
        shape = (len(evaluators), len(models), len(questions))
        self._outcomes = np.full(shape, Outcome.MISSING, dtype=np.int8)
        self._scores = np.zeros(shape, dtype=np.int8)
        self._earlier: Counter[str] = Counter()
        self._versions: dict[str, set[str]] = {name: set() for name in evaluators}
        self._raters: dict[tuple[str, str], int] = {}
        self._items = 0
        self._rater, self._item, self._score = array("i"), array("q"), array("b")

    def read(self, progress: Progress) -> None:
        for m, model in enumerate(self._models):
            for q, pair in enumerate(self._questions):
                self._read_answer(m, model, q, pair)
                progress.advance()

    def _read_answer(self, m: int, model: str, q: int, pair: PairKey) -> None:
        runs: dict[str, int] = {}
        for e, evaluator in enumerate(self._evaluators):
            try:
                evaluation = read_evaluation(self._root, self._experiment, model, pair, evaluator)
            except RecordError as problem:
                self._problems.add(problem)
                self._outcomes[e, m, q] = Outcome.ERROR
                continue
            if evaluation is None:
                continue
            answer = last_answer(evaluation)
            self._outcomes[e, m, q], self._scores[e, m, q] = answer.outcome, answer.score or 0
            self._earlier[evaluator] += max(len({record.run_id for record in evaluation.records}) - 1, 0)
            self._versions[evaluator].add(evaluation.version)
            self._rate(evaluator, evaluation.records, runs)
        self._items += len(runs)

    def _rate(self, evaluator: str, records: Sequence[Score], runs: dict[str, int]) -> None:
        for record in records:
            if record.status == "scored" and record.score is not None:
                self._rater.append(self._raters.setdefault((evaluator, record.rater), len(self._raters)))
                self._item.append(self._items + runs.setdefault(record.run_id, len(runs)))
                self._score.append(record.score)

    def results(self, difficulties: tuple[str, ...]) -> Results:
        return Results(
            experiment=self._experiment,
            models=self._models,
            evaluators=self._evaluators,
            questions=self._questions,
            difficulties=difficulties,
            outcomes=self._outcomes,
            scores=self._scores,
            ratings=Ratings(
                tuple(self._raters),
                np.frombuffer(self._rater, dtype=np.int32),
                np.frombuffer(self._item, dtype=np.int64),
                np.frombuffer(self._score, dtype=np.int8),
            ),
            earlier_runs=tuple(self._earlier[name] for name in self._evaluators),
            versions=tuple(tuple(sorted(self._versions[name])) for name in self._evaluators),
            problems=tuple(self._problems.first),
            problem_count=self._problems.count,
        )


def _difficulty(root: DataRoot, pair: PairKey, problems: FirstFew[RecordError]) -> str:
    try:
        return load_pair(root, pair).difficulty
    except RecordError as problem:
        problems.add(problem)
        return UNKNOWN_DIFFICULTY


def _names(root: DataRoot, experiment: str, model: str, pair: PairKey) -> Iterator[str]:
    folder = root.evaluation_file(experiment, model, pair, "any").parent
    for entry in sorted_entries(folder):
        name, dot, ending = entry.name.rpartition(".")
        if (dot, ending) == (".", "json") and is_name(name):
            yield name
