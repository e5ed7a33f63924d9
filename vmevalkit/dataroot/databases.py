"""SQLite files: one that lasts as long as a block, what is said of a full disk, and how one goes."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from errno import ENOSPC
from pathlib import Path

from vmevalkit.errors import RecordError

_CACHE_KIB = 16 << 10
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


@contextmanager
def temporary_database(*tables: str) -> Iterator[sqlite3.Connection]:
    """Give a database in a temporary file that has no name, for what may not fit into memory.

    Args:
        tables: the statements that make them.

    Raises:
        RecordError: there is no room for it.

    """
    # An empty name makes SQLite remove the file with the connection.
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
            for statement in tables:
                database.execute(statement)
            # One transaction that never ends: nobody else reads it, and nothing of it is kept.
            database.execute("BEGIN")
            yield database
        except sqlite3.OperationalError as error:
            raise RecordError(
                "the temporary database", str(error), hint="make room, or name another folder with TMPDIR"
            ) from error


def remove_database(file: Path) -> None:
    """Remove a database and the files that SQLite keeps beside it; a missing one is fine."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
