"""Reading files that somebody may be writing to."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from vmevalkit.dataroot import FileState
from vmevalkit.errors import RecordError

CHUNK_BYTES = 1 << 20

Result = TypeVar("Result")


class ChangedError(RecordError):
    """A file that changed while it was read."""


class Content(NamedTuple):
    """What a file held, and how it looked, when it was read."""

    state: FileState
    sha256: str


class StableReader:
    """Reads a file once and takes its sha256 on the way.

    ``content`` is there after the last chunk.
    """

    content: Content

    def __init__(self, path: Path) -> None:
        self._path = path

    def chunks(self, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the file's bytes.

        Args:
            chunk_bytes: the size of every chunk but the last.

        Raises:
            ChangedError: after the last chunk, if the file has been written to since the first.
            RecordError: it cannot be read.

        """
        digest = hashlib.sha256()
        try:
            with self._path.open("rb") as file:
                before, count = _state(file), 0
                # A file that grows is left as soon as it is longer than it was; it might never end.
                while count <= before.size and (chunk := file.read(chunk_bytes)):
                    count += len(chunk)
                    digest.update(chunk)
                    yield chunk
                if _state(file) != before or count != before.size:
                    raise ChangedError(
                        self._path, "keeps changing while it is read", hint="stop what writes to it, then push again"
                    )
        except OSError as error:
            raise RecordError(self._path, error.strerror or str(error)) from error
        self.content = Content(before, digest.hexdigest())


def hash_file(path: Path) -> Content:
    """Read a file; the errors are those of `StableReader.chunks`."""
    reader = StableReader(path)
    for _ in reader.chunks():
        pass
    return reader.content


def twice(work: Callable[[Path], Result], path: Path) -> Result:
    """Return ``work(path)``, tried once more if the file changed meanwhile."""
    try:
        return work(path)
    except ChangedError:
        return work(path)


def _state(file: IO[bytes]) -> FileState:
    return FileState.of(os.fstat(file.fileno()))
