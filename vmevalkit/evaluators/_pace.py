"""When threads may send their next request."""

import threading
import time
from collections.abc import Callable


class Pace:
    """Spaces requests evenly: a burst at the start of each minute is what limits are against."""

    def __init__(self, per_minute: float | None, sleep: Callable[[float], None]) -> None:
        """Prepare it.

        Args:
            per_minute: the most requests in a minute; as many as go if `None`.
            sleep: waits for so many seconds.

        """
        self._sleep = sleep
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for this thread's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Let nobody begin for a while, because the server asks for it."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
