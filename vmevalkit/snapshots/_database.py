"""A database that lasts as long as a block, for what may not fit into memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from vmevalkit.errors import RecordError

_CACHE_KIB = 16 << 10


@contextmanager
def temporary_database(*tables: str) -> Iterator[sqlite3.Connection]:
    """Give a database in a temporary file that has no name.

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
