"""What retention removes as a whole: the folder of a run, the file of an evaluation."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from vmevalkit.dataroot import TASK_SUFFIX, DataRoot, is_name, is_temporary
from vmevalkit.errors import RecordError
from vmevalkit.lifecycle._ages import amount_of
from vmevalkit.lifecycle.policies import Kept
from vmevalkit.snapshots import Tree
from vmevalkit.snapshots.walk import LocalFile, walk

_SECTIONS: tuple[Kept, ...] = ("evaluations", "outputs")
_RUN_NAMES = 6
_EVALUATION_NAMES = 6


@dataclass(frozen=True)
class Unit:
    """A run or an evaluation on this machine."""

    section: Kept
    experiment: str
    path: str
    """Relative to the data root."""
    files: tuple[LocalFile, ...]
    """What a snapshot would take of it, sorted by path."""
    newest_ns: int
    """When its newest file was last written to, hidden ones included."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files)


def experiments_of(root: DataRoot, section: Kept) -> list[str]:
    """Return the experiments of a section, in the order in which the paths below them sort; links are none."""
    folder = root.path / section
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_name(entry.name) and entry.is_dir(follow_symlinks=False)]
    return sorted(names, key=lambda name: f"{name}/")


def all_units(root: DataRoot) -> Iterator[Unit]:
    """Yield the runs and evaluations of a data root, sorted by path; archived experiments have none.

    Raises:
        UnsafePathError: a file could not be part of a snapshot.
        RecordError: a folder cannot be read.

    """
    for section in _SECTIONS:
        for experiment in experiments_of(root, section):
            if not root.archive_stub(experiment).exists():
                yield from _units(root, section, experiment)


def _units(root: DataRoot, section: Kept, experiment: str) -> Iterator[Unit]:
    files = walk(Tree(root, f"{section}/{experiment}"))
    find = _run_of if section == "outputs" else _evaluation_of
    for path, found in groupby(files, key=lambda file: find(file.path)):
        if path is not None:
            yield Unit(section, experiment, path, tuple(found), _newest_ns(root.path / path))


def _newest_ns(place: Path) -> int:
    """Return when a unit was last written to; of a run, hidden files count as well: somebody may be at work there."""
    try:
        return amount_of(place).newest_ns
    except OSError as error:
        raise RecordError(error.filename or place, error.strerror or str(error)) from error


def _run_of(path: str) -> str | None:
    """Return the folder of the run that a file belongs to, if it belongs to one."""
    names = path.split("/")
    if len(names) <= _RUN_NAMES or not names[3].endswith(TASK_SUFFIX) or not all(map(is_name, names[1:_RUN_NAMES])):
        return None
    return "/".join(names[:_RUN_NAMES])


def _evaluation_of(path: str) -> str | None:
    names = path.split("/")
    if len(names) != _EVALUATION_NAMES or not names[3].endswith(TASK_SUFFIX) or not all(map(is_name, names[1:])):
        return None
    return path if path.endswith(".json") else None


def hidden_in(folder: Path) -> Iterator[str]:
    """Yield the hidden and temporary files and folders below a folder: what no snapshot holds."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if is_temporary(entry.name):
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                yield from hidden_in(Path(entry.path))
