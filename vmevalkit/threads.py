"""Many small waits at once, with the results in order and only so much in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from typing import TypeVar

WORKERS = 16
WINDOW = 256

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
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="vmevalkit") as pool:
        try:
            for item in items:
                result = at_once(item)
                if result is not None and not pending:
                    yield result
                    continue
                pending.append(pool.submit(work, item) if result is None else _done(result))
                if len(pending) >= window:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _done(result: Result) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_result(result)
    return future


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
