"""A file that is hashed on its way to the disk, so that nobody has to read it again."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class WrittenFile:
    """A file of an export."""

    path: str
    """Relative to the export."""
    size: int
    """Bytes."""
    sha256: str
    items: int
    """Questions, runs or rows in it."""


class Sink:
    """A binary file to be written from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hash = sha256()
        self._discards = False
        self.size = 0
        """Bytes so far."""

    @property
    def closed(self) -> bool:
        """Whether it is at its end."""
        return self._file.closed and not self._discards

    def write(self, data: bytes) -> int:
        """Append."""
        if self._discards:
            return len(data)
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Hand everything to the system."""
        if not self._discards:
            self._file.flush()

    def close(self) -> None:
        """End it; whoever puts the folder into its place sees to it that the disk has it all."""
        self._file.close()

    def discard(self) -> None:
        """Let go of the file; what is written from now on goes nowhere, as a library may still want to end a file."""
        self._discards = True
        # The disk may be full, and the file has no future.
        with suppress(OSError):
            self._file.close()

    def written(self, path: str, items: int) -> WrittenFile:
        """Return what was written, under the name that it has in the export."""
        return WrittenFile(path, self.size, self._hash.hexdigest(), items)
