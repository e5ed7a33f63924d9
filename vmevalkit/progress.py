"""How long work tells how far it is: a bar on a terminal, a line per 100 items anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

LINE_EVERY = 100

_ITEM_BYTES = 50_000


class Progress(Protocol):
    """What a pipeline calls as it goes; it never knows how that is shown."""

    def start(self, total: int | None, unit: str, size: int | None = None) -> None:
        """Begin; ``total`` items of ``size`` bytes in all, `None` where the amount is not known."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Say that ``count`` more items of ``size`` bytes in all are done."""


class Silent:
    """Shows nothing; for library use."""

    def start(self, total: int | None, unit: str, size: int | None = None) -> None:
        """Ignore the start."""

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Ignore the advance."""


class Lines:
    """Writes a line per 100 items to standard error; for logs and pipes."""

    def __init__(self) -> None:
        self._total: int | None = None
        self._size: int | None = None
        self._unit = "items"
        self._done, self._done_size = 0, 0
        self._began = time.monotonic()

    def start(self, total: int | None, unit: str, size: int | None = None) -> None:
        """Reset the count."""
        self._total, self._unit, self._size = total, unit, size
        self._done, self._done_size = 0, 0
        self._began = time.monotonic()

    def advance(self, count: int = 1, size: int = 0) -> None:
        """Count, and write a line for each full hundred that was passed."""
        before, self._done = self._done, self._done + count
        self._done_size += size
        if self._done // LINE_EVERY > before // LINE_EVERY:
            of = f" of {self._total}" if self._total is not None else ""
            line = f"   ↳ {self._done // LINE_EVERY * LINE_EVERY}{of} {self._unit}... ({', '.join(self._facts())})"
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _facts(self) -> Iterator[str]:
        elapsed = max(time.monotonic() - self._began, 1e-9)
        if self._size:
            yield f"{self._done_size / 1e6:.1f} of {self._size / 1e6:.1f} MB"
        yield f"{self._done / elapsed:.0f}/s"
        if self._total is not None:
            done = work(self._done, self._done_size)
            yield f"{elapsed * (work(self._total, self._size) - done) / done:.0f} s left"


def work(items: int, size: int | None) -> int:
    """Return how much work items of ``size`` bytes are: each costs as much by itself as some bytes do."""
    return items * _ITEM_BYTES + (size or 0)


@contextmanager
def shown(label: str) -> Iterator[Progress]:
    """Show progress on standard error for the length of the block: a bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from vmevalkit._progress_bar import bar

    with bar(label) as progress:
        yield progress
