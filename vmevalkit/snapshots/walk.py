"""Which files go into a snapshot."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmevalkit.dataroot import SECTIONS, DataRoot, is_temporary
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.snapshots.manifest import check_path


@dataclass(frozen=True)
class Tree:
    """A data root, or the part of one that is pushed."""

    root: DataRoot
    scope: str = ""
    """The folder below the root that is pushed, such as ``outputs/pilot_experiment``; empty for the whole root."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine."""

    path: str
    """Where it lies below the data root, with slashes."""
    source: Path
    size: int
    """Bytes, when the walk came by."""


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
    """Yield the files of a tree, sorted by path, without hidden and temporary ones.

    Of a root that has any of the three sections only these are taken. Links are followed inside the root.

    Raises:
        UnsafePathError: a link leads out of the root or back to where it lies, or a name cannot be a key.
        RecordError: something is no file or folder, or cannot be read.

    """
    top = tree.root.path
    inside = Path(os.path.realpath(top))
    starts = [tree.scope] if tree.scope else _sections(top) or [""]
    for start in starts:
        yield from _walk(top / start, start, inside, ())


def _sections(folder: Path) -> list[str]:
    return [section for section in SECTIONS if (folder / section).is_dir()]


def _walk(folder: Path, path: str, inside: Path, above: tuple[Path, ...]) -> Iterator[LocalFile]:
    """Walk a folder; ``inside`` is the root and ``above`` the folders that led here, both with links resolved."""
    real = _resolved(folder, inside) if folder.is_symlink() or not above else above[-1] / folder.name
    if real in above:
        raise UnsafePathError(f"{folder} is a link to a folder that it lies in", hint="remove it from the data root")
    for name, is_folder in _entries(folder):
        below, entry = f"{path}/{name}" if path else name, folder / name
        check_path(below)
        if is_folder:
            yield from _walk(entry, below, inside, (*above, real))
            continue
        if entry.is_symlink():
            _resolved(entry, inside)
        if not entry.is_file():
            raise RecordError(entry, "is not a regular file", hint="remove it from the data root")
        yield LocalFile(below, entry, entry.stat().st_size)


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """List names and whether they are folders, in the order in which the paths below them sort."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if not is_temporary(entry.name)]
    except OSError as error:
        raise RecordError(folder, error.strerror or str(error)) from error
    return sorted(found, key=lambda entry: f"{entry[0]}/" if entry[1] else entry[0])


def _resolved(link: Path, inside: Path) -> Path:
    target = Path(os.path.realpath(link))
    if not target.is_relative_to(inside):
        raise UnsafePathError(
            f"{link} is a link that leads out of the data root", hint="put what it points to in its place"
        )
    if not target.exists():
        raise RecordError(link, "is a link to nothing", hint="remove it from the data root")
    return target
