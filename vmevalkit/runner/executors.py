"""How work is spread over processes."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from vmevalkit.errors import UsageError, WorkerError
from vmevalkit.runner.cluster import RayCluster

__all__ = ["Workers", "default_workers", "map_ordered"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")
Workers: TypeAlias = int | RayCluster
"""Where work is done: in so many processes of this machine, or on a cluster."""

_AHEAD = 4
_TRIES = 5
"""How often an item is waited for whose worker the system has killed, or another one beside it."""


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
    means this process. What is lost with a worker that the system kills is done again by another one.

    Args:
        function: importable by name, as are its arguments and results.
        items: may be endless; they are taken as results are.
        workers: how many processes, or which cluster.

    Raises:
        WorkerError: that has happened too often.

    """
    if isinstance(workers, RayCluster):
        yield from workers.map_ordered(function, items)
        return
    if workers <= 1:
        yield from map(function, items)
        return
    crew = _Crew(function, workers)
    try:
        for item in items:
            crew.give(item)
            if len(crew) >= workers * _AHEAD:
                yield crew.take()
        while len(crew):
            yield crew.take()
    finally:
        crew.dismiss()


class _Crew(Generic[Item, Result]):
    """Processes and what they have been given. When the system kills one, the lot is replaced and goes on."""

    def __init__(self, function: Callable[[Item], Result], workers: int) -> None:
        self._function, self._workers = function, workers
        self._pool = WorkerPool(workers)
        self._given: deque[tuple[Item, Future[Result]]] = deque()

    def __len__(self) -> int:
        """Count the items whose results have not been taken."""
        return len(self._given)

    def give(self, item: Item) -> None:
        """Have an item worked on."""
        self._given.append((item, self._submitted(item)))

    def take(self) -> Result:
        """Wait for the result of the item that was given first.

        Raises:
            WorkerError: its workers are killed again and again.

        """
        for _ in range(_TRIES):
            try:
                result = self._given[0][1].result()
            except BrokenExecutor:
                self._replace()
            else:
                self._given.popleft()
                return result
        raise WorkerError(
            f"worker processes were killed {_TRIES} times in a row",
            hint="the same command goes on; use fewer --workers if memory is short",
        )

    def dismiss(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _replace(self) -> None:
        """Give everything that was lost to new processes: a pool that has lost one of its own does nothing more."""
        self.dismiss()
        self._pool = WorkerPool(self._workers)
        self._given = deque(
            (item, self._submitted(item) if _is_lost(future) else future) for item, future in self._given
        )

    def _submitted(self, item: Item) -> Future[Result]:
        try:
            return self._pool.submit(self._function, item)
        except BrokenExecutor as error:
            lost: Future[Result] = Future()
            lost.set_exception(error)
            return lost


def _is_lost(future: Future[Result]) -> bool:
    """Tell whether a pool that has been shut down has left an item undone."""
    return future.cancelled() or isinstance(future.exception(), BrokenExecutor)


class WorkerPool(ProcessPoolExecutor):
    """Processes that leave Ctrl-C to this one and do not outlive it."""

    def __init__(self, workers: int) -> None:
        """Start nothing yet: that happens with the first work."""
        self._context = _RememberingContext()
        super().__init__(workers, mp_context=self._context, initializer=_become_worker)

    def submit(
        self, function: Callable[Arguments, Result], /, *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Future[Result]:
        """Have a call made; see `concurrent.futures.Executor.submit`.

        Raises:
            BrokenProcessPool: the system has killed a process. If it does so while the executor starts another one, the
                executor itself raises whatever the start met, such as a closed pipe.

        """
        try:
            return super().submit(function, *arguments, **named)
        except OSError as error:
            if isinstance(error, BrokenPipeError) or self._has_lost_one():
                raise BrokenProcessPool("a worker process was killed while another one was started") from error
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes; see `concurrent.futures.Executor.shutdown`.

        Once the system has killed one, the executor ends the others; but not one that it was just starting, for which
        it then waits for ever.
        """
        if self._has_lost_one():
            for process in self._context.started:
                if process.pid is not None:
                    process.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _has_lost_one(self) -> bool:
        return any(process.exitcode for process in self._context.started)


class _RememberingContext(SpawnContext):
    """Starts processes that import what they need, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    # The base has a class in this place.
    def Process(self, *arguments: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: ANN401, N802
        process = SpawnProcess(*arguments, **named)
        self.started.append(process)
        return process


def _become_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
