"""What a study says to those who use it."""

from dataclasses import dataclass
from pathlib import Path

from vmevalkit.dataroot import RunKey, Score, VideoFacts
from vmevalkit.errors import UnknownNameError


class UnknownItemError(UnknownNameError):
    """No video that can be rated goes by this name."""

    def __init__(self, item: str) -> None:
        super().__init__("item", item, ())
        self.hint = "ask for the next one; another seed in the plan gives the items other names"


@dataclass(frozen=True)
class Item:
    """A video to rate."""

    item: str
    """Its name for raters, which tells nothing about the model."""
    key: RunKey
    """Where it lies; not for the eyes of a rater who is to be blind."""
    model: str | None
    """Who made it; `None` if the plan is blind."""
    prompt: str
    """What the model was told."""
    difficulty: str | None
    """`None` if the question cannot be read."""
    video: VideoFacts | None


@dataclass(frozen=True)
class RaterProgress:
    """How far a rater has come, in numbers of items."""

    rater: str
    scored: int
    skipped: int
    remaining: int
    """Items that need more ratings and that this rater has neither rated nor skipped."""


@dataclass(frozen=True)
class Problem:
    """An item that cannot be rated because one of its files cannot be read."""

    item: str
    path: Path
    problem: str


@dataclass(frozen=True)
class StudyProgress:
    """How far all raters together have come."""

    items: int
    complete: int
    """Items that have all the ratings that they need."""
    needed: int
    """Ratings that all items together need."""
    given: int
    """Of those, the ones there are; what somebody rates beyond the need does not count."""
    raters: tuple[RaterProgress, ...]
    """By name."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Turn:
    """What a rater should do now."""

    items: tuple[Item, ...]
    """The first one is to be rated, the others come next; none if there is nothing to do."""
    progress: RaterProgress
    retry_seconds: float | None
    """If there is nothing to do because others hold what is left: when to ask again. `None` if it is all done."""


@dataclass(frozen=True)
class Given:
    """A score, or a skip, that has been saved."""

    item: str
    score: Score
    replaced: Score | None
    """What the same rater had said before."""


@dataclass(frozen=True)
class TakenBack:
    """A score, or a skip, that is no more."""

    item: Item
    score: Score
