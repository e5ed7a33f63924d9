"""How several votes become one score."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Final, Literal

from vmevalkit.dataroot import PASS_SCORE

VoteRule = Literal["majority", "weighted", "median", "min", "max"]

REVIEW_SPREAD: Final = 2
"""Votes that lie this far apart are shown to a person."""

_WEIGHT_DIGITS: Final = 6
"""Sums of weights that are equal to so many decimals are a tie, whatever order they were added in."""


@dataclass(frozen=True)
class Ballot:
    """One vote."""

    score: int
    """1 to 5."""
    weight: float = 1.0
    """0 to 1: how sure the judge is."""


@dataclass(frozen=True)
class Outcome:
    """What the votes come to."""

    score: int
    agreement: float
    """The share of the votes that equal the score, whatever the rule: 1 if all do."""
    needs_review: bool
    """Whether the votes lie two or more apart, or some pass and some do not."""


def decide(ballots: Sequence[Ballot], rule: VoteRule) -> Outcome:
    """Turn votes into a score, which is always one of the votes. Their order does not matter.

    ``majority`` takes the score that most votes have, ``weighted`` that with the most weight, ``median`` the one in the
    middle, ``min`` and ``max`` the lowest and the highest. Of equals, and of the two in the middle, the lower one is
    taken: a judge in doubt does not pass a film.

    Raises:
        ValueError: there are no votes.

    """
    if not ballots:
        raise ValueError("no votes")
    scores = [ballot.score for ballot in ballots]
    lowest, highest = min(scores), max(scores)
    score = _RULES[rule](ballots)
    return Outcome(
        score=score,
        agreement=scores.count(score) / len(scores),
        needs_review=highest - lowest >= REVIEW_SPREAD or lowest < PASS_SCORE <= highest,
    )


def _majority(ballots: Sequence[Ballot]) -> int:
    return _heaviest(Counter(ballot.score for ballot in ballots))


def _weighted(ballots: Sequence[Ballot]) -> int:
    weights = {ballot.score: 0.0 for ballot in ballots}
    for ballot in ballots:
        weights[ballot.score] += ballot.weight
    rounded = {score: round(weight, _WEIGHT_DIGITS) for score, weight in weights.items()}
    return _heaviest(rounded) if any(rounded.values()) else _majority(ballots)


def _heaviest(weights: dict[int, float] | Counter[int]) -> int:
    return min(weights, key=lambda score: (-weights[score], score))


_RULES: Final[dict[VoteRule, Callable[[Sequence[Ballot]], int]]] = {
    "majority": _majority,
    "weighted": _weighted,
    "median": lambda ballots: median_low(ballot.score for ballot in ballots),
    "min": lambda ballots: min(ballot.score for ballot in ballots),
    "max": lambda ballots: max(ballot.score for ballot in ballots),
}
