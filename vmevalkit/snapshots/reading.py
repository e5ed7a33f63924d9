"""Reading files that somebody may be writing to."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from vmevalkit.errors import RecordError

CHUNK_BYTES = 1 << 20

Result = TypeVar("Result")


class ChangedError(RecordError):
    """A file that changed while it was read."""


def stable_chunks(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield a file's bytes.

    Args:
        path: the file.
        chunk_bytes: the size of every chunk but the last.

    Raises:
        ChangedError: after the last chunk, if the file has been written to since the first.
        RecordError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            before, count = _state(file), 0
            # A file that grows is left as soon as it is longer than it was; it might never end.
            while count <= before[0] and (chunk := file.read(chunk_bytes)):
                count += len(chunk)
                yield chunk
            if _state(file) != before or count != before[0]:
                raise ChangedError(
                    path, "keeps changing while it is read", hint="stop what writes to it, then push again"
                )
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error


def hash_file(path: Path) -> tuple[int, str]:
    """Return a file's size and sha256; the errors are those of `stable_chunks`."""
    digest, size = hashlib.sha256(), 0
    for chunk in stable_chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def twice(work: Callable[[Path], Result], path: Path) -> Result:
    """Return ``work(path)``, tried once more if the file changed meanwhile."""
    try:
        return work(path)
    except ChangedError:
        return work(path)


def _state(file: IO[bytes]) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
