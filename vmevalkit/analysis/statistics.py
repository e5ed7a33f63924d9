"""Intervals, tests and sample sizes for success rates. Each names its source; none needs more than counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
"""The confidence level of every interval unless another one is asked for."""

RESAMPLES = 2000
_SEED = 20_250_115


@dataclass(frozen=True)
class Interval:
    """A range that holds the true value with some confidence."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of how wide it is."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class McNemar:
    """Whether two models that answered the same questions differ, by the questions on which they do."""

    only_first: int
    """Questions that only the first solved."""
    only_second: int
    exact: float
    """Two-sided p-value of the exact test; never too small."""
    mid_p: float
    """The same, less conservative: half the probability of what was seen counts."""


def wilson(passed: int, scored: int, level: float = LEVEL) -> Interval | None:
    """Return the score interval of a success rate; `None` if nothing was scored.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
    without continuity correction, as R. G. Newcombe recommends in Statistics in Medicine 17 (1998), 857-872.

    Raises:
        ValueError: there are more passed than scored, or a number is negative.

    """
    if not 0 <= passed <= scored:
        raise ValueError(f"{passed} of {scored} is no success rate")
    if not scored:
        return None
    z = _z(level)
    rate = passed / scored
    half = _wilson_half_width(rate, scored, z)
    middle = (rate + z * z / (2 * scored)) / (1 + z * z / scored)
    # At the ends the formula gives exactly 0 and 1, but for rounding.
    return Interval(0.0 if passed == 0 else middle - half, 1.0 if passed == scored else middle + half)


def questions_needed(rate: float, half_width: float, level: float = LEVEL) -> int:
    """Return how many questions make the Wilson interval of such a rate no wider than plus or minus ``half_width``."""
    if not (0 <= rate <= 1 and 0 < half_width < 0.5):
        raise ValueError(f"no number of questions gives {rate} +- {half_width}")
    z = _z(level)
    low, high = 0, 1
    while _wilson_half_width(rate, high, z) > half_width:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _wilson_half_width(rate, middle, z) > half_width else (low, middle)
    return high


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """Compare two models by the numbers of questions that only one of them solved.

    Source: Q. McNemar, Psychometrika 12 (1947), in its exact form; mid-p as in M. W. Fagerland, S. Lydersen and
    P. Laake, "The McNemar test for binary matched-pairs data", BMC Medical Research Methodology 13 (2013), 91.
    """
    from scipy.special import bdtr

    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return McNemar(0, 0, 1.0, 1.0)
    up_to, below = float(bdtr(fewer, n, 0.5)), float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0
    return McNemar(only_first, only_second, min(1.0, 2 * up_to), min(1.0, up_to + below))


def paired_difference(both: int, only_first: int, only_second: int, neither: int) -> Interval | None:
    """Return the interval of the first model's rate less the second's, on questions that both have answered.

    It stays honest where the models never differ, or always do, and a bootstrap has nothing to vary.

    Source: method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17 (1998), 2635-2650.
    """
    n = both + only_first + only_second + neither
    first, second = wilson(both + only_first, n), wilson(both + only_second, n)
    if first is None or second is None:
        return None
    rate_1, rate_2 = (both + only_first) / n, (both + only_second) / n
    phi = _phi(both, only_first, only_second, neither)
    down_1, down_2 = rate_1 - first.low, rate_2 - second.low
    up_1, up_2 = first.high - rate_1, second.high - rate_2
    below = math.sqrt(max(down_1**2 - 2 * phi * down_1 * up_2 + up_2**2, 0.0))
    above = math.sqrt(max(up_1**2 - 2 * phi * up_1 * down_2 + down_2**2, 0.0))
    difference = rate_1 - rate_2
    return Interval(max(difference - below, -1.0), min(difference + above, 1.0))


def bootstrap_mean(
    values: Sequence[float],
    counts: Sequence[int],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
) -> Interval | None:
    """Return the percentile bootstrap interval of a mean; `None` if the items do not differ, or there are none.

    Drawing items anew is drawing how often each value comes: one multinomial draw a resample, however many items.

    Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    Args:
        values: the values that occur; for the paired difference of two models 1, -1 and 0.
        counts: how many items have each.
        level: of confidence.
        resamples: how often the items are drawn anew.
        seed: of the draws; the same seed gives the same interval.

    """
    numbers = np.asarray(counts, dtype=np.int64)
    total = int(numbers.sum())
    if np.count_nonzero(numbers) < 2:
        return None
    drawn = _generator(seed).multinomial(total, numbers / total, size=resamples)
    return percentile_interval(drawn @ np.asarray(values, dtype=float) / total, level)


def percentile_interval(estimates: "np.typing.NDArray[np.float64]", level: float = LEVEL) -> Interval:
    """Return the range that holds the middle ``level`` of bootstrap estimates."""
    low, high = np.quantile(estimates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for having looked at all of them; the order is kept.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return tuple(adjusted)


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not at {level}")
    return NormalDist().inv_cdf((1 + level) / 2)


def _wilson_half_width(rate: float, n: int, z: float) -> float:
    return z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Return how much the two answers go together, with Newcombe's correction where that is positive."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    determinant: float = both * neither - only_first * only_second
    if determinant > 0:
        determinant = max(determinant - (both + only_first + only_second + neither) / 2, 0.0)
    return determinant / math.sqrt(margins)


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))
