"""Matrices that are slightly wrong: one attribute of one panel is off by one step. They need follow no rules."""

from dataclasses import replace

import numpy as np

from vmevalkit.tasks.raven_task.puzzle import COLOURS, SHAPES, SIZES, SLOTS, Panel, Puzzle


def near_miss(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Put the ninth panel slightly wrong."""
    return replace(puzzle, answer=_slightly_changed(puzzle.answer, rng))


def tampered(puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
    """Put one of the eight given panels slightly wrong."""
    place = int(rng.integers(len(puzzle.panels)))
    panels = list(puzzle.panels)
    panels[place] = _slightly_changed(panels[place], rng)
    return replace(puzzle, panels=tuple(panels))


def _slightly_changed(panel: Panel, rng: np.random.Generator) -> Panel:
    """Change the size, the colour or the shape to the one before or after it, or fill or empty one slot."""
    match int(rng.integers(4)):
        case 0:
            return replace(panel, size=_stepped(panel.size, SIZES, rng))
        case 1:
            return replace(panel, colour=_stepped(panel.colour, COLOURS, rng))
        case 2:
            return replace(panel, shape=SHAPES[_stepped(SHAPES.index(panel.shape), range(len(SHAPES)), rng)])
        case _:
            slots = SLOTS if len(panel.slots) > 1 else [slot for slot in SLOTS if slot not in panel.slots]
            changed = {slots[int(rng.integers(len(slots)))]}
            return replace(panel, slots=tuple(sorted(changed.symmetric_difference(panel.slots))))


def _stepped(value: int, bounds: range, rng: np.random.Generator) -> int:
    values = [other for other in (value - 1, value + 1) if other in bounds]
    return values[int(rng.integers(len(values)))]
