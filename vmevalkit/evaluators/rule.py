"""The evaluator that needs no judge: it reads the puzzle in the frames of the film and applies the puzzle's rules."""

from collections.abc import Sequence
from typing import ClassVar

from vmevalkit.errors import UnreadableFrameError, VideoError
from vmevalkit.evaluators.base import Item, Rules, Verdict
from vmevalkit.evaluators.film import SMALL_SIDE, course, spread
from vmevalkit.media import Frame, Overview, overview, picked_frames

MAX_FRAMES = 7200
"""Two minutes at 60 frames per second; no puzzle takes as long."""

_GLIMPSES = 24
"""How many frames are looked at closely."""
_FEW = 0.1
"""The share of these in which something may be amiss for a moment."""
_NAMED = 3
"""How many faults an explanation names."""
_SOLVED_BUT = "The last frame shows the solution, but"


class RuleEvaluator:
    """Scores a film from 1 to 5 by the rules of its puzzle.

    ===== =============================================================================================
    score what was seen
    ===== =============================================================================================
    5     solved, by a legal way, and nothing else was changed
    4     the same, but for a moment something else was changed, and put back
    3     the solution in the end, but by no legal way, or with other things changed on the way
    2     in the end something else than question and solution
    1     in the end still the question
    ===== =============================================================================================

    The dimensions are ``solution`` (5, 2 or 1, as above), ``givens`` (5: left alone, 4: changed for a moment, 2:
    changed, 1: changed most of the time) and ``way`` (5: legal, 2: not). The way is judged where the film ends on the
    solution, the givens where it also shows how it got there; elsewhere they are `None`. A film that cannot be decoded,
    or whose last frame cannot be read for certain, is an error.
    """

    name: ClassVar[str] = "RuleEvaluator"
    version: ClassVar[str] = "2"
    description: ClassVar[str] = "reads the puzzle in the film and applies its rules"
    at_once: ClassVar[int] = 0

    def evaluate(self, item: Item) -> Verdict:
        """Score one video."""
        rules = item.rules
        if rules is None:
            return Verdict("skipped", None, "the question's domain has no rules")
        try:
            film = overview(item.video, side=SMALL_SIDE, max_frames=MAX_FRAMES)
            if film.info.frames < 2:
                return Verdict("error", None, "unreadable: a single frame is no film")
            seen = rules.read(film.last)
            if rules.matches(seen, rules.solved):
                wrong_course = _wrong_course(film, rules)
                return _unshown(wrong_course) if wrong_course else _shown(rules, _glimpses(item, film, rules))
        except VideoError as error:
            return Verdict("error", None, f"undecodable: {error}", retryable=error.retryable)
        except UnreadableFrameError as error:
            return Verdict("error", None, f"unreadable: the last frame: {error}")
        difference = rules.difference(seen, rules.solved)
        if rules.matches(seen, rules.initial):
            return _unsolved(1, f"The last frame still shows the question: {difference}")
        return _unsolved(2, f"The last frame does not show the solution: {difference}")


def _unsolved(score: int, explanation: str) -> Verdict:
    return Verdict("scored", score, explanation, {"solution": score, "givens": None, "way": None})


def _glimpses(item: Item, film: Overview, rules: Rules) -> list[object | None]:
    return [_glimpse(frame, rules) for _, frame in picked_frames(item.video, spread(film, _GLIMPSES))]


def _glimpse(frame: Frame, rules: Rules) -> object | None:
    try:
        seen: object = rules.glimpse(frame)
    except UnreadableFrameError:
        return None
    return seen


def _unshown(reason: str) -> Verdict:
    return Verdict("scored", 3, f"{_SOLVED_BUT} {reason}", {"solution": 5, "givens": None, "way": 2})


def _shown(rules: Rules, glimpses: Sequence[object | None]) -> Verdict:
    """Judge the way on which a film came to the solution."""
    faults = rules.follow(glimpses)
    disturbed = len(faults.givens) / len(glimpses)
    givens = 5 if not disturbed else 4 if disturbed <= _FEW else 2 if disturbed <= 0.5 else 1
    way = 2 if faults.way else 5
    score = 3 if min(givens, way) < 4 else min(givens, way)
    if score == 5:
        explanation = "Solved by a legal way; everything else was left alone."
    elif score == 4:
        explanation = f"Solved by a legal way, but for a moment not all was as given: {faults.givens[0]}"
    else:
        explanation = f"{_SOLVED_BUT} {_listed([*faults.way, *faults.givens])}"
    return Verdict("scored", score, explanation, {"solution": 5, "givens": givens, "way": way})


def _wrong_course(film: Overview, rules: Rules) -> str | None:
    """Say what is wrong with the course of the film as such, if anything is."""
    if _shows(film.first, rules, rules.solved):
        return "the film begins with it."
    run = course(film)
    if run is None:
        return "the film begins as it ends."
    if run.cut is not None:
        return f"the film jumps to it at frame {run.cut + 1} of {film.info.frames}."
    return "it is only blended in." if run.dissolve else None


def _shows(frame: Frame, rules: Rules, state: object) -> bool:
    try:
        return rules.matches(rules.read(frame), state)
    except UnreadableFrameError:
        return False


def _listed(faults: Sequence[str]) -> str:
    different = list(dict.fromkeys(faults))
    rest = len(different) - _NAMED
    return " ".join(different[:_NAMED]) + (f" And {rest} more." if rest > 0 else "")
