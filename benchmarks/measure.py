"""Measure two things in turn, so that a machine whose speed drifts does not favour one."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One line of the table: what was measured, our cost and the yardstick's, in milliseconds, and the target."""

    what: str
    ours_ms: float
    yardstick: str
    yardstick_ms: float
    target: float

    @property
    def value(self) -> float:
        """Our cost in units of the yardstick's; smaller is better."""
        return self.ours_ms / self.yardstick_ms


def alternate(
    ours: Callable[[], object],
    yardstick: Callable[[], object],
    *,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Run both in turn after a warm-up and return the median seconds of each."""
    ours()
    yardstick()
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, times in zip((ours, yardstick), spent, strict=True):
            began = clock()
            function()
            times.append(clock() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])
