"""A small disk that can be filled: a file system in memory where mounting is allowed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = "96m"


@dataclass(frozen=True)
class Disk:
    """Where it is, and whether it is one: without it, no file may grow beyond a size instead (``RLIMIT_FSIZE``)."""

    folder: Path
    is_real: bool

    @contextmanager
    def with_room(self, size: int) -> Iterator[None]:
        """Fill the disk up to so many free bytes for the length of the block."""
        ballast = self.folder / "ballast"
        with ballast.open("wb") as file:
            facts = os.statvfs(self.folder)
            os.posix_fallocate(file.fileno(), 0, max(facts.f_bavail * facts.f_frsize - size, 1))
        try:
            yield
        finally:
            ballast.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk for the length of the block; if that is not allowed, give a plain folder."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
