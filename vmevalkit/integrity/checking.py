"""Look through a data root and yield what is wrong with it, as it is found."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass

from vmevalkit.catalog import index_path
from vmevalkit.dataroot import DataRoot, HashCache
from vmevalkit.errors import UsageError
from vmevalkit.integrity._against import compared_with
from vmevalkit.integrity._duplicates import seen_questions
from vmevalkit.integrity._entries import opened_manifest
from vmevalkit.integrity._folders import Scanner
from vmevalkit.integrity._jobs import Cutter, Depth, Worker
from vmevalkit.integrity.findings import Code, Finding, finding
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.executors import Workers, map_ordered
from vmevalkit.snapshots import Manifest

_OF_PROOFS = {Code.BROKEN_PUZZLE, Code.WRONG_SOLUTION, Code.WRONG_KEY}


@dataclass(frozen=True)
class Options:
    """How closely to look."""

    deep: bool = False
    """Read, hash and decode every file, and prove every solution; otherwise look at names, sizes, JSON files, prompts
    and the headers of pictures."""
    only: frozenset[Code] | None = None
    """Only these; proofs, which cost most, are left out where none of theirs is among them."""
    workers: Workers = 1
    """Processes, or a cluster."""

    def wants(self, codes: Collection[Code]) -> bool:
        """Tell whether any of these is asked for."""
        return self.only is None or not self.only.isdisjoint(codes)


def validate(
    root: DataRoot,
    options: Options | None = None,
    *,
    snapshot: Manifest | None = None,
    progress: Progress | None = None,
) -> Iterator[Finding]:
    """Look through a data root.

    Findings come in the order of questions, runs and evaluations, each by path, whatever the number of workers; then
    duplicates, and what differs from the snapshot. Nothing is changed, but a deep look remembers the sha256 of the
    files that it has read, beside those that pushes have: the next one compares.

    Args:
        root: the data root.
        options: how closely.
        snapshot: compare with this one, too.
        progress: told of every question, and of every question of every model.

    Raises:
        UsageError: there is no data root; or a snapshot is to be compared with files that are not read.
        ManifestError: the snapshot's manifest is damaged.

    """
    options = options or Options()
    root.existing()
    if snapshot is not None and not options.deep:
        raise UsageError("a snapshot can only be compared with files that are read", hint="look deep")
    found = _found(root, options, snapshot, progress or Silent())
    return (one for one in found if options.only is None or one.code in options.only)


def _found(root: DataRoot, options: Options, snapshot: Manifest | None, progress: Progress) -> Iterator[Finding]:
    depth = Depth(decode=options.deep, prove=options.deep and options.wants(_OF_PROOFS))
    scanner = Scanner.of(root.path)
    progress.start(None, "tasks")
    if options.deep:
        with HashCache(root):
            pass  # Made by one process before several open it at the same moment.
    with opened_manifest(root, scanner) as manifest, seen_questions(root) as seen:
        worker = Worker(root.path, depth, has_manifest=manifest.is_whole)
        for outcome in map_ordered(worker, Cutter(scanner).jobs(manifest), options.workers):
            yield from outcome.findings
            for one in outcome.seen:
                seen.add(one)
            progress.advance(outcome.tasks)
        yield from seen.duplicates()
    yield from _index(root)
    if snapshot is not None:
        yield from compared_with(root, snapshot, progress)


def _index(root: DataRoot) -> Iterator[Finding]:
    """Yield a finding if there is an index that cannot be read."""
    path = index_path(root)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        place = path.relative_to(root.path).as_posix()
        yield finding(Code.BROKEN_INDEX, place, f"cannot be read: {' '.join(str(verdict).split())}")
