"""Many small waits at once, with the results in order and only so much in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from typing import TypeVar

WORKERS = 16
WINDOW = 256

_READY_PER_STARTED = 16
"""Where few items need waiting, this many times more than are started may stand between them with their results."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    at_once: Callable[[Item], Result | None] = lambda _: None,
    workers: int = WORKERS,
    window: int = WINDOW,
) -> Iterator[Result]:
    """Yield ``work(item)`` for each item, in the order of the items.

    The first error ends it: what has not been started is dropped, what has been is waited for.

    Args:
        work: runs in a thread.
        items: taken as room becomes free, never all at once.
        at_once: gives the result of an item that needs no waiting, and `None` for those that do.
        workers: the number of threads.
        window: how many items may be started and not yet yielded.

    """
    pending: deque[Future[Result] | Result] = deque()
    started = 0
    with ThreadPoolExecutor(workers, thread_name_prefix="vmevalkit") as pool:
        try:
            for item in items:
                result = at_once(item)
                if result is not None and not pending:
                    yield result
                    continue
                pending.append(pool.submit(work, item) if result is None else result)
                started += result is None
                while pending and (
                    _is_ready(pending[0]) or started >= window or len(pending) >= _READY_PER_STARTED * window
                ):
                    started -= isinstance(pending[0], Future)
                    yield _result(pending.popleft())
            while pending:
                yield _result(pending.popleft())
        finally:
            for waiting in pending:
                if isinstance(waiting, Future):
                    waiting.cancel()


def _is_ready(waiting: Future[Result] | Result) -> bool:
    return not isinstance(waiting, Future) or waiting.done()


def _result(waiting: Future[Result] | Result) -> Result:
    return waiting.result() if isinstance(waiting, Future) else waiting


@contextmanager
def meanwhile(work: Callable[[], Result]) -> Iterator[Future[Result]]:
    """Run ``work()`` in a thread beside the block, which ends when both have; its result or error is in the future."""
    with ThreadPoolExecutor(1, thread_name_prefix="vmevalkit") as pool:
        yield pool.submit(work)


class Budget:
    """An amount, such as bytes of memory, that threads share."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._changed = Condition()

    @contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Wait for ``amount`` to be free and hold it for the length of the block; more than all of it counts as all."""
        amount = min(amount, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= amount)
            self._free -= amount
        try:
            yield
        finally:
            with self._changed:
                self._free += amount
                self._changed.notify_all()
