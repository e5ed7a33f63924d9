"""What SQLite says of a full disk, in the words of the system."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

_DISK_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a full disk into an `OSError` that names the database: nothing is wrong with that."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _DISK_FULL:
            raise
        raise OSError(ENOSPC, os.strerror(ENOSPC), str(path)) from error
