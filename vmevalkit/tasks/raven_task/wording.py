"""Everything said about a matrix in words: prompts, rules, and what is wrong with an answer."""

from collections.abc import Mapping, Sequence

import numpy as np

from vmevalkit.tasks.domain import PromptStyle
from vmevalkit.tasks.raven_task.puzzle import SLOTS, Attribute, Panel, Rule
from vmevalkit.tasks.raven_task.reading import Figure, SeenPanel, State, place_name

_SIZE_NAMES: Mapping[int, str] = {1: "tiny", 2: "small", 3: "medium-sized", 4: "large"}
_COLOUR_NAMES: Mapping[int, str] = {1: "white", 2: "pale blue", 3: "light blue", 4: "medium blue", 5: "dark blue"}
_SLOT_NAMES = (
    "top left",
    "top middle",
    "top right",
    "middle left",
    "centre",
    "middle right",
    "bottom left",
    "bottom middle",
    "bottom right",
)
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_OPEN = (
    "The picture shows a matrix of three by three panels; the last panel holds a question mark. From left to right, "
    "the same rules govern the figures in every row: their shape, size, colour, number and position. Work the rules "
    "out from the first two rows and apply them to the third. The question mark disappears and the figures that "
    "belong there appear in its place. The other eight panels do not change and the camera does not move.",
    "Complete this 3x3 matrix. Every row follows the same rules from left to right for the shape, size, colour, "
    "number and position of its figures, and the third row lacks its last panel. Replace the question mark with the "
    "one panel that the rules call for, drawn in the same style. Everything else stays exactly as it is, filmed with "
    "a fixed camera.",
    "Each row of panels obeys the same set of rules, read from left to right, about how many figures there are, where "
    "they stand, and what shape, size and colour they have. Find the rules, then fill in the panel with the question "
    "mark at the bottom right so that the third row obeys them too. The question mark fades away and the missing "
    "figures appear. Keep the camera still and leave the other panels untouched.",
    "A reasoning puzzle: nine panels in three rows, the ninth marked with a question mark. What happens from left to "
    "right to the shape, size, colour, number and position of the figures happens by the same rules in all three "
    "rows. Show the figures that complete the third row growing in the place of the question mark. Static shot; "
    "nothing but the last panel changes.",
)
_INSTRUCTED = (
    "The picture shows a matrix of three by three panels. In the last panel, at the bottom right, the question mark "
    "gives way to {answer}, drawn like the other figures. The other eight panels do not change and the camera does "
    "not move.",
    "Replace the question mark in the bottom right panel with {answer}, in the style of the other panels. Everything "
    "else stays exactly as it is, filmed with a fixed camera.",
    "The question mark in the third panel of the third row fades away and is followed by {answer}. Keep the camera "
    "still and leave the other panels untouched.",
    "Complete the matrix: the panel with the question mark ends up with {answer} and nothing else. Static shot; "
    "nothing but this panel changes.",
)


def prompt(answer: Panel, style: PromptStyle, rng: np.random.Generator) -> str:
    """Word the task, without the answer in the open style."""
    texts = _OPEN if style == "open" else _INSTRUCTED
    return texts[rng.integers(len(texts))].format(answer=panel_name(answer))


def panel_name(panel: Panel) -> str:
    """Say what a panel holds, such as ``two small white circles at the top left and the centre``."""
    figure = Figure(panel.shape, panel.size, panel.colour)
    return f"{_figures_name(figure, len(panel.slots))} {_places(panel.slots)}"


def _figures_name(figure: Figure, count: int) -> str:
    plural = "" if count == 1 else "s"
    return f"{_COUNTS[count]} {_SIZE_NAMES[figure.size]} {_COLOUR_NAMES[figure.colour]} {figure.shape}{plural}"


def _places(slots: Sequence[int]) -> str:
    if len(slots) == len(SLOTS):
        return "in all nine places"
    return f"at {_listed([f'the {_SLOT_NAMES[slot - 1]}' for slot in slots])}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


