"""Stored bytes that have changed by themselves: one bit, with the size and the times as they were."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.folders import contents
from support.long import longer
from support.stores import Place, bucket, write_files

from vmevalkit.cli import main
from vmevalkit.errors import VMEvalError
from vmevalkit.snapshots import push, read_latest, tree_at
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

FILES = 1000
FLIPS = longer([7], [1, 7, 100, FILES])
SNAPSHOT = "202501151030"


@dataclass(frozen=True)
class Stored:
    """A snapshot of a thousand files, and where its objects lie on this machine's disk."""

    place: Place
    folder: Path
    files: dict[str, bytes] = field(repr=False)

    def object(self, path: str) -> Path:
        return self.folder / SNAPSHOT / "data" / path


@pytest.fixture(scope="module", params=["rclone", "folder"])
def stored(request, tmp_path_factory) -> Stored:
    here = tmp_path_factory.mktemp("rot")
    if request.param == "folder":
        place, folder = Place("folder", f"file://{here / 'remote'}"), here / "remote"
    else:
        place = bucket("rclone", request.getfixturevalue("rclone_url"))
        folder = request.getfixturevalue("rclone_folder") / place.url.removeprefix("s3://")
    rng = random.Random(0)
    files = {
        f"questions/maze_task/maze_{number:04d}/first_frame.png": rng.randbytes(rng.randint(1, 4000))
        for number in range(FILES)
    }
    write_files(here / "data", files)
    push(place.open(), tree_at(here / "data"), name=SNAPSHOT)
    return Stored(place, folder, files)


@pytest.fixture(params=FLIPS)
def rotten(request, stored, monkeypatch) -> Iterator[set[str]]:
    """Paths whose objects have one bit turned over; and the settings of a user of that remote."""
    for name, value in stored.place.environment.items():
        monkeypatch.setenv(name, value)
    rng = random.Random(request.param)
    chosen = {path: rng.random() for path in rng.sample(sorted(stored.files), request.param)}
    for path, where in chosen.items():
        _flip(stored.object(path), where)
    yield set(chosen)
    for path, where in chosen.items():
        _flip(stored.object(path), where)


def _flip(path: Path, where: float) -> None:
    """Turn over one bit of a file, at a place from 0 (the first) to 1."""
    data, status = bytearray(path.read_bytes()), path.stat()
    bit = int(where * len(data) * 8)
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _named(stored: Stored, capsys: pytest.CaptureFixture[str]) -> set[str]:
    shown = capsys.readouterr()
    return {path for path in stored.files if path in shown.out + shown.err}


@pytest.mark.long
def test_a_deep_verify_names_exactly_the_damaged_objects(stored, rotten, capsys):
    assert main(["verify", f"{stored.place.url}@{SNAPSHOT}", "--deep"]) == 1
    assert _named(stored, capsys) == rotten


@pytest.mark.long
def test_a_pull_names_exactly_the_damaged_objects_and_writes_none_of_them(stored, rotten, capsys, tmp_path):
    assert main(["pull", SNAPSHOT, "--remote", stored.place.url, "--to", str(tmp_path / "back")]) == 1
    assert _named(stored, capsys) == rotten
    assert contents(tmp_path / "back") == {path: data for path, data in stored.files.items() if path not in rotten}


def test_a_sound_snapshot_passes_the_deep_verify(stored, capsys, monkeypatch):
    for name, value in stored.place.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["verify", f"{stored.place.url}@{SNAPSHOT}", "--deep"]) == 0
    assert _named(stored, capsys) == set()


# The documents: a flipped bit is found, or changes nothing that counts.


@contextmanager
def _flipped(path: Path, bit: int) -> Iterator[None]:
    where = (bit + 0.5) / (path.stat().st_size * 8)
    _flip(path, where)
    try:
        yield
    finally:
        _flip(path, where)


@pytest.fixture
def remote_folder(folder_place, tree) -> Path:
    push(folder_place.open(), tree, name=SNAPSHOT)
    return Path(folder_place.url.removeprefix("file://"))


@pytest.mark.long
def test_a_flipped_bit_in_a_manifest_is_found_or_changes_nothing(folder_place, remote_folder):
    remote, path = folder_place.open(), remote_folder / SNAPSHOT / "manifest.jsonl.gz"
    with fetched_manifest(remote, SNAPSHOT) as manifest:
        sound = (manifest.header, list(manifest.rows()))
    bits, found = path.stat().st_size * 8, 0
    for bit in longer(random.Random(0).sample(range(bits), 150), range(bits)):
        with _flipped(path, bit):
            try:
                with fetched_manifest(remote, SNAPSHOT) as manifest:
                    assert (manifest.header, list(manifest.rows())) == sound
            except VMEvalError as error:
                assert "manifest.jsonl.gz" in error.message  # noqa: PT017 - an error is one of two right answers
                found += 1
    assert found > 50


@pytest.mark.long
def test_a_flipped_bit_in_the_pointer_never_leads_to_another_snapshot(folder_place, remote_folder):
    remote, path = folder_place.open(), remote_folder / "latest/snapshot.json"
    bits, found = path.stat().st_size * 8, 0
    for bit in range(longer(60 * 8, bits)):  # The snapshot's name comes first.
        with _flipped(path, bit):
            try:
                assert read_latest(remote).snapshot == SNAPSHOT
            except VMEvalError as error:
                assert "latest/snapshot.json" in error.message  # noqa: PT017 - an error is one of two right answers
                found += 1
    assert found > 50
