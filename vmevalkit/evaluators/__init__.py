"""Evaluators: the protocol they follow, and which there are."""

from vmevalkit.errors import UnknownNameError
from vmevalkit.evaluators.base import Evaluator, Item, Rules, Verdict
from vmevalkit.evaluators.rule import RuleEvaluator

__all__ = ["EVALUATORS", "Evaluator", "Item", "RuleEvaluator", "Rules", "Verdict", "get_evaluator"]

EVALUATORS: dict[str, type[Evaluator]] = {RuleEvaluator.name: RuleEvaluator}
"""The evaluators, by name."""


def get_evaluator(name: str) -> Evaluator:
    """Make an evaluator ready for use.

    Raises:
        UnknownNameError: there is no such evaluator.

    """
    if name not in EVALUATORS:
        raise UnknownNameError("evaluator", name, EVALUATORS)
    return EVALUATORS[name]()
