"""How many questions each model solves."""

from dataclasses import dataclass

from vmevalkit.dataroot import DataRoot, PairKey, Score, load_evaluation
from vmevalkit.errors import RecordError, UnknownNameError, UsageError


@dataclass(frozen=True)
class Cell:
    """One model on one domain, in numbers of questions. An error or a missing video is no failure and no zero."""

    questions: int = 0
    scored: int = 0
    passed: int = 0
    errors: int = 0

    @property
    def missing(self) -> int:
        """Questions without a video or not looked at yet."""
        return self.questions - self.scored - self.errors

    @property
    def rate(self) -> float | None:
        """Share of the scored questions that were solved; `None` if none was scored."""
        return self.passed / self.scored if self.scored else None

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(
            self.questions + other.questions,
            self.scored + other.scored,
            self.passed + other.passed,
            self.errors + other.errors,
        )


@dataclass(frozen=True)
class Row:
    """One model: its domains and their sum."""

    model: str
    domains: dict[str, Cell]

    @property
    def total(self) -> Cell:
        """All domains together."""
        return sum(self.domains.values(), Cell())


@dataclass(frozen=True)
class Leaderboard:
    """All models of an experiment as one evaluator sees them, best first."""

    experiment: str
    evaluator: str
    domains: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[RecordError, ...] = ()
    """Evaluation files that cannot be read; their questions count as errors."""


def leaderboard(root: DataRoot, experiment: str, evaluator: str = "RuleEvaluator") -> Leaderboard:
    """Count what the models of an experiment solve. Where a question was filmed often, the last run counts.

    Raises:
        UsageError: there is no data root, or no experiment in it.
        UnknownNameError: the experiment does not exist.

    """
    there = root.existing().experiments()
    if not there:
        raise UsageError(f"no experiments in {root.outputs}", hint="make one with 'vmevalkit run'")
    if experiment not in there:
        raise UnknownNameError("experiment", experiment, there)
    domains = tuple(root.domains())
    problems: list[RecordError] = []

    def count(model: str, domain: str) -> Cell:
        total = Cell()
        for pair in root.iter_pairs([domain]):
            try:
                total += _cell(root, experiment, model, pair, evaluator)
            except RecordError as problem:
                problems.append(problem)
                total += Cell(questions=1, errors=1)
        return total

    rows = [Row(model, {domain: count(model, domain) for domain in domains}) for model in root.models(experiment)]
    rows.sort(key=lambda row: (-(row.total.rate or 0.0), -row.total.scored, row.model))
    return Leaderboard(experiment, evaluator, domains, tuple(rows), tuple(problems))


def _cell(root: DataRoot, experiment: str, model: str, pair: PairKey, evaluator: str) -> Cell:
    evaluation = load_evaluation(root, experiment, model, pair, evaluator)
    last: Score | None = max(evaluation.records, key=lambda s: s.run_id, default=None) if evaluation else None
    if last is None or last.status == "skipped":
        return Cell(questions=1)
    if last.status == "error":
        return Cell(questions=1, errors=1)
    return Cell(questions=1, scored=1, passed=int(last.passed is True))
