"""The matrix: what a panel holds, the rules that govern its rows, and the proof that they leave one ninth panel.

Source of the family: Zhang et al., "RAVEN: A Dataset for Relational and Analogical Visual REasoNing", CVPR 2019.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice, product
from typing import Literal

Attribute = Literal["shape", "size", "colour", "number", "position"]

RuleKind = Literal["constant", "progression", "arithmetic", "distribute_three"]

SHAPES = ("triangle", "square", "pentagon", "hexagon", "circle", "star")
"""The first four are in order of their sides; circle and star have no place in a progression."""
SIZES = range(1, 5)
"""Sizes, 1 the smallest."""
COLOURS = range(1, 6)
"""Fills, 1 the lightest."""
SLOTS = range(1, 10)
"""Places in a panel, numbered in reading order: 1 to 3 the top row, 7 to 9 the bottom row."""

USUAL_SLOTS: Mapping[int, tuple[int, ...]] = {
    1: (5,),
    2: (1, 9),
    3: (1, 5, 9),
    4: (1, 3, 7, 9),
    5: (1, 3, 5, 7, 9),
    6: (1, 3, 4, 6, 7, 9),
    7: (1, 3, 4, 5, 6, 7, 9),
    8: (1, 2, 3, 4, 6, 7, 8, 9),
    9: (1, 2, 3, 4, 5, 6, 7, 8, 9),
}
"""Where so many figures stand when their positions mean nothing: as on dice."""


@dataclass(frozen=True)
class Panel:
    """One panel: equal figures of a shape, a size and a colour, in slots that are in ascending order."""

    shape: str
    size: int
    colour: int
    slots: tuple[int, ...]

    def __str__(self) -> str:
        slots = "".join(str(slot) for slot in self.slots)
        return f"{self.shape}, size {self.size}, colour {self.colour}, slots {slots}"


@dataclass(frozen=True)
class Rule:
    """What governs an attribute along every row.

    ``change`` is the step of a progression (``+1`` to ``-2``; for positions the direction in which all figures move)
    or the sign of an arithmetic rule (the third value is the first ``+`` or ``-`` the second; for positions the union
    or the difference of the slots). It is empty for the other kinds.
    """

    attribute: Attribute
    kind: RuleKind
    change: str = ""


@dataclass(frozen=True)
class Puzzle:
    """The eight panels in reading order, the panel given as the ninth, and the rules the matrix was made from."""

    panels: tuple[Panel, ...]
    answer: Panel
    rules: tuple[Rule, ...]


# An attribute's value is a whole number: a shape's place in SHAPES, a size, a colour, a count, or a set of slots as a
# bit mask. Progressions and sums stay within these bounds.
_BOUNDS: Mapping[Attribute, range] = {
    "shape": range(SHAPES.index("hexagon") + 1),
    "size": SIZES,
    "colour": COLOURS,
    "number": SLOTS,
}
_STEPS: Mapping[str, int] = {"+1": 1, "-1": -1, "+2": 2, "-2": -2}
_SHIFTS: Mapping[str, tuple[int, int]] = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}


def _family(attribute: Attribute, steps: Sequence[str], signs: str = "") -> tuple[Rule, ...]:
    return (
        Rule(attribute, "constant"),
        *(Rule(attribute, "progression", step) for step in steps),
        *(Rule(attribute, "arithmetic", sign) for sign in signs),
        Rule(attribute, "distribute_three"),
    )


FAMILY: Mapping[Attribute, tuple[Rule, ...]] = {
    "shape": _family("shape", ("+1", "-1")),
    "size": _family("size", ("+1", "-1"), "+-"),
    "colour": _family("colour", ("+1", "-1", "+2", "-2")),
    "number": _family("number", ("+1", "-1", "+2", "-2"), "+-"),
    "position": _family("position", ("right", "left", "down", "up"), "+-"),
}
"""Every rule that can govern an attribute: what a solver has to consider."""


@cache
def slot_mask(slots: tuple[int, ...]) -> int:
    """Turn slots into a set of bits."""
    return sum(1 << (slot - 1) for slot in slots)


@cache
def mask_slots(mask: int) -> tuple[int, ...]:
    """Turn a set of bits into slots."""
    return tuple(slot for slot in SLOTS if mask >> (slot - 1) & 1)


_VALUES: Mapping[Attribute, Callable[[Panel], int]] = {
    "shape": lambda panel: SHAPES.index(panel.shape),
    "size": lambda panel: panel.size,
    "colour": lambda panel: panel.colour,
    "number": lambda panel: len(panel.slots),
    "position": lambda panel: slot_mask(panel.slots),
}


def value_of(panel: Panel, attribute: Attribute) -> int:
    """Return an attribute of a panel as the whole number that the rules work with."""
    return _VALUES[attribute](panel)


def panel_of(values: Mapping[Attribute, int]) -> Panel:
    """Build a panel from the values of its attributes; a number stands for its usual slots."""
    slots = mask_slots(values["position"]) if "position" in values else USUAL_SLOTS[values["number"]]
    return Panel(SHAPES[values["shape"]], values["size"], values["colour"], slots)


@cache
def next_value(rule: Rule, value: int) -> int | None:
    """Return what follows a value in a progression, or `None` where that is out of bounds.

    Positions have no bounds: figures that leave the panel come back on the other side.
    """
    if rule.attribute == "position":
        down, right = _SHIFTS[rule.change]
        places = (divmod(slot - 1, 3) for slot in mask_slots(value))
        return sum(1 << ((row + down) % 3 * 3 + (column + right) % 3) for row, column in places)
    bounds, following = _BOUNDS[rule.attribute], value + _STEPS[rule.change]
    return following if value in bounds and following in bounds else None


def third_value(rule: Rule, first: int, second: int) -> int | None:
    """Return what follows two values in a row, or `None` where the rule does not allow them.

    Distribution over three values is not a matter of one row: see `predictions`.
    """
    match rule.kind:
        case "constant":
            return second if first == second else None
        case "progression":
            return next_value(rule, second) if second == next_value(rule, first) else None
        case "arithmetic" if rule.attribute == "position":
            return (first | second if rule.change == "+" else first & ~second) or None
        case "arithmetic":
            third = first + second if rule.change == "+" else first - second
            return third if third in _BOUNDS[rule.attribute] else None
        case "distribute_three":
            return None


def predictions(attribute: Attribute, values: Sequence[int]) -> set[int]:
    """Find the ninth value from the eight others, by every rule that they obey.

    Args:
        attribute: whose rules to try.
        values: the attribute in the eight panels, in reading order.

    Returns:
        What the rules predict that hold in both full rows and for the start of the third.

    """
    top, middle, (first, second) = values[0:3], values[3:6], values[6:8]
    found = set()
    for rule in FAMILY[attribute]:
        if rule.kind == "distribute_three":
            three = set(top)
            if len(three) == 3 and three == set(middle) and first != second and {first, second} < three:
                found |= three - {first, second}
        elif all(third_value(rule, row[0], row[1]) == row[2] for row in (top, middle)):
            third = third_value(rule, first, second)
            if third is not None:
                found.add(third)
    return found


def _predicted_slots(panels: Sequence[Panel]) -> set[tuple[int, ...]]:
    """Find where the ninth panel's figures stand, from rules on positions and rules on numbers.

    A number that no rule on positions accounts for stands as in the panels with that number; where there is none, it
    may stand anywhere.
    """
    slots = {mask_slots(mask) for mask in predictions("position", [slot_mask(panel.slots) for panel in panels])}
    explained = {len(each) for each in slots}
    for number in predictions("number", [len(panel.slots) for panel in panels]) - explained:
        shown = {panel.slots for panel in panels if len(panel.slots) == number}
        slots |= shown or set(islice(combinations(SLOTS, number), 2))
    return slots


def complete(panels: Sequence[Panel], limit: int = 2) -> list[Panel]:
    """Find the panels that can come ninth: every combination of what the rules predict for each attribute.

    Args:
        panels: the eight panels in reading order.
        limit: stop after so many; two show that the question is ambiguous.

    Returns:
        None if some attribute follows no rule at all.

    """
    slots = sorted(_predicted_slots(panels))
    shapes, sizes, colours = (
        sorted(predictions(attribute, [value_of(panel, attribute) for panel in panels]))
        for attribute in ("shape", "size", "colour")
    )
    found = product(shapes, sizes, colours, slots)
    return [Panel(SHAPES[shape], size, colour, where) for shape, size, colour, where in islice(found, limit)]


def hypotheses(panels: Sequence[Panel]) -> int:
    """Count the rules that the first row alone allows, over all attributes: what the other rows have to decide."""
    count = 0
    for attribute, family in FAMILY.items():
        first, second, third = (value_of(panel, attribute) for panel in panels[:3])
        count += sum(third_value(rule, first, second) == third for rule in family)
        count += len({first, second, third}) == 3
    return count


def by_columns(panels: Sequence[Panel]) -> tuple[Panel, ...]:
    """Reorder the eight panels as if the matrix were turned about its main diagonal."""
    return tuple(panels[3 * column + row] for row, column in product(range(3), range(3)) if 3 * column + row < 8)


def question_key(panels: Sequence[Panel]) -> str:
    """Return a digest of the eight panels."""
    return hashlib.sha256("; ".join(str(panel) for panel in panels).encode()).hexdigest()
