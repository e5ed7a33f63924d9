"""Measure two things in turn, so that a machine whose speed drifts does not favour one, and print the ratios."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Ratio:
    """One line of the table: what was measured, our cost and the yardstick's, and the target."""

    what: str
    ours: float
    yardstick: str
    theirs: float
    target: float | None
    """The ratio that we hold ourselves to; `None` where we only want to know."""
    unit: Literal["ms", "kB", "MiB"] = "ms"

    @property
    def value(self) -> float:
        """Our cost in units of the yardstick's; smaller is better."""
        return self.ours / self.theirs


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


def show(rows: Iterable[Ratio], *, as_json: bool) -> None:
    """Print each row as soon as it is there, or all of them as JSON."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if as_json:
        values = [{**vars(row), "ratio": row.value} for row in rows]
        json.dump({"machine": machine, "ratios": values}, sys.stdout, indent=2)
        return
    print(f"{machine}\n{'':<35} {'ours':>10} {'yardstick':>28} {'ratio':>7} {'target':>8}")
    for row in rows:
        target = "" if row.target is None else f"{'<=':>3} {row.target:>4}"
        line = (
            f"{row.what:<35} {_amount(row.ours, row.unit):>10} {_amount(row.theirs, row.unit):>11} {row.yardstick:>16} "
            f"{row.value:>7.2f} {target}"
        )
        print(line.rstrip(), flush=True)


def _amount(amount: float, unit: str) -> str:
    return f"{amount / 1000:.2f} s " if unit == "ms" and amount >= 10_000 else f"{amount:.2f} {unit}"
