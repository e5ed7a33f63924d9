"""Making a snapshot: contents first, the manifest last, then the pointer to the latest."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import DataRoot, exclusive, read_json, write_json
from vmevalkit.errors import ConflictError, RecordError, RemoteError, UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots.catalog import Manifest, Pointer, fetched_manifest, move_latest, read_latest
from vmevalkit.snapshots.manifest import Header, Row, write_manifest
from vmevalkit.snapshots.names import check_snapshot_name, claim_key, data_prefix, manifest_key, name_for_now
from vmevalkit.snapshots.plan import Plan, Step, make_plan
from vmevalkit.snapshots.reading import CHUNK_BYTES, stable_chunks, twice
from vmevalkit.snapshots.remote import PART_BYTES, Remote
from vmevalkit.snapshots.walk import Tree, walk
from vmevalkit.threads import WINDOW, in_order

_MANIFEST_IN_MEMORY_BYTES = 64 << 20


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
    progress: Progress | None = None,
    window: int = WINDOW,
) -> PushResult:
    """Make a snapshot of a tree.

    Nobody sees it before it is whole. An interrupted push leaves the latest snapshot as it was.

    Args:
        remote: where to.
        tree: what.
        name: ``YYYYMMDD[HHMM]`` or ``archive/<name>``; the current minute if `None`.
        force: make a snapshot even if nothing has changed. With a ``name``, one is always made.
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
        latest = read_latest(remote)
        manifest, notes = _manifest_of(remote, latest, stack)
        spool = stack.enter_context(TemporaryFile("w+b"))
        if manifest is not None:
            progress.start(None, "files compared")
        plan = make_plan(walk(tree), manifest.rows() if manifest else (), spool, progress if manifest else Silent())
        if not plan.files:
            raise UsageError(f"there are no files in {tree.root.path / tree.scope}", hint="name another --data-dir")
        if latest is not None and plan.nothing_to_do and not force and name is None:
            return PushResult(latest.snapshot, latest.s3_uri, False, latest.files, latest.bytes, is_latest=True)
        token = _claim(remote, chosen, tree.root)
        progress.start(plan.files, "files")
        rows = stack.enter_context(TemporaryFile("w+b"))
        sent = _send_all(remote, tree, chosen, plan, rows, progress, window)
        header = Header(chosen, timestamp(), sent.files, sent.bytes, tree.scope)
        _publish(remote, header, rows, token)
    is_latest = move_latest(remote, header)
    if not remote.conditions.create:
        notes.append(f"{remote.url} ignores conditional writes: do not push to it from two machines at the same moment")
    return PushResult(
        chosen,
        remote.uri(data_prefix(chosen)),
        True,
        sent.files,
        sent.bytes,
        uploaded=sent.uploaded,
        uploaded_bytes=sent.uploaded_bytes,
        copied=sent.files - sent.uploaded,
        removed=plan.removed,
        is_latest=is_latest,
        notes=tuple(notes),
    )


def _check_apart(remote: Remote, tree: Tree) -> None:
    """A remote folder inside the tree would become part of its own snapshots."""
    top = (tree.root.path / tree.scope).resolve()
    if remote.folder is not None and remote.folder.resolve().is_relative_to(top):
        raise UsageError(
            f"the remote {remote.url} lies inside {top}, which is pushed", hint="choose a folder outside the data root"
        )


def _manifest_of(remote: Remote, latest: Pointer | None, stack: ExitStack) -> tuple[Manifest | None, list[str]]:
    """Fetch the latest manifest; one that is gone or damaged is no reason to push nothing any more."""
    if latest is None:
        return None, []
    try:
        return stack.enter_context(fetched_manifest(remote, latest.snapshot)), []
    except (UsageError, RecordError) as error:
        return None, [f"everything was sent again, because the latest snapshot cannot be compared with: {error}"]


