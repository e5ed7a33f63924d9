"""Making a snapshot: contents first, the manifest last, then the pointer to the latest."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import IO

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import HashCache, exclusive
from vmevalkit.errors import ConflictError, UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots.catalog import (
    NoSnapshotError,
    Pointer,
    fetched_manifest,
    is_newer,
    move_latest,
    read_latest,
)
from vmevalkit.snapshots.claim import Claim, claim, forget, left_behind, make_sure
from vmevalkit.snapshots.journal import Journal, discard_journal, opened_journal
from vmevalkit.snapshots.manifest import Header, ManifestError, Row, write_manifest
from vmevalkit.snapshots.names import check_snapshot_name, data_prefix, manifest_key, name_for_now
from vmevalkit.snapshots.plan import Plan, Step, make_plan
from vmevalkit.snapshots.remote import PART_BYTES, Remote, persistently
from vmevalkit.snapshots.upload import COPY_LIMIT_BYTES, How, Sender, Sent
from vmevalkit.snapshots.walk import Tree, walk
from vmevalkit.threads import WINDOW, in_order

_MANIFEST_IN_MEMORY_BYTES = 64 << 20
_DEAR_COPIES = 10_000
"""From so many on, a user should know of incremental snapshots."""


@dataclass(frozen=True)
class PushResult:
    """What a push did."""

    snapshot: str
    """The snapshot's name; of the latest one if nothing has changed since."""
    s3_uri: str
    """Its data folder."""
    created: bool
    """False if nothing has changed, and no snapshot was made."""
    files: int
    bytes: int
    """How much the snapshot holds."""
    uploaded: int = 0
    uploaded_bytes: int = 0
    copied: int = 0
    """Files that are as in the latest snapshot and were copied from it on the remote."""
    referenced: int = 0
    """Files that are as in the latest snapshot and stay where they are on the remote."""
    resumed: int = 0
    """Files that an interrupted attempt had brought into this snapshot already."""
    removed: int = 0
    """Files of the latest snapshot that are not in this one."""
    is_latest: bool = False
    notes: tuple[str, ...] = ()
    """What the user should know, a sentence each."""


def push(
    remote: Remote,
    tree: Tree,
    *,
    name: str | None = None,
    force: bool = False,
    incremental: bool = False,
    progress: Progress | None = None,
    window: int = WINDOW,
) -> PushResult:
    """Make a snapshot of a tree.

    Nobody sees it before it is whole. An interrupted push leaves the latest snapshot as it was, and the next push of
    the same tree goes on where it stopped, under the same name.

    Args:
        remote: where to.
        tree: what.
        name: ``YYYYMMDD[HHMM]`` or ``archive/<name>``; the current minute if `None`.
        force: make a snapshot even if nothing has changed. With a ``name``, one is always made.
        incremental: let the manifest name unchanged files where they are, instead of copying them on the remote.
        progress: is told of every file.
        window: how many files may be under way.

    Raises:
        UsageError: there is nothing to push, or a setting is wrong.
        ConflictError: there is such a snapshot already, or another push is making it.
        BusyError: another process is pushing this data root.
        RecordError: a file cannot be read, or keeps changing while it is.
        UnsafePathError: a file cannot be part of a snapshot.
        RemoteError: the store fails or refuses.

    """
    chosen = check_snapshot_name(name) if name is not None else name_for_now()
    progress = progress or Silent()
    _check_apart(remote, tree)
    with ExitStack() as stack:
        stack.enter_context(exclusive(tree.root.lock("push"), "pushing this data root"))
        notes = _probed(remote)
        hashes = stack.enter_context(HashCache(tree.root))
        spool = stack.enter_context(TemporaryFile("w+b"))
        latest, unfinished = _caught_up(remote, tree)
        plan = _planned(remote, tree, latest, hashes, spool, progress, notes)
        if not plan.files:
            raise UsageError(f"there are no files in {tree.root.path / tree.scope}", hint="name another --data-dir")
        if latest is not None and plan.nothing_to_do and not force and name is None:
            return PushResult(
                latest.snapshot, latest.s3_uri, False, latest.files, latest.bytes, is_latest=True, notes=tuple(notes)
            )
        mine = claim(remote, chosen if name is not None else unfinished or chosen, tree.root, tree.scope)
        rows = stack.enter_context(TemporaryFile("w+b"))
        journal = stack.enter_context(opened_journal(tree.root, mine.token))
        if mine.resumed:
            _drop_unknown(remote, mine, journal)
        progress.start(plan.files, "files", plan.size)
        sender = Sender(remote, tree, mine.snapshot, incremental)
        tally = _send_all(sender, plan, journal, hashes, rows, progress, window)
        remote.delete(journal.left_over())
        header = Header(mine.snapshot, timestamp(), plan.files, sum(tally.bytes.values()), tree.scope)
        _publish(remote, mine, header, rows)
        is_latest = not tree.scope and move_latest(remote, header)
        discard_journal(tree.root)
        forget(tree.root)
        if not tree.scope:
            hashes.trim((step.path for step in plan.steps()), plan.files)
    return PushResult(
        header.snapshot,
        remote.uri(data_prefix(header.snapshot)),
        True,
        header.files,
        header.bytes,
        uploaded=tally.files[How.UPLOADED],
        uploaded_bytes=tally.bytes[How.UPLOADED],
        copied=tally.files[How.COPIED],
        referenced=tally.files[How.REFERENCED],
        resumed=tally.files[How.RESUMED],
        removed=plan.removed,
        is_latest=is_latest,
        notes=(*notes, *_remarks(tally, incremental)),
    )


