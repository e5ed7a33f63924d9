"""Making matrices from rules, and the mistakes that people make with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vmevalkit.tasks.domain import Difficulty
from vmevalkit.tasks.raven_task.puzzle import (
    COLOURS,
    FAMILY,
    SHAPES,
    SIZES,
    SLOTS,
    USUAL_SLOTS,
    Attribute,
    Puzzle,
    Rule,
    RuleKind,
    by_columns,
    complete,
    mask_slots,
    next_value,
    panel_of,
    third_value,
    value_of,
)

Grid = list[list[int]]
"""One attribute's values: three rows of three."""


@dataclass(frozen=True)
class _Level:
    """How many attributes vary along the rows, by which kinds of rule, and how many of those are arithmetic."""

    varying: tuple[int, ...]
    kinds: tuple[RuleKind, ...]
    arithmetic: tuple[int, ...]


_LEVELS: Mapping[Difficulty, _Level] = {
    "easy": _Level((1,), ("progression", "distribute_three"), (0,)),
    "medium": _Level((2,), ("progression", "distribute_three", "arithmetic"), (0, 1)),
    "hard": _Level((3, 4), ("progression", "distribute_three", "arithmetic"), (1, 2)),
}

_SAME_EVERYWHERE = 0.4
"""How often an attribute that does not vary along the rows does not vary between them either."""


def sample_puzzle(rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
    """Make a matrix whose rows lead to one ninth panel, and whose columns do not lead to another."""
    while True:
        rules = _choose_rules(rng, _LEVELS[difficulty])
        if rules is None:
            continue
        grids = {rule.attribute: _ROWS[rule.kind](rule, rng) for rule in rules}
        panels = [
            panel_of({attribute: grid[row][column] for attribute, grid in grids.items()})
            for row in range(3)
            for column in range(3)
        ]
        question, answer = tuple(panels[:8]), panels[8]
        if complete(question) == [answer] and complete(by_columns(question)) in ([], [answer]):
            return Puzzle(question, answer, rules)


def _choose_rules(rng: np.random.Generator, level: _Level) -> tuple[Rule, ...] | None:
    """Draw a rule for each attribute, or nothing where the draw does not fit the level."""
    placement: Attribute = "number" if rng.random() < 0.5 else "position"
    attributes: tuple[Attribute, ...] = ("shape", "size", "colour", placement)
    varying = rng.permutation(len(attributes))[: rng.choice(level.varying)]
    rules = []
    for number, attribute in enumerate(attributes):
        kind: RuleKind = "constant"
        if number in varying:
            kind = level.kinds[rng.integers(len(level.kinds))]
        options = [rule for rule in FAMILY[attribute] if rule.kind == kind]
        if not options:
            return None
        rules.append(options[rng.integers(len(options))])
    if sum(rule.kind == "arithmetic" for rule in rules) not in level.arithmetic:
        return None
    return tuple(rules)


def _any_value(attribute: Attribute, rng: np.random.Generator, *, bold: bool = False) -> int:
    """Draw a value; a bold one is neither a lone figure in some corner nor of the smallest size."""
    least = 2 if bold else 1
    match attribute:
        case "position":
            slots = rng.permutation(len(SLOTS))[: rng.integers(least, 5)] + 1
            return sum(1 << (int(slot) - 1) for slot in slots)
        case "shape":
            return int(rng.integers(len(SHAPES)))
        case "size":
            return int(rng.integers(least, len(SIZES) + 1))
        case "colour":
            return int(rng.integers(len(COLOURS))) + 1
        case "number":
            return int(rng.integers(len(SLOTS))) + 1


def _constant_rows(rule: Rule, rng: np.random.Generator) -> Grid:
    """Draw a value for each row; bold ones, as a matrix of tiny or lone figures looks bare."""
    if rng.random() < _SAME_EVERYWHERE:
        return [[_any_value(rule.attribute, rng, bold=True)] * 3] * 3
    return [[_any_value(rule.attribute, rng, bold=True)] * 3 for _ in range(3)]


def _distributed_rows(rule: Rule, rng: np.random.Generator) -> Grid:
    values: list[int] = []
    while len(values) < 3:
        value = _any_value(rule.attribute, rng)
        if value not in values:
            values.append(value)
    step = int(rng.integers(1, 3))
    return [[values[(row * step + column) % 3] for column in range(3)] for row in range(3)]


def _derived_rows(rule: Rule, rng: np.random.Generator) -> Grid:
    """Draw the first two values of each row until the rule says what the third is, and it tells something new."""
    grid: Grid = []
    while len(grid) < 3:
        first = _any_value(rule.attribute, rng)
        second = next_value(rule, first) if rule.kind == "progression" else _any_value(rule.attribute, rng)
        third = None if second is None else third_value(rule, first, second)
        if second is not None and third is not None and len({first, second, third}) == 3:
            grid.append([first, second, third])
    return grid


_ROWS: Mapping[RuleKind, Callable[[Rule, np.random.Generator], Grid]] = {
    "constant": _constant_rows,
    "progression": _derived_rows,
    "arithmetic": _derived_rows,
    "distribute_three": _distributed_rows,
}


def mistaken_puzzle(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Change one attribute of the answer to a value that other panels show: what overlooking a rule leads to."""
    varying = [rule.attribute for rule in puzzle.rules if rule.kind != "constant"]
    attribute = varying[rng.integers(len(varying))]
    right = value_of(puzzle.answer, attribute)
    others = sorted({value_of(panel, attribute) for panel in puzzle.panels} - {right})
    value = others[rng.integers(len(others))]
    match attribute:
        case "shape":
            answer = replace(puzzle.answer, shape=SHAPES[value])
        case "size":
            answer = replace(puzzle.answer, size=value)
        case "colour":
            answer = replace(puzzle.answer, colour=value)
        case "number":
            answer = replace(puzzle.answer, slots=USUAL_SLOTS[value])
        case "position":
            answer = replace(puzzle.answer, slots=mask_slots(value))
    return replace(puzzle, answer=answer)
