"""A data root to push: real in its shape and its number of files, random in its bytes, so that nothing compresses."""

import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("chess", "maze", "raven", "rotation", "sudoku")
NAMES = ("final_frame.png", "first_frame.png", "prompt.txt", "question_metadata.json")

_AGE_SECONDS = 3600
"""Files are made to look this old: tools that compare times may not trust a file of the last second."""


@dataclass(frozen=True)
class SampleTree:
    """Questions of five domains, four files each, all of one size."""

    root: Path
    """The data root."""
    files: int
    size: int
    """Bytes per file."""

    @property
    def source(self) -> Path:
        """The folder that holds all files; beside it, a push keeps its own books."""
        return self.root / "questions"

    def paths(self) -> Iterator[Path]:
        """Yield all files; neighbours are of one question."""
        for index in range(self.files):
            question, name = divmod(index, len(NAMES))
            number, domain = divmod(question, len(DOMAINS))
            yield self.source / f"{DOMAINS[domain]}_task" / f"{DOMAINS[domain]}_{number:06d}" / NAMES[name]

    def make(self) -> None:
        """Write all files."""
        old = time.time() - _AGE_SECONDS
        for index, path in enumerate(self.paths()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._content(index, 0))
            os.utime(path, (old, old))

    def change(self, count: int, generation: int) -> None:
        """Give ``count`` files, spread over the tree, other bytes of the same number; each generation picks others.

        Stores and tools that keep times in whole seconds only see a change that comes a second after the last push.
        """
        time.sleep(1.1)
        step = self.files // count
        chosen = {generation % step + step * number for number in range(count)}
        for index, path in enumerate(self.paths()):
            if index in chosen:
                path.write_bytes(self._content(index, generation))

    def forget(self) -> None:
        """Remove what pushes have noted about the files."""
        shutil.rmtree(self.root / ".vmevalkit", ignore_errors=True)

    def is_at(self, folder: Path) -> bool:
        """Tell whether all files lie in a copy of `source`, with the same bytes."""
        return all(_same(path, folder / path.relative_to(self.source)) for path in self.paths())

    def _content(self, index: int, generation: int) -> bytes:
        return random.Random(generation * 10**9 + index).randbytes(self.size)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.read_bytes() == other.read_bytes()
    except FileNotFoundError:
        return False
