"""Answers that are dear to make: made once for everybody, and again when the data has changed, but not all the time."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass
class _Entry(Generic[V]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    state: int | None = None
    made_at: float = float("-inf")
    value: V | None = None


class Kept(Generic[V]):
    """Values by key; safe to use from several threads, of which one makes a value while the others wait for it.

    Args:
        seconds: how old a value may be that the data no longer agrees with.
        entries: how many values are kept; the oldest goes first.
        clock: tells the time in seconds.

    """

    def __init__(self, seconds: float, entries: int = 16, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._most, self._clock = seconds, entries, clock
        self._entries: dict[Hashable, _Entry[V]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, state: int, make: Callable[[], V]) -> V:
        """Return the value for ``key``.

        Args:
            key: what is asked for.
            state: a number that changes with the data; a value made in another state is good for a while.
            make: makes the value.

        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            while len(self._entries) > self._most:
                self._entries.pop(next(iter(self._entries)))
        with entry.lock:
            is_new = entry.state == state or self._clock() - entry.made_at < self._seconds
            if entry.value is None or not is_new:
                entry.value, entry.state, entry.made_at = make(), state, self._clock()
            return entry.value
