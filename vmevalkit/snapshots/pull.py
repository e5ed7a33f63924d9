"""Bringing a snapshot back: every file is checked on its way in."""

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vmevalkit.dataroot import atomic_path, resolve_inside
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots.catalog import Manifest, fetched_manifest
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.reading import hash_file
from vmevalkit.snapshots.remote import MissingObjectError, Remote
from vmevalkit.threads import in_order

_FAILURES_KEPT = 1000
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
    failed: int
    failures: tuple[str, ...]
    """What went wrong, a sentence per file that names it; at most a thousand."""


@dataclass(frozen=True)
class _Outcome:
    written: int = 0
    skipped: bool = False
    failure: str | None = None


def pull(
    remote: Remote, snapshot: str, target: Path, *, below: str = "", progress: Progress | None = None
) -> PullResult:
    """Bring a snapshot's files back into a folder.

    Each file is written under a temporary name, compared with its sha256 in the manifest, and moved into place.
    Files that are in the folder but not in the snapshot stay as they are.

    Args:
        remote: where from.
        snapshot: the snapshot's name.
        target: the folder; it is made if it is missing.
        below: only this file or folder of the snapshot, such as ``questions/chess_task``.
        progress: is told of every file.

    Raises:
        UsageError: there is no such snapshot, or nothing ``below`` it.
        RecordError: the manifest is damaged or not to be trusted (nothing is written then), or the disk is full.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    below = below.strip("/")
    written, size, skipped, failed = 0, 0, 0, 0
    failures: list[str] = []
    with fetched_manifest(remote, snapshot) as manifest:
        total = sum(1 for _ in _wanted(manifest, below))
        if not total:
            raise UsageError(
                f"snapshot {snapshot} has nothing at {below!r}", hint="give a path such as questions/chess_task"
            )
        target.mkdir(parents=True, exist_ok=True)
        progress.start(total, "files")
        for outcome in in_order(partial(_fetch, remote, target), _wanted(manifest, below)):
            progress.advance()
            if outcome.failure is not None:
                failed += 1
                failures += [outcome.failure] if len(failures) < _FAILURES_KEPT else []
            elif outcome.skipped:
                skipped += 1
            else:
                written, size = written + 1, size + outcome.written
    return PullResult(snapshot, written, size, skipped, failed, tuple(failures))


def _wanted(manifest: Manifest, below: str) -> Iterator[Row]:
    return (row for row in manifest.rows() if not below or f"{row.path}/".startswith(f"{below}/"))


def _fetch(remote: Remote, target: Path, row: Row) -> _Outcome:
    try:
        destination = resolve_inside(target, row.path)
        if _is_same(destination, row):
            return _Outcome(skipped=True)
        with atomic_path(destination) as temporary:
            _write(remote, row, temporary)
    except (MissingObjectError, RecordError, UnsafePathError) as error:
        return _Outcome(failure=f"{row.path}: {error.message}")
    except OSError as error:
        if error.errno in _HOPELESS:
            raise RecordError(target, error.strerror or str(error), hint="what is there already stays") from error
        return _Outcome(failure=f"{row.path}: {error.strerror or error}")
    return _Outcome(written=row.size)


def _is_same(path: Path, row: Row) -> bool:
    return path.is_file() and path.stat().st_size == row.size and hash_file(path) == (row.size, row.sha256)


def _write(remote: Remote, row: Row, path: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as out:
        for chunk in remote.stream(row.key):
            digest.update(chunk)
            size += len(chunk)
            if size > row.size:
                break
            out.write(chunk)
    if size != row.size or digest.hexdigest() != row.sha256:
        raise RecordError(remote.uri(row.key), "does not have the bytes that the manifest says")
