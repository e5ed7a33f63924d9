"""Making questions on a Ray cluster of this machine, against as many worker processes."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Ratio, alternate
from vmevalkit.dataroot import DataRoot
from vmevalkit.runner.cluster import RayCluster
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.executors import Workers, default_workers

_PAIRS = 300
_ROUNDS = 3
_TARGET = 1 / 0.8
"""An efficiency of 0.8, as a ratio of times."""


def ratios() -> Iterator[Ratio]:
    """Measure the wall time of the same questions, made both ways; the cluster is started before."""
    workers = default_workers()
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**9))

        def make(where: Workers) -> None:
            create_dataset(DataRoot(Path(folder, str(next(numbers)))), pairs_per_domain=_PAIRS, workers=where)

        cluster = RayCluster(workers=workers)
        ours, yardstick = alternate(
            lambda: make(cluster), lambda: make(workers), rounds=_ROUNDS, clock=time.perf_counter
        )
    yield Ratio("create --executor ray, wall", ours * 1000, f"{workers} processes", yardstick * 1000, _TARGET)
