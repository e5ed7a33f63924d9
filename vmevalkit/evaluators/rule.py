"""The evaluator that needs no judge: it reads the puzzle in the last frame and compares it with the solution."""

from typing import ClassVar

from vmevalkit.errors import UnreadableFrameError, VideoError
from vmevalkit.evaluators.base import Item, Verdict
from vmevalkit.media import last_frame

SOLVED, CHANGED, UNCHANGED = 5, 2, 1


class RuleEvaluator:
    """Scores the state in the last frame.

    5: it is the solution. 2: something else than question and solution. 1: still the question. A video that
    cannot be decoded, or a frame in which nothing can be read for certain, is an error and has no score.
    """

    name: ClassVar[str] = "RuleEvaluator"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "reads the last frame and compares it with the solution"

    def evaluate(self, item: Item) -> Verdict:
        """Score one video."""
        rules = item.rules
        if rules is None:
            return Verdict("skipped", None, "the question's domain has no rules")
        try:
            seen = rules.read(last_frame(item.video))
        except VideoError as error:
            return Verdict("error", None, f"undecodable: {error}")
        except UnreadableFrameError as error:
            return Verdict("error", None, f"unreadable: {error}")
        if rules.matches(seen, rules.solved):
            return Verdict("scored", SOLVED, "The last frame shows the solution.")
        difference = rules.difference(seen, rules.solved)
        if rules.matches(seen, rules.initial):
            return Verdict("scored", UNCHANGED, f"The last frame still shows the question: {difference}")
        return Verdict("scored", CHANGED, f"The last frame does not show the solution: {difference}")
