"""Which files go into a snapshot."""

import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from vmevalkit.dataroot import SECTIONS, DataRoot, FileState, is_temporary
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.snapshots.manifest import check_link, check_path
from vmevalkit.snapshots.names import folders_of


@dataclass(frozen=True)
class Tree:
    """A data root, or the part of one that is pushed."""

    root: DataRoot
    scope: str = ""
    """The folder below the root that is pushed, such as ``outputs/pilot_experiment``; empty for the whole root, and
    ``*/pilot_experiment`` for an experiment with its evaluations."""

    @property
    def folders(self) -> list[str]:
        """The folders that are pushed, relative to the root and sorted; those of an experiment only if they exist."""
        folders = folders_of(self.scope)
        return [folder for folder in folders if len(folders) == 1 or os.path.lexists(self.root.path / folder)]


class LocalFile(NamedTuple):
    """A file or a symbolic link on this machine."""

    path: str
    """Where it lies below the data root, with slashes."""
    place: str
    """Where it lies on this machine."""
    state: FileState
    """How it looked when the walk came by."""
    link: str = ""
    """What a link points to, relative to the folder that it lies in; empty for a file."""

    @property
    def source(self) -> Path:
        """Where it lies on this machine."""
        return Path(self.place)

    @property
    def size(self) -> int:
        """Bytes, when the walk came by; 0 for a link."""
        return 0 if self.link else self.state.size


def tree_at(data_dir: Path) -> Tree:
    """Find the data root that a folder belongs to.

    A folder in ``questions/``, ``outputs/`` or ``evaluations/``, or one of these, is a part of the root above it.
    Any other folder is a root itself.

    Raises:
        UsageError: there is no such folder.

    """
    folder = Path(os.path.abspath(data_dir))  # noqa: PTH100 - resolve() would follow links, and names are what counts
    DataRoot(data_dir).existing()
    if not _sections(folder):
        for part in (folder, *folder.parents):
            if part.name in SECTIONS:
                return Tree(DataRoot(part.parent), folder.relative_to(part.parent).as_posix())
    return Tree(DataRoot(folder))


def chosen_tree(data_dir: Path | None, default: Path) -> Tree:
    """Return the tree at the folder that was named, or else at the default one.

    What nobody has named must look like a data root: a setting that is off would push a stranger's files.

    Raises:
        UsageError: there is no such folder, or the default one has no data.

    """
    if data_dir is not None:
        return tree_at(data_dir)
    tree = tree_at(default)
    if not tree.scope and not _sections(tree.root.path):
        raise UsageError(
            f"{tree.root.path} has no {', '.join(f'{section}/' for section in SECTIONS)}",
            hint="make questions with 'vmevalkit create', or name a folder with --data-dir or VMEVAL_DATA_DIR",
        )
    return tree


def walk(tree: Tree) -> Iterator[LocalFile]:
    """Yield the files and links of a tree, sorted by path, without hidden and temporary ones.

    Of a root that has any of the three sections only these are taken. Links are not followed.

    Raises:
        UnsafePathError: a link leads out of the root, or a name cannot be a key.
        RecordError: something is no file, folder or link, is a link to itself, or cannot be read.

    """
    top = tree.root.path
    inside = os.path.realpath(top)
    for start in tree.folders if tree.scope else _sections(top) or [""]:
        folder = os.path.join(top, start)  # noqa: PTH118 - a million paths are quicker as text
        if os.path.islink(folder):  # noqa: PTH114
            yield _link(start, folder, inside)
        else:
            yield from _walk(folder, start, inside)


def _sections(folder: Path) -> list[str]:
    return [section for section in SECTIONS if (folder / section).is_dir()]


def _walk(folder: str, path: str, inside: str) -> Iterator[LocalFile]:
    for _, entry, is_folder in _entries(folder):
        below = check_path(f"{path}/{entry.name}" if path else entry.name)
        if is_folder:
            yield from _walk(entry.path, below, inside)
            continue
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            yield LocalFile(below, entry.path, FileState.of(status))
        elif stat.S_ISLNK(status.st_mode):
            yield _link(below, entry.path, inside)
        else:
            raise RecordError(entry.path, "is not a regular file", hint="remove it from the data root")


def _entries(folder: str) -> list[tuple[str, os.DirEntry[str], bool]]:
    """List entries and whether they are folders, with what they are sorted by: the order of the paths below them."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if not is_temporary(name):
                    is_folder = entry.is_dir(follow_symlinks=False)
                    found.append((f"{name}/" if is_folder else name, entry, is_folder))
    except OSError as error:
        raise RecordError(folder, error.strerror or str(error)) from error
    found.sort(key=itemgetter(0))
    return found


def _link(path: str, place: str, inside: str) -> LocalFile:
    target = os.path.realpath(place)
    if not Path(target).is_relative_to(inside):
        raise UnsafePathError(
            f"{place} is a link that leads out of the data root", hint="put what it points to in its place"
        )
    # One that leads to nothing is a link like any other: what it led to may be archived, or not pulled.
    if _is_endless(place):
        raise RecordError(place, "is a link that leads to itself", hint="remove it from the data root")
    status = os.lstat(place)
    return LocalFile(path, place, FileState.of(status), _from_folder(path, place, target))


def _is_endless(place: str) -> bool:
    try:
        os.stat(place)  # noqa: PTH116 - as above
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _from_folder(path: str, place: str, target: str) -> str:
    """Return what a link says, as a way from its folder that stays inside the data root whoever reads it."""
    folder = os.path.dirname(place)  # noqa: PTH120 - as above
    said = posixpath.normpath(os.readlink(place))  # noqa: PTH115
    if said.startswith("/"):
        said = os.path.relpath(said, folder)
    with suppress(UnsafePathError):
        if os.path.realpath(os.path.join(folder, said)) == target:  # noqa: PTH118
            return check_link(path, said)
    return os.path.relpath(target, os.path.realpath(folder))
