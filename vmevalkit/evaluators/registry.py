"""Which evaluators there are: the built-in ones, those of other packages, and the user's own.

A package adds evaluators through the entry-point group ``vmevalkit.evaluators``; an entry point is a class that
follows `Evaluator` and takes the options as keyword arguments. A user adds judges as tables ``[evaluators.NAME]`` in
``vmevalkit.toml``; their results go by that name. A table that goes by the name of a built-in judge sets its options.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from vmevalkit.dataroot import HUMAN_EVALUATION, check_name
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.evaluators.base import Evaluator
from vmevalkit.evaluators.rule import RuleEvaluator

ENTRY_POINT_GROUP = "vmevalkit.evaluators"
JUDGE_NAME = "GPT4OEvaluator"


@dataclass(frozen=True)
class EvaluatorEntry:
    """An evaluator that can be opened."""

    name: str
    kind: Literal["rules", "judge", "package"]
    description: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """As the user's table has them."""
    point: EntryPoint | None = None
    """Of another package's evaluator: where its class is."""


def evaluators(own: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, EvaluatorEntry]:
    """Return all evaluators by name; nothing is imported that has not been.

    Args:
        own: the user's tables, by name.

    """
    found = {
        RuleEvaluator.name: EvaluatorEntry(RuleEvaluator.name, "rules", RuleEvaluator.description),
        JUDGE_NAME: EvaluatorEntry(JUDGE_NAME, "judge", "asks a vision-language model; any chat-completions server"),
    }
    for point in entry_points(group=ENTRY_POINT_GROUP):
        distribution = point.dist.name if point.dist else "another package"
        found[point.name] = EvaluatorEntry(point.name, "package", f"of {distribution}", point=point)
    for name, table in (own or {}).items():
        known = found.get(name)
        if known is not None and known.kind != "judge":
            found[name] = EvaluatorEntry(name, known.kind, known.description, table, known.point)
        else:
            model = table.get("model", "a judge")
            found[name] = EvaluatorEntry(check_name("evaluator", name), "judge", f"asks {model}", table)
    return found


def find_evaluator(known: Mapping[str, EvaluatorEntry], name: str) -> EvaluatorEntry:
    """Return an evaluator; `UnknownNameError` if there is none of that name."""
    if name == HUMAN_EVALUATION:
        raise UsageError(
            f"{HUMAN_EVALUATION} is what people say, and no command can say it for them",
            hint="score videos in the dashboard: 'vmevalkit dashboard'",
        )
    if name not in known:
        raise UnknownNameError("evaluator", name, known)
    return known[name]


def open_evaluator(
    entry: EvaluatorEntry,
    *,
    options: Mapping[str, Any] | None = None,
    keys: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> Evaluator:
    """Make an evaluator ready for use.

    Args:
        entry: the evaluator.
        options: go before those of the entry.
        keys: where a judge's key is looked up, such as the environment.
        cache: a file in which a judge may keep its answers; it can be deleted at any time.

    Raises:
        UsageError: an option is unknown or wrong, or a key is missing.

    """
    chosen = {**entry.options, **(options or {})}
    if entry.kind == "judge":
        from vmevalkit.evaluators.judge import open_judge

        judge: Evaluator = open_judge(entry.name, chosen, keys=keys or {}, cache=cache)
        return judge
    if entry.point is None:
        if chosen:
            raise UsageError(f"{entry.name} has no option {next(iter(chosen))}")
        return RuleEvaluator()
    try:
        evaluator: Evaluator = entry.point.load()(**chosen)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"evaluator {entry.name} of another package cannot be used: {error}") from error
    return evaluator
