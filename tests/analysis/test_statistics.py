"""Intervals, tests and sample sizes: against published numbers, other people's code, and what must always hold."""

import random
import subprocess
import sys
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vmevalkit.analysis import statistics as ours

counts = st.integers(0, 300)


@st.composite
def rates(draw):
    scored = draw(st.integers(1, 500))
    return draw(st.integers(0, scored)), scored


@pytest.mark.parametrize(
    ("passed", "scored", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_wilson_interval_gives_newcombes_published_examples(passed, scored, low, high):
    interval = ours.wilson(passed, scored)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(rates(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_wilson_interval_is_scipys(rate, level):
    theirs = stats.binomtest(*rate).proportion_ci(level, method="wilson")
    interval = ours.wilson(*rate, level)
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_wilson_interval_is_statsmodels(statsmodels):
    for passed in range(41):
        interval = ours.wilson(passed, 40)
        theirs = statsmodels.stats.proportion.proportion_confint(passed, 40, method="wilson")
        assert (interval.low, interval.high) == pytest.approx(theirs, abs=1e-12)


@given(rates())
def test_the_wilson_interval_holds_the_rate_and_stays_between_nothing_and_all(rate):
    passed, scored = rate
    interval = ours.wilson(passed, scored)
    assert 0 <= interval.low <= passed / scored <= interval.high <= 1
    assert interval.low < interval.high


@given(rates())
def test_the_wilson_interval_of_the_failures_is_the_mirror_image(rate):
    passed, scored = rate
    interval, mirrored = ours.wilson(passed, scored), ours.wilson(scored - passed, scored)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_nothing_scored_has_no_interval():
    assert ours.wilson(0, 0) is None


@pytest.mark.parametrize(("passed", "scored"), [(2, 1), (-1, 3)])
def test_a_rate_that_cannot_be_is_refused(passed, scored):
    with pytest.raises(ValueError, match="no success rate"):
        ours.wilson(passed, scored)


@pytest.mark.parametrize(("rate", "needed"), [(0.5, 381), (0.0, 35), (1.0, 35)])
def test_the_questions_needed_for_five_points_are_those_that_algebra_gives(rate, needed):
    # At one half the interval is z / sqrt(n + z^2) wide, at the ends z^2 / (n + z^2); z = 1.96.
    assert ours.questions_needed(rate, 0.05) == needed


@given(rates(), st.floats(0.01, 0.4))
def test_the_questions_needed_are_enough_and_one_fewer_is_not(rate, half_width):
    passed, scored = rate
    needed = ours.questions_needed(passed / scored, half_width)

    def half(n):
        z, p = stats.norm.ppf(0.975), passed / scored
        return z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)

    assert half(needed) <= half_width + 1e-9
    assert needed == 1 or half(needed - 1) > half_width - 1e-9


def test_mcnemar_gives_fagerlands_published_example():
    # Airway hyper-responsiveness before and after stem cell transplantation: 1 against 7.
    test = ours.mcnemar(1, 7)
    assert (round(test.exact, 4), round(test.mid_p, 4)) == (0.0703, 0.0391)


@given(counts, counts)
def test_mcnemars_exact_test_is_the_sum_of_its_terms(first, second):
    n, fewer = first + second, min(first, second)
    tail = Fraction(2 * sum(comb(n, k) for k in range(fewer + 1)), 2**n)
    test = ours.mcnemar(first, second)
    assert test.exact == pytest.approx(min(1.0, float(tail)), rel=1e-9)
    assert test.mid_p == pytest.approx(float(min(tail - Fraction(comb(n, fewer), 2**n), 1)) if n else 1.0, rel=1e-9)
    assert test.mid_p <= test.exact


def test_mcnemar_is_statsmodels(statsmodels):
    for first, second in [(0, 1), (3, 3), (5, 17), (40, 12)]:
        theirs = statsmodels.stats.contingency_tables.mcnemar([[9, first], [second, 4]], exact=True)
        assert ours.mcnemar(first, second).exact == pytest.approx(theirs.pvalue, rel=1e-12)


def test_models_that_never_differ_are_not_told_apart():
    assert (ours.mcnemar(0, 0).exact, ours.mcnemar(0, 0).mid_p) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404), ((14, 1, 0, 0), -0.1445, 0.2982)],
)
def test_the_paired_interval_is_newcombes_method_10(table, low, high):
    interval = ours.paired_difference(*table)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.tuples(counts, counts, counts, counts).filter(any))
def test_the_paired_interval_holds_the_difference_and_turns_round_with_the_models(table):
    both, only_first, only_second, neither = table
    difference = (only_first - only_second) / sum(table)
    interval = ours.paired_difference(both, only_first, only_second, neither)
    turned = ours.paired_difference(both, only_second, only_first, neither)
    assert -1 <= interval.low <= difference <= interval.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low), abs=1e-12)


def test_the_paired_interval_is_not_sure_where_few_questions_all_agree():
    interval = ours.paired_difference(5, 0, 0, 0)
    assert interval.high - interval.low > 0.5
    assert ours.paired_difference(0, 0, 0, 0) is None


def test_the_bootstrap_is_scipys_but_for_chance():
    values = [1.0] * 27 + [-1.0] * 9 + [0.0] * 34
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    interval = ours.bootstrap_mean((1, -1, 0), (27, 9, 34), resamples=4000)
    assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


@given(st.lists(st.integers(0, 40), min_size=5, max_size=5))
def test_the_bootstrap_stays_within_the_values_and_does_not_care_for_more_of_nothing(numbers):
    interval = ours.bootstrap_mean((1, 2, 3, 4, 5), numbers)
    if sum(n > 0 for n in numbers) < 2:
        assert interval is None
    else:
        assert 1 <= interval.low <= interval.high <= 5
        assert ours.bootstrap_mean((1, 2, 3, 4, 5), numbers) == interval


def test_another_seed_gives_another_bootstrap():
    values, numbers = (0.0, 0.37, 1.91), (200, 300, 170)
    assert ours.bootstrap_mean(values, numbers, seed=1) != ours.bootstrap_mean(values, numbers, seed=2)


def test_holm_gives_the_textbook_example():
    assert ours.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_is_statsmodels(statsmodels):
    p_values = [random.Random(7).random() ** 3 for _ in range(60)]
    theirs = statsmodels.stats.multitest.multipletests(p_values, method="holm")[1]
    assert ours.holm(p_values) == pytest.approx(theirs, rel=1e-12)


@given(st.lists(st.floats(0, 1), max_size=30), st.randoms(use_true_random=False))
def test_holm_never_makes_a_difference_surer_and_does_not_care_for_order(p_values, rng):
    adjusted = ours.holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = list(range(len(p_values)))
    rng.shuffle(order)
    again = ours.holm([p_values[i] for i in order])
    assert list(again) == pytest.approx([adjusted[i] for i in order])


def test_every_process_draws_the_same():
    code = (
        "from vmevalkit.analysis.statistics import bootstrap_mean\n"
        "from vmevalkit.analysis.agreement import cohen_kappa\n"
        "print(bootstrap_mean((1, -1, 0), (27, 9, 34)), cohen_kappa('aabbc' * 4, 'abbbc' * 4, intervals=True))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(seen) == 1
