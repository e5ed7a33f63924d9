"""What lies in folders, asked a million times: plain texts for paths, and no more calls of the system than needed."""

import os
from collections.abc import Iterator
from contextlib import suppress

from vmevalkit.dataroot import is_name, is_temporary

_LATEST_NS = (1 << 63) - 1
"""In 2262; a database holds no later time."""


def names_in(folder: str) -> list[str]:
    """List what lies in a folder and is not hidden, by name; a missing folder is empty."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(name for name in os.listdir(folder) if not is_temporary(name))  # noqa: PTH208 - a million times
    return []


def folders_in(folder: str) -> list[str]:
    """List the sub-folders that can belong to a data root, by name."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted([entry.name for entry in entries if is_name(entry.name) and entry.is_dir()])
    return []


def folders_with_times(folder: str) -> Iterator[tuple[str, int]]:
    """Yield the sub-folders, by name, and when they were last written to."""
    for name in folders_in(folder):
        mtime = mtime_of(f"{folder}/{name}")
        if mtime:
            yield name, mtime


def mtime_of(path: str) -> int:
    """Return when a folder was last written to, in nanoseconds; 0 if it is not there."""
    try:
        return min(os.stat(path).st_mtime_ns, _LATEST_NS)  # noqa: PTH116 - a million times
    except (FileNotFoundError, NotADirectoryError):
        return 0
