"""Measures of agreement: against published examples, other people's code, and what must always hold."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vmevalkit.analysis.agreement import (
    ALL_EQUAL,
    NO_OVERLAP,
    ONE_RATER,
    ONE_VALUE,
    cohen_kappa,
    confusion,
    krippendorff_alpha,
    percent_agreement,
    spearman,
)

KRIPPENDORFF_2011 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
COHEN_1960 = [[88, 10, 2], [14, 40, 6], [18, 10, 12]]
WEIGHTS = ("unweighted", "linear", "quadratic")

score = st.integers(1, 5)
two_raters = st.lists(st.tuples(score, score), min_size=1, max_size=60)
reliability_data = st.integers(2, 4).flatmap(
    lambda raters: st.lists(st.lists(st.none() | score, min_size=raters, max_size=raters), min_size=1, max_size=25).map(
        lambda items: [list(row) for row in zip(*items, strict=True)]
    )
)


def unfolded(table):
    pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in pairs], [j for _, j in pairs]


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_gives_krippendorffs_published_example(level, alpha):
    found = krippendorff_alpha(KRIPPENDORFF_2011, level=level)
    assert round(found.value, 3) == alpha
    assert found.items == 11


def test_kappa_gives_cohens_published_example():
    assert round(cohen_kappa(*unfolded(COHEN_1960)).value, 3) == 0.492


@pytest.mark.parametrize("weights", WEIGHTS)
def test_kappa_is_statsmodels(statsmodels, weights):
    theirs = statsmodels.stats.inter_rater.cohens_kappa(COHEN_1960, wt=None if weights == "unweighted" else weights)
    assert cohen_kappa(*unfolded(COHEN_1960), weights=weights).value == pytest.approx(theirs.kappa, rel=1e-12)


def test_the_bootstrap_of_kappa_is_near_its_standard_error(statsmodels):
    theirs = statsmodels.stats.inter_rater.cohens_kappa(COHEN_1960)
    interval = cohen_kappa(*unfolded(COHEN_1960), intervals=True).interval
    assert interval.low == pytest.approx(theirs.kappa_low, abs=0.02)
    assert interval.high == pytest.approx(theirs.kappa_upp, abs=0.02)


def test_weights_know_the_categories_that_nobody_used():
    first, second = [1, 5, 4, 5], [1, 5, 5, 1]
    # By hand, from the squared distances: those seen are 1 and 16, those of chance 32 + 18 + 2 + 64 in 16 pairs.
    known = cohen_kappa(first, second, weights="quadratic", categories=(1, 2, 3, 4, 5))
    assert known.value == pytest.approx(1 - (17 / 4) / (116 / 16))
    # With the places 0, 1 and 2 for 1, 4 and 5: 1 and 4, and 8 + 2 + 2 + 16.
    guessed = cohen_kappa(first, second, weights="quadratic")
    assert guessed.value == pytest.approx(1 - (5 / 4) / (28 / 16))


@given(two_raters)
def test_spearman_is_scipys(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = spearman(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert (found.value, found.reason) == (None, ONE_VALUE)
    else:
        assert found.value == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)


@given(reliability_data, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_what_its_definition_says(ratings, level):
    assert_same(krippendorff_alpha(ratings, level=level), alpha_by_definition(ratings, level))


@given(reliability_data, st.sampled_from(["nominal", "ordinal", "interval"]), st.randoms(use_true_random=False))
def test_alpha_does_not_care_for_the_order_of_raters_and_items(ratings, level, rng):
    before = krippendorff_alpha(ratings, level=level)
    items = list(zip(*ratings, strict=True))
    rng.shuffle(items)
    mixed = [list(row) for row in zip(*items, strict=True)]
    rng.shuffle(mixed)
    after = krippendorff_alpha(mixed, level=level)
    assert (before.items, before.reason) == (after.items, after.reason)
    assert_same(before, after.value)


@given(reliability_data)
def test_an_item_that_one_rater_alone_has_rated_changes_nothing(ratings):
    before = krippendorff_alpha(ratings)
    after = krippendorff_alpha([[*ratings[0], 3], *([*row, None] for row in ratings[1:])])
    assert before.items == after.items
    assert_same(before, after.value)


@given(two_raters, st.sampled_from(WEIGHTS))
def test_kappa_is_at_most_one_and_the_same_both_ways(pairs, weights):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = cohen_kappa(first, second, weights=weights), cohen_kappa(second, first, weights=weights)
    assert_same(one, other.value)
    if one.value is None:
        assert len({*first, *second}) == 1
    else:
        assert -1 - 1e-9 <= one.value <= 1
        assert (one.value == 1) == (first == second)


@given(two_raters)
def test_an_interval_is_in_bounds_and_the_same_each_time(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = cohen_kappa(first, second, weights="quadratic", intervals=True)
    assert found == cohen_kappa(first, second, weights="quadratic", intervals=True)
    if found.interval is not None:
        assert -1 - 1e-9 <= found.interval.low < found.interval.high <= 1


def test_percent_agreement_counts_the_same_ratings():
    assert percent_agreement("abca", "abba").value == 0.75


def test_the_confusion_matrix_has_the_first_rater_in_rows():
    assert confusion([1, 1, 2], [1, 2, 2], categories=(1, 2, 3)) == ((1, 1, 0), (0, 1, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (krippendorff_alpha([[1, 2, 3]]), ONE_RATER),
        (krippendorff_alpha([]), ONE_RATER),
        (krippendorff_alpha([[1, None], [None, 2]]), NO_OVERLAP),
        (krippendorff_alpha([[], []]), NO_OVERLAP),
        (krippendorff_alpha([[4, 4], [4, 4]], intervals=True), ALL_EQUAL),
        (cohen_kappa([4, 4], [4, 4], intervals=True), ALL_EQUAL),
        (cohen_kappa([], []), NO_OVERLAP),
        (percent_agreement([], []), NO_OVERLAP),
        (spearman([], []), NO_OVERLAP),
        (spearman([4, 4], [1, 2], intervals=True), ONE_VALUE),
    ],
)
def test_what_has_no_value_says_why(found, reason):
    assert (found.value, found.reason, found.interval) == (None, reason, None)


def test_perfect_agreement_is_one_and_claims_no_certainty():
    found = cohen_kappa([1, 2, 1, 2], [1, 2, 1, 2], intervals=True)
    assert (found.value, found.interval) == (1.0, None)


def test_raters_of_different_items_are_refused():
    with pytest.raises(ValueError, match="as many ratings"):
        cohen_kappa([1], [1, 2])
    with pytest.raises(ValueError, match="an entry per item"):
        krippendorff_alpha([[1], [1, 2]])


def assert_same(found, expected):
    assert (found.value is None) == (expected is None)
    if expected is not None:
        assert found.value == pytest.approx(expected, abs=1e-9)


def alpha_by_definition(ratings, level):
    """Return alpha from pairs of ratings, counted one by one; `None` where chance has nothing to get wrong."""
    items = [[r for r in item if r is not None] for item in zip(*ratings, strict=True)]
    items = [item for item in items if len(item) > 1]
    everything = [rating for item in items for rating in item]

    def apart(a, b):
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return float((a - b) ** 2)
        low, high = min(a, b), max(a, b)
        between = sum(low <= r <= high for r in everything) - (everything.count(a) + everything.count(b)) / 2
        return between**2

    seen = sum(apart(a, b) / (len(item) - 1) for item in items for a, b in itertools.permutations(item, 2))
    by_chance = sum(apart(a, b) for a, b in itertools.permutations(everything, 2))
    return 1 - (len(everything) - 1) * seen / by_chance if by_chance else None
