"""Pushes and pulls that are killed at any moment, and then simply run again."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.fault_proxy import FaultProxy
from support.folders import contents
from support.long import longer
from support.stores import Place, write_files

from vmevalkit.dataroot import is_temporary
from vmevalkit.snapshots import list_snapshots, push, read_latest, tree_at
from vmevalkit.snapshots.catalog import fetched_manifest
from vmevalkit.snapshots.walk import walk

pytestmark = pytest.mark.s3

KILLS, FILES = longer((2, 80), (100, 300))
"""On each kind of store."""
LARGE_BYTES = 26 << 20
"""Large enough to go up in parts."""
START = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def _name(minute: int) -> str:
    return f"{START + timedelta(minutes=minute):%Y%m%d%H%M}"


@dataclass
class _Victim:
    """Runs commands, and kills some of them at a random moment of the time in which they use the remote.

    On a server that moment is a random one of the requests; in a folder, where there are none, a random part of the
    time that the whole command needs after its first trace.
    """

    place: Place
    proxy: FaultProxy | None
    minute: int = 0
    """The clock of the next command, in minutes after START."""
    moments: random.Random = field(default_factory=lambda: random.Random(7))
    requests: int = 0
    seconds: float = 0.0

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        moment = START + timedelta(minutes=self.minute)
        return subprocess.Popen(
            [sys.executable, "-m", "vmevalkit", *arguments, "--remote", self.place.url],
            env={**os.environ, **self.place.environment, "SOURCE_DATE_EPOCH": str(int(moment.timestamp()))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path) -> None:
        """Run a command to its end, which must be a good one."""
        with self.start(*arguments) as process:
            said = process.communicate()[1]
        assert process.returncode == 0, said

    def measure(self, trace: Path | None, *arguments: str | Path) -> None:
        """Run a command to its end, and note how long it is; ``trace`` appears when it begins to use a folder."""
        before = self.proxy.requests if self.proxy else 0
        with self.start(*arguments) as process:
            _wait(process, lambda: trace is None or trace.exists())
            begun = time.monotonic()
            said = process.communicate()[1]
        assert process.returncode == 0, said
        self.seconds = time.monotonic() - begun
        self.requests = self.proxy.requests - before if self.proxy else 0

    def kill(self, trace: Path, *arguments: str | Path) -> None:
        """Start a command and kill it."""
        with self.start(*arguments) as process:
            if self.proxy is None:
                _wait(process, trace.exists)
                time.sleep(self.moments.random() * self.seconds)
            else:
                last = self.proxy.requests + self.moments.randint(1, self.requests)
                _wait(process, lambda: self.proxy.requests >= last)
                time.sleep(self.moments.random() * 0.005)
            process.kill()
            process.communicate()


def _wait(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Wait for a condition, or for the end of the process."""
    while process.poll() is None and not condition():
        time.sleep(0.0005)


@pytest.fixture
def victim(place) -> Iterator[_Victim]:
    if place.kind == "folder":
        yield _Victim(place, None)
        return
    with FaultProxy(place.environment["AWS_ENDPOINT_URL"], share=0) as proxy:
        yield _Victim(replace(place, environment={**place.environment, "AWS_ENDPOINT_URL": proxy.url}), proxy)


def _files(number: int, rng: random.Random) -> dict[str, bytes]:
    """Return the files of a data root in its ``number``-th state: most of them differ from state to state."""
    files = {f"questions/maze_task/maze_{n:04d}/prompt.txt": rng.randbytes(rng.randint(0, 5000)) for n in range(FILES)}
    if number % 10 == 1:
        files["outputs/film.mp4"] = rng.randbytes(LARGE_BYTES)
    return files


def _write_tree(folder: Path, files: dict[str, bytes]) -> None:
    """Bring a data root into a state; its files are an hour old, so that a push may trust their times."""
    for path, data in files.items():
        file = folder / path
        if not file.exists() or file.read_bytes() != data:
            write_files(folder, {path: data})
            os.utime(file, (time.time() - 3600, time.time() - 3600))
    for path in contents(folder).keys() - files.keys():
        (folder / path).unlink()


