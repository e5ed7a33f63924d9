"""What an interrupted push has sent already, kept under the data root, so that the next one goes on from there."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vmevalkit.dataroot import DataRoot, FileState, naming_full_disk
from vmevalkit.snapshots.manifest import Row

_WRITTEN_AT_ONCE = 100
_UNKNOWN = FileState(-1, -1, -1)
"""How no file looks."""


class Journal:
    """The rows of what has been sent, with the state of the files; made by `opened_journal`, used by one thread.

    There is no file before there is something to write: to make one takes longer than a small push.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._round = 1
        self._waiting: list[tuple[str | int, ...]] = []
        if file.exists():
            self._database = _opened(file)
            self._round += self._database.execute("SELECT ifnull(max(round), 0) FROM sent").fetchone()[0]

    @property
    def resumes(self) -> bool:
        """Whether an earlier attempt has sent something."""
        return self._round > 1

    def get(self, path: str, state: FileState) -> Row | None:
        """Return the row of a file that has been sent and still looks the same."""
        if self._database is None:
            return None
        row = self._database.execute(
            "SELECT path, size, sha256, key, etag FROM sent "
            "WHERE path = ? AND state_size = ? AND mtime_ns = ? AND inode = ?",
            (path, *state),
        ).fetchone()
        return None if row is None else Row(*row)

    def put(self, row: Row, state: FileState) -> None:
        """Note that a file has been sent, or is there from an earlier attempt; ``state`` is how it looked then."""
        if not state.has_settled(time.time_ns()):
            state = _UNKNOWN  # The file could change once more and look the same.
        self._waiting.append((row.path, *state, row.size, row.sha256, row.key, row.etag, self._round))
        if len(self._waiting) >= _WRITTEN_AT_ONCE:
            self.save()

    def save(self) -> None:
        """Write down what has been noted."""
        if not self._waiting:
            return
        if self._database is None:
            self._database = _opened(self._file)
        with self._database as database:
            database.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    def has(self, key: str) -> bool:
        """Tell whether an object is one that was sent."""
        if self._database is None:
            return False
        return self._database.execute("SELECT 1 FROM sent WHERE key = ?", (key,)).fetchone() is not None

    def left_over(self) -> Iterator[str]:
        """Yield the keys of what an earlier attempt has sent and this one does not have."""
        if self._database is None:
            return
        self.save()
        for (key,) in self._database.execute("SELECT key FROM sent WHERE round < ?", (self._round,)):
            yield key

    def discard(self) -> None:
        """Forget all of it; the push has ended."""
        self._waiting.clear()
        _remove(self._file)

    def close(self) -> None:
        """Write down what has been noted, as far as that can be done, and close the file."""
        with suppress(sqlite3.DatabaseError):  # What is not noted is sent again.
            self.save()
        if self._database is not None:
            self._database.close()


@contextmanager
def opened_journal(root: DataRoot, token: str) -> Iterator[Journal]:
    """Open the journal of the push with this token; those of other pushes are removed."""
    file = root.state / f"push-{token}.sqlite"
    for found in root.state.glob("push-*.sqlite*"):
        if not found.name.startswith(file.name):
            found.unlink(missing_ok=True)
    with naming_full_disk(file):
        try:
            journal = Journal(file)
        except sqlite3.DatabaseError:
            # Damaged: what was sent is sent again.
            _remove(file)
            journal = Journal(file)
        try:
            yield journal
        finally:
            journal.close()


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS sent (path TEXT PRIMARY KEY, state_size INTEGER, mtime_ns INTEGER, "
            "inode INTEGER, size INTEGER, sha256 TEXT, key TEXT UNIQUE, etag TEXT, round INTEGER) WITHOUT ROWID"
        )
        database.execute("SELECT max(round) FROM sent").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
