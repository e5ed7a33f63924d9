"""Archiving, bringing back and retention, killed at any moment: each file is here or safely there, and again completes.

What is on the remote is read without our own code where there is a server.
"""

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aged import NAME, add_experiment, content, journal, push_all
from snapshot_places import Place

from vmevalkit.dataroot import ARCHIVED_NAME, DataRoot, is_temporary
from vmevalkit.lifecycle import apply_retention_policies, archive, unarchive
from vmevalkit.snapshots import list_snapshots
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

LONG = "VMEVAL_LONG" in os.environ
KILLS, TASKS = 50 if LONG else 3, 20
STUB = f"outputs/{NAME}/{ARCHIVED_NAME}"


@dataclass
class _Victim:
    """Runs a command on a data root, and kills it at a random moment between its first trace and its usual end."""

    root: DataRoot
    place: Place
    moments: random.Random = field(default_factory=lambda: random.Random(7))
    seconds: float = 0.0
    killed: int = 0
    """How often it was not too late."""

    def measure(self, trace, *arguments: str) -> None:
        """Run a command to its good end, and note how long it takes after its first trace."""
        with self._start(*arguments) as process:
            begun = self._wait(process, trace)
            said = process.communicate()[1]
        assert process.returncode == 0, said
        self.seconds = time.monotonic() - begun

    def kill(self, trace, *arguments: str) -> None:
        """Start a command and kill it."""
        with self._start(*arguments) as process:
            self._wait(process, trace)
            time.sleep(self.moments.random() * self.seconds)
            self.killed += process.poll() is None
            process.kill()
            process.communicate()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vmevalkit", *arguments, "--yes", "--data-dir", self.root.path],
            env={**os.environ, **self.place.environment, "VMEVAL_REMOTE": self.place.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _wait(self, process: subprocess.Popen[str], trace) -> float:
        while process.poll() is None and not trace():
            time.sleep(0.0005)
        return time.monotonic()


def _here(root: DataRoot) -> dict[str, bytes]:
    """Return what all readers of a data root see of the experiment."""
    found = content(root, "outputs") | content(root, "evaluations")
    return {path: data for path, data in found.items() if path != STUB and not any(map(is_temporary, path.split("/")))}


def _stored(place: Place) -> dict[str, set[bytes]]:
    """Return what finished snapshots and archives hold, by path."""
    found: dict[str, set[bytes]] = {}
    for listed in list_snapshots(place.open()):
        with fetched_manifest(place.open(), listed.snapshot) as manifest:
            for row in manifest.rows():
                found.setdefault(row.path, set()).add(place.fetch(row.key))
    return found


def _assert_safe(root: DataRoot, place: Place, before: dict[str, bytes]) -> None:
    """Fail unless each file is here as it was, or there."""
    here = _here(root)
    assert here == {path: before[path] for path in here}
    missing = before.keys() - here.keys()
    if missing:
        there = _stored(place)
        assert [path for path in sorted(missing) if before[path] not in there.get(path, ())] == []


@pytest.mark.parametrize("place", ["moto", "folder"] if LONG else ["folder"], indirect=True)
def test_archiving_and_bringing_back_that_were_killed(root, place):
    add_experiment(root, tasks=TASKS)
    before = _here(root)
    victim = _Victim(root, place)
    lock = root.lock(f"experiment.{NAME}")
    lock.parent.mkdir(parents=True, exist_ok=True)

    def begun() -> bool:
        return lock.exists()

    victim.measure(begun, "archive", NAME)
    archiving = victim.seconds
    lock.unlink()
    victim.measure(begun, "unarchive", NAME, "--remove-remote")
    returning = victim.seconds
    assert _here(root) == before
    for number in range(KILLS):
        lock.unlink()
        victim.seconds = archiving
        victim.kill(begun, "archive", NAME)
        _assert_safe(root, place, before)
        # A stub stands only for what is whole on the remote.
        assert not (root.path / STUB).exists() or _stored(place).keys() >= before.keys()
        if _here(root):
            assert archive(root, place.open(), NAME).failures == ()
        assert _here(root) == {}
        _assert_safe(root, place, before)

        if number % 3 == 0:
            lock.unlink(missing_ok=True)
            victim.seconds = returning
            victim.kill(begun, "unarchive", NAME)
            assert (root.path / STUB).exists() or _here(root) == before
            _assert_safe(root, place, before)
        if (root.path / STUB).exists():
            unarchive(root, place.open(), NAME, remove_remote=True)
        assert _here(root) == before
    assert victim.killed >= KILLS / 2


@pytest.mark.parametrize("place", ["moto", "folder"] if LONG else ["folder"], indirect=True)
def test_retention_that_was_killed(root, place, tmp_path):
    victim = _Victim(root, place)
    lock = root.lock("retain")

    def begun() -> bool:
        return lock.exists()

    add_experiment(root, days=200, tasks=TASKS)
    before = _here(root)
    push_all(root, place, "20250101")
    victim.measure(begun, "retain")
    assert _here(root) == {}
    for _ in range(KILLS):
        lock.unlink()
        add_experiment(root, days=200, tasks=TASKS)
        assert _here(root) == before
        victim.kill(begun, "retain")
        _assert_safe(root, place, before)
        noted = {file["path"] for line in journal(root) for file in line["files"]}
        assert before.keys() - _here(root).keys() <= noted
        done = apply_retention_policies(root, remote=place.open())
        assert (done.failures, _here(root)) == ((), {})
        left = [path for path in Path(root.outputs).rglob("*") if path.is_file()]
        assert left == []
    assert victim.killed >= KILLS / 2
