"""Moving experiments to a remote: pushed, read back, and only then removed here, but for a stub."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    Archived,
    ArchivedModel,
    DataRoot,
    FileState,
    check_name,
    exclusive,
    experiment_lock,
    is_held,
    load_archived,
)
from vmevalkit.errors import (
    BusyError,
    RecordError,
    RemoteError,
    UnknownNameError,
    UnsafePathError,
    UsageError,
    VMEvalError,
)
from vmevalkit.first_few import FirstFew
from vmevalkit.lifecycle._ages import as_time, is_older, now_ns
from vmevalkit.lifecycle._archives import archive_name, check_manifest, differing, files_of, name_for, scope_of
from vmevalkit.lifecycle._holding import prove_all
from vmevalkit.lifecycle._own_archives import note_own
from vmevalkit.lifecycle._removal import LeftAloneError, check_same, remove_file
from vmevalkit.lifecycle._units import experiments_of
from vmevalkit.progress import Progress, Silent
from vmevalkit.settings import load_settings
from vmevalkit.snapshots import Manifest, Remote, Tree, fetched_manifest, open_remote, push
from vmevalkit.snapshots.manifest import Row, merge
from vmevalkit.snapshots.names import data_prefix
from vmevalkit.snapshots.walk import LocalFile
from vmevalkit.threads import in_order

Action = Literal["archive", "finish"]

_NO_STATE = FileState(-1, -1, -1)


class DamagedArchiveError(RemoteError):
    """An archive that reads differently from what was sent."""


class _OtherRemoteError(UsageError):
    """A remote that is not the one where an archive is."""


@dataclass(frozen=True)
class ArchivePlan:
    """What will be done with one experiment."""

    experiment: str
    action: Action
    """``finish``: it is on the remote, and what is still here only has to be removed."""
    snapshot: str
    """Where it goes, such as ``archive/pilot_experiment``."""
    s3_uri: str
    files: int
    bytes: int
    newest: datetime | None
    """When the newest file was last written to, of those that could be looked at; `None` if none could be."""
    problem: str | None
    """Why nothing can be done; `None` if it can."""


@dataclass(frozen=True)
class ArchiveResult:
    """What has become of one experiment."""

    experiment: str
    snapshot: str
    s3_uri: str
    files: int
    """How many the archive holds."""
    bytes: int
    removed: int
    """How many were removed here."""
    failed: int
    """Files that stay here."""
    failures: tuple[str, ...]
    """What stays here and why, a sentence each; at most a thousand."""


def plan_archive(
    root: DataRoot,
    remote: Remote,
    experiments: Collection[str] | None = None,
    *,
    days_old: float | None = None,
) -> list[ArchivePlan]:
    """Find out what archiving would do; nothing is changed.

    Args:
        root: the data root.
        remote: where to.
        experiments: which; all that are there if `None`. Archived ones of which nothing is left here are passed over.
        days_old: only those whose newest file, evaluations included, was written to longer ago than this.

    Raises:
        UnknownNameError: there is no such experiment.
        RemoteError: the store fails or refuses.

    """
    root.existing()
    there = sorted({*experiments_of(root, "outputs"), *experiments_of(root, "evaluations")})
    for name in experiments or ():
        if check_name("experiment", name) not in there:
            raise UnknownNameError("experiment", name, there)
    chosen = there if experiments is None else sorted(set(experiments))
    found = (_planned(root, remote, name, days_old) for name in chosen)
    return [plan for plan in found if plan is not None]


def archive(root: DataRoot, remote: Remote, experiment: str, *, progress: Progress | None = None) -> ArchiveResult:
    """Move an experiment, runs and evaluations, to a remote.

    It is pushed as a snapshot of its own, ``archive/<experiment>``. Every byte of that is read back and compared with
    its sha256. Then ``outputs/<experiment>/archived.json`` is written, and what the archive holds is removed here,
    each file read once more right before. Whatever interrupts this, each file is here or safely there, and archiving
    again goes on where it stopped.

    Args:
        root: the data root.
        remote: where to.
        experiment: the experiment.
        progress: is told of every file that is sent, read back and removed.

    Raises:
        UnknownNameError: there is no such experiment, or nothing in it.
        BusyError: somebody is running models or scoring in it, or pushing the data root.
        RecordError: a file cannot be read, or has changed meanwhile; nothing was removed.
        RemoteError: the store fails, refuses, or has other bytes than it was given; nothing was removed.

    """
    progress = progress or Silent()
    root.existing()
    check_name("experiment", experiment)
    with exclusive(experiment_lock(root, experiment), f"working in experiment {experiment}"):
        if next(files_of(root, experiment), None) is None:
            raise UsageError(f"there is nothing to archive in experiment {experiment}")
        stub = load_archived(root, experiment) or _stored(root, remote, experiment, progress)
        _check_remote(stub, remote)
        with fetched_manifest(remote, stub.snapshot) as manifest:
            check_manifest(manifest, experiment)
            check_digest(manifest, stub)
            if not root.archive_stub(experiment).exists():
                stub.save(root.archive_stub(experiment))
            else:
                _read_back(remote, manifest, _still_here(root, experiment, manifest), progress)
            removed, failures = _remove(root, experiment, manifest, progress)
    there = (stub.snapshot, stub.s3_uri, stub.files, stub.bytes)
    return ArchiveResult(experiment, *there, removed, failures.count, tuple(failures.first))


def archive_old_experiments(
    days_old: float = 30,
    *,
    root: DataRoot | None = None,
    remote: Remote | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> list[ArchivePlan] | list[ArchiveResult]:
    """Archive all experiments that nothing has been written to for so many days.

    Experiments in which somebody is at work are passed over. What else keeps one of them here does not stop the
    others; its result says so.

    Args:
        days_old: how old the newest file, evaluations included, has to be.
        root: the data root; the configured one if `None`.
        remote: where to; the configured one if `None`.
        dry_run: only return the plans.
        progress: is told of every file.

    Raises:
        UsageError: a setting is wrong.
        RemoteError: the store fails or refuses; what was archived so far is there.

    """
    settings = load_settings()
    root = root or DataRoot(settings.data_dir)
    remote = remote or open_remote(settings.remote_url, settings, create=True)
    plans = plan_archive(root, remote, days_old=days_old)
    if dry_run:
        return plans
    results = []
    for plan in plans:
        try:
            results.append(archive(root, remote, plan.experiment, progress=progress))
        except BusyError:
            continue
        except VMEvalError as error:
            if is_outage(error):
                raise
            stays = max(plan.files, 1)
            results.append(ArchiveResult(plan.experiment, plan.snapshot, plan.s3_uri, 0, 0, 0, stays, (error.message,)))
    return results


def is_outage(error: VMEvalError) -> bool:
    """Tell whether the remote fails as a whole, so that other experiments cannot be archived either."""
    return isinstance(error, RemoteError) and not isinstance(error, DamagedArchiveError)


def check_digest(manifest: Manifest, stub: Archived) -> None:
    """Make sure that a manifest is the one that the stub was written for.

    Raises:
        RecordError: it is another one.

    """
    if manifest.sha256() != stub.manifest_sha256:
        raise RecordError(
            manifest.name,
            f"is not the manifest that {stub.experiment} was archived with",
            hint="look for another copy of the archive",
        )


def _planned(root: DataRoot, remote: Remote, experiment: str, days_old: float | None) -> ArchivePlan | None:
    files, size, newest = 0, 0, 0
    stub, name, problem = None, archive_name(experiment), None
    try:
        for file in files_of(root, experiment):
            files, size, newest = files + 1, size + file.size, max(newest, file.state.mtime_ns)
    except (UsageError, UnsafePathError, RecordError) as error:
        problem = error.message
    if not (files or problem) or (days_old is not None and not is_older(newest, days_old, now_ns())):
        return None
    try:
        stub = load_archived(root, experiment)
        if stub is not None:
            name = stub.snapshot
            _check_remote(stub, remote)
        elif problem is None:
            name, _ = name_for(remote, root, experiment)
    except (_OtherRemoteError, UnsafePathError, RecordError) as error:
        problem = problem or error.message
    if is_held(experiment_lock(root, experiment)):
        problem = f"another process is working in experiment {experiment}"
    action: Action = "archive" if stub is None else "finish"
    uri, seen = remote.uri(data_prefix(name)), as_time(newest) if newest else None
    return ArchivePlan(experiment, action, name, uri, files, size, seen, problem)


def _check_remote(stub: Archived, remote: Remote) -> None:
    if stub.remote != remote.url:
        raise _OtherRemoteError(
            f"experiment {stub.experiment} was archived on {stub.remote}, not on {remote.url}",
            hint=f"name it with --remote {stub.remote}",
        )


def _stored(root: DataRoot, remote: Remote, experiment: str, progress: Progress) -> Archived:
    """Bring an experiment to the remote, prove that it has arrived, and return what the stub will say."""
    passed_over: list[str] = []
    while True:
        name, is_there = name_for(remote, root, experiment, but=passed_over)
        if not is_there:
            push(remote, Tree(root, scope_of(experiment)), name=name, progress=progress)
        note_own(root, remote, name)
        # From here on, only what the remote says counts.
        with fetched_manifest(remote, name) as manifest:
            check_manifest(manifest, experiment)
            changed = next(differing(root, experiment, manifest), None)
            if changed is not None:
                raise RecordError(changed, "has changed while it was archived", hint="archive it once more")
            try:
                _read_back(remote, manifest, manifest.rows(), progress)
            except DamagedArchiveError:
                if not is_there:
                    raise
                # An earlier attempt has left it, or it was damaged since: what is here goes to another place.
                passed_over.append(name)
                continue
            return _stub(remote, experiment, name, manifest)


def _still_here(root: DataRoot, experiment: str, manifest: Manifest) -> Iterator[Row]:
    for file, row in merge(files_of(root, experiment), manifest.rows()):
        if file is not None and row is not None:
            yield row


def _read_back(remote: Remote, manifest: Manifest, rows: Iterator[Row], progress: Progress) -> None:
    header = manifest.header
    progress.start(header.files, "files read back", header.bytes)
    problems = prove_all(remote, rows, lambda row: progress.advance(size=row.size))
    if problems.count:
        more = f", and {problems.count - 1} more are not right" if problems.count > 1 else ""
        raise DamagedArchiveError(
            f"{problems.first[0]}{more}: nothing was removed", hint="look after the store, then archive it once more"
        )


def _stub(remote: Remote, experiment: str, name: str, manifest: Manifest) -> Archived:
    runs: dict[str, int] = {}
    evaluations: dict[str, int] = {}
    for (section, model, _), _rows in groupby(manifest.rows(), key=_place_of):
        if model:
            counted = runs if section == "outputs" else evaluations
            counted[model] = counted.get(model, 0) + 1
    return Archived(
        experiment=experiment,
        remote=remote.url,
        snapshot=name,
        s3_uri=remote.uri(data_prefix(name)),
        manifest_sha256=manifest.sha256(),
        archived_at=timestamp(),
        files=manifest.header.files,
        bytes=manifest.header.bytes,
        models={
            model: ArchivedModel(runs=runs.get(model, 0), evaluations=evaluations.get(model, 0))
            for model in sorted({*runs, *evaluations})
        },
    )


def _place_of(row: Row) -> tuple[str, str, str]:
    """Return the section, the model and the run or evaluation that a file belongs to; no model for other files."""
    names = row.path.split("/")
    if names[0] == "outputs" and len(names) > 6:
        return names[0], names[2], "/".join(names[:6])
    if names[0] == "evaluations" and len(names) == 6:
        return names[0], names[2], row.path
    return names[0], "", row.path


def _remove(root: DataRoot, experiment: str, manifest: Manifest, progress: Progress) -> tuple[int, FirstFew[str]]:
    """Remove what the archive holds; return how many files that were, and why others stay."""
    progress.start(None, "files removed")
    removed = 0
    failures = FirstFew[str]()
    for file, state in in_order(_checked, merge(files_of(root, experiment), manifest.rows())):
        if file is None:
            continue
        try:
            if isinstance(state, LeftAloneError):
                raise state
            remove_file(file, state)
        except LeftAloneError as error:
            failures.add(error.message)
            continue
        removed += 1
        progress.advance()
    for section in ("evaluations", "outputs"):
        _remove_empty_below(root.path / section / experiment)
    return removed, failures


def _checked(pair: tuple[LocalFile | None, Row | None]) -> tuple[LocalFile | None, FileState | LeftAloneError]:
    """Return a file, and how it looks if it may go or else why not; runs in a thread."""
    file, row = pair
    if file is None:
        return None, _NO_STATE
    if row is None:
        return file, LeftAloneError(file.path, "is not in the archive: it stays")
    if file.link != row.link:
        return file, LeftAloneError(file.path, "is different in the archive: it stays")
    try:
        return file, check_same(file, row.sha256)
    except LeftAloneError as error:
        return file, error


def _remove_empty_below(folder: Path) -> None:
    """Remove a folder and all below it, as far as there are no files in them."""
    for place, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(place).rmdir()
