"""Waiting that another thread can end."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

Result = TypeVar("Result")


class WaitingEndedError(Exception):
    """Somebody has ended all waiting."""


class Waiting:
    """Waits for time and for answers, until somebody ends it for all threads."""

    def __init__(self) -> None:
        self._end: Future[None] = Future()
        self._lock = threading.Lock()

    def end(self) -> None:
        """Have all that wait, and all that will, raise a `WaitingEndedError`."""
        with self._lock:
            if not self._end.done():
                self._end.set_result(None)

    def sleep(self, seconds: float) -> None:
        """Wait for a time."""
        wait([self._end], timeout=seconds)
        self._go_on()

    def answer(self, ask: Callable[[], Result]) -> Result:
        """Wait for what ``ask`` returns or raises.

        It runs in a thread that is left to itself if the waiting ends: nothing wakes one that waits for a silent
        server, or for a name to be looked up.
        """
        self._go_on()
        answer: Future[Result] = Future()
        threading.Thread(target=_answer, args=(answer, ask), name="vmevalkit-asks", daemon=True).start()
        both: list[Future[Any]] = [answer, self._end]
        wait(both, return_when=FIRST_COMPLETED)
        if not answer.done():
            raise WaitingEndedError
        return answer.result()

    def _go_on(self) -> None:
        if self._end.done():
            raise WaitingEndedError


def _answer(answer: "Future[Any]", ask: Callable[[], Any]) -> None:
    try:
        answer.set_result(ask())
    except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for the answer
        answer.set_exception(error)
