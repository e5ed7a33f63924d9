"""Two models on the questions that both have answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from vmevalkit.analysis.results import Outcome, Results
from vmevalkit.analysis.statistics import Interval, bootstrap_mean, holm, mcnemar, paired_difference
from vmevalkit.errors import UnknownNameError, UsageError


@dataclass(frozen=True)
class Comparison:
    """Two models, by the questions for which both were scored."""

    first: str
    second: str
    both: int
    """Questions that both solved."""
    only_first: int
    only_second: int
    neither: int
    interval: Interval | None
    """Of the difference: Newcombe's score interval for paired data."""
    bootstrap: Interval | None
    """The same by bootstrap over the questions; `None` where they do not vary."""
    p_exact: float
    """McNemar's exact test."""
    p_mid: float
    p_holm: float
    """The exact one, corrected for all comparisons of this evaluator in this experiment."""

    @property
    def questions(self) -> int:
        """Questions that were scored for both."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float | None:
        """The first's rate less the second's; `None` without common questions."""
        return (self.only_first - self.only_second) / self.questions if self.questions else None


def compare(results: Results, evaluator: str, pairs: Sequence[tuple[str, str]] | None = None) -> tuple[Comparison, ...]:
    """Compare models, as one evaluator sees them.

    Args:
        results: of an experiment.
        evaluator: whose scores count.
        pairs: which models; every two if `None`. The correction for looking at many is for those.

    Raises:
        UnknownNameError: a model is not in the experiment.
        UsageError: a model is compared with itself.

    """
    outcomes = results.outcomes[results.evaluators.index(evaluator)]
    # Sums of products, and so exact in floats for any number of questions that fits a disk.
    passed = (outcomes == Outcome.PASSED).astype(np.float64)
    failed = (outcomes == Outcome.FAILED).astype(np.float64)
    both, only_row, neither = passed @ passed.T, passed @ failed.T, failed @ failed.T
    place = {model: m for m, model in enumerate(results.models)}
    found = []
    for first, second in pairs if pairs is not None else combinations(results.models, 2):
        for model in (first, second):
            if model not in place:
                raise UnknownNameError("model", model, results.models)
        if first == second:
            raise UsageError(f"{first} cannot be compared with itself", hint="name two models: --compare A,B")
        a, b = place[first], place[second]
        counts = (both[a, b], only_row[a, b], only_row[b, a], neither[a, b])
        found.append(_comparison(first, second, *(int(count) for count in counts)))
    # Models without a common question were not compared, and correct nothing.
    corrected = iter(holm([comparison.p_exact for comparison in found if comparison.questions]))
    return tuple(replace(c, p_holm=next(corrected)) if c.questions else c for c in found)


def _comparison(first: str, second: str, both: int, only_first: int, only_second: int, neither: int) -> Comparison:
    test = mcnemar(only_first, only_second)
    return Comparison(
        first=first,
        second=second,
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        interval=paired_difference(both, only_first, only_second, neither),
        bootstrap=bootstrap_mean((1, -1, 0), (only_first, only_second, both + neither)),
        p_exact=test.exact,
        p_mid=test.mid_p,
        p_holm=test.exact,
    )
