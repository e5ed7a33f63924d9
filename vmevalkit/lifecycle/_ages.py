"""How old things are: as old as the newest file within."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from vmevalkit.clock import real_now

_DAY_NS = 86_400 * 10**9
_EPOCH = datetime.fromtimestamp(0, UTC)


class Amount(NamedTuple):
    """Files, counted."""

    files: int
    bytes: int
    newest_ns: int
    """When the newest was last written to, since 1970; a folder without files counts by itself."""


def now_ns() -> int:
    """Return the current time in nanoseconds since 1970, whatever ``SOURCE_DATE_EPOCH`` says: ages are real."""
    return (real_now() - _EPOCH) // timedelta(microseconds=1) * 1000


def is_older(newest_ns: int, days: float, moment_ns: int) -> bool:
    """Tell whether something was last written to more than so many days before a moment."""
    return moment_ns - newest_ns > days * _DAY_NS


def age_in_days(newest_ns: int, moment_ns: int) -> float:
    """Return an age with one decimal; 0 for what comes from the future."""
    return round(max(moment_ns - newest_ns, 0) / _DAY_NS, 1)


def as_time(newest_ns: int) -> datetime:
    """Return a time in UTC."""
    return datetime.fromtimestamp(newest_ns / 10**9, UTC)


def amount_of(place: Path) -> Amount:
    """Count a file, or all files in a folder, hidden ones included; links count as themselves and are not followed.

    Raises:
        FileNotFoundError: it is gone, or a part of it is.
        OSError: a folder cannot be listed.

    """
    status = place.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return Amount(1, status.st_size, status.st_mtime_ns)
    files, size, newest = 0, 0, 0
    for found in _below(str(place)):
        files, size, newest = files + 1, size + found.st_size, max(newest, found.st_mtime_ns)
    return Amount(files, size, newest or status.st_mtime_ns)


def _below(folder: str) -> Iterator[os.stat_result]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
            else:
                yield entry.stat(follow_symlinks=False)
