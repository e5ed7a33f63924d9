"""Making a snapshot: contents first, the manifest last, then the pointer to the latest."""

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import IO

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import HashCache, exclusive
from vmevalkit.errors import ConflictError, UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots._spool import Spool, opened_spool
from vmevalkit.snapshots.catalog import NoSnapshotError, fetched_manifest, is_newer, move_latest, pointer_to
from vmevalkit.snapshots.claim import Claim, claim, forget, left_behind, make_sure
from vmevalkit.snapshots.journal import Journal, opened_journal
from vmevalkit.snapshots.kept import Latest, ask_latest, keep, latest_manifest
from vmevalkit.snapshots.manifest import Header, ManifestError, row_line, write_lines
from vmevalkit.snapshots.names import check_snapshot_name, data_prefix, is_archive, manifest_key, name_for_now
from vmevalkit.snapshots.plan import Plan, Step, make_plan
from vmevalkit.snapshots.remote import PART_BYTES, Conditions, Remote, persistently
from vmevalkit.snapshots.upload import COPY_LIMIT_BYTES, How, Sender, Sent
from vmevalkit.snapshots.walk import Tree, walk
from vmevalkit.threads import WINDOW, in_order, meanwhile

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
    notes: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(exclusive(tree.root.lock("push"), "pushing this data root"))
        probe = _Probe(remote, stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="vmevalkit")))
        if force or name is not None:
            probe.check()
        latest, unfinished = _caught_up(remote, tree)
        hashes = stack.enter_context(HashCache(tree.root))
        spool = stack.enter_context(opened_spool())
        plan = _planned(remote, tree, latest, hashes, spool, progress, probe, notes)
        if not plan.files:
            raise UsageError(f"there are no files in {tree.root.path / tree.scope}", hint="name another --data-dir")
        old = latest.pointer
        if old is not None and plan.nothing_to_do and not force and name is None:
            return PushResult(old.snapshot, old.s3_uri, False, old.files, old.bytes, is_latest=True, notes=tuple(notes))
        notes = [*probe.remarks(), *notes]
        mine = claim(remote, chosen if name is not None else unfinished or chosen, tree.root, tree.scope)
        lines = stack.enter_context(TemporaryFile("w+b"))
        journal = stack.enter_context(opened_journal(tree.root, mine.token))
        if mine.resumed:
            _drop_unknown(remote, mine, journal)
        progress.start(plan.files, "files", plan.size)
        sender = Sender(remote, tree, mine.snapshot, incremental)
        tally = _send_all(sender, plan, journal, hashes, lines, progress, window)
        remote.delete(journal.left_over())
        header = Header(mine.snapshot, timestamp(), plan.files, sum(tally.bytes.values()), tree.scope)
        is_latest = _publish(remote, tree, mine, header, lines, latest)
        journal.discard()
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


class _Probe:
    """Makes sure that we may write to a remote, beside other work, and finds out what the store cannot do."""

    def __init__(self, remote: Remote, pool: ThreadPoolExecutor) -> None:
        self._remote = remote
        self._pool = pool
        self._found: Future[Conditions] | None = None

    def check(self) -> None:
        """Begin, if that has not been done; raise what went wrong, if that is known by now."""
        if self._found is None:
            self._found = self._pool.submit(lambda: self._remote.conditions)
        elif self._found.done():
            self._found.result()

    def remarks(self) -> list[str]:
        """Wait for the answer, and say what a user should know of it; what went wrong is raised."""
        self.check()
        if self._found is None or self._found.result().create:
            return []
        return [
            f"{self._remote.url} ignores conditional writes: do not push to it from two machines at the same moment"
        ]


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
    latest: Latest,
    hashes: HashCache,
    spool: Spool,
    progress: Progress,
    probe: _Probe,
    notes: list[str],
) -> Plan:
    """Compare with the latest snapshot; one that is gone or damaged is no reason to push nothing any more."""
    if latest.pointer is not None:
        try:
            with latest_manifest(remote, tree.root, latest.pointer, latest) as manifest:
                progress.start(None, "files compared")
                return make_plan(walk(tree), manifest.rows(below=tree.scope), hashes, spool, progress, probe.check)
        except (NoSnapshotError, ManifestError) as error:
            notes.append(f"everything was sent again, because the latest snapshot cannot be compared with: {error}")
            spool.clear()
    return make_plan(walk(tree), (), hashes, spool, Silent(), probe.check)


def _caught_up(remote: Remote, tree: Tree) -> tuple[Latest, str | None]:
    """Return the latest snapshot, and the one that our last push has left unfinished and may go on with.

    A push that was interrupted after the manifest has made its snapshot: then only the pointer is missing.
    """
    latest = ask_latest(remote, tree.root)
    name = left_behind(remote, tree.root, tree.scope)
    if name is None or (latest.pointer is not None and not is_newer(name, latest.pointer.snapshot)):
        return latest, None
    if not remote.exists(manifest_key(name)):
        return latest, name
    if not tree.scope:
        with fetched_manifest(remote, name) as manifest:
            move_latest(remote, manifest.header)
    forget(tree.root)
    return ask_latest(remote, tree.root), None


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
    lines: IO[bytes],
    progress: Progress,
    window: int,
) -> _Tally:
    """Bring every file into the snapshot and write its line of the manifest, in order."""
    tally = _Tally()

    def at_once(step: Step) -> Sent | None:
        done = journal.get(step.path, step.state) if journal.resumes else None
        return sender.without_waiting(step) if done is None else Sent(done, How.RESUMED, step.state)

    for row, how, state in in_order(sender.send, plan.steps(), at_once=at_once, window=window):
        lines.write(row_line(row))
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


def _publish(remote: Remote, tree: Tree, mine: Claim, header: Header, lines: IO[bytes], latest: Latest) -> bool:
    """Write the manifest, unless somebody else has taken the snapshot over, and make it the latest.

    Returns:
        Whether it is the latest.

    """
    with TemporaryFile("w+b") as packed:
        lines.seek(0)
        write_lines(packed, header, lines)
        remote.settle()
        make_sure(remote, mine)
        etag = _written(remote, manifest_key(header.snapshot), packed)
        if tree.scope or is_archive(header.snapshot):
            return False
        with meanwhile(lambda: keep(remote, tree.root, pointer_to(remote, header), etag, packed)) as kept:
            moved = move_latest(remote, header, latest.pointer)
        kept.result()
        return moved


def _written(remote: Remote, key: str, packed: IO[bytes]) -> str:
    size = packed.tell()
    packed.seek(0)
    if size < _MANIFEST_IN_MEMORY_BYTES:
        return remote.create(key, packed.read())
    if remote.exists(key):
        raise ConflictError(f"{remote.uri(key)} is already there")
    return remote.write_parts(key, iter(partial(packed.read, PART_BYTES), b""), size)
