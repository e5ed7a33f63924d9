"""What a source of a migration is: something that knows one layout and says what it holds, item by item."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from vmevalkit.dataroot import Score

Content: TypeAlias = Path | bytes
"""A file of the source, or what is in it."""

EXPERIMENT = "migrated"
"""The experiment of runs and scores of a source that has no experiments."""
RUN_ID = "migrated"
"""The run of a source that has only one per question and gives it no name; and the run that its scores are about."""


@dataclass(frozen=True)
class FoundQuestion:
    """A question, by the names that the source gives it: whether they fit our layout is not the source's concern."""

    origin: str
    """Where it was found, relative to the source; for the report."""
    domain: str
    id: str
    prompt: str
    first_frame: Content
    """A picture in any format that Pillow reads."""
    final_frame: Content
    ground_truth: Content | None = None
    """The film of the solution, an MP4."""
    difficulty: str = "medium"
    task_category: str = ""
    created_at: str | None = None
    """`None` if the source does not say; the time of the migration is written then."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """All that the source says of it beyond the fields above, as plain JSON values."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a `Pair` that this version does not know: they are kept beside the known ones, not in ``metadata``."""


@dataclass(frozen=True)
class FoundRun:
    """A run of a model, by the names that the source gives it."""

    origin: str
    experiment: str
    model: str
    domain: str
    task_id: str
    run_id: str
    video: Content | None
    """An MP4; `None` if there is none, as the run failed."""
    status: Literal["succeeded", "failed"] = "succeeded"
    error: str = ""
    """Why it failed."""
    prompt: str | None = None
    created_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the source says of it, as plain JSON values. If that is the whole record of a `Run`, every field is kept."""
    question: Mapping[str, Content] = field(default_factory=dict)
    """Files of the run's own copy of its question, such as ``first_frame.png``, by their names."""


@dataclass(frozen=True)
class FoundEvaluation:
    """What one evaluator says about one model's answers to one question."""

    origin: str
    experiment: str
    model: str
    domain: str
    task_id: str
    evaluator: str
    records: tuple[Score, ...]
    """One per run and rater; ``run_id`` is the source's name of the run, or `RUN_ID`. A score that the source gives on
    a scale it does not name is no score: such a record has the status ``error``, and what it said in ``raw``."""
    version: str = "unknown"
    """Of the evaluator."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of an `Evaluation` that this version does not know."""


@dataclass(frozen=True)
class NotUnderstood:
    """Something that the source should hold in this place, and that it cannot make sense of."""

    path: str
    """Relative to the source."""
    why: str
    """A sentence without a full stop, such as ``malformed JSON: line 3``."""


Found: TypeAlias = FoundQuestion | FoundRun | FoundEvaluation | NotUnderstood


class Source(Protocol):
    """A layout that can be migrated from. It reads and never writes, and keeps nothing between calls."""

    @property
    def name(self) -> str:
        """How it is called at ``--from``."""

    @property
    def description(self) -> str:
        """A line for lists of sources."""

    @property
    def is_ours(self) -> bool:
        """Whether its names have been through our rules already: those that a migration made are not mapped again."""

    def detects(self, path: Path) -> bool:
        """Tell whether ``path`` looks like this layout, at a glance and without an error whatever it is."""

    def items(self, path: Path) -> Iterator[Found]:
        """Yield what ``path`` holds, always in the same order, with bounded memory.

        What is malformed is yielded as `NotUnderstood`, and the rest goes on. A folder or file that cannot be read
        raises `OSError`. A path that a file of the source names must be checked to lie inside the source.
        """
