"""What every rater says of a run, in full: read from the evaluation files of the few runs that are looked at.

The index knows what came of a run; why a rater thinks so is only in the files.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vmevalkit.dataroot import DataRoot, Evaluation, JudgeTrace, PairKey, RunKey, Score, is_name, sorted_entries
from vmevalkit.errors import RecordError
from vmevalkit.web.public import public_message, public_value, without_prefix

_SUFFIX = ".json"


@dataclass(frozen=True)
class RaterScore:
    """One rater's word on a run."""

    evaluator: str
    rater: str
    status: Literal["scored", "error", "skipped"]
    """``error`` also if the file cannot be read; the explanation says why."""
    score: int | None
    passed: bool | None
    explanation: str
    dimensions: dict[str, Any]
    created_at: str | None
    needs_review: bool
    version: str | None
    """Of the evaluator."""
    judge: JudgeTrace | None
    cost_usd: float | None = None
    """Of the judge."""


class ScoreReader:
    """Reads scores for one answer: each file once, though it is about all runs of a model on a question."""

    def __init__(self, root: DataRoot) -> None:
        self._root = root
        self._section = os.path.realpath(root.evaluations)
        self._inside: dict[Path, bool] = {}
        """Whether folders of models' answers to a domain lie among the evaluations, links followed."""
        self._read: dict[tuple[str, str, PairKey], dict[str, Evaluation | str]] = {}

    def of(self, key: RunKey, evaluator: str | None = None) -> tuple[RaterScore, ...]:
        """Return what all raters say of a run, or those of one evaluator; sorted by evaluator and rater."""
        place = (key.experiment, key.model, key.pair)
        if place not in self._read:
            self._read[place] = self._evaluations(*place)
        return tuple(
            score
            for name, found in self._read[place].items()
            if evaluator in (None, name)
            for score in self._scores(name, found, key.run_id)
        )

    def _evaluations(self, experiment: str, model: str, pair: PairKey) -> dict[str, Evaluation | str]:
        """Read all files about a model's answer to a question; of one that cannot be read, say why."""
        folder = self._root.evaluation_file(experiment, model, pair, "any").parent
        entries = sorted_entries(folder)
        is_inside = not entries or self._contains_folder(folder)
        found: dict[str, Evaluation | str] = {}
        for entry in entries:
            name = entry.name.removesuffix(_SUFFIX)
            if name == entry.name or not is_name(name):
                continue
            if not is_inside or (entry.is_symlink() and not self._contains(entry.path)):
                found[name] = f"{entry.name}: does not lie in its own folder"
                continue
            try:
                found[name] = Evaluation.load(Path(entry.path))
            except RecordError as problem:
                found[name] = without_prefix(self._root, public_message(problem))
        return found

    def _contains_folder(self, folder: Path) -> bool:
        """Tell the same as `_contains`, with one look at the disk for each of many folders beside each other."""
        if folder.is_symlink():
            return self._contains(folder)
        if folder.parent not in self._inside:
            self._inside[folder.parent] = self._contains(folder.parent)
        return self._inside[folder.parent]

    def _contains(self, path: str | Path) -> bool:
        """Tell whether a path lies among the evaluations, links followed."""
        return os.path.realpath(path).startswith(f"{self._section}/")

    def _scores(self, evaluator: str, found: Evaluation | str, run_id: str) -> Iterator[RaterScore]:
        if isinstance(found, str):
            yield RaterScore(evaluator, evaluator, "error", None, None, found, {}, None, False, None, None)
            return
        for score in found.records:
            if score.run_id == run_id:
                yield self._score(evaluator, found.version, score)

    def _score(self, evaluator: str, version: str, score: Score) -> RaterScore:
        def public(value: Any) -> Any:  # noqa: ANN401 - any JSON
            return public_value(self._root, value)

        return RaterScore(
            evaluator=evaluator,
            rater=public(score.rater),
            status=score.status,
            score=score.score,
            passed=score.passed,
            explanation=public(score.explanation),
            dimensions=public(score.dimensions),
            created_at=public(score.created_at),
            needs_review=bool(score.needs_review),
            version=public(version),
            judge=JudgeTrace.model_validate(public(score.judge.model_dump())) if score.judge else None,
            cost_usd=score.cost_usd,
        )
