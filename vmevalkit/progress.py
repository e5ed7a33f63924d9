"""How long work tells how far it is: a bar on a terminal, a line per 100 items anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

LINE_EVERY = 100


class Progress(Protocol):
    """What a pipeline calls as it goes; it never knows how that is shown."""

    def start(self, total: int | None, unit: str) -> None:
        """Begin; ``total`` is `None` where the amount is not known."""

    def advance(self, count: int = 1) -> None:
        """Say that ``count`` more are done."""


class Silent:
    """Shows nothing; for library use."""

    def start(self, total: int | None, unit: str) -> None:
        """Ignore the start."""

    def advance(self, count: int = 1) -> None:
        """Ignore the advance."""


class Lines:
    """Writes a line per 100 items to standard error; for logs and pipes."""

    def __init__(self) -> None:
        self._total: int | None = None
        self._unit = "items"
        self._done = 0
        self._began = time.monotonic()

    def start(self, total: int | None, unit: str) -> None:
        """Reset the count."""
        self._total, self._unit, self._done = total, unit, 0
        self._began = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Count, and write a line for each full hundred that was passed."""
        before, self._done = self._done, self._done + count
        if self._done // LINE_EVERY > before // LINE_EVERY:
            of = f" of {self._total}" if self._total is not None else ""
            rate = self._done / max(time.monotonic() - self._began, 1e-9)
            line = f"   ↳ {self._done // LINE_EVERY * LINE_EVERY}{of} {self._unit}... ({rate:.0f}/s)"
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


@contextmanager
def shown(label: str) -> Iterator[Progress]:
    """Show progress on standard error for the length of the block: a bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from vmevalkit._progress_bar import bar

    with bar(label) as progress:
        yield progress
