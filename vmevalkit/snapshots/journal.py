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
    """The rows of what has been sent, with the state of the files; made by `opened_journal`, used by one thread."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._round = 1 + database.execute("SELECT ifnull(max(round), 0) FROM sent").fetchone()[0]
        self._waiting: list[tuple[str | int, ...]] = []

    @property
    def resumes(self) -> bool:
        """Whether an earlier attempt has sent something."""
        return bool(self._round > 1)

    def get(self, path: str, state: FileState) -> Row | None:
        """Return the row of a file that has been sent and still looks the same."""
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
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    def has(self, key: str) -> bool:
        """Tell whether an object is one that was sent."""
        return self._database.execute("SELECT 1 FROM sent WHERE key = ?", (key,)).fetchone() is not None

    def left_over(self) -> Iterator[str]:
        """Yield the keys of what an earlier attempt has sent and this one does not have."""
        self.save()
        for (key,) in self._database.execute("SELECT key FROM sent WHERE round < ?", (self._round,)):
            yield key


@contextmanager
def opened_journal(root: DataRoot, token: str) -> Iterator[Journal]:
    """Open the journal of the push with this token; those of other pushes are removed."""
    file = root.state / f"push-{token}.sqlite"
    _remove(root, but=file)
    with naming_full_disk(file):
        try:
            database = _opened(file)
        except sqlite3.DatabaseError:
            # Damaged: what was sent is sent again.
            _remove(root)
            database = _opened(file)
    journal = Journal(database)
    try:
        with naming_full_disk(file):
            yield journal
    finally:
        with suppress(sqlite3.DatabaseError):  # What is not noted is sent again.
            journal.save()
        database.close()


def discard_journal(root: DataRoot) -> None:
    """Remove all journals; the push has ended."""
    _remove(root)


def _remove(root: DataRoot, but: Path | None = None) -> None:
    for found in root.state.glob("push-*.sqlite*"):
        if but is None or not found.name.startswith(but.name):
            found.unlink(missing_ok=True)


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
