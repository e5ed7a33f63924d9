"""Reading an object and proving that it has the bytes that the manifest says."""

import hashlib
from pathlib import Path
from typing import IO

from vmevalkit.errors import RecordError
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.remote import Remote, persistently

_ATTEMPTS = 4


def download(remote: Remote, row: Row, path: Path) -> None:
    """Write an object to a new file; the errors are those of `prove`."""
    with path.open("xb") as out:
        _prove(remote, row, out)


def prove(remote: Remote, row: Row) -> None:
    """Read an object and compare it with its row.

    Raises:
        RecordError: it has other bytes; so it said every time, or twice the same.
        MissingObjectError: there is no such object.
        RemoteError: the store fails.

    """
    _prove(remote, row, None)


def _prove(remote: Remote, row: Row, out: IO[bytes] | None) -> None:
    previous: tuple[int, str] | None = None
    for _ in range(_ATTEMPTS):
        found = persistently(lambda: _read(remote, row, out))
        if found == (row.size, row.sha256):
            return
        # A bit that flips on the way does not flip the same way again: these are the bytes in the store.
        if found == previous:
            break
        previous = found
    raise RecordError(remote.uri(row.key), "does not have the bytes that the manifest says")


def _read(remote: Remote, row: Row, out: IO[bytes] | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    if out is not None:
        out.seek(0)
        out.truncate()
    for chunk in remote.stream(row.key):
        digest.update(chunk)
        size += len(chunk)
        if size > row.size:
            break  # It might never end.
        if out is not None:
            out.write(chunk)
    return size, digest.hexdigest()
