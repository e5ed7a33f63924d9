"""Finding and deleting what no snapshot needs: the leftovers of pushes that died, and objects that nothing names."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from vmevalkit.clock import real_now, timestamp
from vmevalkit.errors import UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots._keys import KeyTable, key_table
from vmevalkit.snapshots.catalog import NoSnapshotError, fetched_manifest, read_latest
from vmevalkit.snapshots.claim import token_of
from vmevalkit.snapshots.manifest import ManifestError
from vmevalkit.snapshots.names import ARCHIVE, claim_key, data_prefix, is_snapshot_name, manifest_key, snapshots_meant
from vmevalkit.snapshots.remote import Remote, persistently
from vmevalkit.snapshots.versions import read_log

GRACE = timedelta(hours=24)
"""How old garbage is at least; what is younger may belong to a push that is under way."""


@dataclass(frozen=True)
class GarbagePart:
    """What can go of one snapshot."""

    snapshot: str
    why: Literal["abandoned", "unnamed"]
    """A push has begun it and never ended; or it has objects that no manifest names."""
    objects: int
    bytes: int
    newest: datetime
    """When the newest of the objects was written, by the store's clock."""


@dataclass(frozen=True)
class Deleted:
    """What has been deleted."""

    objects: int
    bytes: int
    left: tuple[str, ...]
    """What was left after all, because somebody is at it again: a sentence each."""


class Garbage:
    """All that can go; found by `find_garbage`, and to be used inside its block."""

    def __init__(
        self,
        remote: Remote,
        keys: KeyTable,
        until: datetime | None,
        *,
        parts: tuple[GarbagePart, ...] = (),
        claims: dict[str, bytes] | None = None,
        notes: tuple[str, ...] = (),
        problems: tuple[str, ...] = (),
    ) -> None:
        self.parts = parts
        self.notes = notes
        """What the user should know, a sentence each."""
        self.problems = problems
        """Manifests that cannot be read, a sentence each. What they name is unknown, so there are no parts."""
        self._remote = remote
        self._keys = keys
        self._until = until
        self._claims = claims or {}

    @property
    def objects(self) -> int:
        """How many objects can go."""
        return sum(part.objects for part in self.parts)

    @property
    def bytes(self) -> int:
        """How large they are together."""
        return sum(part.bytes for part in self.parts)

    def delete(self, progress: Progress | None = None) -> Deleted:
        """Delete it. A push that goes on in the middle of this ends with an error before it publishes anything.

        Args:
            progress: is told of the objects, a part at a time.

        Raises:
            RemoteError: the store fails or refuses; what is gone is gone, and the rest can be found again.

        """
        progress = progress or Silent()
        progress.start(self.objects, "objects", self.bytes)
        objects, size, left = 0, 0, []
        for part in self.parts:
            reason = None
            if part.why == "unnamed":
                self._delete_unnamed(part.snapshot)
            else:
                reason = self._delete_abandoned(part.snapshot)
            if reason is None:
                objects, size = objects + part.objects, size + part.bytes
            else:
                left.append(f"{self._remote.uri(part.snapshot)} {reason}")
            progress.advance(part.objects, part.bytes)
        return Deleted(objects, size, tuple(left))

    def _delete_unnamed(self, name: str) -> None:
        self._remote.delete(self._keys.unnamed(data_prefix(name), until=self._until))
        _remove_empty_folders(self._remote, name)

    def _delete_abandoned(self, name: str) -> str | None:
        """Delete what a push has left; return why it was not done, or not all of it."""
        if not _take_over(self._remote, name, self._claims[name]):
            return "is being pushed again: it was left alone"
        if self._keys.total(data_prefix(name), named=True).objects:
            # The mark stays: the rest is found again when no snapshot names it any more.
            self._delete_unnamed(name)
            return None
        # All that is there, also what the push has written since it was listed, and a store's temporary files.
        persistently(partial(self._remote.delete_below, data_prefix(name)))
        if not self._remote.is_empty(data_prefix(name)):
            return "is still written to: the rest can go another time"
        self._remote.delete([claim_key(name)])
        _remove_empty_folders(self._remote, name)
        return None


