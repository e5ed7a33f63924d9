"""A disk that takes no large files."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

ROOM = 1 << 20
"""Bytes that a file may have."""


@contextmanager
def no_large_files() -> Iterator[None]:
    """Let this process write no file that is larger than `ROOM` for the length of the block."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