def _claim(remote: Remote, name: str, root: DataRoot) -> str:
    """Mark a snapshot as ours before anything is written to it, and return the mark.

    The mark is noted under the data root too. It tells a push that was interrupted here, and whose half-made
    snapshot may be replaced, from one that somebody else is making.
    """
    note = root.state / "push.json"
    found = remote.read(claim_key(name))
    if remote.exists(manifest_key(name)):
        raise ConflictError(
            f"there is a snapshot {name} on {remote.url} already", hint="wait a minute, or name another one with --date"
        )
    if found is not None:
        ours = read_json(note).get("token") if note.exists() else None
        if ours is None or _token(found) != ours:
            raise ConflictError(
                f"another push is making {remote.uri(name)}",
                hint=f"wait for it, or name another one with --date; if it has died, delete {remote.uri(name)}",
            )
        remote.delete_below(data_prefix(name))
        return str(ours)
    if not remote.is_empty(data_prefix(name)):
        raise ConflictError(
            f"{remote.uri(data_prefix(name))} has files that no push of ours has put there",
            hint="name another snapshot with --date",
        )
    token = secrets.token_hex(16)
    mark = {"token": token, "snapshot": name, "remote": remote.url, "started_at": timestamp()}
    write_json(note, mark)
    remote.create(claim_key(name), (json.dumps(mark) + "\n").encode())
    return token


def _token(mark: bytes | None) -> str | None:
    try:
        value = json.loads(mark or b"null")
    except ValueError:
        return None
    token = value.get("token") if isinstance(value, dict) else None
    return token if isinstance(token, str) else None


@dataclass
class _Sent:
    files: int = 0
    bytes: int = 0
    uploaded: int = 0
    uploaded_bytes: int = 0


def _send_all(
    remote: Remote, tree: Tree, name: str, plan: Plan, rows: IO[bytes], progress: Progress, window: int
) -> _Sent:
    """Bring every file into the snapshot and write its row to ``rows``, in order."""
    sent = _Sent()
    for row, uploaded in in_order(partial(_send, remote, tree, name), plan.steps(), window=window):
        rows.write(json.dumps([row.path, row.size, row.sha256, row.key]).encode() + b"\n")
        sent.files, sent.bytes = sent.files + 1, sent.bytes + row.size
        if uploaded:
            sent.uploaded, sent.uploaded_bytes = sent.uploaded + 1, sent.uploaded_bytes + row.size
        progress.advance()
    return sent


def _send(remote: Remote, tree: Tree, name: str, step: Step) -> tuple[Row, bool]:
    """Copy or upload a file; return its row and whether it was uploaded."""
    key = f"{data_prefix(name)}/{step.path}"
    old = step.unchanged
    if old is not None:
        # A copy can fail where an upload does not: the object is lost or too large, or the store cannot copy.
        with suppress(RemoteError):
            remote.copy(old.key, key)
            return Row(old.path, old.size, old.sha256, key), False
    size, sha256 = twice(partial(_upload, remote, key), tree.root.path / step.path)
    return Row(step.path, size, sha256, key), True


def _upload(remote: Remote, key: str, path: Path) -> tuple[int, str]:
    """Upload a file; return the size and sha256 of the bytes that were sent."""
    digest, size = hashlib.sha256(), 0
    try:
        expected = path.stat().st_size
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error

    def hashed(chunk_bytes: int) -> Iterator[bytes]:
        nonlocal size
        for chunk in stable_chunks(path, chunk_bytes):
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    if expected < PART_BYTES:
        remote.write(key, b"".join(hashed(PART_BYTES)))
    else:
        remote.write_parts(key, hashed(CHUNK_BYTES), expected)
    return size, digest.hexdigest()


def _publish(remote: Remote, header: Header, rows: IO[bytes], token: str) -> None:
    """Write the manifest, unless another push has taken the snapshot over."""

    def all_rows() -> Iterator[Row]:
        rows.seek(0)
        for line in rows:
            yield Row(*json.loads(line))

    if _token(remote.read(claim_key(header.snapshot))) != token:
        raise ConflictError(
            f"another push has taken over {remote.uri(header.snapshot)}", hint="push again, under another --date"
        )
    key = manifest_key(header.snapshot)
    with TemporaryFile("w+b") as packed:
        write_manifest(packed, header, all_rows())
        size = packed.tell()
        packed.seek(0)
        remote.settle()
        if size < _MANIFEST_IN_MEMORY_BYTES:
            remote.create(key, packed.read())
        elif remote.exists(key):
            raise ConflictError(f"{remote.uri(key)} is already there")
        else:
            remote.write_parts(key, iter(partial(packed.read, PART_BYTES), b""), size)
