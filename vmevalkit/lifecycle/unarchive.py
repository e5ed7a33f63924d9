"""Bringing an archived experiment back."""

from dataclasses import dataclass

from vmevalkit.dataroot import Archived, DataRoot, check_name, exclusive, experiment_lock, is_held, load_archived
from vmevalkit.errors import ConflictError, UsageError
from vmevalkit.lifecycle._archives import check_manifest, files_of, is_same, scope_of
from vmevalkit.lifecycle._own_archives import forget_own
from vmevalkit.lifecycle.archive import check_digest
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots import Manifest, Remote, fetched_manifest, pull, read_log
from vmevalkit.snapshots.manifest import merge
from vmevalkit.snapshots.names import claim_key, data_prefix, manifest_key, snapshots_meant


@dataclass(frozen=True)
class UnarchivePlan:
    """What bringing an experiment back means."""

    experiment: str
    snapshot: str
    s3_uri: str
    files: int
    """How many the archive holds."""
    bytes: int
    remove_remote: bool
    """Whether the archive is deleted afterwards."""
    problem: str | None
    """Why it cannot be done now; `None` if it can."""


@dataclass(frozen=True)
class UnarchiveResult:
    """What has come back."""

    experiment: str
    snapshot: str
    written: int
    written_bytes: int
    skipped: int
    """Files that were here already."""
    failed: int
    failures: tuple[str, ...]
    """What did not come back, a sentence per file; at most a thousand."""
    removed_remote: bool


def stub_of(root: DataRoot, experiment: str) -> Archived:
    """Return what says where an experiment is.

    Raises:
        UsageError: it is not archived.
        RecordError: its stub is damaged.

    """
    stub = load_archived(root.existing(), check_name("experiment", experiment))
    if stub is None:
        raise UsageError(
            f"experiment {experiment} is not archived", hint="'vmevalkit snapshots' shows what is on the remote"
        )
    return stub


def plan_unarchive(root: DataRoot, remote: Remote, experiment: str, *, remove_remote: bool = False) -> UnarchivePlan:
    """Find out what bringing an experiment back would do; nothing is changed. The errors are those of `unarchive`."""
    stub = stub_of(root, experiment)
    busy = is_held(experiment_lock(root, experiment))
    with fetched_manifest(remote, stub.snapshot) as manifest:
        _check(root, remote, stub, manifest, remove_remote=remove_remote)
        return UnarchivePlan(
            experiment,
            stub.snapshot,
            remote.uri(data_prefix(stub.snapshot)),
            manifest.header.files,
            manifest.header.bytes,
            remove_remote,
            f"another process is working in experiment {experiment}" if busy else None,
        )


def unarchive(
    root: DataRoot,
    remote: Remote,
    experiment: str,
    *,
    remove_remote: bool = False,
    progress: Progress | None = None,
) -> UnarchiveResult:
    """Bring an archived experiment back, bit by bit.

    Every file is written under a temporary name, compared with its sha256 and moved into place. The stub goes when
    all are there. Whatever interrupts this, doing it again goes on where it stopped.

    Args:
        root: the data root.
        remote: where the archive is.
        experiment: the experiment.
        remove_remote: delete the archive when everything is back.
        progress: is told of every file.

    Raises:
        UsageError: the experiment is not archived, or the archive is not there or may not be deleted.
        BusyError: somebody is at work in the experiment.
        ConflictError: a file that is here is not as in the archive; nothing was changed.
        RecordError: the manifest is damaged or another one, or the disk is full.
        UnsafePathError: the manifest names files of another place.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    stub = stub_of(root, experiment)
    with exclusive(experiment_lock(root, experiment), f"working in experiment {experiment}"):
        with fetched_manifest(remote, stub.snapshot) as manifest:
            _check(root, remote, stub, manifest, remove_remote=remove_remote)
        back = pull(remote, stub.snapshot, root.path, below=scope_of(experiment), progress=progress)
        if not back.failed:
            root.archive_stub(experiment).unlink(missing_ok=True)
            if remove_remote:
                forget_own(root, stub.snapshot)
                _delete(remote, stub.snapshot)
    return UnarchiveResult(
        experiment,
        stub.snapshot,
        back.written,
        back.written_bytes,
        back.skipped,
        back.failed,
        back.failures,
        remove_remote and not back.failed,
    )


def _check(root: DataRoot, remote: Remote, stub: Archived, manifest: Manifest, *, remove_remote: bool) -> None:
    """Make sure that nothing that is here would be written over, and nothing comes from another place."""
    check_manifest(manifest, stub.experiment)
    check_digest(manifest, stub)
    for file, row in merge(files_of(root, stub.experiment), manifest.rows()):
        if file is not None and row is not None and not is_same(file, row):
            raise ConflictError(
                f"{file.path} is here and is not as in the archive", hint="move it out of the data root, then try again"
            )
    if remove_remote:
        for version in read_log(remote).versions:
            if stub.snapshot in snapshots_meant(version.s3_uri, remote.url):
                raise UsageError(
                    f"version {version.version} is {stub.snapshot}, so that it cannot be deleted",
                    hint="leave --remove-remote away, or take the version back with 'vmevalkit versions remove'",
                )


def _delete(remote: Remote, snapshot: str) -> None:
    """Delete an archive; if that is interrupted, what is left looks like a push that died, and goes with ``gc``."""
    remote.delete([manifest_key(snapshot)])
    remote.delete_below(data_prefix(snapshot))
    remote.delete([claim_key(snapshot)])
