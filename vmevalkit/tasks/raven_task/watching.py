"""Follows the film of a matrix that ends well: were the given panels left alone, and was there no other answer first?

Figures may appear in any legal manner: all at once or one after another, growing, getting darker, or outlined and then
filled in, or glide to their places. So other figures are another answer only where they have come to rest; and if they
are merely smaller, lighter or fewer than the right ones, only where the given panels suggest them. What is unclear in a
glimpse is no evidence.
"""

from collections.abc import Sequence
from itertools import takewhile

from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.raven_task.drawing import LAST
from vmevalkit.tasks.raven_task.puzzle import SLOTS, Puzzle, Rule
from vmevalkit.tasks.raven_task.reading import UNCLEAR, Figure, Glimpse, SeenPanel, panel_as_seen
from vmevalkit.tasks.raven_task.wording import contrast

_LONG_GLIMPSES = 6
"""In how many glimpses figures must be the same to be at rest; tiny ones that grow slowly seem so in four."""
_SLOW_GLIMPSES = 3
"""In how many glimpses figures must be there for us to know that they cannot change much by the next one."""
_SURE_GLIMPSES = 2
"""In how many glimpses the right answer must be there, even before it has settled, for it to have been there."""
_FEWEST = 2
"""Of so few figures one may well come before the other."""

_UNION = Rule("position", "arithmetic", "+")
"""Where the first panel's figures and the second's make up the third, they may well come in that order."""

_BLANK = (None,) * len(SLOTS)
_Slots = tuple[Figure | None, ...]


def follow(puzzle: Puzzle, glimpses: Sequence[Glimpse | None]) -> Faults:
    """Say what is wrong with a film that ends on the solution; `Domain.follow` for panels that may be unclear."""
    seen = [glimpse for glimpse in glimpses if glimpse is not None]
    answer = _Answer(puzzle, seen)
    return Faults(givens=tuple(_disturbances(puzzle, seen)), way=(*answer.other_answers(), *answer.losses()))


def _disturbances(puzzle: Puzzle, glimpses: Sequence[Glimpse]) -> list[str]:
    """Return a sentence for each glimpse in which given panels were not as given."""
    given = [panel_as_seen(panel) for panel in puzzle.panels]
    found = []
    for glimpse in glimpses:
        pairs = zip(glimpse.panels[:LAST], given, strict=True)
        panels: list[SeenPanel] = [expected if panel == UNCLEAR else panel for panel, expected in pairs]
        if panels != given:
            found.append(contrast(panels, given))
    return found


class _Answer:
    """What the last panel held in the glimpses, one after another."""

    def __init__(self, puzzle: Puzzle, glimpses: Sequence[Glimpse]) -> None:
        self._puzzle = puzzle
        self._right = panel_as_seen(puzzle.answer)
        self._panels = [
            seen.panels[LAST] if seen.settled or seen.panels[LAST] == self._right else UNCLEAR for seen in glimpses
        ]
        self._figure = Figure(puzzle.answer.shape, puzzle.answer.size, puzzle.answer.colour)
        self._shown = [
            panel for panel in self._panels if isinstance(panel, tuple) and any(panel) and panel != self._right
        ]
        """What the panel clearly held besides the question mark, nothing and the right answer."""

    def other_answers(self) -> list[str]:
        """Find the other answers that were there before the right one."""
        return [
            f"at first, {self._contrast(panel)}"
            for panel in dict.fromkeys(self._shown)
            if (self._goes_too_far(panel) or self._is_an_answer(panel)) and self._is_at_rest(panel)
        ]

    def losses(self) -> list[str]:
        """Tell whether the right answer was there and went away again."""
        places = [number for number, panel in enumerate(self._panels) if panel == self._right]
        if len(places) < _SURE_GLIMPSES:
            return []
        later = [panel for panel in self._panels[places[_SURE_GLIMPSES - 1] :] if panel not in (self._right, UNCLEAR)]
        return [f"the right answer went away again: {self._contrast(panel)}" for panel in later[:1]]

    def _contrast(self, panel: SeenPanel | str) -> str:
        given = [panel_as_seen(each) for each in self._puzzle.panels]
        return contrast([*given, panel if isinstance(panel, tuple) else None], [*given, self._right])

    def _goes_too_far(self, panel: _Slots) -> bool:
        """Tell whether a figure is in the wrong place, too large or too dark to become the right one."""
        return any(
            figure.size > self._figure.size
            or figure.colour > self._figure.colour
            or slot not in self._puzzle.answer.slots
            for slot, figure in zip(SLOTS, panel, strict=True)
            if figure is not None
        )

    def _is_an_answer(self, panel: _Slots) -> bool:
        """Tell whether a panel is one that somebody could take for the answer, and not merely incomplete."""
        slots = tuple(slot for slot, figure in zip(SLOTS, panel, strict=True) if figure is not None)
        if slots == self._puzzle.answer.slots:
            figures = set(panel) - {None}
            return len(figures) == 1 and all(figure is None or self._is_suggested(figure) for figure in figures)
        fewer = {each for each in self._shown if set(each) == {None, self._figure}}
        return (
            fewer == {panel}  # otherwise the figures come one after another
            and len(self._puzzle.answer.slots) > _FEWEST
            and _UNION not in self._puzzle.rules
            and slots in {each.slots for each in self._puzzle.panels}
        )

    def _is_suggested(self, figure: Figure) -> bool:
        """Tell whether a figure is of another shape, or whether given panels show its size and colour."""
        return figure.shape != self._figure.shape or (
            figure.size in {self._figure.size, *(each.size for each in self._puzzle.panels)}
            and figure.colour in {self._figure.colour, *(each.colour for each in self._puzzle.panels)}
        )

    def _is_at_rest(self, panel: _Slots) -> bool:
        """Tell whether a panel was there for a while, or gave way at once to the right one after a slow beginning."""
        places = [number for number, other in enumerate(self._panels) if other == panel]
        if len(places) >= _LONG_GLIMPSES:
            return True
        return self._panels[places[-1] + 1 : places[-1] + 2] == [self._right] and self._came_slowly(places[-1])

    def _came_slowly(self, place: int) -> bool:
        """Tell whether what is there in a glimpse was seen to come, and for several glimpses until then."""
        until_then = reversed(self._panels[: place + 1])
        coming = list(takewhile(lambda panel: panel is not None and panel != _BLANK, until_then))
        return UNCLEAR in coming and len(coming) >= _SLOW_GLIMPSES