@contextmanager
def find_garbage(remote: Remote, *, grace: timedelta = GRACE, progress: Progress | None = None) -> Iterator[Garbage]:
    """Find out what no snapshot needs; nothing is changed.

    Only folders with a snapshot's name are looked at, and only at what a push has put there: unfinished snapshots
    that carry the mark of a push, and the data folders of finished ones.

    Args:
        remote: where to look.
        grace: how old garbage must be: from when the store wrote it until now, by this machine's clock. If it is
            zero, any age will do, whatever the clocks say.
        progress: is told of every snapshot, first when it is listed, then when its manifest is read.

    Raises:
        UsageError: ``grace`` goes back to before there are dates.
        RecordError: the version log or the pointer to the latest snapshot is damaged.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    try:
        until = real_now() - grace if grace else None
    except OverflowError as error:
        raise UsageError(f"nothing is {grace.days} days old", hint="name a shorter time of grace") from error
    with key_table() as keys:
        # Listed first and read then: what a push publishes in between is not taken for garbage.
        names = _snapshot_names(remote)
        progress.start(len(names), "snapshots listed")
        for name in names:
            keys.add_listing(remote, name)
            progress.advance()
        finished, problems = _mark(remote, keys, progress)
        if problems:
            yield Garbage(remote, keys, until, problems=problems)
            return
        expected, notes = _expected(remote, finished)
        parts: list[GarbagePart] = []
        claims: dict[str, bytes] = {}
        for name in names:
            if name in finished:
                parts += _unnamed(keys, name, until)
            elif name not in expected:
                claims[name] = remote.read(claim_key(name)) or b""
                found = _abandoned(keys, name, claims[name], until)
                if isinstance(found, GarbagePart):
                    parts.append(found)
                elif found is not None:
                    notes.append(f"{remote.uri(name)} {found}: it is left alone")
        yield Garbage(remote, keys, until, parts=tuple(parts), claims=claims, notes=tuple(notes))


def _snapshot_names(remote: Remote) -> list[str]:
    archived = [f"{ARCHIVE}/{name}" for name in remote.folders(ARCHIVE)]
    return [name for name in [*remote.folders(), *archived] if is_snapshot_name(name)]


def _mark(remote: Remote, keys: KeyTable, progress: Progress) -> tuple[set[str], tuple[str, ...]]:
    """Note what all manifests name; return the finished snapshots, and what cannot be read."""
    names, finished, problems = _snapshot_names(remote), set(), []
    progress.start(len(names), "manifests read")
    for name in names:
        try:
            with fetched_manifest(remote, name, checked=False) as manifest:
                keys.mark_all(row.key for row in manifest.rows() if row.key)
            finished.add(name)
        except NoSnapshotError:
            if keys.has(manifest_key(name)):
                problems.append(f"{remote.uri(manifest_key(name))}: was there a moment ago, and is gone")
        except ManifestError as error:
            problems.append(error.message)
        progress.advance()
    return finished, tuple(problems)


def _expected(remote: Remote, finished: set[str]) -> tuple[set[str], list[str]]:
    """Return the snapshots that the pointer and the version log name in vain: they were finished once."""
    named: list[tuple[str, str, tuple[str, ...]]] = []
    if (pointer := read_latest(remote)) is not None:
        named.append(("latest", remote.uri(pointer.snapshot), (pointer.snapshot,)))
    for version in read_log(remote).versions:
        place = version.s3_uri.removesuffix("/").removesuffix("/data")
        named.append((f"version {version.version}", place, snapshots_meant(version.s3_uri, remote.url)))
    lost = [(label, place, meant) for label, place, meant in named if meant and finished.isdisjoint(meant)]
    notes = [f"{label} is {place}, which has no manifest: it is left alone" for label, place, _ in lost]
    return {snapshot for _, _, meant in lost for snapshot in meant}, notes


def _unnamed(keys: KeyTable, name: str, until: datetime | None) -> list[GarbagePart]:
    """Return what can go of a finished snapshot."""
    found = keys.total(data_prefix(name), named=False, until=until)
    return [] if found.newest is None else [GarbagePart(name, "unnamed", found.objects, found.bytes, found.newest)]


def _abandoned(keys: KeyTable, name: str, claim: bytes, until: datetime | None) -> GarbagePart | str | None:
    """Return what can go of an unfinished snapshot, or why nothing can."""
    here = [total.newest for named in (False, True) if (total := keys.total(name, named=named)).newest is not None]
    if not here:
        return None  # An empty folder on a disk.
    if token_of(claim) is None:
        return "has neither a manifest nor the mark of a push"
    needed, rest = (keys.total(data_prefix(name), named=named) for named in (True, False))
    if needed.objects and not rest.objects:
        return None
    newest = max(here)
    if until is not None and newest > until:
        return f"has no manifest and is as young as {newest:%Y-%m-%d %H:%M} UTC"
    marks = 0 if needed.objects else 1
    return GarbagePart(name, "abandoned", rest.objects + marks, rest.bytes + marks * len(claim), newest)


def _take_over(remote: Remote, name: str, claim: bytes) -> bool:
    """Put our own mark in place of a push's, so that it cannot publish any more; return whether it had not."""
    mark = {"token": secrets.token_hex(16), "snapshot": name, "remote": remote.url, "started_at": timestamp()}
    ours = (json.dumps(mark) + "\n").encode()
    if not _replaced(remote, name, claim, ours):
        return False
    if not remote.exists(manifest_key(name)):
        return True
    _replaced(remote, name, ours, claim)
    return False


def _replaced(remote: Remote, name: str, old: bytes, new: bytes) -> bool:
    """Replace a mark; return whether it was still the old one."""
    done = False

    def change(current: bytes | None) -> bytes | None:
        nonlocal done
        done = current in (old, new)
        return new if current == old else None

    remote.update(claim_key(name), change)
    return done


def _remove_empty_folders(remote: Remote, name: str) -> None:
    """A bucket has no folders; on a disk they stay when the last file goes."""
    if remote.folder is None:
        return
    top = remote.folder / name
    for folder, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()
    if top.parent != remote.folder:
        with suppress(OSError):
            top.parent.rmdir()
