"""Evaluators: the protocol they follow, and which there are."""

from vmevalkit.evaluators.base import Closable, Evaluator, Faults, Item, Question, Rules, Verdict
from vmevalkit.evaluators.registry import (
    JUDGE_NAME,
    EvaluatorEntry,
    evaluators,
    find_evaluator,
    open_evaluator,
)
from vmevalkit.evaluators.rule import RuleEvaluator

__all__ = [
    "JUDGE_NAME",
    "Closable",
    "Evaluator",
    "EvaluatorEntry",
    "Faults",
    "Item",
    "Question",
    "RuleEvaluator",
    "Rules",
    "Verdict",
    "evaluators",
    "find_evaluator",
    "open_evaluator",
]
