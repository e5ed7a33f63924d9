"""Who agrees with whom in an experiment: evaluators with each other, and the raters of one evaluator."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vmevalkit.analysis.agreement import (
    Coefficient,
    cohen_kappa,
    confusion,
    krippendorff_alpha,
    percent_agreement,
    spearman,
)
from vmevalkit.analysis.curves import SCORES
from vmevalkit.analysis.results import Results
from vmevalkit.dataroot import PASS_SCORE

Scores = dict[int, int]
"""Run to score."""


@dataclass(frozen=True)
class PairAgreement:
    """Two evaluators, or two raters of one, on the runs that both have scored."""

    first: str
    second: str
    runs: int
    same_verdict: Coefficient
    """Share of the runs that both call solved, or both unsolved."""
    kappa: Coefficient
    """Cohen's, of solved and unsolved."""
    weighted_kappa: Coefficient
    """Cohen's, of the scores, with quadratic weights."""
    spearman: Coefficient
    """Of the scores."""
    alpha: Coefficient
    """Krippendorff's, of the scores as an order."""
    confusion: tuple[tuple[int, ...], ...]
    """Runs by the first's score (row) and the second's (column), from 1 to 5."""


@dataclass(frozen=True)
class RaterAgreement:
    """The raters of one evaluator, on the runs that at least two of them have scored."""

    evaluator: str
    raters: tuple[str, ...]
    runs: int
    verdict_alpha: Coefficient
    """Krippendorff's, of solved and unsolved."""
    ordinal_alpha: Coefficient
    """Krippendorff's, of the scores as an order."""
    interval_alpha: Coefficient
    """Krippendorff's, of the scores as numbers."""
    pairs: tuple[PairAgreement, ...]


@dataclass(frozen=True)
class Agreement:
    """Who agrees with whom in an experiment; runs are the items, the earlier ones of a question among them."""

    experiment: str
    evaluators: tuple[PairAgreement, ...]
    raters: tuple[RaterAgreement, ...]


def agreement_of(results: Results) -> Agreement:
    """Compare every two evaluators, and the raters of each evaluator that has several."""
    together = {evaluator: _together(results, evaluator) for evaluator in results.evaluators}
    raters = {evaluator: _by_rater(results, evaluator) for evaluator in results.evaluators}
    return Agreement(
        results.experiment,
        _pairs(together),
        tuple(_raters(evaluator, voices) for evaluator, voices in raters.items() if len(voices) > 1),
    )


def _pairs(voices: dict[str, Scores]) -> tuple[PairAgreement, ...]:
    return tuple(_pair(a, b, voices[a], voices[b]) for a, b in combinations(voices, 2))


def _pair(first: str, second: str, one: Scores, other: Scores) -> PairAgreement:
    common = [run for run in one if run in other]
    a, b = [one[run] for run in common], [other[run] for run in common]
    verdicts = _verdicts(a), _verdicts(b)
    return PairAgreement(
        first=first,
        second=second,
        runs=len(common),
        same_verdict=percent_agreement(*verdicts),
        kappa=cohen_kappa(*verdicts, categories=(False, True), intervals=True),
        weighted_kappa=cohen_kappa(a, b, weights="quadratic", categories=SCORES, intervals=True),
        spearman=spearman(a, b, intervals=True),
        alpha=krippendorff_alpha((a, b), level="ordinal", intervals=True),
        confusion=confusion(a, b, SCORES),
    )


def _raters(evaluator: str, voices: dict[str, Scores]) -> RaterAgreement:
    runs = sorted(set().union(*voices.values()))
    scores = [[voice.get(run) for run in runs] for voice in voices.values()]
    verdicts = [[None if score is None else score >= PASS_SCORE for score in row] for row in scores]
    ordinal = krippendorff_alpha(scores, level="ordinal", intervals=True)
    return RaterAgreement(
        evaluator=evaluator,
        raters=tuple(voices),
        runs=ordinal.items,
        verdict_alpha=krippendorff_alpha(verdicts, level="nominal", intervals=True),
        ordinal_alpha=ordinal,
        interval_alpha=krippendorff_alpha(scores, level="interval", intervals=True),
        pairs=_pairs(voices),
    )


def _verdicts(scores: Sequence[int]) -> list[bool]:
    return [score >= PASS_SCORE for score in scores]


def _by_rater(results: Results, evaluator: str) -> dict[str, Scores]:
    """Return the scores of each of an evaluator's raters."""
    ratings = results.ratings
    voices: dict[str, Scores] = {}
    for number, (by, rater) in sorted(enumerate(ratings.raters), key=lambda entry: entry[1]):
        if by == evaluator:
            own = ratings.rater == number
            voices[rater] = dict(zip(ratings.item[own].tolist(), ratings.score[own].tolist(), strict=True))
    return voices


def _together(results: Results, evaluator: str) -> Scores:
    """Return an evaluator's score of each run: of several raters the median, as in `results.settled`."""
    ratings = results.ratings
    own = np.isin(ratings.rater, [n for n, (by, _) in enumerate(ratings.raters) if by == evaluator])
    item, score = ratings.item[own], ratings.score[own]
    order = np.lexsort((score, item))
    item, score = item[order], score[order]
    runs, starts, counts = np.unique(item, return_index=True, return_counts=True)
    lower_middle: NDArray[np.int8] = score[starts + (counts - 1) // 2]
    return dict(zip(runs.tolist(), lower_middle.tolist(), strict=True))
