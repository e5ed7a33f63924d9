"""What an evaluator is shown, and what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from vmevalkit.dataroot import JudgeTrace
from vmevalkit.media import Frame


@dataclass(frozen=True)
class Rules:
    """What a question's domain knows about the states that frames can show."""

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
    glimpse: Callable[[Frame], Any]
    """Frame to what can be seen of it in the middle of things; raises `UnreadableFrameError`."""
    follow: Callable[[Sequence[Any]], "Faults"]
    """Glimpses in the order of time, `None` where nothing could be seen, to what is wrong with them."""


class Faults(Protocol):
    """What was seen to go wrong between the first frame and the last."""

    @property
    def givens(self) -> Sequence[str]:
        """A sentence for each glimpse in which something was not as the question gave it."""

    @property
    def way(self) -> Sequence[str]:
        """A sentence for each thing that is no legal way to the solution."""


@dataclass(frozen=True)
class Question:
    """What the video was asked to show."""

    domain: str
    task_id: str
    prompt: str
    first_frame: Path
    final_frame: Path
    """The solved frame."""


@dataclass(frozen=True)
class Item:
    """One video to score, its question, and the rules of the question, if its domain has rules."""

    video: Path
    question: Question
    rules: Rules | None


@dataclass(frozen=True)
class Verdict:
    """What an evaluator says: a score from 1 to 5 if and only if the status is ``scored``."""

    status: Literal["scored", "error", "skipped"]
    score: int | None
    explanation: str
    dimensions: dict[str, Any] = field(default_factory=dict)
    """Sub-scores by name."""
    retryable: bool = False
    """Of an error: whether the same question, asked again, may well be answered."""
    needs_review: bool = False
    """Whether a person should look at it, because the votes differ."""
    cost_usd: float | None = None
    """What this answer cost; 0 if it was known, `None` if nobody knows."""
    judge: JudgeTrace | None = None
    """Of a judge: what it was asked and what it said."""


class Evaluator(Protocol):
    """Something that scores a video."""

    @property
    def name(self) -> str:
        """What its files are called: ``<name>.json``."""

    @property
    def version(self) -> str:
        """Changes when the same video may get another score; what an older version said is scored again."""

    @property
    def description(self) -> str:
        """A line for lists of evaluators."""

    @property
    def at_once(self) -> int:
        """How many items it wants to be given at once from threads, because it waits; 0 if it computes."""

    def evaluate(self, item: Item) -> Verdict:
        """Score one video. What is wrong with the video becomes the verdict ``error``, never an exception.

        Raises:
            UsageError: no video can be scored, such as for want of a key; the command ends.

        """


@runtime_checkable
class Closable(Protocol):
    """An evaluator that waits, and can be told to stop."""

    def close(self) -> None:
        """Have ``evaluate`` end at once in all threads, by a `UsageError`, now and from now on: for Ctrl-C."""
