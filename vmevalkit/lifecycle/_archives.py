"""Where experiments lie on a remote, and how what is there compares with what is here."""

from collections.abc import Collection, Iterator

from vmevalkit.dataroot import ARCHIVED_NAME, DataRoot
from vmevalkit.errors import UnsafePathError, UsageError
from vmevalkit.lifecycle._own_archives import is_own
from vmevalkit.snapshots import Manifest, Remote, Tree, fetched_manifest
from vmevalkit.snapshots.catalog import NoSnapshotError
from vmevalkit.snapshots.claim import left_behind
from vmevalkit.snapshots.manifest import ManifestError, Row, merge
from vmevalkit.snapshots.names import ARCHIVE, claim_key, data_prefix, folders_of
from vmevalkit.snapshots.reading import hash_file, twice
from vmevalkit.snapshots.walk import LocalFile, walk
from vmevalkit.threads import in_order

_LONGEST_NAME = 128
"""What `check_name` takes."""


def scope_of(experiment: str) -> str:
    """Return an experiment with its evaluations, as snapshots name parts of a data root."""
    return f"*/{experiment}"


def stub_path(experiment: str) -> str:
    """Return where the stub lies, relative to the data root."""
    return f"outputs/{experiment}/{ARCHIVED_NAME}"


def files_of(root: DataRoot, experiment: str) -> Iterator[LocalFile]:
    """Yield the files of an experiment and its evaluations, sorted by path, without its stub.

    Raises:
        UsageError: one of the folders is a link.
        UnsafePathError: a link leads out of the data root, or a name cannot be a key.
        RecordError: something cannot be read, or is no file.

    """
    tree = Tree(root, scope_of(experiment))
    for folder in tree.folders:
        for place in (root.path / folder, (root.path / folder).parent):
            if place.is_symlink():
                raise UsageError(f"{place} is a link", hint="archive an experiment where it really lies")
    return (file for file in walk(tree) if file.path != stub_path(experiment))


def archive_name(experiment: str, number: int = 1) -> str:
    """Return the name of the archive with a number; that of an experiment with a very long name is cut."""
    suffix = f"+{number}" if number > 1 else ""
    return f"{ARCHIVE}/{experiment[: _LONGEST_NAME - len(suffix)]}{suffix}"


def name_for(remote: Remote, root: DataRoot, experiment: str, but: Collection[str] = ()) -> tuple[str, bool]:
    """Return the snapshot that an experiment goes into, and whether it is there already, with just these files.

    Another experiment of the same name, or an earlier state of this one, keeps its place: then a number is added. So
    does an archive whose manifest is damaged, and one that another data root has made, which may delete it.
    Names in ``but`` are passed over.
    """
    interrupted = left_behind(remote, root, scope_of(experiment))
    number = 1
    while True:
        name = archive_name(experiment, number)
        number += 1
        if name in but:
            continue
        try:
            with fetched_manifest(remote, name) as manifest:
                is_ours = name == interrupted or is_own(root, remote, name)
                if is_ours and next(differing(root, experiment, manifest), None) is None:
                    return name, True
        except ManifestError:
            continue
        except NoSnapshotError:
            if name == interrupted or (not remote.exists(claim_key(name)) and remote.is_empty(data_prefix(name))):
                return name, False


def check_manifest(manifest: Manifest, experiment: str) -> None:
    """Refuse an archive that holds anything else than one experiment.

    Raises:
        UnsafePathError: it names a file of another place.

    """
    folders = tuple(f"{folder}/" for folder in folders_of(scope_of(experiment)))
    for row in manifest.rows():
        if not row.path.startswith(folders) or row.path == stub_path(experiment):
            raise UnsafePathError(f"{manifest.name} names {row.path!r}, which is no part of experiment {experiment}")


def differing(root: DataRoot, experiment: str, manifest: Manifest) -> Iterator[str]:
    """Yield the paths that are not the same here and in an archive."""
    return (path for path in in_order(_differing, merge(files_of(root, experiment), manifest.rows())) if path)


def _differing(pair: tuple[LocalFile | None, Row | None]) -> str:
    """Return the path of what is not the same; empty if it is."""
    file, row = pair
    if file is not None and row is not None:
        return "" if is_same(file, row) else file.path
    return file.path if file is not None else row.path if row is not None else ""


def is_same(file: LocalFile, row: Row) -> bool:
    """Tell whether a file has the bytes that its row says; it is read if its size is right."""
    if file.link or row.link:
        return file.link == row.link
    return file.size == row.size and twice(hash_file, file.source).sha256 == row.sha256
