"""Which objects a remote has, as its listings say, and which of them manifests name: more than fits into memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from vmevalkit.dataroot import temporary_database
from vmevalkit.snapshots.remote import Remote, persistently

_TABLE = """
    CREATE TABLE objects (
        key TEXT PRIMARY KEY, size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
        named INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
"""
_BELOW = "FROM objects WHERE key > ? AND key < ? AND named = ? AND modified <= ?"


class Total(NamedTuple):
    """Some objects, counted."""

    objects: int
    bytes: int
    newest: datetime | None
    """When the newest of them was written; `None` if there are none."""


class KeyTable:
    """Objects as listings have them; made by `key_table`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add_listing(self, remote: Remote, prefix: str) -> None:
        """Take in all objects below a prefix; a listing that breaks off is started anew."""

        def listed() -> None:
            self._database.executemany(
                "INSERT OR REPLACE INTO objects (key, size, etag, modified) VALUES (?, ?, ?, ?)",
                ((found.key, found.size, found.etag, found.modified.timestamp()) for found in remote.listing(prefix)),
            )

        persistently(listed)

    def has(self, key: str) -> bool:
        """Tell whether an object was listed."""
        return self._database.execute("SELECT 1 FROM objects WHERE key = ?", (key,)).fetchone() is not None

    def mark(self, key: str) -> tuple[int, str] | None:
        """Note that a manifest names an object; return its size and ETag, or `None` if it was not listed."""
        # Fetched to the end: only then SQLite has done it.
        found = self._database.execute(
            "UPDATE objects SET named = 1 WHERE key = ? RETURNING size, etag", (key,)
        ).fetchall()
        return found[0] if found else None

    def mark_all(self, keys: Iterable[str]) -> None:
        """Note that a manifest names these objects."""
        self._database.executemany("UPDATE objects SET named = 1 WHERE key = ?", ((key,) for key in keys))

    def total(self, prefix: str, *, named: bool, until: datetime | None = None) -> Total:
        """Count the objects below a prefix that manifests name, or do not.

        Args:
            prefix: a folder.
            named: which of the two.
            until: count only what was last written at this time or before.

        """
        objects, size, newest = self._database.execute(
            f"SELECT count(*), ifnull(sum(size), 0), max(modified) {_BELOW}", _values(prefix, named, until)
        ).fetchone()
        return Total(objects, size, None if newest is None else datetime.fromtimestamp(newest, UTC))

    def unnamed(self, prefix: str, *, until: datetime | None = None) -> Iterator[str]:
        """Yield the keys below a prefix that no manifest names, sorted; ``until`` as for `total`."""
        for (key,) in self._database.execute(f"SELECT key {_BELOW} ORDER BY key", _values(prefix, False, until)):
            yield key


def _values(prefix: str, named: bool, until: datetime | None) -> tuple[str, str, bool, float]:
    # "0" is the character after "/".
    return f"{prefix}/", f"{prefix}0", named, float("inf") if until is None else until.timestamp()


@contextmanager
def key_table() -> Iterator[KeyTable]:
    """Give an empty table for the length of the block; `RecordError` if there is no room for it on the disk."""
    with temporary_database(_TABLE) as database:
        yield KeyTable(database)
