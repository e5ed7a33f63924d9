"""How far the raters of a study agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from vmevalkit.analysis.agreement import Coefficient, cohen_kappa, krippendorff_alpha

SCALE = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class PairOfRaters:
    """Two raters who have scored some of the same items."""

    first: str
    second: str
    kappa: Coefficient
    """Cohen's, with quadratic weights."""


@dataclass(frozen=True)
class Agreement:
    """How far the raters agree."""

    alpha: Coefficient
    """Krippendorff's, for ordinal scores, over all items that at least two have scored."""
    pairs: tuple[PairOfRaters, ...]
    """By name; two who have no item in common are left out."""


def rater_agreement(scores: Mapping[str, Mapping[str, int]]) -> Agreement:
    """Compute the agreement of raters.

    Args:
        scores: 1 to 5, by item and rater, as from `RatingStudy.scores`.

    """
    shared = [said for _, said in sorted(scores.items()) if len(said) > 1]
    raters = sorted({rater for said in shared for rater in said})
    alpha = krippendorff_alpha([[said.get(rater) for said in shared] for rater in raters], intervals=True)
    pairs = []
    for first, second in combinations(raters, 2):
        common = [(said[first], said[second]) for said in shared if first in said and second in said]
        if common:
            one, other = zip(*common, strict=True)
            pairs.append(PairOfRaters(first, second, cohen_kappa(one, other, weights="quadratic", categories=SCALE)))
    return Agreement(alpha, tuple(pairs))
