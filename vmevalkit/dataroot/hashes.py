"""What is known of files that have been read before: their sha256, as long as they look the same."""

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from vmevalkit.dataroot.databases import remove_database
from vmevalkit.dataroot.layout import DataRoot

_SETTLED_NS = 2_000_000_000
"""A file that was written to this short a time before it was read may change again without looking different: file
systems count time in steps (see "racy git" in git's documentation)."""

_WRITTEN_AT_ONCE = 1000
_READ_AT_ONCE = 256
_BEHIND_ALL_PATHS = "\U0010ffff"
_LARGEST = (1 << 63) - 1
"""Of the integers that SQLite can hold."""


class FileState(NamedTuple):
    """How a file looks from outside; one that still looks like this is taken for unchanged."""

    size: int
    """Bytes."""
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take the state from what the system says, up to what a database can hold: some file systems say more."""
        return cls(status.st_size, min(status.st_mtime_ns, _LARGEST), status.st_ino & _LARGEST)

    def has_settled(self, read_at_ns: int) -> bool:
        """Tell whether a file that was read then, in this state, would look different had it changed since."""
        return self.mtime_ns + _SETTLED_NS < read_at_ns


@dataclass(frozen=True)
class _Page:
    """All that was known of the files whose paths lie between two."""

    rows: dict[str, tuple[FileState, str]] = field(default_factory=dict)
    first: str = ""
    last: str = ""


class HashCache:
    """The sha256 of files in a data root, by path and state. It may be deleted at any time.

    A cache that is damaged, or cannot be kept where it belongs, is replaced by an empty one. To be used in a ``with``
    block, by one thread; several processes may use the same cache.
    """

    def __init__(self, root: DataRoot) -> None:
        self._file = root.state / "hashes.sqlite"
        self._database = _opened(self._file)
        self._waiting: list[tuple[str, int, int, int, str]] = []
        self._page = _Page()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._write()
        self._database.close()

    def get(self, path: str, state: FileState) -> str | None:
        """Return the sha256 of the file at ``path`` below the root, if it is known and still looks the same."""
        if not self._page.first <= path <= self._page.last:
            try:
                self._page = self._read(path)
            except sqlite3.DatabaseError:
                self._start_anew()
        known = self._page.rows.get(path)
        return known[1] if known is not None and known[0] == state else None

    def put(self, path: str, state: FileState, sha256: str) -> None:
        """Remember a file that has just been read; one that may still change unseen is left out."""
        if state.has_settled(time.time_ns()):
            self._waiting.append((path, *state, sha256))
            if len(self._waiting) >= _WRITTEN_AT_ONCE:
                self._write()

    def trim(self, paths: Iterable[str], count: int) -> None:
        """Forget all files but these, once the others are more than these."""
        self._write()
        with suppress(sqlite3.DatabaseError), self._database as database:
            if database.execute("SELECT count(*) FROM hashes").fetchone()[0] > 2 * count:
                database.execute("CREATE TEMPORARY TABLE kept (path TEXT PRIMARY KEY) WITHOUT ROWID")
                database.executemany("INSERT INTO kept VALUES (?)", ((path,) for path in paths))
                database.execute("DELETE FROM hashes WHERE path NOT IN kept")
                database.execute("DROP TABLE kept")

    def _read(self, path: str) -> _Page:
        """Read what is known from a path on: of many files, if whoever asks seems to go through them in order."""
        wanted = min(2 * max(len(self._page.rows), 1), _READ_AT_ONCE) if path > self._page.last else 1
        found = self._database.execute(
            "SELECT path, size, mtime_ns, inode, sha256 FROM hashes WHERE path >= ? ORDER BY path LIMIT ?",
            (path, wanted),
        ).fetchall()
        rows = {row[0]: (FileState(*row[1:4]), str(row[4])) for row in found}
        return _Page(rows, path, found[-1][0] if len(found) == wanted else _BEHIND_ALL_PATHS)

    def _write(self) -> None:
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?, ?)", self._waiting)
        except sqlite3.DatabaseError:
            self._start_anew()
        self._waiting.clear()
        self._page = _Page()

    def _start_anew(self) -> None:
        self._page = _Page()
        self._database.close()
        with suppress(OSError):
            remove_database(self._file)
        self._database = _opened(self._file)


def _opened(file: Path) -> sqlite3.Connection:
    for _ in range(2):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(sqlite3.connect(file, timeout=30))
        except (sqlite3.DatabaseError, OSError):
            with suppress(OSError):
                remove_database(file)
    return _prepared(sqlite3.connect(":memory:"))


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS hashes "
            "(path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, sha256 TEXT) WITHOUT ROWID"
        )
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
