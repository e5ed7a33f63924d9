"""How much of the disk the parts of a data root take: measured when somebody asks, in the background, and kept."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from vmevalkit.clock import now
from vmevalkit.dataroot import DataRoot, sorted_entries


@dataclass(frozen=True)
class DiskPart:
    """A part of a data root, such as ``outputs/pilot_experiment``."""

    name: str
    files: int
    bytes: int


@dataclass(frozen=True)
class DiskReport:
    """How much each part takes, the largest first."""

    parts: tuple[DiskPart, ...]
    measured_at: str
    seconds: float

    @property
    def files(self) -> int:
        """Of all parts."""
        return sum(part.files for part in self.parts)

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(part.bytes for part in self.parts)

    @property
    def largest(self) -> int:
        """Bytes of the largest part."""
        return max((part.bytes for part in self.parts), default=0)


class DiskUse:
    """Measures one data root, one measurement at a time; safe to use from several threads."""

    def __init__(self, root: DataRoot) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._seen = 0
        self.report: DiskReport | None = None
        """What was measured last; `None` at first."""

    @property
    def files_seen(self) -> int | None:
        """How many files the measurement that is going on has seen; `None` if there is none."""
        thread = self._thread
        return self._seen if thread is not None and thread.is_alive() else None

    def start(self) -> None:
        """Begin to measure, unless that is going on."""
        with self._lock:
            if self.files_seen is None:
                self._seen = 0
                self._thread = threading.Thread(target=self._measure, name="vmevalkit-disk", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the measurement that is going on, but no longer than this."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _measure(self) -> None:
        began = time.monotonic()
        parts = [self._part(name, path) for name, path in self._folders()]
        parts.sort(key=lambda part: (-part.bytes, part.name))
        self.report = DiskReport(tuple(parts), now().isoformat(), time.monotonic() - began)

    def _folders(self) -> Iterator[tuple[str, str]]:
        root = self._root
        yield "questions", str(root.questions)
        for section in (root.outputs, root.evaluations):
            for entry in sorted_entries(section):
                if entry.is_dir(follow_symlinks=False):
                    yield f"{section.name}/{entry.name}", entry.path
        yield "index and caches", str(root.state)

    def _part(self, name: str, folder: str) -> DiskPart:
        files = size = 0
        folders = [folder]
        while folders:
            try:
                entries = os.scandir(folders.pop())
            except OSError:
                continue  # It is gone, or not ours to read: what cannot be seen is not counted.
            with entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        continue
                    try:
                        size += entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue
                    files += 1
                    self._seen += 1
        return DiskPart(name, files, size)
