"""The snapshots of a remote: which there are, which is the latest, and what one holds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from pydantic import ValidationError

from vmevalkit.dataroot import Record, dump_json
from vmevalkit.errors import RecordError, UsageError
from vmevalkit.snapshots.manifest import Header, ManifestError, Row, read_header, read_rows
from vmevalkit.snapshots.names import (
    ARCHIVE,
    LATEST_KEY,
    data_prefix,
    folders_of,
    is_archive,
    is_snapshot_name,
    manifest_key,
)
from vmevalkit.snapshots.remote import MissingObjectError, Remote
from vmevalkit.threads import in_order

_HEADER_BYTES = 1 << 16


class Pointer(Record):
    """``latest/snapshot.json``: which snapshot is the latest."""

    snapshot: str
    s3_uri: str
    """Its data folder."""
    manifest: str
    """Its manifest, relative to the remote."""
    files: int
    bytes: int
    scope: str = ""
    created_at: str


@dataclass(frozen=True)
class Manifest:
    """A snapshot's manifest, checked from the first line to the last, in a temporary file."""

    name: str
    header: Header
    etag: str
    """The ETag that it came with; empty if the store gives none."""
    file: IO[bytes]
    """All of it, as it is stored."""

    def rows(self, below: str = "") -> Iterator[Row]:
        """Yield the rows of a part, all if it is empty, sorted by path; one pass at a time.

        Args:
            below: a file or a folder, or ``*/pilot`` for an experiment with its evaluations.

        """
        self.file.seek(0)
        rows = read_rows(self.file, self.name)
        folders = tuple(f"{folder}/" for folder in folders_of(below))
        return (row for row in rows if f"{row.path}/".startswith(folders)) if below else rows

    def sha256(self) -> str:
        """Return the sha256 of the manifest itself."""
        digest = sha256()
        self.file.seek(0)
        while chunk := self.file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()


class NoSnapshotError(UsageError):
    """A snapshot that is not there, or was never finished."""


@contextmanager
def fetched_manifest(remote: Remote, snapshot: str, *, checked: bool = True, known_md5: str = "") -> Iterator[Manifest]:
    """Fetch a snapshot's manifest.

    Args:
        remote: where it is.
        snapshot: the snapshot's name.
        checked: check all of it before anything is done with it; otherwise, whoever reads the rows meets the damage.
        known_md5: that of what it is believed to be, as for `Remote.download`.

    Raises:
        NoSnapshotError: there is no such snapshot; one without a manifest was never finished.
        ManifestError: the manifest is damaged or not to be trusted.

    """
    key = manifest_key(snapshot)
    with TemporaryFile("w+b") as file:
        try:
            done = remote.download(key, file, known_md5)
        except MissingObjectError as error:
            raise NoSnapshotError(
                f"no snapshot {snapshot} on {remote.url}", hint="'vmevalkit snapshots' shows what is there"
            ) from error
        manifest = opened_manifest(remote, snapshot, file, done.etag)
        if checked:
            for _ in manifest.rows():
                pass
        yield manifest


def opened_manifest(remote: Remote, snapshot: str, file: IO[bytes], etag: str) -> Manifest:
    """Read the first line of a snapshot's manifest, which lies in a file; `ManifestError` if that is not right."""
    name = remote.uri(manifest_key(snapshot))
    file.seek(0)
    header = read_header(file, name)
    if header.snapshot != snapshot:
        raise ManifestError(name, f"is the manifest of {header.snapshot!r}, not of {snapshot}")
    return Manifest(name, header, etag, file)


def read_latest(remote: Remote, known: Pointer | None = None) -> Pointer | None:
    """Return the pointer to the latest snapshot, `None` if there is none; `RecordError` if it is damaged.

    Args:
        remote: where.
        known: what the pointer is believed to be, as for `Remote.read`.

    """
    return _pointer(remote, remote.read(LATEST_KEY, None if known is None else _text(known)))


def pointer_to(remote: Remote, header: Header) -> Pointer:
    """Return what the pointer says once a snapshot is the latest."""
    return Pointer(
        snapshot=header.snapshot,
        s3_uri=remote.uri(data_prefix(header.snapshot)),
        manifest=manifest_key(header.snapshot),
        files=header.files,
        bytes=header.bytes,
        scope=header.scope,
        created_at=header.created_at,
    )


def move_latest(remote: Remote, header: Header, known: Pointer | None = None) -> bool:
    """Point to a snapshot if it is newer than the one that is pointed to; return whether it was.

    Args:
        remote: where.
        header: the snapshot's.
        known: what the pointer is believed to be until then, as for `Remote.read`.

    """
    if is_archive(header.snapshot):
        return False
    text = _text(pointer_to(remote, header))
    moved = False

    def forward(current: bytes | None) -> bytes | None:
        nonlocal moved
        if current == text:
            moved = True  # By ourselves: the answer to that was lost.
            return None
        old = _pointer(remote, current)
        moved = old is None or is_newer(header.snapshot, old.snapshot)
        return text if moved else None

    remote.update(LATEST_KEY, forward, None if known is None else _text(known))
    return moved


def is_newer(snapshot: str, other: str) -> bool:
    """Tell whether a snapshot's date is after that of another one; a date without a time is that day's first minute."""
    return snapshot.ljust(12, "0") > other.ljust(12, "0")


def _text(pointer: Pointer) -> bytes:
    return dump_json(pointer.to_json()).encode()


def _pointer(remote: Remote, data: bytes | None) -> Pointer | None:
    if data is None:
        return None
    try:
        pointer = Pointer.model_validate(json.loads(data))
    except (ValueError, RecursionError, ValidationError) as error:
        raise _broken_pointer(remote) from error
    name = pointer.snapshot
    # It says three times which one it means: a bit that has flipped does not lead to another snapshot.
    agrees = pointer.manifest == manifest_key(name) and pointer.s3_uri.endswith(f"/{data_prefix(name)}")
    if not is_snapshot_name(name) or is_archive(name) or not agrees:
        raise _broken_pointer(remote)
    return pointer


def _broken_pointer(remote: Remote) -> RecordError:
    return RecordError(
        remote.uri(LATEST_KEY),
        "does not say which snapshot is the latest",
        hint="delete it: the next push writes it anew",
    )


class Listed(NamedTuple):
    """A snapshot as listings show it."""

    snapshot: str
    uri: str
    header: Header


def list_snapshots(remote: Remote) -> Iterator[Listed | RecordError]:
    """Yield the finished snapshots of a remote, oldest first, the archived ones last.

    A manifest whose first line cannot be read is yielded as the error that says so.
    """
    archived = [f"{ARCHIVE}/{name}" for name in remote.folders(ARCHIVE)]
    names = [name for name in [*remote.folders(), *archived] if is_snapshot_name(name)]
    return (found for found in in_order(partial(_listed, remote), names) if found is not None)


def _listed(remote: Remote, name: str) -> Listed | RecordError | None:
    try:
        return Listed(name, remote.uri(data_prefix(name)), _read_header_of(remote, name))
    except MissingObjectError:
        return None  # A push that was never finished: nobody sees it.
    except RecordError as error:
        return error


def _read_header_of(remote: Remote, snapshot: str) -> Header:
    key = manifest_key(snapshot)
    with TemporaryFile("w+b") as start:
        for chunk in remote.stream(key):
            start.write(chunk)
            if start.tell() >= _HEADER_BYTES:
                break
        start.seek(0)
        return read_header(start, remote.uri(key))
