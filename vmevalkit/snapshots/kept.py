"""The manifest of the latest snapshot, kept under the data root, so that the next push need not fetch it.

What is kept decides nothing. It stands for the object on the remote while that has the same ETag, and proves one
reading of it where that has none; a copy that is damaged, old or of another remote is passed over.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pydantic import ValidationError

from vmevalkit.dataroot import DataRoot, Record, atomic_path
from vmevalkit.snapshots.catalog import Manifest, Pointer, fetched_manifest, opened_manifest, read_latest
from vmevalkit.snapshots.names import is_snapshot_name, manifest_key
from vmevalkit.snapshots.remote import Remote
from vmevalkit.threads import meanwhile

_NAME = "latest.manifest"
_MAX_LINE_BYTES = 64 << 10
_CHUNK_BYTES = 1 << 20


class _Label(Record):
    """The first line of the file; the manifest follows as it is stored."""

    remote: str
    etag: str
    """What the store calls this content; empty if it does not say."""
    md5: str
    pointer: Pointer


@dataclass(frozen=True)
class Latest:
    """The latest snapshot of a remote, and what is known of its manifest here."""

    pointer: Pointer | None
    """`None` if there is no snapshot yet."""
    known_md5: str = ""
    """That of the manifest that is kept of this snapshot; empty if none is."""
    is_kept: bool = False
    """Whether that is still the one on the remote."""


def ask_latest(remote: Remote, root: DataRoot) -> Latest:
    """Ask a remote for its latest snapshot, and at the same time whether what is kept here still holds.

    Raises:
        RecordError: the pointer is damaged.
        RemoteError: the store fails or refuses.

    """
    label = _label(root)
    if label is None or label.remote != remote.url:
        return Latest(read_latest(remote))
    key = manifest_key(label.pointer.snapshot)
    with meanwhile(lambda: remote.etag(key) if label.etag else "") as etag:
        pointer = read_latest(remote, label.pointer)
    if pointer != label.pointer:
        return Latest(pointer)
    return Latest(pointer, label.md5, is_kept=bool(label.etag) and etag.result() == label.etag)


@contextmanager
def latest_manifest(remote: Remote, root: DataRoot, pointer: Pointer, latest: Latest) -> Iterator[Manifest]:
    """Open the manifest of the latest snapshot, fetched if need be; it is kept when the block ends well.

    Args:
        remote: where it is.
        root: whose push it is for.
        pointer: what names it.
        latest: what is known of it.

    Raises:
        NoSnapshotError: it is gone.
        ManifestError: it is damaged or not to be trusted; the rows are checked as they are read.

    """
    with TemporaryFile("w+b") as file:
        label = _copied(root, file) if latest.is_kept else None
        if label is not None and label.pointer == pointer:
            yield opened_manifest(remote, pointer.snapshot, file, label.etag)
            return
    with fetched_manifest(remote, pointer.snapshot, checked=False, known_md5=latest.known_md5) as manifest:
        yield manifest
        keep(remote, root, pointer, manifest.etag, manifest.file)


def keep(remote: Remote, root: DataRoot, pointer: Pointer, etag: str, manifest: IO[bytes]) -> None:
    """Keep the manifest that a pointer names; where that cannot be done, it is fetched the next time.

    Args:
        remote: where it is.
        root: whose push it was.
        pointer: what says that it is the latest.
        etag: the ETag that the manifest was read with, or that answered its writing.
        manifest: a file with all of it.

    """
    if remote.url.startswith("memory://"):
        return  # It ends with the process, and the next one starts to number its ETags anew.
    digest = hashlib.md5(usedforsecurity=False)
    manifest.seek(0)
    while chunk := manifest.read(_CHUNK_BYTES):
        digest.update(chunk)
    label = _Label(remote=remote.url, etag=etag, md5=digest.hexdigest(), pointer=pointer)
    before = _label(root)
    if before is not None and label == (before if etag else before.model_copy(update={"etag": ""})):
        return
    manifest.seek(0)
    with suppress(OSError), atomic_path(_place(root)) as path, path.open("wb") as out:
        out.write(label.model_dump_json().encode() + b"\n")
        shutil.copyfileobj(manifest, out, _CHUNK_BYTES)


def _label(root: DataRoot) -> _Label | None:
    with suppress(OSError, ValidationError), _place(root).open("rb") as file:
        label = _Label.model_validate_json(file.readline(_MAX_LINE_BYTES))
        return label if is_snapshot_name(label.pointer.snapshot) else None
    return None


def _copied(root: DataRoot, out: IO[bytes]) -> _Label | None:
    """Copy the manifest that is kept to an empty file; one that is not whole is removed, and `None` is returned."""
    digest = hashlib.md5(usedforsecurity=False)
    with suppress(OSError, ValidationError), _place(root).open("rb") as file:
        label = _Label.model_validate_json(file.readline(_MAX_LINE_BYTES))
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            out.write(chunk)
        if digest.hexdigest() == label.md5:
            return label
    with suppress(OSError):
        _place(root).unlink(missing_ok=True)
    return None


def _place(root: DataRoot) -> Path:
    return root.state / _NAME
