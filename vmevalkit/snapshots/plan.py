"""What a push has to do: a comparison of the files here with the latest snapshot's manifest."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from vmevalkit.progress import Progress
from vmevalkit.snapshots.manifest import Row, merge
from vmevalkit.snapshots.reading import hash_file, twice
from vmevalkit.snapshots.walk import LocalFile
from vmevalkit.threads import in_order


@dataclass(frozen=True, slots=True)
class Step:
    """A file that shall be in the snapshot."""

    path: str
    unchanged: Row | None
    """Its row in the latest snapshot, if size and sha256 are the same: it is copied on the remote."""


@dataclass(frozen=True)
class Plan:
    """All steps, sorted by path, in a temporary file."""

    files: int
    changed: int
    """Files that are new or different."""
    removed: int
    """Files of the latest snapshot that are gone."""
    _spool: IO[bytes]

    @property
    def nothing_to_do(self) -> bool:
        """Whether the latest snapshot holds just these files."""
        return not self.changed and not self.removed

    def steps(self) -> Iterator[Step]:
        """Yield the steps; one pass at a time."""
        self._spool.seek(0)
        for line in self._spool:
            path, old = json.loads(line)
            yield Step(path, None if old is None else Row(*old))


def make_plan(files: Iterable[LocalFile], latest: Iterable[Row], spool: IO[bytes], progress: Progress) -> Plan:
    """Compare the files with the latest snapshot, both sorted by path, in bounded memory.

    A file is only read where its path and size are those of a row; new files are read once, when they are sent.

    Args:
        files: what is here.
        latest: the rows of the latest snapshot; empty if there is none.
        spool: an empty temporary file, which the plan keeps its steps in.
        progress: is advanced once per file.

    Raises:
        RecordError: a file cannot be read, or keeps changing.

    """
    removed = 0

    def here() -> Iterator[tuple[LocalFile, Row | None]]:
        nonlocal removed
        for file, row in merge(files, latest):
            if file is None:
                removed += 1
            else:
                yield file, row

    total, changed = 0, 0
    for step in in_order(_compare, here()):
        old = step.unchanged
        fields = None if old is None else (old.path, old.size, old.sha256, old.key)
        spool.write(json.dumps([step.path, fields]).encode() + b"\n")
        total, changed = total + 1, changed + (old is None)
        progress.advance()
    return Plan(total, changed, removed, spool)


def _compare(pair: tuple[LocalFile, Row | None]) -> Step:
    file, row = pair
    same = row is not None and row.size == file.size and twice(hash_file, file.source) == (row.size, row.sha256)
    return Step(file.path, row if same else None)
