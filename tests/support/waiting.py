"""Waiting for what has to happen some time, on a machine of any speed."""

import inspect
import time
from collections.abc import Callable

import pytest

PATIENCE_SECONDS = 60


def until(condition: Callable[[], object]) -> None:
    """Wait until something is true; the test fails with what it waited for if it does not become so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            said = inspect.getsource(condition).strip() if condition.__name__ == "<lambda>" else repr(condition)
            pytest.fail(f"waited {PATIENCE_SECONDS} seconds in vain: {said}")
        time.sleep(0.01)
