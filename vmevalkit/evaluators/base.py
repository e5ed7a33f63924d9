"""What an evaluator is shown, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from vmevalkit.media import Frame


@dataclass(frozen=True)
class Rules:
    """What a question's domain knows about the states that a frame can show."""

    read: Callable[[Frame], Any]
    """Frame to state; raises `UnreadableFrameError`."""
    matches: Callable[[Any, Any], bool]
    """Whether the first state, which was seen, is the second, which was expected."""
    difference: Callable[[Any, Any], str]
    """A sentence about where the seen state departs from the expected one."""
    initial: Any
    """The state of the question."""
    solved: Any
    """The state of the solution."""


@dataclass(frozen=True)
class Item:
    """One video to score, and the rules of its question, if its domain has rules."""

    video: Path
    rules: Rules | None


@dataclass(frozen=True)
class Verdict:
    """What an evaluator says: a score from 1 to 5 if and only if the status is ``scored``."""

    status: Literal["scored", "error", "skipped"]
    score: int | None
    explanation: str
    dimensions: dict[str, Any] = field(default_factory=dict)


class Evaluator(Protocol):
    """Something that scores a video."""

    name: ClassVar[str]
    version: ClassVar[str]
    description: ClassVar[str]

    def evaluate(self, item: Item) -> Verdict:
        """Score one video. What is wrong with the video becomes the verdict ``error``, never an exception."""
