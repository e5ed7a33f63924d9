"""``retention.jsonl``: what retention has removed, when, and where it is now. Lines are only ever added."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vmevalkit.dataroot import DataRoot

JOURNAL_NAME = "retention.jsonl"


def journal_path(root: DataRoot) -> Path:
    """Return where the journal lies. Snapshots neither hold it nor touch it."""
    return root.path / JOURNAL_NAME


class Journal:
    """Adds lines, each one on the disk before the call returns. To be used in a ``with`` block, by one process."""

    def __init__(self, root: DataRoot) -> None:
        path = journal_path(root)
        is_new = not path.exists()
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")  # A power cut has left a part of a line.
        if is_new:
            _sync_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def add(self, entry: dict[str, Any]) -> None:
        """Write a line and wait until it is on the disk."""
        line = memoryview(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
