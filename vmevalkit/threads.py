"""Many small waits at once, with the results in order and only so much in flight."""

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, current_thread, main_thread
from types import FrameType
from typing import TypeVar

WORKERS = 16
WINDOW = 256

_READY_PER_STARTED = 16
"""Where few items need waiting, this many times more than are started may stand between them with their results."""

_GLANCE_SECONDS = 1.0
"""How often a wait is interrupted to look for Ctrl-C: one that comes just before the wait does not end it."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    at_once: Callable[[Item], Result | None] = lambda _: None,
    workers: int = WORKERS,
    window: int = WINDOW,
) -> Generator[Result, None, None]:
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
    while isinstance(waiting, Future):
        try:
            return waiting.result(_GLANCE_SECONDS)
        except TimeoutError:
            if waiting.done():  # so that it is the work's own error, or has just come
                return waiting.result()
    return waiting


@contextmanager
def ctrl_c_at_ease(pressed: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Have Ctrl-C raise no `KeyboardInterrupt` until the block calls what it is given, or ends.

    One that strikes while this thread hands something to others, or takes it from them, can leave a lock held for ever
    (`threading.Condition` and `Semaphore` are no protection against it), and then nobody can end them. The second
    Ctrl-C strikes at once.

    Args:
        pressed: called at the first Ctrl-C; it can have other threads end early. An error that ends the block after
            that is taken to come of it.

    """
    is_pressed = False

    def note(_signum: int, _frame: FrameType | None) -> None:
        nonlocal is_pressed
        if is_pressed:
            raise KeyboardInterrupt
        is_pressed = True
        pressed()

    def check() -> None:
        if is_pressed:
            raise KeyboardInterrupt

    # Only the main thread is told of signals, and a handler that somebody else has set is theirs to replace.
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    except Exception:
        check()
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    check()


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
