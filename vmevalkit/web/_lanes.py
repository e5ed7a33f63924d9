"""Threads of their own for slow work, so that the answers of the API and the pages never stand behind it.

FastAPI runs routes that are no coroutines in a pool of 40 threads. A route that waits for a slow disk or for a decoder
there takes a place from all others; here it waits without one.
"""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Lane:
    """Some threads for one kind of work; those who find them taken wait in the order in which they came."""

    def __init__(self, name: str, width: int) -> None:
        self._width = width
        # An event loop has limiters of its own, and there may be several loops.
        self._limiter: RunVar[CapacityLimiter] = RunVar(f"lane of {name}")

    async def run(self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Wait for a thread and for what the work returns there."""
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._width)
            self._limiter.set(limiter)
        return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)


READING = Lane("reading files", 8)
"""A disk that is read from at more places at once only becomes slower."""
DRAWING = Lane("drawing pictures", max(1, min(4, (os.cpu_count() or 1) // 2)))
"""Half of the machine stays free."""
