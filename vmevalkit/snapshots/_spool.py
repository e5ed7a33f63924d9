"""A list that may not fit into memory, in a temporary file."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

_WRITTEN_AT_ONCE = 256
"""A call of the JSON library costs more than what it does for a few values."""


class Spool:
    """Tuples of JSON values, appended and then read as often as needed; made by `opened_spool`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting: list[Sequence[object]] = []

    def append(self, values: Sequence[object]) -> None:
        """Add a tuple at the end."""
        self._waiting.append(values)
        if len(self._waiting) == _WRITTEN_AT_ONCE:
            self._write()

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield all tuples, as lists; one pass at a time, and nothing is appended meanwhile."""
        self._write()
        self._file.seek(0)
        for line in self._file:
            yield from json.loads(line)

    def clear(self) -> None:
        """Remove all of them."""
        self._waiting.clear()
        self._file.seek(0)
        self._file.truncate()

    def _write(self) -> None:
        if self._waiting:
            self._file.write(json.dumps(self._waiting).encode() + b"\n")
            self._waiting.clear()


@contextmanager
def opened_spool() -> Iterator[Spool]:
    """Give an empty list for the length of the block."""
    with TemporaryFile("w+b") as file:
        yield Spool(file)
