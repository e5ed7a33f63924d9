"""How many questions each model solves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmevalkit.analysis.results import (
    Outcome,
    Results,
    check_experiment,
    last_answer,
    read_evaluation,
)
from vmevalkit.analysis.statistics import Interval, wilson
from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.errors import RecordError
from vmevalkit.first_few import FirstFew


@dataclass(frozen=True)
class Cell:
    """One model on one domain, in numbers of questions. An error or a missing video is no failure and no zero."""

    questions: int = 0
    scored: int = 0
    passed: int = 0
    errors: int = 0
    skipped: int = 0
    """Of the missing, those that the evaluator has passed over: there is no video, or it has no rules for them."""

    @property
    def missing(self) -> int:
        """Questions without a video or not looked at yet."""
        return self.questions - self.scored - self.errors

    @property
    def rate(self) -> float | None:
        """Share of the scored questions that were solved; `None` if none was scored."""
        return self.passed / self.scored if self.scored else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % Wilson interval of the rate; `None` if none was scored."""
        return wilson(self.passed, self.scored)

    @property
    def coverage(self) -> float | None:
        """Share of the questions that were scored; `None` if there is none."""
        return self.scored / self.questions if self.questions else None

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(
            self.questions + other.questions,
            self.scored + other.scored,
            self.passed + other.passed,
            self.errors + other.errors,
            self.skipped + other.skipped,
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
    """Evaluation files that cannot be read, the first thousand; their questions count as errors."""


def leaderboard(root: DataRoot, experiment: str, evaluator: str = "RuleEvaluator") -> Leaderboard:
    """Count what the models of an experiment solve, as one evaluator sees it; only its files are read.

    Where a question was filmed often, the last run counts; where several people scored that run, their majority.

    Raises:
        UsageError: there is no data root, or no experiment in it.
        UnknownNameError: the experiment does not exist.

    """
    check_experiment(root, experiment)
    domains = tuple(root.domains())
    problems = FirstFew[RecordError]()

    def outcome(model: str, pair: PairKey) -> Outcome:
        try:
            return last_answer(read_evaluation(root, experiment, model, pair, evaluator)).outcome
        except RecordError as problem:
            problems.add(problem)
            return Outcome.ERROR

    def count(model: str, domain: str) -> Cell:
        return cell_of(np.fromiter((outcome(model, pair) for pair in root.iter_pairs([domain])), dtype=np.int8))

    rows = [Row(model, {domain: count(model, domain) for domain in domains}) for model in root.models(experiment)]
    return Leaderboard(experiment, evaluator, domains, best_first(rows), tuple(problems.first))


def leaderboard_of(results: Results, evaluator: str) -> Leaderboard:
    """Count what the models of an experiment solve in results that have been read."""
    outcomes = results.outcomes[results.evaluators.index(evaluator)]
    domain_of = np.array([pair.domain for pair in results.questions], dtype=object)
    domains = tuple(sorted({pair.domain for pair in results.questions}))
    rows = [
        Row(model, {domain: cell_of(outcomes[m, domain_of == domain]) for domain in domains})
        for m, model in enumerate(results.models)
    ]
    return Leaderboard(results.experiment, evaluator, domains, best_first(rows), results.problems)


def cell_of(outcomes: NDArray[np.int8]) -> Cell:
    """Count the outcomes of some questions."""
    counts = np.bincount(outcomes, minlength=len(Outcome)).tolist()
    passed = counts[Outcome.PASSED]
    return Cell(
        questions=len(outcomes),
        scored=passed + counts[Outcome.FAILED],
        passed=passed,
        errors=counts[Outcome.ERROR],
        skipped=counts[Outcome.SKIPPED],
    )


def best_first(rows: list[Row]) -> tuple[Row, ...]:
    """Sort by rate, of the same rate those with more scored questions first, then by name."""
    return tuple(sorted(rows, key=lambda row: (-(row.total.rate or 0.0), -row.total.scored, row.model)))
