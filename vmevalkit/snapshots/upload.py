"""Bringing one file into a snapshot."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from vmevalkit.dataroot import FileState
from vmevalkit.errors import RecordError, RemoteError
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.names import data_prefix
from vmevalkit.snapshots.plan import Step
from vmevalkit.snapshots.reading import Content, StableReader, twice
from vmevalkit.snapshots.remote import MULTIPART_BYTES, Remote, persistently
from vmevalkit.snapshots.walk import Tree

COPY_LIMIT_BYTES = 5 << 30
"""The largest object that S3 copies with one request ("Copying objects" in the Amazon S3 user guide)."""


class How(StrEnum):
    """How a file came into a snapshot."""

    UPLOADED = "uploaded"
    COPIED = "copied"
    """On the remote, from the latest snapshot."""
    REFERENCED = "referenced"
    """It stays in the older snapshot that has it."""
    RESUMED = "resumed"
    """An interrupted attempt had sent it."""
    LINKED = "linked"
    """A symbolic link has no object."""


class Sent(NamedTuple):
    """A file that is in the snapshot now."""

    row: Row
    how: How
    state: FileState
    """How the file looked when its bytes were read."""


@dataclass(frozen=True)
class Sender:
    """Brings files into one snapshot. Safe to use from several threads."""

    remote: Remote
    tree: Tree
    snapshot: str
    incremental: bool

    def without_waiting(self, step: Step) -> Sent | None:
        """Return what needs no request: a link, or a file that an older snapshot keeps for this one."""
        if step.link:
            return Sent(Row(step.path, 0, "", "", link=step.link), How.LINKED, step.state)
        if step.unchanged is not None and (self.incremental or self.cannot_copy(step.unchanged)):
            return Sent(step.unchanged, How.REFERENCED, step.state)
        return None

    def cannot_copy(self, row: Row) -> bool:
        """Tell whether the store would refuse to copy an object because of its size."""
        return row.size > COPY_LIMIT_BYTES and self.remote.url.startswith("s3://")

    def send(self, step: Step) -> Sent:
        """Copy or upload a file.

        Raises:
            RecordError: it cannot be read, or keeps changing.
            RemoteError: the store fails or refuses.

        """
        key = f"{data_prefix(self.snapshot)}/{step.path}"
        old = step.unchanged
        if old is not None and self._copied(old, key):
            return Sent(Row(old.path, old.size, old.sha256, key, old.etag), How.COPIED, step.state)
        content, etag = twice(partial(upload_file, self.remote, key), self.tree.root.path / step.path)
        return Sent(Row(step.path, content.state.size, content.sha256, key, etag), How.UPLOADED, content.state)

    def _copied(self, row: Row, key: str) -> bool:
        """Copy an object. That can fail where an upload does not: it is lost, or the store cannot copy."""
        try:
            self.remote.copy(row.key, key)
        except RemoteError:
            return False
        return True


def upload_file(remote: Remote, key: str, path: Path) -> tuple[Content, str]:
    """Upload a file and return what it held, and the store's tag for it where that is needed later.

    Raises:
        RecordError: it cannot be read, or has changed meanwhile.
        RemoteError: the store fails or refuses.

    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error
    if size > MULTIPART_BYTES:
        return persistently(partial(_upload_parts, remote, key, path, size)), ""
    with remote.room(size):
        reader = StableReader(path)
        data = b"".join(reader.chunks(MULTIPART_BYTES))
        return reader.content, remote.write(key, data)


def _upload_parts(remote: Remote, key: str, path: Path, size: int) -> Content:
    reader = StableReader(path)
    remote.write_parts(key, reader.chunks(), size)
    return reader.content
