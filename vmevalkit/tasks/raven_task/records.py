"""A matrix as JSON, and back."""

from typing import Any

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.raven_task.puzzle import (
    COLOURS,
    FAMILY,
    SHAPES,
    SIZES,
    SLOTS,
    Panel,
    Puzzle,
    Rule,
    hypotheses,
)
from vmevalkit.tasks.raven_task.wording import panel_name, rule_sentence

_GOVERNED: tuple[set[str], ...] = ({"shape", "size", "colour", "number"}, {"shape", "size", "colour", "position"})


def to_metadata(puzzle: Puzzle) -> dict[str, Any]:
    """Describe the eight panels, the rules and the answer."""
    kinds = [rule.kind for rule in puzzle.rules]
    return {
        "panels": [
            {"row": place // 3 + 1, "column": place % 3 + 1, **_panel_to_json(panel)}
            for place, panel in enumerate(puzzle.panels)
        ],
        "rules": [
            {
                "attribute": rule.attribute,
                "kind": rule.kind,
                "change": rule.change,
                "description": rule_sentence(rule),
            }
            for rule in puzzle.rules
        ],
        "answer": {"row": 3, "column": 3, **_panel_to_json(puzzle.answer)},
        "solution": panel_name(puzzle.answer),
        "varying_attributes": sum(kind != "constant" for kind in kinds),
        "arithmetic_rules": kinds.count("arithmetic"),
        "hypotheses_after_first_row": hypotheses(puzzle.panels),
    }


def _panel_to_json(panel: Panel) -> dict[str, Any]:
    return {
        "shape": panel.shape,
        "size": panel.size,
        "colour": panel.colour,
        "number": len(panel.slots),
        "slots": list(panel.slots),
    }


def from_metadata(metadata: dict[str, Any]) -> Puzzle:
    """Rebuild a matrix.

    Raises:
        PuzzleError: a field is missing or malformed; the message names it.

    """
    panels = _list(metadata, "panels", 8)
    return Puzzle(
        panels=tuple(_panel(panel, f"panels[{number}]") for number, panel in enumerate(panels)),
        answer=_panel(metadata.get("answer"), "answer"),
        rules=_rules(_list(metadata, "rules", 4)),
    )


def _list(metadata: dict[str, Any], field: str, length: int) -> list[Any]:
    value = metadata.get(field)
    if not isinstance(value, list) or len(value) != length:
        raise PuzzleError(f"raven: {field} must be a list of {length}")
    return value


def _panel(value: object, field: str) -> Panel:
    if not isinstance(value, dict):
        raise PuzzleError(f"raven: {field} does not describe a panel")
    shape = value.get("shape")
    if not isinstance(shape, str) or shape not in SHAPES:
        raise PuzzleError(f"raven: {field}.shape must be one of {', '.join(SHAPES)}")
    slots = value.get("slots")
    if not isinstance(slots, list) or not slots:
        raise PuzzleError(f"raven: {field}.slots must be a list of numbers")
    numbers = tuple(_whole(slot, SLOTS, f"{field}.slots") for slot in slots)
    if list(numbers) != sorted(set(numbers)):
        raise PuzzleError(f"raven: {field}.slots must be in ascending order")
    size, colour = (
        _whole(value.get(name), bounds, f"{field}.{name}") for name, bounds in (("size", SIZES), ("colour", COLOURS))
    )
    return Panel(shape, size, colour, numbers)


def _whole(value: object, bounds: range, field: str) -> int:
    if type(value) is not int or value not in bounds:
        raise PuzzleError(f"raven: {field} must be a whole number from {bounds.start} to {bounds.stop - 1}")
    return value


def _rules(values: list[Any]) -> tuple[Rule, ...]:
    rules = tuple(_rule(value, f"rules[{number}]") for number, value in enumerate(values))
    if {rule.attribute for rule in rules} not in _GOVERNED:
        raise PuzzleError("raven: rules must govern shape, size, colour and one of number and position")
    return rules


def _rule(value: object, field: str) -> Rule:
    if not isinstance(value, dict):
        raise PuzzleError(f"raven: {field} does not describe a rule")
    attribute, kind, change = (value.get(name) for name in ("attribute", "kind", "change"))
    for rules in FAMILY.values():
        for rule in rules:
            if (rule.attribute, rule.kind, rule.change) == (attribute, kind, change):
                return rule
    raise PuzzleError(f"raven: {field} has no attribute, kind and change that make a rule")
