"""Removing runs and evaluations that are old and that a snapshot holds: first a plan, then just that."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from tempfile import TemporaryFile
from typing import IO

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import DataRoot, FileState, exclusive, experiment_lock, is_held, note_change
from vmevalkit.errors import BusyError, RemoteError, UsageError
from vmevalkit.first_few import FirstFew
from vmevalkit.lifecycle._ages import age_in_days, as_time, is_older, now_ns
from vmevalkit.lifecycle._holding import Judged, judged, prove_all
from vmevalkit.lifecycle._journal import Journal
from vmevalkit.lifecycle._removal import (
    LeftAloneError,
    check_same,
    remove_as_one,
    remove_empty_folders,
    remove_file,
)
from vmevalkit.lifecycle._units import Unit, all_units
from vmevalkit.lifecycle.cleanup import Cleanup, cleanup_temp_files
from vmevalkit.lifecycle.policies import Kept, Policies
from vmevalkit.progress import Progress, Silent
from vmevalkit.settings import load_settings
from vmevalkit.snapshots import Remote, fetched_manifest, open_remote, read_latest
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.walk import LocalFile


@dataclass(frozen=True)
class Due:
    """A run or an evaluation that has been kept for long enough."""

    section: Kept
    experiment: str
    path: str
    """Relative to the data root."""
    files: int
    bytes: int
    age_days: float
    """Since its newest file was written to."""
    problem: str | None
    """Why it stays all the same; `None` if it goes."""


@dataclass(frozen=True)
class DuePart:
    """What is due of a section of an experiment, summed up."""

    section: Kept
    experiment: str
    days: int
    """How long it is kept."""
    units: int
    """Runs or evaluations that go."""
    files: int
    bytes: int
    stay: int
    """How many are due and stay, because no snapshot holds them."""
    busy: bool
    """Somebody is at work in the experiment: nothing of it goes."""


@dataclass(frozen=True)
class Retained:
    """What retention has done, or would do."""

    snapshot: str | None
    """The snapshot that holds what went, and its remote; `None` if none was asked."""
    remote: str | None
    parts: tuple[DuePart, ...]
    """The plan."""
    removed: int
    """Runs and evaluations."""
    removed_files: int
    removed_bytes: int
    busy: tuple[str, ...]
    """Experiments in which somebody was at work: nothing of them was removed."""
    failed: int
    """Runs and evaluations that are due and were not removed."""
    failures: tuple[str, ...]
    """What is due and was not removed, and why, a sentence each; at most a thousand."""
    temp: Cleanup
    """What became of temporary files."""
    dry_run: bool


class RetentionPlan:
    """What is due; made by `plan_retention`, and to be used inside its block."""

    def __init__(
        self,
        root: DataRoot,
        policies: Policies,
        remote: Remote | None,
        snapshot: str | None,
        spool: IO[bytes],
        parts: tuple[DuePart, ...],
    ) -> None:
        self.parts = parts
        self.snapshot = snapshot
        self._root, self._policies, self._remote, self._spool = root, policies, remote, spool
        self._busy = frozenset(part.experiment for part in parts if part.busy)
        self._moment = now_ns()

    def units(self) -> Iterator[Due]:
        """Yield everything that is due, sorted by path; what has no problem is what `apply` removes."""
        for found in self._judged():
            unit = found.unit
            problem = "somebody is at work in the experiment" if unit.experiment in self._busy else found.problem
            age = age_in_days(unit.newest_ns, self._moment)
            yield Due(unit.section, unit.experiment, unit.path, len(unit.files), unit.size, age, problem)

    def apply(self, progress: Progress | None = None) -> Retained:
        """Remove what is planned.

        First, everything is read back from the remote. If anything of it is not as the manifest says, nothing is
        removed at all. Then each run and evaluation is read once more and noted in the journal before it goes.

        Args:
            progress: is told of every file that is read back, then of all that is removed.

        Raises:
            RemoteError: the store fails, refuses or has other bytes; nothing was removed.
            BusyError: another process is applying retention here.

        """
        progress = progress or Silent()
        with exclusive(self._root.lock("retain"), "applying retention to this data root"):
            self._prove(progress)
            run = _Removing(self._root, self._policies, self._remote, self.snapshot, progress)
            progress.start(sum(part.units for part in self.parts), "runs and evaluations")
            for experiment, found in groupby(self._going(), key=lambda one: one.unit.experiment):
                run.experiment(experiment, found)
            for due in self.units():
                if due.problem is not None and due.experiment not in self._busy:
                    run.failed(due.problem)
        temp = cleanup_temp_files(self._root, policies=self._policies)
        return replace(run.outcome(), parts=self.parts, busy=tuple(sorted({*run.busy, *self._busy})), temp=temp)

    def preview(self) -> Retained:
        """Return what `apply` would do; nothing is changed."""
        temp = cleanup_temp_files(self._root, policies=self._policies, dry_run=True)
        stay = FirstFew[str]()
        for due in self.units():
            if due.problem is not None and due.experiment not in self._busy:
                stay.add(due.problem)
        return Retained(
            self.snapshot,
            self._remote.url if self._remote else None,
            self.parts,
            sum(part.units for part in self.parts),
            sum(part.files for part in self.parts),
            sum(part.bytes for part in self.parts),
            tuple(sorted(self._busy)),
            stay.count,
            tuple(stay.first),
            temp,
            dry_run=True,
        )

    def _prove(self, progress: Progress) -> None:
        if self._remote is None:
            return
        rows = (row for found in self._going() for row in found.rows)
        files, size = sum(part.files for part in self.parts), sum(part.bytes for part in self.parts)
        progress.start(files, "files read back", size)
        problems = prove_all(self._remote, rows, lambda row: progress.advance(size=row.size))
        if problems.count:
            more = f", and {problems.count - 1} more are not right" if problems.count > 1 else ""
            raise RemoteError(
                f"{problems.first[0]}{more}: nothing was removed",
                hint="push again, and look at 'vmevalkit verify --deep'",
            )

    def _going(self) -> Iterator[Judged]:
        return (one for one in self._judged() if one.problem is None and one.unit.experiment not in self._busy)

    def _judged(self) -> Iterator[Judged]:
        offset = 0
        while True:
            # Several readers may be under way in turn.
            self._spool.seek(offset)
            line = self._spool.readline()
            if not line:
                return
            offset = self._spool.tell()
            yield _unpacked(line)


@contextmanager
def plan_retention(
    root: DataRoot,
    policies: Policies,
    remote: Remote | None,
    *,
    snapshot: str | None = None,
    progress: Progress | None = None,
) -> Iterator[RetentionPlan]:
    """Find out what is due, and what of it a snapshot holds; nothing is changed.

    Args:
        root: the data root.
        policies: how long what is kept.
        remote: where the snapshot is; `None` removes what is due whether or not anything holds it.
        snapshot: which one; the latest if `None`.
        progress: is told of everything that is due.

    Raises:
        UsageError: there is no data root, or no such snapshot.
        RecordError: a folder cannot be read, or the manifest is damaged.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    root.existing()
    with ExitStack() as stack:
        rows: Iterable[Row] | None = None
        if remote is not None:
            latest = None if snapshot is not None else read_latest(remote)
            snapshot = snapshot or (latest.snapshot if latest is not None else None)
            rows = ()
            if snapshot is not None:
                rows = stack.enter_context(fetched_manifest(remote, snapshot)).rows()
        elif snapshot is not None:
            raise UsageError("a snapshot was named, but no remote is asked")
        spool = stack.enter_context(TemporaryFile("w+b"))
        holder = f"snapshot {snapshot}" if snapshot is not None else "any snapshot, as there is none"
        parts = _Parts(root, policies)
        progress.start(None, "runs and evaluations looked at")
        for one in judged(root, _due(root, policies, progress), rows, holder):
            spool.write(_packed(one))
            parts.add(one)
        yield RetentionPlan(root, policies, remote, snapshot, spool, parts.found())


