"""Waiting for one's turn at a lock."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vmevalkit.dataroot import exclusive
from vmevalkit.errors import BusyError

_PATIENCE_SECONDS = 60.0


@contextmanager
def queued(lock_file: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of the block, after waiting for others that hold it for a moment.

    Raises:
        BusyError: it did not become free within a minute.

    """
    give_up = time.monotonic() + _PATIENCE_SECONDS
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(exclusive(lock_file, what))
                break
            except BusyError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)
        yield
