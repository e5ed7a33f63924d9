"""Several votes, one score."""

from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.evaluators.voting import Ballot, decide

RULES = ("majority", "weighted", "median", "min", "max")
ballots = st.lists(st.builds(Ballot, st.integers(1, 5), st.floats(0, 1)), min_size=1, max_size=15)


def outcome(scores, rule, weights=None):
    weights = weights or [1.0] * len(scores)
    return decide([Ballot(score, weight) for score, weight in zip(scores, weights, strict=True)], rule)


@pytest.mark.parametrize(
    ("rule", "scores", "score"),
    [
        ("majority", [5, 5, 1], 5),
        ("majority", [5, 4, 4, 5], 4),
        ("majority", [5, 3, 1], 1),
        ("median", [1, 4, 5], 4),
        ("median", [2, 4], 2),
        ("median", [1, 3, 5, 5], 3),
        ("min", [2, 5], 2),
        ("max", [2, 5], 5),
    ],
)
def test_the_rules_and_their_ties(rule, scores, score):
    assert outcome(scores, rule).score == score


@pytest.mark.parametrize(
    ("scores", "weights", "score"),
    [
        ([5, 2, 2], [0.9, 0.4, 0.4], 5),
        ([5, 2, 2], [0.9, 0.5, 0.5], 2),
        ([5, 2, 2, 2], [0.3, 0.1, 0.1, 0.1], 2),  # a tie, whatever the sum of three tenths is
        ([5, 2, 5], [0, 0, 0], 5),
    ],
)
def test_weighted_votes_count_by_how_sure_they_are(scores, weights, score):
    assert outcome(scores, "weighted", weights).score == score


@pytest.mark.parametrize(
    ("scores", "review"),
    [([4], False), ([4, 5], False), ([2, 3], False), ([3, 4], True), ([1, 3], True), ([4, 4, 2], True)],
)
def test_votes_far_apart_or_on_both_sides_of_the_pass_line_are_for_a_person(scores, review):
    assert {outcome(scores, rule).needs_review for rule in RULES} == {review}


def test_agreement_is_the_share_of_votes_that_equal_the_score():
    assert outcome([4, 4, 5, 2], "majority").agreement == 0.5
    assert outcome([4, 4, 5, 2], "min").agreement == 0.25


def test_no_votes_are_no_score():
    with pytest.raises(ValueError, match="no votes"):
        decide([], "majority")


@pytest.mark.parametrize("rule", RULES)
@given(votes=ballots)
def test_the_score_is_one_of_the_votes_and_their_order_does_not_matter(rule, votes):
    one = decide(votes, rule)
    scores = [vote.score for vote in votes]
    assert one.score in scores
    assert one.agreement == scores.count(one.score) / len(scores) > 0
    assert decide(votes[::-1], rule) == one == decide(sorted(votes, key=lambda vote: vote.weight), rule)


@pytest.mark.parametrize("rule", RULES)
@given(vote=st.builds(Ballot, st.integers(1, 5), st.floats(0, 1)), count=st.integers(1, 5))
def test_votes_that_agree_are_the_score(rule, vote, count):
    one = decide([vote] * count, rule)
    assert (one.score, one.agreement, one.needs_review) == (vote.score, 1.0, False)


@given(votes=ballots)
def test_the_median_is_that_of_the_library(votes):
    assert decide(votes, "median").score == median_low(vote.score for vote in votes)


@given(scores=st.lists(st.integers(1, 5), min_size=1))
def test_equal_weights_are_a_majority(scores):
    assert outcome(scores, "weighted", [0.3] * len(scores)) == outcome(scores, "majority")
