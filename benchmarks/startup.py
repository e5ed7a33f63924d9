"""How long the command takes to say anything, against an interpreter that does nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.measure import Ratio, alternate


def ratios() -> Iterator[Ratio]:
    """Measure ``vmevalkit --help``."""

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    ours, yardstick = alternate(
        lambda: run("-m", "vmevalkit", "--help"),
        lambda: run("-c", "pass"),
        rounds=9,
        clock=time.perf_counter,
    )
    yield Ratio("vmevalkit --help, wall", ours * 1000, "python -c pass", yardstick * 1000, 8.0)
