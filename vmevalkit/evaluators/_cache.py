"""A judge's answers, kept on disk as soon as they arrive, so that none is paid twice."""

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vmevalkit.dataroot import remove_database
from vmevalkit.errors import UsageError

_PATIENCE: Final = 30.0
"""Seconds to wait for other processes that write."""


class AnswerCache:
    """Texts by key. Threads and processes may share a file; it may be deleted at any time, at the cost of asking again.

    A file that is no database is replaced by an empty one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def get(self, key: str) -> str | None:
        """Return what is known, or `None`; `UsageError` if the file cannot be used."""
        with self._opened() as database:
            row = database.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, value: str) -> None:
        """Keep a value; it is on disk when this returns. `UsageError` if the file cannot be used."""
        with self._opened() as database, database:
            database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, value))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._database is None:
                    self._database = self._open()
                    weakref.finalize(self, self._database.close)
                yield self._database
            except (sqlite3.Error, OSError) as error:
                raise UsageError(
                    f"{self._file}: the judge's answers cannot be kept: {error}",
                    hint="make room, or delete the file: what it holds is asked and paid again",
                ) from error

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        give_up = time.monotonic() + _PATIENCE
        while True:
            database = sqlite3.connect(self._file, timeout=_PATIENCE, check_same_thread=False)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")  # an answer must outlive a power cut: it has been paid
                database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            except sqlite3.DatabaseError as error:
                database.close()
                code = error.sqlite_errorcode & 0xFF  # without what kind of busy or corrupt it is
                if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                    remove_database(self._file)
                elif code != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                else:
                    time.sleep(0.01)  # two who turn a new file to WAL are not made to wait for each other
            else:
                return database
