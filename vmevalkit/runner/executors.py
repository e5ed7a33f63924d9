"""How work is spread over processes."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import TypeAlias, TypeVar

from vmevalkit.errors import UsageError
from vmevalkit.runner.cluster import RayCluster

Item = TypeVar("Item")
Result = TypeVar("Result")
Workers: TypeAlias = int | RayCluster
"""Where work is done: in so many processes of this machine, or on a cluster."""

_AHEAD = 4


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_workers(workers: Workers) -> None:
    """Raise a `UsageError` if nobody would do the work."""
    if isinstance(workers, int) and workers < 1:
        raise UsageError(f"workers must be at least 1, not {workers}")


def map_ordered(function: Callable[[Item], Result], items: Iterable[Item], workers: Workers) -> Iterator[Result]:
    """Apply a function to items in workers and yield the results in the order of the items.

    A few items per worker are under way at any time, so that memory does not grow with their number. One worker
    means this process.

    Args:
        function: importable by name, as are its arguments and results.
        items: may be endless; they are taken as results are.
        workers: how many processes, or which cluster.

    """
    if isinstance(workers, RayCluster):
        yield from workers.map_ordered(function, items)
        return
    if workers <= 1:
        yield from map(function, items)
        return
    pool = worker_pool(workers)
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= workers * _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes that leave Ctrl-C to this one and do not outlive it."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_become_worker)


def _become_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