_SUBJECTS: Mapping[Attribute, str] = {
    "shape": "The shape",
    "size": "The size",
    "colour": "The colour",
    "number": "The number of figures",
    "position": "The arrangement of the figures",
}
_THREES: Mapping[Attribute, str] = {
    "shape": "shapes",
    "size": "sizes",
    "colour": "colours",
    "number": "numbers of figures",
    "position": "arrangements of the figures",
}
_PROGRESSIONS: Mapping[tuple[Attribute, str], str] = {
    ("shape", "+1"): "The figures gain one side from panel to panel.",
    ("shape", "-1"): "The figures lose one side from panel to panel.",
    ("size", "+1"): "The figures become one size larger from panel to panel.",
    ("size", "-1"): "The figures become one size smaller from panel to panel.",
    ("colour", "+1"): "The figures become one shade darker from panel to panel.",
    ("colour", "-1"): "The figures become one shade lighter from panel to panel.",
    ("colour", "+2"): "The figures become two shades darker from panel to panel.",
    ("colour", "-2"): "The figures become two shades lighter from panel to panel.",
    ("number", "+1"): "There is one figure more from panel to panel.",
    ("number", "-1"): "There is one figure fewer from panel to panel.",
    ("number", "+2"): "There are two figures more from panel to panel.",
    ("number", "-2"): "There are two figures fewer from panel to panel.",
    **{
        ("position", way): f"The figures move one place {way} from panel to panel and come back on the opposite side."
        for way in ("right", "left", "down", "up")
    },
}
_SUMS: Mapping[tuple[Attribute, str], str] = {
    ("size", "+"): "With sizes counted from 1 to 4, the third panel's size is the sum of the first two.",
    ("size", "-"): "With sizes counted from 1 to 4, the third panel's size is the first less the second.",
    ("number", "+"): "The third panel has as many figures as the first two together.",
    ("number", "-"): "The third panel has as many figures as the first less those of the second.",
    ("position", "+"): "The third panel fills the places that are filled in the first or in the second.",
    ("position", "-"): "The third panel fills the places that are filled in the first but not in the second.",
}


def rule_sentence(rule: Rule) -> str:
    """Say what a rule means."""
    match rule.kind:
        case "constant":
            return f"{_SUBJECTS[rule.attribute]} stays the same along a row."
        case "progression":
            return _PROGRESSIONS[rule.attribute, rule.change]
        case "arithmetic":
            return _SUMS[rule.attribute, rule.change]
        case "distribute_three":
            return f"Every row has the same three {_THREES[rule.attribute]}, in another order."


_MOST_NAMED = 3


def difference(seen: State, expected: State) -> str:
    """Say which panels depart from what was expected."""
    if seen == expected:
        return "All panels are as expected."
    sentence = contrast(seen.panels, expected.panels)
    return f"{sentence[0].upper()}{sentence[1:]}"


def contrast(seen: Sequence[SeenPanel], expected: Sequence[SeenPanel]) -> str:
    """Say where panels depart from what was expected, as they do; a sentence that may go on from another."""
    pairs = enumerate(zip(seen, expected, strict=True))
    parts = [f"{place_name(place)} holds {_contrast(one, other)}" for place, (one, other) in pairs if one != other]
    more = [f"{len(parts) - _MOST_NAMED} more"] if len(parts) > _MOST_NAMED else []
    return f"{_listed([*parts[:_MOST_NAMED], *more])}."


def _contrast(seen: SeenPanel, expected: SeenPanel) -> str:
    one, other = _seen_name(seen), _seen_name(expected)
    if one == other and seen is not None and expected is not None:
        one, other = (f"{name} {_places(_filled(panel))}" for name, panel in ((one, seen), (other, expected)))
    return f"{one} instead of {other}"


def _filled(panel: tuple[Figure | None, ...]) -> list[int]:
    return [slot for slot, figure in zip(SLOTS, panel, strict=True) if figure is not None]


def _seen_name(panel: SeenPanel) -> str:
    if panel is None:
        return "the question mark"
    figures = [figure for figure in panel if figure is not None]
    if not figures:
        return "nothing"
    if len(set(figures)) > 1:
        return f"{_COUNTS[len(figures)]} figures that are not alike"
    return _figures_name(figures[0], len(figures))
