"""Work spread over a Ray cluster.

Ray is an extra, and is imported only when a cluster is asked for: ``pip install 'vmevalkit[ray]'``. All machines need
the same installation of this package, and must see the data root under the same path. Results do not depend on how many
machines there are, or on which of them is lost on the way.
"""

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from typing import Any, ParamSpec, TypeVar

from vmevalkit.errors import UsageError, VMEvalError

P = ParamSpec("P")
Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2
"""How many batches each worker has before it: one under way, and one that waits."""
_BATCH_SECONDS, _LARGEST_BATCH = 0.5, 64
_KNOCK_SECONDS = 10
_TRIES = 10
"""How often work is begun again whose worker or machine was lost."""


class ClusterError(VMEvalError):
    """The cluster cannot be reached, or loses its workers again and again."""


class RayCluster:
    """A Ray cluster: one that runs already, or one on this machine that ends with this process."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """Remember which cluster is meant; it is joined when there is work.

        Args:
            address: of its head, as Ray takes it (``host:port``, ``ray://host:port``, ``auto``). If `None`, what
                ``RAY_ADDRESS`` says, or the cluster that was started on this machine, or else a new one.
            workers: use no more than so many workers; as many as there are cores if `None`.

        Raises:
            UsageError: Ray is not installed.

        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise UsageError("Ray is not installed", hint="pip install 'vmevalkit[ray]'") from error
        self._ray: Any = ray
        self._address, self._workers = address, workers

    def map_ordered(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Do as `vmevalkit.runner.executors.map_ordered`, in batches that take about half a second each.

        Raises:
            ClusterError: there is no such cluster, or a batch has lost its workers too often.

        """
        workers = self._joined()
        shared = self._ray.put(function)
        do: Any = self._ray.remote(num_cpus=1, max_retries=_TRIES)(_apply)
        waiting = iter(items)
        pending: deque[Any] = deque()
        size = 1
        try:
            while True:
                while len(pending) < workers * _AHEAD and (batch := list(islice(waiting, size))):
                    pending.append(do.remote(shared, batch))
                if not pending:
                    return
                results, error, seconds = self._got(pending.popleft())
                yield from results
                if error is not None:
                    raise error
                size = next_batch_size(len(results), seconds)
        finally:
            for reference in pending:
                with suppress(self._ray.exceptions.RayError):
                    self._ray.cancel(reference)

    def pool(self, *, gpu: bool = False) -> "RayPool":
        """Return an executor whose every call is a task; with ``gpu`` on a GPU of its own, if the cluster has any."""
        workers = self._joined()
        gpus = int(self._ray.cluster_resources().get("GPU", 0)) if gpu else 0
        # Ray would end a worker with a GPU after each call, and the model would be loaded anew every time.
        task = self._ray.remote(num_cpus=1, num_gpus=min(gpus, 1), max_calls=0, max_retries=_TRIES)(_call)
        return RayPool(task.remote, min(workers, gpus) if gpus else workers)

    def _got(self, reference: Any) -> Any:  # noqa: ANN401 - Ray's types come with Ray, and not without
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            first = (str(error).strip().splitlines() or [""])[0]
            raise ClusterError(
                f"the cluster gave up on a batch: {type(error).__name__}: {first}",
                hint="what is done is kept; repeat the command when the cluster is well",
            ) from error

    def _joined(self) -> int:
        """Join the cluster, if this process has not done so, and return how many workers may be used."""
        if not self._ray.is_initialized():
            common: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
            if "SOURCE_DATE_EPOCH" in os.environ:
                common["runtime_env"] = {"env_vars": {"SOURCE_DATE_EPOCH": os.environ["SOURCE_DATE_EPOCH"]}}
            named = self._address or os.environ.get("RAY_ADDRESS")
            try:
                _knock(named)
                self._ray.init(address=named or "auto", **common)
            except (OSError, ValueError, RuntimeError) as error:
                if named:
                    raise ClusterError(
                        f"no Ray cluster at {named}",
                        hint="start one with 'ray start --head', or say its --ray-address",
                    ) from error
                self._ray.init(num_cpus=self._workers, include_dashboard=False, **common)
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        return max(1, min(cores, self._workers or cores))


class RayPool(Pool):
    """A `concurrent.futures.Executor` on a cluster."""

    def __init__(self, task: Callable[..., Any], workers: int) -> None:
        self._task = task
        self.workers = workers

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Begin a task."""
        future: Future[Result] = self._task(fn, args, kwargs).future()
        return future


def _knock(address: str | None) -> None:
    """Raise an `OSError` if nobody listens at an address: Ray itself would try for minutes."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _KNOCK_SECONDS).close()


def _call(function: Callable[..., Result], args: Sequence[Any], kwargs: dict[str, Any]) -> Result:
    return function(*args, **kwargs)


def _apply(function: Callable[[Item], Result], batch: Sequence[Item]) -> tuple[list[Result], Exception | None, float]:
    """Return what came of a batch up to its first error, the error, and how many seconds it took. Runs in a worker."""
    began = time.perf_counter()
    results: list[Result] = []
    try:
        results.extend(map(function, batch))
    except Exception as error:  # noqa: BLE001 - it is raised where the results are used, as if it had happened there
        return results, error, time.perf_counter() - began
    return results, None, time.perf_counter() - began


def next_batch_size(done: int, seconds: float) -> int:
    """Return how many items take half a second, if so many were done in so many seconds."""
    return max(1, min(_LARGEST_BATCH, round(done * _BATCH_SECONDS / max(seconds, 1e-6))))