def apply_retention_policies(
    root: DataRoot | None = None,
    *,
    remote: Remote | None = None,
    policies: Policies | None = None,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Retained:
    """Remove runs, evaluations and temporary files that have been kept for as long as the policies say.

    A run or an evaluation only goes if the latest snapshot holds it with the same bytes, which are read back first.
    Questions are never removed.

    Args:
        root: the data root; the configured one if `None`.
        remote: where the snapshots are; the configured one if `None`.
        policies: how long what is kept; as configured if `None`.
        force: remove what is due whether or not a snapshot holds it; no remote is asked.
        dry_run: only say what would be done.
        progress: is told of every file.

    Raises:
        VMEvalError: as `plan_retention` and `RetentionPlan.apply` say.

    """
    settings = load_settings()
    root = root or DataRoot(settings.data_dir)
    policies = policies or Policies.of(settings)
    asked = None if force else remote or open_remote(settings.remote_url, settings)
    with plan_retention(root, policies, asked, progress=progress) as plan:
        return plan.preview() if dry_run else plan.apply(progress)


def _due(root: DataRoot, policies: Policies, progress: Progress) -> Iterator[Unit]:
    moment = now_ns()
    for unit in all_units(root):
        progress.advance()
        days = policies.days(unit.section, unit.experiment)
        if days is not None and is_older(unit.newest_ns, days, moment):
            yield unit


class _Parts:
    """Sums up what is due."""

    def __init__(self, root: DataRoot, policies: Policies) -> None:
        self._root, self._policies = root, policies
        self._parts: dict[tuple[Kept, str], DuePart] = {}

    def add(self, one: Judged) -> None:
        unit = one.unit
        part = self._parts.get((unit.section, unit.experiment)) or self._empty(unit.section, unit.experiment)
        if one.problem is not None and not part.busy:
            part = replace(part, stay=part.stay + 1)
        elif not part.busy:
            files, size = part.files + len(unit.files), part.bytes + unit.size
            part = replace(part, units=part.units + 1, files=files, bytes=size)
        self._parts[unit.section, unit.experiment] = part

    def found(self) -> tuple[DuePart, ...]:
        return tuple(part for _, part in sorted(self._parts.items()))

    def _empty(self, section: Kept, experiment: str) -> DuePart:
        days = self._policies.days(section, experiment) or 0
        busy = is_held(experiment_lock(self._root, experiment))
        return DuePart(section, experiment, days, 0, 0, 0, 0, busy)


class _Removing:
    """One application of a plan."""

    def __init__(
        self, root: DataRoot, policies: Policies, remote: Remote | None, snapshot: str | None, progress: Progress
    ) -> None:
        self._root, self._policies, self._progress = root, policies, progress
        self._remote, self._snapshot = remote.url if remote else None, snapshot
        self._units, self._files, self._bytes = 0, 0, 0
        self._failures = FirstFew[str]()
        self.busy: set[str] = set()

    def experiment(self, name: str, found: Iterable[Judged]) -> None:
        """Remove what goes of an experiment, unless somebody is at work in it."""
        try:
            with (
                exclusive(experiment_lock(self._root, name), f"working in experiment {name}"),
                Journal(self._root) as journal,
            ):
                for one in found:
                    self._remove(one, journal.add)
                    self._progress.advance()
        except BusyError:
            self.busy.add(name)

    def failed(self, why: str) -> None:
        """Note something that stays."""
        self._failures.add(why)

    def outcome(self) -> Retained:
        """Return what has been done so far."""
        counts = (self._units, self._files, self._bytes)
        nothing = Cleanup((), {}, 0, 0, (), 0, (), dry_run=False)
        failures = self._failures.count, tuple(self._failures.first)
        return Retained(self._snapshot, self._remote, (), *counts, (), *failures, nothing, dry_run=False)

    def _remove(self, one: Judged, note: Callable[[dict[str, object]], None]) -> None:
        unit, place = one.unit, self._root.path / one.unit.path
        noted = False
        try:
            states = [check_same(file, sha256) for file, sha256 in zip(unit.files, one.sha256, strict=True)]
            note(self._entry(one))
            noted = True
            if unit.section == "outputs":
                remove_as_one(place, unit.files, states)
            else:
                remove_file(unit.files[0], states[0])
        except LeftAloneError as error:
            if noted:
                note({"event": "kept", "at": timestamp(), "path": unit.path, "why": error.problem})
            self.failed(error.message)
            return
        note_change(self._root, place if unit.section == "outputs" else place.parent)
        remove_empty_folders(place.parent, self._root.path / unit.section)
        self._units += 1
        self._files += len(unit.files)
        self._bytes += unit.size

    def _entry(self, one: Judged) -> dict[str, object]:
        """Return what the journal says of a unit that goes."""
        unit = one.unit
        keys = {row.path: row.key for row in one.rows}
        return {
            "event": "removed",
            "at": timestamp(),
            "path": unit.path,
            "newest": as_time(unit.newest_ns).isoformat(),
            "kept_days": self._policies.days(unit.section, unit.experiment),
            "remote": self._remote,
            "snapshot": self._snapshot,
            "files": [
                {"path": file.path, "link": file.link}
                if file.link
                else {"path": file.path, "size": file.size, "sha256": sha256, "key": keys.get(file.path)}
                for file, sha256 in zip(unit.files, one.sha256, strict=True)
            ],
        }


def _packed(one: Judged) -> bytes:
    unit = one.unit
    head = (unit.section, unit.experiment, unit.path, unit.newest_ns)
    return json.dumps((head, unit.files, one.sha256, one.rows, one.problem)).encode() + b"\n"


def _unpacked(line: bytes) -> Judged:
    (section, experiment, path, newest), files, sha256, rows, problem = json.loads(line)
    local = tuple(LocalFile(where, place, FileState(*state), link) for where, place, state, link in files)
    return Judged(
        Unit(section, experiment, path, local, newest), tuple(sha256), tuple(Row(*row) for row in rows), problem
    )
