"""What is different between two snapshots, or between a snapshot and the files here."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

from vmevalkit.dataroot import TASK_SUFFIX, FileState, HashCache, temporary_database
from vmevalkit.errors import UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots.catalog import Manifest
from vmevalkit.snapshots.manifest import Row, merge
from vmevalkit.snapshots.reading import Content, hash_file, twice
from vmevalkit.snapshots.walk import LocalFile, Tree, walk
from vmevalkit.threads import in_order

Kind = Literal["added", "changed", "removed", "moved"]

CHANGE_KINDS: tuple[Kind, ...] = ("added", "changed", "removed", "moved")

_TABLES = (
    """
    CREATE TABLE changes (
        path TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL, old_size INTEGER, sha256 TEXT, old_path TEXT,
        mtime_ns INTEGER, inode INTEGER
    ) WITHOUT ROWID
    """,
    "CREATE TABLE hashes (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE moves (path TEXT PRIMARY KEY, old_path TEXT NOT NULL) WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Change:
    """A file or a link that is not the same on both sides."""

    kind: Kind
    path: str
    """Where it is; of a removed one, where it was."""
    size: int
    """Bytes; of a removed one, those that it had."""
    old_path: str | None = None
    """Where a moved one was."""
    old_size: int | None = None
    """The bytes that a changed one had."""


class Amount(NamedTuple):
    """How much has changed in one way."""

    files: int
    bytes: int

    def plus(self, size: int) -> "Amount":
        """Return the amount with one more file."""
        return Amount(self.files + 1, self.bytes + size)


@dataclass(frozen=True)
class ChangeSummary:
    """Changes, counted."""

    parts: dict[str, dict[Kind, Amount]]
    """For each part of the data root in which something has changed: how much, in which ways."""
    total: dict[Kind, Amount]
    """All parts together; every way is there."""


class Difference:
    """What is different; made by `difference`, and to be used inside its block."""

    def __init__(self, database: sqlite3.Connection, scope: str, unchanged: Amount) -> None:
        self.scope = scope
        """The part of the data root that was compared; empty for all of it."""
        self.unchanged = unchanged
        self._database = database

    def changes(self) -> Iterator[Change]:
        """Yield all changes, sorted by path."""
        for row in self._database.execute("SELECT kind, path, size, old_path, old_size FROM changes ORDER BY path"):
            yield Change(*row)

    def summary(self) -> ChangeSummary:
        """Count the changes: by domain for questions, by experiment for outputs and evaluations, the rest as other."""
        parts: dict[str, dict[Kind, Amount]] = {}
        total = dict.fromkeys(CHANGE_KINDS, Amount(0, 0))
        for change in self.changes():
            kind = change.kind
            part = parts.setdefault(part_of(change.path), {})
            part[kind] = part.get(kind, Amount(0, 0)).plus(change.size)
            total[kind] = total[kind].plus(change.size)
        return ChangeSummary(dict(sorted(parts.items())), total)


def part_of(path: str) -> str:
    """Return the part of the data root that a file counts for, such as ``questions/chess`` or ``outputs/pilot``."""
    section, *below = path.split("/")
    if len(below) > 1:
        if section == "questions" and below[0].endswith(TASK_SUFFIX):
            return f"{section}/{below[0].removesuffix(TASK_SUFFIX)}"
        if section in ("outputs", "evaluations"):
            return f"{section}/{below[0]}"
    return "other"


@contextmanager
def difference(old: Manifest, new: Manifest | Tree, progress: Progress | None = None) -> Iterator[Difference]:
    """Compare two snapshots, or a snapshot with a tree of files, in bounded memory.

    If one of the two holds only a part of a data root, only that part is compared. A file that is gone and one that
    has come with the same bytes, at least one, are taken for one that has moved. If there are several, the first by
    path has become the first, and so on. Files of a tree are only read where their size leaves it open whether they
    are the same, and their sha256 is not known from an earlier reading.

    Args:
        old: what was there before.
        new: what is there now.
        progress: is told of every file of a tree.

    Raises:
        UsageError: the two hold different parts of a data root.
        ManifestError: a manifest is damaged or not to be trusted.
        RecordError: a file cannot be read, or keeps changing.
        UnsafePathError: a file cannot be part of a snapshot.

    """
    progress = progress or Silent()
    scope = _common(old.header.scope, new.header.scope if isinstance(new, Manifest) else new.scope)
    with temporary_database(*_TABLES) as database:
        if isinstance(new, Manifest):
            unchanged = _fill(database, _rows_compared(old.rows(scope), new.rows(scope)))
        else:
            with HashCache(new.root) as hashes:
                progress.start(None, "files compared")
                unchanged = _fill(database, _files_compared(old.rows(scope), _files(new, scope), hashes, progress))
                _hash_possible_moves(database, new, hashes)
        _find_moves(database)
        yield Difference(database, scope, unchanged)


def _common(old: str, new: str) -> str:
    """Return the smaller of two parts of a data root, if it lies in the other one."""
    for outer, inner in ((old, new), (new, old)):
        if not outer or f"{inner}/".startswith(f"{outer}/"):
            return inner
    raise UsageError(
        f"there is nothing to compare: one side holds {old}, the other {new}",
        hint="'vmevalkit snapshots' shows which part of the data root a snapshot holds",
    )


def _files(tree: Tree, scope: str) -> Iterator[LocalFile]:
    """Walk the part of a tree that is compared; it may be gone."""
    part = Tree(tree.root, scope)
    if scope != tree.scope and not any((tree.root.path / folder).exists() for folder in part.folders):
        return iter(())
    return walk(part)


class _Compared(NamedTuple):
    old: Row | None
    new: Row | LocalFile | None
    same: bool
    read: Content | None = None
    """What was read to find out."""


def _rows_compared(old: Iterator[Row], new: Iterator[Row]) -> Iterator[_Compared]:
    for before, after in merge(old, new):
        yield _Compared(before, after, before is not None and after is not None and before.same_content(after))


def _files_compared(
    old: Iterator[Row], new: Iterator[LocalFile], hashes: HashCache, progress: Progress
) -> Iterator[_Compared]:
    for compared in in_order(_same, merge(old, new), at_once=partial(_same_at_once, hashes)):
        if isinstance(compared.new, LocalFile):
            if compared.read is not None:
                hashes.put(compared.new.path, compared.read.state, compared.read.sha256)
            progress.advance(size=compared.new.size)
        yield compared


def _same_at_once(hashes: HashCache, pair: tuple[Row | None, LocalFile | None]) -> _Compared | None:
    """Compare a file with its row, unless it must be read for that."""
    row, file = pair
    if row is None or file is None:
        return _Compared(row, file, same=False)
    if row.link or file.link or row.size != file.size:
        return _Compared(row, file, same=row.link != "" and row.link == file.link)
    sha256 = hashes.get(file.path, file.state)
    return None if sha256 is None else _Compared(row, file, same=sha256 == row.sha256)


def _same(pair: tuple[Row | None, LocalFile | None]) -> _Compared:
    """Compare a file with its row by reading it; runs in a thread."""
    row, file = pair
    if row is None or file is None:
        return _Compared(row, file, same=False)
    content = twice(hash_file, file.source)
    return _Compared(row, file, (row.size, row.sha256) == (content.state.size, content.sha256), content)


def _fill(database: sqlite3.Connection, compared: Iterator[_Compared]) -> Amount:
    """Put what is different into the table; return how much is the same."""
    unchanged = Amount(0, 0)

    def different() -> Iterator[tuple[str | int | None, ...]]:
        nonlocal unchanged
        for old, new, same, _ in compared:
            if new is None:
                if old is not None:
                    yield old.path, "removed", old.size, None, old.sha256, None, None
            elif same:
                unchanged = unchanged.plus(new.size)
            elif old is not None:
                yield new.path, "changed", new.size, old.size, None, None, None
            elif isinstance(new, LocalFile):
                yield new.path, "added", new.size, None, None, new.state.mtime_ns, new.state.inode
            else:
                yield new.path, "added", new.size, None, new.sha256, None, None

    database.executemany(
        "INSERT INTO changes (path, kind, size, old_size, sha256, mtime_ns, inode) VALUES (?, ?, ?, ?, ?, ?, ?)",
        different(),
    )
    return unchanged


def _hash_possible_moves(database: sqlite3.Connection, tree: Tree, hashes: HashCache) -> None:
    """Find out the sha256 of new files that are as large as one that is gone."""
    candidates = database.execute(
        "SELECT path, size, mtime_ns, inode FROM changes WHERE kind = 'added' AND size > 0 "
        "AND size IN (SELECT size FROM changes WHERE kind = 'removed')"
    )

    def known(candidate: tuple[str, int, int, int]) -> tuple[str, str, Content | None] | None:
        path, *state = candidate
        sha256 = hashes.get(path, FileState(*state))
        return None if sha256 is None else (path, sha256, None)

    def read(candidate: tuple[str, int, int, int]) -> tuple[str, str, Content | None]:
        content = twice(hash_file, tree.root.path / candidate[0])
        return candidate[0], content.sha256, content

    def found() -> Iterator[tuple[str, str]]:
        for path, sha256, content in in_order(read, candidates, at_once=known):
            if content is not None:
                hashes.put(path, content.state, content.sha256)
            yield path, sha256

    database.executemany("INSERT INTO hashes VALUES (?, ?)", found())
    database.execute("UPDATE changes SET sha256 = hashes.sha256 FROM hashes WHERE hashes.path = changes.path")


def _find_moves(database: sqlite3.Connection) -> None:
    """Turn a removed and an added file of the same bytes into a moved one."""
    database.execute(
        """
        WITH numbered AS (
            SELECT path, kind, size, sha256, row_number() OVER (PARTITION BY kind, size, sha256 ORDER BY path) AS number
            FROM changes WHERE size > 0 AND sha256 IS NOT NULL
        )
        INSERT INTO moves
        SELECT new.path, old.path FROM numbered AS new JOIN numbered AS old USING (size, sha256, number)
        WHERE new.kind = 'added' AND old.kind = 'removed'
        """
    )
    database.execute(
        "UPDATE changes SET kind = 'moved', old_path = moves.old_path FROM moves WHERE moves.path = changes.path"
    )
    database.execute("DELETE FROM changes WHERE path IN (SELECT old_path FROM moves)")