def _probed(remote: Remote) -> list[str]:
    """Make sure that we may write there, before any work is done, and say what the store cannot do."""
    if remote.conditions.create:
        return []
    return [f"{remote.url} ignores conditional writes: do not push to it from two machines at the same moment"]


def _check_apart(remote: Remote, tree: Tree) -> None:
    """A remote folder inside the tree would become part of its own snapshots."""
    for folder in tree.folders:
        top = (tree.root.path / folder).resolve()
        if remote.folder is not None and remote.folder.resolve().is_relative_to(top):
            raise UsageError(
                f"the remote {remote.url} lies inside {top}, which is pushed",
                hint="choose a folder outside the data root",
            )


def _planned(
    remote: Remote,
    tree: Tree,
    latest: Pointer | None,
    hashes: HashCache,
    spool: IO[bytes],
    progress: Progress,
    notes: list[str],
) -> Plan:
    """Compare with the latest snapshot; one that is gone or damaged is no reason to push nothing any more."""
    if latest is not None:
        try:
            with fetched_manifest(remote, latest.snapshot, checked=False) as manifest:
                progress.start(None, "files compared")
                return make_plan(walk(tree), manifest.rows(below=tree.scope), hashes, spool, progress)
        except (NoSnapshotError, ManifestError) as error:
            notes.append(f"everything was sent again, because the latest snapshot cannot be compared with: {error}")
            spool.seek(0)
            spool.truncate()
    return make_plan(walk(tree), (), hashes, spool, Silent())


def _caught_up(remote: Remote, tree: Tree) -> tuple[Pointer | None, str | None]:
    """Return the latest snapshot, and the one that our last push has left unfinished and may go on with.

    A push that was interrupted after the manifest has made its snapshot: then only the pointer is missing.
    """
    latest = read_latest(remote)
    name = left_behind(remote, tree.root, tree.scope)
    if name is None or (latest is not None and not is_newer(name, latest.snapshot)):
        return latest, None
    if not remote.exists(manifest_key(name)):
        return latest, name
    if not tree.scope:
        with fetched_manifest(remote, name) as manifest:
            move_latest(remote, manifest.header)
    forget(tree.root)
    return read_latest(remote), None


def _drop_unknown(remote: Remote, mine: Claim, journal: Journal) -> None:
    """Delete what an interrupted attempt has sent without noting it: it may not be in the snapshot in the end."""
    prefix = data_prefix(mine.snapshot)
    persistently(lambda: remote.delete(key for key in remote.everything(prefix) if not journal.has(key)))


@dataclass
class _Tally:
    files: Counter[How] = field(default_factory=Counter)
    bytes: Counter[How] = field(default_factory=Counter)
    too_large: int = 0
    """Files that are referenced because the store would not copy them."""


def _send_all(
    sender: Sender,
    plan: Plan,
    journal: Journal,
    hashes: HashCache,
    rows: IO[bytes],
    progress: Progress,
    window: int,
) -> _Tally:
    """Bring every file into the snapshot and write its row to ``rows``, in order."""
    tally = _Tally()

    def at_once(step: Step) -> Sent | None:
        done = journal.get(step.path, step.state) if journal.resumes else None
        return sender.without_waiting(step) if done is None else Sent(done, How.RESUMED, step.state)

    for row, how, state in in_order(sender.send, plan.steps(), at_once=at_once, window=window):
        rows.write(json.dumps(row).encode() + b"\n")
        if how in (How.UPLOADED, How.COPIED, How.RESUMED):
            journal.put(row, state)
        if how is How.UPLOADED:
            hashes.put(row.path, state, row.sha256)
        tally.files[how] += 1
        tally.bytes[how] += row.size
        tally.too_large += how is How.REFERENCED and not sender.incremental
        progress.advance(size=row.size)
    return tally


def _remarks(tally: _Tally, incremental: bool) -> list[str]:
    remarks = []
    if tally.too_large:
        remarks.append(
            f"{tally.too_large} unchanged files of more than {COPY_LIMIT_BYTES >> 30} GiB stay in the older snapshot "
            "that has them: S3 does not copy them"
        )
    if tally.files[How.COPIED] >= _DEAR_COPIES and not incremental:
        remarks.append(
            f"{tally.files[How.COPIED]} unchanged files were copied on the remote, a request each: with --incremental, "
            "only changes cost time and room"
        )
    return remarks


def _publish(remote: Remote, mine: Claim, header: Header, rows: IO[bytes]) -> None:
    """Write the manifest, unless somebody else has taken the snapshot over."""

    def all_rows() -> Iterator[Row]:
        rows.seek(0)
        for line in rows:
            yield Row(*json.loads(line))

    key = manifest_key(header.snapshot)
    with TemporaryFile("w+b") as packed:
        write_manifest(packed, header, all_rows())
        size = packed.tell()
        packed.seek(0)
        remote.settle()
        make_sure(remote, mine)
        if size < _MANIFEST_IN_MEMORY_BYTES:
            remote.create(key, packed.read())
        elif remote.exists(key):
            raise ConflictError(f"{remote.uri(key)} is already there")
        else:
            remote.write_parts(key, iter(partial(packed.read, PART_BYTES), b""), size)
