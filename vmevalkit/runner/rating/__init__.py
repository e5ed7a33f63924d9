"""People rate videos: a plan, an order, and scores that nobody loses."""

from vmevalkit.runner.rating.agreement import Agreement, PairOfRaters, rater_agreement
from vmevalkit.runner.rating.kinds import (
    Given,
    Item,
    Problem,
    RaterProgress,
    StudyProgress,
    TakenBack,
    Turn,
    UnknownItemError,
)
from vmevalkit.runner.rating.plan import RatingPlan, check_experiment, load_plan, save_plan
from vmevalkit.runner.rating.raters import check_rater
from vmevalkit.runner.rating.study import CANNOT_JUDGE, LEASE_SECONDS, MAX_AHEAD, RatingStudy

__all__ = [
    "CANNOT_JUDGE",
    "LEASE_SECONDS",
    "MAX_AHEAD",
    "Agreement",
    "Given",
    "Item",
    "PairOfRaters",
    "Problem",
    "RaterProgress",
    "RatingPlan",
    "RatingStudy",
    "StudyProgress",
    "TakenBack",
    "Turn",
    "UnknownItemError",
    "check_experiment",
    "check_rater",
    "load_plan",
    "rater_agreement",
    "save_plan",
]
