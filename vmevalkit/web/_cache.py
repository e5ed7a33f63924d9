"""Remembers for a few seconds what is dear to count."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class ShortMemory(Generic[V]):
    """Values by key, each forgotten after a while; safe to use from several threads.

    Args:
        seconds: how long a value is kept.
        entries: how many values are kept; the oldest goes first.
        clock: tells the time in seconds.

    """

    def __init__(self, seconds: float, entries: int = 64, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._entries, self._clock = seconds, entries, clock
        self._values: dict[Hashable, tuple[float, V]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value kept under ``key``, or make and keep it. Two threads may both make it; that is harmless."""
        with self._lock:
            kept = self._values.get(key)
        if kept is not None and self._clock() - kept[0] < self._seconds:
            return kept[1]
        value = make()
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (self._clock(), value)
            while len(self._values) > self._entries:
                self._values.pop(next(iter(self._values)))
        return value
