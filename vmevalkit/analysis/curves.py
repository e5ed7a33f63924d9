"""How a model's rate depends on the difficulty, how its scores are spread, and how many questions are enough."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmevalkit.analysis.leaderboard import Cell, cell_of
from vmevalkit.analysis.results import UNKNOWN_DIFFICULTY, Outcome, Results
from vmevalkit.analysis.statistics import Interval, bootstrap_mean, questions_needed, wilson
from vmevalkit.vocabulary import DIFFICULTIES

SCORES = (1, 2, 3, 4, 5)
WANTED_HALF_WIDTH = 0.05
"""Five points up or down: what a reader of a leaderboard takes for the same."""

_ORDERS = 500
_SEED = 20_250_117
_SIZES = 24


@dataclass(frozen=True)
class DifficultyCurve:
    """One model: the questions of each difficulty, from easy to hard."""

    model: str
    points: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class ScoreDistribution:
    """One model: how often each score was given."""

    model: str
    counts: tuple[int, int, int, int, int]
    """Of the scores 1 to 5."""
    interval: Interval | None
    """Of the mean, by bootstrap over the questions; `None` where the scores do not vary."""

    @property
    def mean(self) -> float | None:
        """The mean score; `None` if there is none."""
        total = sum(self.counts)
        return sum(score * n for score, n in zip(SCORES, self.counts, strict=True)) / total if total else None


@dataclass(frozen=True)
class ConvergencePoint:
    """What a model's rate would look like after that many of its questions, taken in random order."""

    questions: int
    low: float
    """A twentieth of the orders give a lower rate."""
    high: float
    """A twentieth of the orders give a higher rate."""
    interval: Interval
    """The 95 % Wilson interval; its ends are means over the orders."""


@dataclass(frozen=True)
class Convergence:
    """One model: how its rate settles as questions are added."""

    model: str
    rate: float | None
    points: tuple[ConvergencePoint, ...]
    needed: int | None
    """Questions for which the Wilson interval of this rate is plus or minus five points; `None` without a rate."""


def difficulty_curves(results: Results, evaluator: str) -> tuple[DifficultyCurve, ...]:
    """Count the outcomes by difficulty, for each model in the order of the results."""
    outcomes = results.outcomes[results.evaluators.index(evaluator)]
    named = np.array(results.difficulties, dtype=object)
    levels = sorted(set(results.difficulties), key=_place_of_difficulty)
    return tuple(
        DifficultyCurve(model, tuple((level, cell_of(outcomes[m, named == level])) for level in levels))
        for m, model in enumerate(results.models)
    )


def score_distributions(results: Results, evaluator: str) -> tuple[ScoreDistribution, ...]:
    """Count the scores of each model, in the order of the results."""
    scores = results.scores[results.evaluators.index(evaluator)]
    found = []
    for model, given in zip(results.models, scores, strict=True):
        one, two, three, four, five = np.bincount(given, minlength=6)[1:].tolist()
        counts = (one, two, three, four, five)
        found.append(ScoreDistribution(model, counts, bootstrap_mean(SCORES, counts)))
    return tuple(found)


def convergences(results: Results, evaluator: str) -> tuple[Convergence, ...]:
    """Take each model's scored questions in many random orders, and look at the rate on the way."""
    outcomes = results.outcomes[results.evaluators.index(evaluator)]
    return tuple(
        _convergence(model, int((row == Outcome.PASSED).sum()), int((row >= Outcome.FAILED).sum()))
        for model, row in zip(results.models, outcomes, strict=True)
    )


def _convergence(model: str, passed: int, scored: int) -> Convergence:
    if not scored:
        return Convergence(model, None, (), None)
    generator = np.random.Generator(np.random.PCG64(_SEED))
    # In a random order, how many of the next questions were solved depends on nothing but how many are left.
    done, solved = 0, np.zeros(_ORDERS, dtype=np.int64)
    points = []
    for size in _sizes(scored):
        left = scored - done - (passed - solved)
        solved = solved + generator.hypergeometric(passed - solved, left, size - done)
        done = size
        points.append(_point(size, solved))
    return Convergence(model, passed / scored, tuple(points), questions_needed(passed / scored, WANTED_HALF_WIDTH))


def _point(size: int, solved: NDArray[np.int64]) -> ConvergencePoint:
    low, high = np.quantile(solved / size, (0.05, 0.95))
    counts, times = np.unique(solved, return_counts=True)
    ends = [(interval.low, interval.high) for n in counts.tolist() if (interval := wilson(n, size))]
    bottom, top = np.average(ends, axis=0, weights=times)
    return ConvergencePoint(size, float(low), float(high), Interval(float(bottom), float(top)))


def _sizes(scored: int) -> list[int]:
    """Return numbers of questions up to all of them, closer together at the beginning."""
    return sorted({round(float(size)) for size in np.geomspace(1, scored, _SIZES)})


def _place_of_difficulty(name: str) -> tuple[int, str]:
    if name in DIFFICULTIES:
        return DIFFICULTIES.index(name), ""
    return (len(DIFFICULTIES) + (name == UNKNOWN_DIFFICULTY), name)
