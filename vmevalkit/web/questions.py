"""What the pages ask about questions: the runs of an experiment, put together by the question that they answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice

from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, GROUND_TRUTH_NAME, DataRoot, Pair, PairKey, load_pair
from vmevalkit.errors import RecordError
from vmevalkit.web._cache import ShortMemory
from vmevalkit.web.results import Filters, ResultRow, Results, cursor_of, pair_key, public_message

_COUNTS_KEPT_SECONDS = 5.0


@dataclass(frozen=True)
class Question:
    """A puzzle as far as it is on disk; a broken or missing record leaves its runs visible."""

    key: PairKey
    pair: Pair | None
    problem: str | None
    """Why there is no ``pair``."""
    has_first_frame: bool
    has_final_frame: bool
    has_ground_truth: bool


@dataclass(frozen=True)
class QuestionRow:
    """A question and the last run of each model on it."""

    question: Question
    results: tuple[ResultRow, ...]
    missing: tuple[str, ...]
    """Models without a run."""

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What became of each model's last run, by model; ``missing`` if there is none."""
        known = [(result.key.model, result.outcome.value) for result in self.results]
        return sorted(known + [(model, "missing") for model in self.missing])


@dataclass(frozen=True)
class QuestionPage:
    """Some of the matching questions, in the order of their keys."""

    rows: tuple[QuestionRow, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True)
class Neighbours:
    """The questions before and after one."""

    previous: PairKey | None
    next: PairKey | None


class Questions:
    """The questions of a data root, with the runs of one experiment at a time."""

    def __init__(self, root: DataRoot, results: Results) -> None:
        self._root, self._results = root, results
        self._totals: ShortMemory[int] = ShortMemory(_COUNTS_KEPT_SECONDS)

    def page(self, experiment: str, filters: Filters, limit: int, cursor: str | None = None) -> QuestionPage:
        """Return up to ``limit`` questions that match; a question matches by its last runs in the experiment.

        Raises:
            UsageError: the cursor is malformed.

        """
        after = pair_key(cursor) if cursor is not None else None
        rows = tuple(islice(self._rows(experiment, filters, after), limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        total = self._totals.get((experiment, filters), lambda: self._count(experiment, filters))
        return QuestionPage(rows, total, cursor_of(rows[-1].question.key) if more else None)

    def exists(self, key: PairKey) -> bool:
        """Tell whether a question has a folder."""
        return self._root.pair_folder(key).is_dir()

    def neighbours(self, key: PairKey) -> Neighbours:
        """Return the questions on disk before and after one."""
        previous: PairKey | None = None
        for other in self._root.iter_pairs():
            if other > key:
                return Neighbours(previous, other)
            if other < key:
                previous = other
        return Neighbours(previous, None)

    def _rows(self, experiment: str, filters: Filters, after: PairKey | None) -> Iterator[QuestionRow]:
        models = self._models(experiment, filters)
        for key in self._keys(experiment, filters, models):
            if after is not None and key <= after:
                continue
            row = self._row(experiment, key, filters, models)
            if row.results or not filters.need_records:
                yield row

    def _row(self, experiment: str, key: PairKey, filters: Filters, models: Iterable[str]) -> QuestionRow:
        results, missing = [], []
        for model in models:
            run = self._results.latest(experiment, model, key)
            if run is None:
                missing.append(model)
                continue
            result = self._results.row(run, filters.evaluator)
            if filters.match(result):
                results.append(result)
        return QuestionRow(self.read(key), tuple(results), () if filters.need_records else tuple(missing))

    def _keys(self, experiment: str, filters: Filters, models: Iterable[str]) -> Iterator[PairKey]:
        """Yield the matching questions that are on disk or have runs, sorted, each once."""
        known = self._root.iter_pairs(None if filters.domain is None else [filters.domain])
        runs = (self._root.iter_runs(experiment, m, filters.domain, filters.task_id) for m in models)
        asked = ((run.pair for run in of_model) for of_model in runs)
        for key, _ in groupby(merge(known, *asked)):
            if filters.task_id in (None, key.task_id):
                yield key

    def _models(self, experiment: str, filters: Filters) -> list[str]:
        return [filters.model] if filters.model else self._root.models(experiment)

    def _count(self, experiment: str, filters: Filters) -> int:
        if filters.need_records:
            return sum(1 for _ in self._rows(experiment, filters, None))
        return sum(1 for _ in self._keys(experiment, filters, self._models(experiment, filters)))

    def read(self, key: PairKey) -> Question:
        """Read one question; what is missing or broken is said in it."""
        folder = self._root.pair_folder(key)
        pair: Pair | None = None
        problem: str | None = None
        try:
            pair = load_pair(self._root, key)
        except RecordError as error:
            problem = public_message(error)
        return Question(
            key=key,
            pair=pair,
            problem=problem,
            has_first_frame=(folder / FIRST_FRAME_NAME).is_file(),
            has_final_frame=(folder / FINAL_FRAME_NAME).is_file(),
            has_ground_truth=(folder / GROUND_TRUTH_NAME).is_file(),
        )
