"""Bringing a snapshot back: every file is checked on its way in."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vmevalkit.dataroot import DataRoot, FileState, HashCache, atomic_path, resolve_inside
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.first_few import FirstFew
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots.catalog import Manifest, fetched_manifest
from vmevalkit.snapshots.download import download
from vmevalkit.snapshots.manifest import Row, merge
from vmevalkit.snapshots.names import common_folders
from vmevalkit.snapshots.reading import Content, hash_file
from vmevalkit.snapshots.remote import MissingObjectError, Remote
from vmevalkit.snapshots.walk import Tree, walk
from vmevalkit.threads import in_order

_HOPELESS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What is wrong with the whole target, not with one file."""


@dataclass(frozen=True)
class PullResult:
    """What a pull did."""

    snapshot: str
    written: int
    written_bytes: int
    skipped: int
    """Files that were there already, with the same bytes."""
    removed: int
    """Files that the snapshot does not have."""
    failed: int
    failures: tuple[str, ...]
    """What went wrong, a sentence per file that names it; at most a thousand."""


@dataclass(frozen=True)
class _Outcome:
    row: Row
    content: Content | None = None
    """What the file has now; `None` for a link, or if it could not be brought back."""
    written: bool = False
    failure: str | None = None


def pull(
    remote: Remote,
    snapshot: str,
    target: Path,
    *,
    below: str = "",
    max_delete: int = 0,
    progress: Progress | None = None,
) -> PullResult:
    """Bring a snapshot's files back into a folder.

    Each file is written under a temporary name, compared with its sha256 in the manifest, and moved into place.
    A file that is there already with the same bytes is not fetched, so a pull can be interrupted and repeated.

    Args:
        remote: where from.
        snapshot: the snapshot's name.
        target: the folder; it is made if it is missing.
        below: only this file or folder of the snapshot, such as ``questions/chess_task``.
        max_delete: how many files of the folder may be removed because the snapshot does not have them; with 0 they
            stay. It happens at the end, and only if everything else went well.
        progress: is told of every file.

    Raises:
        UsageError: there is no such snapshot, nothing ``below`` it, or more to be removed than ``max_delete``; nothing
            is written then.
        RecordError: the manifest is damaged or not to be trusted (nothing is written then), or the disk is full.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    below = below.strip("/")
    written, size, skipped = 0, 0, 0
    failures = FirstFew[str]()
    with fetched_manifest(remote, snapshot) as manifest:
        total, total_size = _amount(manifest, below)
        removal = list(_extra(manifest, target, below, max_delete)) if max_delete else []
        target.mkdir(parents=True, exist_ok=True)
        progress.start(total, "files", total_size)
        with HashCache(DataRoot(target)) as hashes:
            for outcome in _brought(remote, manifest, target, below, hashes):
                row, content = outcome.row, outcome.content
                progress.advance(size=row.size)
                if content is not None:
                    hashes.put(row.path, content.state, content.sha256)
                if outcome.failure is not None:
                    failures.add(outcome.failure)
                elif outcome.written:
                    written, size = written + 1, size + row.size
                else:
                    skipped += 1
        if not failures.count:
            for path in removal:
                _remove(target, path)
    removed = 0 if failures.count else len(removal)
    return PullResult(snapshot, written, size, skipped, removed, failures.count, tuple(failures.first))


def files_to_remove(remote: Remote, snapshot: str, target: Path, *, below: str = "", limit: int) -> list[str]:
    """Return the files that a pull with ``max_delete=limit`` would remove; the arguments and errors are those of it."""
    below = below.strip("/")
    with fetched_manifest(remote, snapshot) as manifest:
        _amount(manifest, below)  # What cannot be pulled cannot be cleared either.
        return list(_extra(manifest, target, below, limit))


def _extra(manifest: Manifest, target: Path, below: str, limit: int) -> Iterator[str]:
    """Yield the paths of the files in a folder that the snapshot, or the part of it ``below``, does not have.

    Of what lies outside the part of a data root that was pushed, the snapshot says nothing.
    """
    count = 0
    for part in common_folders(manifest.header.scope, below):
        if not (target / part).is_dir():
            continue
        for file, row in merge(walk(Tree(DataRoot(target), part)), manifest.rows(below=part)):
            if file is not None and row is None:
                count += 1
                if count > limit:
                    raise UsageError(
                        f"more than {limit} files of {target} are not in snapshot {manifest.header.snapshot}",
                        hint="if they shall all be removed, raise --max-delete",
                    )
                yield file.path


def _amount(manifest: Manifest, below: str) -> tuple[int, int]:
    total, size = 0, 0
    for row in manifest.rows(below):
        total, size = total + 1, size + row.size
    if not total:
        raise UsageError(
            f"snapshot {manifest.header.snapshot} has nothing at {below!r}",
            hint="give a path such as questions/chess_task",
        )
    return total, size


def _brought(remote: Remote, manifest: Manifest, target: Path, below: str, hashes: HashCache) -> Iterator[_Outcome]:
    """Bring all files, then all links: nothing is written through a link that the snapshot has."""

    def known(row: Row) -> _Outcome | None:
        state = _state(target / row.path)
        same = state is not None and state.size == row.size and hashes.get(row.path, state) == row.sha256
        return _Outcome(row) if same else None

    files = (row for row in manifest.rows(below) if not row.link)
    yield from in_order(partial(_fetch, remote, target), files, at_once=known)
    for row in manifest.rows(below):
        if row.link:
            yield _link(target, row)


def _fetch(remote: Remote, target: Path, row: Row) -> _Outcome:
    try:
        destination = _destination(target, row.path)
        state = _state(destination)
        if state is not None and state.size == row.size:
            content = hash_file(destination)
            if content.sha256 == row.sha256:
                return _Outcome(row, content)
        with atomic_path(destination) as temporary:
            download(remote, row, temporary)
            state = FileState.of(temporary.stat())
    except (MissingObjectError, RecordError, UnsafePathError) as error:
        return _Outcome(row, failure=f"{row.path}: {error.message}")
    except OSError as error:
        return _Outcome(row, failure=_hopeful(error, target, row.path))
    return _Outcome(row, Content(state, row.sha256), written=True)


def _link(target: Path, row: Row) -> _Outcome:
    try:
        destination = _destination(target, row.path)
        if destination.is_symlink() and os.readlink(destination) == row.link:  # noqa: PTH115 - as it is written
            return _Outcome(row)
        with atomic_path(destination, is_link=True) as temporary:
            temporary.symlink_to(row.link)
    except UnsafePathError as error:
        return _Outcome(row, failure=f"{row.path}: {error.message}")
    except OSError as error:
        return _Outcome(row, failure=_hopeful(error, target, row.path))
    return _Outcome(row, written=True)


def _destination(target: Path, path: str) -> Path:
    """Return where a file goes; a link on the way there would bring it to another place."""
    destination = resolve_inside(target, path)
    for folder in destination.relative_to(target).parents:
        if (target / folder).is_symlink() and folder != Path():
            raise UnsafePathError(f"{target / folder} is a link, where the snapshot has a folder")
    return destination


def _hopeful(error: OSError, target: Path, path: str) -> str:
    """Say why a file could not be written, if that is no reason to give up the others."""
    if error.errno in _HOPELESS:
        raise RecordError(target, error.strerror or str(error), hint="what is there already stays") from error
    return f"{path}: {error.strerror or error}"


def _state(path: Path) -> FileState | None:
    """Return how a file looks; `None` if there is none, or something else."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    return FileState.of(status) if stat.S_ISREG(status.st_mode) else None


def _remove(target: Path, path: str) -> None:
    """Remove a file, and the folders that it leaves empty."""
    file = resolve_inside(target, path) if not (target / path).is_symlink() else target / path
    file.unlink()
    for folder in file.relative_to(target).parents[:-1]:
        try:
            (target / folder).rmdir()
        except OSError:
            break