def _is_bookkeeping(key: str, whole: dict[str, dict[str, bytes]]) -> bool:
    """Tell whether an object is not a file of a snapshot, but has its place on a remote."""
    if key.startswith(".vmevalkit/") or key in ("latest/snapshot.json", "versions.json"):
        return True
    return any(key in (f"{name}/manifest.jsonl.gz", f"{name}/push.json") for name in whole)


@pytest.mark.long
@pytest.mark.parametrize("place", longer(["moto", "folder"], ["moto", "rclone", "folder"]), indirect=True)
def test_a_push_that_was_killed_and_is_run_again_is_whole_and_gc_finds_what_it_left(place, victim, tmp_path):
    rng, data = random.Random(1), tmp_path / "data"
    folder = Path(place.url.removeprefix("file://"))
    files = _files(0, rng)
    _write_tree(data, files)
    victim.measure(folder / _name(0) / "push.json", "push", "--data-dir", data)
    whole = {_name(0): files}
    for number in range(1, KILLS + 1):
        # A third of the files stays: they are copied on the remote.
        new = _files(number, rng)
        files = {path: files.get(path, content) if rng.random() < 0.3 else content for path, content in new.items()}
        _write_tree(data, files)
        victim.minute = 2 * number
        victim.kill(folder / _name(victim.minute) / "push.json", "push", "--data-dir", data)

        seen = {listed.snapshot for listed in list_snapshots(place.open())}
        assert seen in (set(whole), {*whole, _name(victim.minute)})
        assert read_latest(place.open()).snapshot in seen

        if number % 2 == 0:  # What the killed push has sent may be gone when it is resumed.
            del files[min(files)]
            _write_tree(data, files)
        victim.minute += 1
        victim.run("push", "--data-dir", data)

        latest = read_latest(place.open()).snapshot
        made = [listed.snapshot for listed in list_snapshots(place.open()) if listed.snapshot not in whole]
        assert made[-1] == latest
        assert set(made) <= {_name(victim.minute - 1), _name(victim.minute)}
        with fetched_manifest(place.open(), latest) as manifest:
            assert {row.path: place.fetch(row.key) for row in manifest.rows()} == files
        whole |= dict.fromkeys(made, files)
        assert not push(place.open(), tree_at(data)).created

    victim.run("gc", "--grace", "0", "--yes")
    named = set()
    for name in whole:
        with fetched_manifest(place.open(), name) as manifest:
            named |= {row.key for row in manifest.rows()}
    kept = set(place.objects())
    assert named <= kept
    assert {key for key in kept - named if not _is_bookkeeping(key, whole)} == set()


@pytest.mark.long
@pytest.mark.parametrize("place", longer(["rclone", "folder"], ["moto", "rclone", "folder"]), indirect=True)
def test_a_pull_that_was_killed_and_is_run_again_is_whole(place, victim, tmp_path):
    files = _files(1, random.Random(1))
    write_files(tmp_path / "data", files)
    push(place.open(), tree_at(tmp_path / "data"), name="20250115")
    target = tmp_path / "undisturbed"
    victim.measure(target, "pull", "20250115", "--to", target)
    for number in range(KILLS):
        target = tmp_path / "back" / str(number)
        victim.kill(target, "pull", "20250115", "--to", target)
        early = {path: content for path, content in contents(target).items() if not _temporary(path)}
        assert early == {path: files[path] for path in early}
        victim.run("pull", "20250115", "--to", target)
        assert {path: content for path, content in contents(target).items() if not _temporary(path)} == files
        assert [file.path for file in walk(tree_at(target))] == sorted(files)


def _temporary(path: str) -> bool:
    """Tell whether a name is one that all readers of a data root pass over."""
    return any(is_temporary(name) for name in path.split("/"))
