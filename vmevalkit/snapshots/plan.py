"""What a push has to do: a comparison of the files here with the latest snapshot's manifest."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vmevalkit.dataroot import FileState, HashCache
from vmevalkit.progress import Progress
from vmevalkit.snapshots._spool import Spool
from vmevalkit.snapshots.manifest import Row, merge
from vmevalkit.snapshots.reading import Content, hash_file, twice
from vmevalkit.snapshots.walk import LocalFile
from vmevalkit.threads import in_order


class Step(NamedTuple):
    """A file or a link that shall be in the snapshot."""

    path: str
    state: FileState
    link: str
    unchanged: Row | None
    """Its row in the latest snapshot, if it is the same: nothing of it has to be sent."""


@dataclass(frozen=True)
class Plan:
    """All steps, sorted by path, in a temporary file."""

    files: int
    size: int
    """Bytes, when the walk came by."""
    changed: int
    """Files that are new or different."""
    removed: int
    """Files of the latest snapshot that are gone."""
    _spool: Spool

    @property
    def nothing_to_do(self) -> bool:
        """Whether the latest snapshot holds just these files."""
        return not self.changed and not self.removed

    def steps(self) -> Iterator[Step]:
        """Yield the steps; one pass at a time."""
        for path, state, link, row in self._spool:
            yield Step(path, FileState(*state), link, None if row is None else Row(*row))


def make_plan(
    files: Iterable[LocalFile],
    latest: Iterable[Row],
    hashes: HashCache,
    spool: Spool,
    progress: Progress,
    expect_work: Callable[[], None],
) -> Plan:
    """Compare the files with the latest snapshot, both sorted by path, in bounded memory.

    A file is only read where its path and size are those of a row and its sha256 is not known; new files are read
    once, when they are sent.

    Args:
        files: what is here.
        latest: the rows of the latest snapshot; empty if there is none.
        hashes: what is known of the files; it learns what is found out.
        spool: an empty one, which the plan keeps its steps in.
        progress: is advanced once per file.
        expect_work: is called for each file that must be read, sent or left out.

    Raises:
        RecordError: a file cannot be read, or keeps changing.

    """
    removed = 0

    def here() -> Iterator[tuple[LocalFile, Row | None]]:
        nonlocal removed
        for file, row in merge(files, latest):
            if file is None:
                removed += 1
                expect_work()
            else:
                yield file, row

    def known(pair: tuple[LocalFile, Row | None]) -> _Compared | None:
        file, row = pair
        if file.link or row is None or row.link or row.size != file.size:
            return _Compared(file, row if row is not None and row.link and row.link == file.link else None)
        sha256 = hashes.get(file.path, file.state)
        if sha256 is None:
            expect_work()
            return None
        return _Compared(file, row if row.sha256 == sha256 else None)

    total, size, changed = 0, 0, 0
    for file, row, content in in_order(_compare, here(), at_once=known):
        if content is not None:
            hashes.put(file.path, content.state, content.sha256)
        if row is None:
            changed += 1
            expect_work()
        spool.append((file.path, file.state, file.link, row))
        total, size = total + 1, size + file.size
        progress.advance(size=file.size)
    return Plan(total, size, changed, removed, spool)


class _Compared(NamedTuple):
    file: LocalFile
    row: Row | None
    """The row, if the file is what it says."""
    read: Content | None = None
    """What was read to find out."""


def _compare(pair: tuple[LocalFile, Row | None]) -> _Compared:
    file, row = pair
    content = twice(hash_file, file.source)
    same = row is not None and (row.size, row.sha256) == (content.state.size, content.sha256)
    return _Compared(file, row if same else None, content)
