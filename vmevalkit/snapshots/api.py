"""Snapshots for scripts: functions that take their settings from the environment and show how far they are."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import DataRoot, Version
from vmevalkit.errors import UsageError
from vmevalkit.progress import Lines, Progress, shown
from vmevalkit.settings import Settings, load_settings
from vmevalkit.snapshots.catalog import fetched_manifest
from vmevalkit.snapshots.manifest import ManifestError
from vmevalkit.snapshots.names import data_uri_readings
from vmevalkit.snapshots.push import PushResult, push
from vmevalkit.snapshots.remote import Remote
from vmevalkit.snapshots.stores import open_remote
from vmevalkit.snapshots.versions import add_version
from vmevalkit.snapshots.walk import chosen_tree
from vmevalkit.threads import WINDOW


def sync_to_s3(data_dir: Path | str | None = None, date_prefix: str | None = None) -> str:
    """Push a folder and return where its files are, such as ``s3://vmevalkit/202501151030/data``.

    If nothing has changed since the latest snapshot, no new one is made, and the latest one's address is returned.

    Args:
        data_dir: the data root or a folder in it; ``VMEVAL_DATA_DIR`` or ``data`` if `None`.
        date_prefix: ``YYYYMMDD[HHMM]`` or ``archive/<name>``; the current minute (UTC) if `None`.

    Raises:
        VMEvalError: as `vmevalkit.snapshots.push` and `vmevalkit.snapshots.open_remote` say.

    """
    return _sync(data_dir, date_prefix, WINDOW)


def batch_upload(batch_size: int = 100) -> str:
    """Push the data root with at most ``batch_size`` files under way, and return where its files are."""
    if batch_size < 1:
        raise UsageError(f"batch_size is {batch_size}, but must be at least 1")
    return _sync(None, None, batch_size)


def log_version(version: str | None, s3_uri: str, stats: Mapping[str, Any] | None = None) -> Version:
    """Give a snapshot a name in the version log of the remote that it lies on.

    Args:
        version: such as ``1.1-pre``; the next free number if `None`.
        s3_uri: the snapshot's data folder, as `sync_to_s3` returns it.
        stats: what to note, such as ``{"change": "Added 50 new chess puzzles"}``.

    Raises:
        ConflictError: there is such a version already.
        VMEvalError: as `vmevalkit.snapshots.add_version` says.

    """
    settings = load_settings()
    remote, snapshot = _found(s3_uri, settings)
    return add_version(remote, snapshot, version=version, stats=stats, mirror=DataRoot(settings.data_dir))


@contextmanager
def upload_shown() -> Iterator[Progress]:
    """Show an upload on standard error: a bar on a terminal, elsewhere ``↳ 100 files...`` and so on."""
    if not sys.stderr.isatty():
        yield _LinesWithoutTotal()
        return
    with shown("upload") as progress:
        yield progress


class _LinesWithoutTotal(Lines):
    """The lines that scripts around ``data/s3_sync.py`` know."""

    def start(self, total: int | None, unit: str, size: int | None = None) -> None:  # noqa: ARG002 - left away
        super().start(None, unit)


def describe(result: PushResult) -> str:
    """Say in a line what a push did."""
    if not result.created:
        return f"✅ Nothing has changed since {result.snapshot}: no new snapshot (--force makes one)"
    line = f"✅ Uploaded {result.uploaded} files ({result.uploaded_bytes / 1e6:.1f} MB)"
    if result.copied:
        line += f", copied {result.copied} unchanged ones on the remote"
    if result.referenced:
        line += f", {result.referenced} unchanged ones stay where they are"
    return line + (f", {result.resumed} were there from an interrupted push" if result.resumed else "")


def _found(s3_uri: str, settings: Settings) -> tuple[Remote, str]:
    """Open the remote of a data folder. If that can be read in two ways, the manifest says which snapshot it is of."""
    (url, snapshot), *other = data_uri_readings(s3_uri)
    remote = open_remote(url, settings)
    if other:
        try:
            with fetched_manifest(remote, snapshot, checked=False):
                pass
        except ManifestError:
            url, snapshot = other[0]
            return open_remote(url, settings), snapshot
    return remote, snapshot


def _sync(data_dir: Path | str | None, date_prefix: str | None, window: int) -> str:
    settings = load_settings()
    tree = chosen_tree(None if data_dir is None else Path(data_dir), settings.data_dir)
    remote = open_remote(settings.remote_url, settings, create=True)
    with upload_shown() as progress:
        result = push(
            remote,
            tree,
            name=date_prefix,
            incremental=settings.snapshots == "incremental",
            progress=progress,
            window=window,
        )
    sys.stderr.write("\n".join([describe(result), *(f"note: {note}" for note in result.notes)]) + "\n")
    return result.s3_uri
