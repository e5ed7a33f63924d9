"""What happens while models run, told as it happens: to a table on a terminal, and to a log for other programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from vmevalkit.clock import timestamp
from vmevalkit.progress import Progress

Kind = Literal["planned", "started", "submitted", "succeeded", "failed", "left", "skipped", "stopped"]
"""A run that is ``left`` was begun, and waits for the next command; a model that is ``stopped`` begins no more."""


@dataclass(frozen=True)
class Event:
    """One thing that has happened. Fields that do not apply are `None`."""

    kind: Kind
    model: str
    task_id: str | None = None
    sample: int | None = None
    run_id: str | None = None
    job_id: str | None = None
    count: int | None = None
    """How many runs are planned for the model."""
    cost_usd: float | None = None
    seconds: float | None = None
    """How long the run took."""
    message: str | None = None
    """Why it failed, or why the model was stopped."""


Watcher = Callable[[Event], None]

_ENDS = frozenset({"succeeded", "failed", "skipped"})


def told_to(progress: Progress) -> Watcher:
    """Return a watcher that counts finished runs of all models together."""
    total = 0

    def watch(event: Event) -> None:
        nonlocal total
        if event.kind == "planned":
            total += event.count or 0
            progress.start(total, "videos")
        elif event.kind in _ENDS:
            progress.advance()

    return watch


@contextmanager
def event_log(path: Path) -> Iterator[Watcher]:
    """Append events to a file, a line of JSON each, with the time. A disk that fills up ends the log, not the runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = path.open("ab", buffering=0)

    def write(event: Event) -> None:
        fields = {name: value for name, value in asdict(event).items() if value is not None}
        text = json.dumps({"time": timestamp(), **fields}, ensure_ascii=False) + "\n"
        with suppress(OSError):
            out.write(text.encode(errors="replace"))  # A message may name a file whose name is not UTF-8.

    with out:
        yield write
