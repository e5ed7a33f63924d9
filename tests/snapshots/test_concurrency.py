"""Several who push, log and read at the same moment: nothing is lost, and no reader sees half of anything."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from support.folders import contents
from support.long import longer
from support.stores import Place, write_files

from vmevalkit.dataroot import DataRoot
from vmevalkit.snapshots import add_version, list_snapshots, pull, push, read_latest, read_log, tree_at

pytestmark = [pytest.mark.s3, pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)]
"""rclone's server takes no notice of conditions: there a push says that nobody else may push at the same moment."""

ROUNDS = longer(2, 20)
FILES = 25
MINUTE = "202501151030"


@pytest.fixture
def two_roots(tmp_path) -> list[Path]:
    """Two machines' data roots, with the same names and different bytes."""
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        _change(root, 0)
    return roots


def _change(root: Path, number: int) -> None:
    content = f"{root.name} {number} ".encode()
    write_files(root, {f"questions/maze_task/maze_{i:04d}/prompt.txt": content * (i + 1) for i in range(FILES)})


def _push_at_once(place: Place, roots: list[Path], minutes: list[str], *options: str) -> list[tuple[int, str]]:
    """Start a push of each root at the same moment, each in its process; return the exit statuses and what was said."""
    processes = []
    for root, minute in zip(roots, minutes, strict=True):
        moment = datetime.strptime(minute, "%Y%m%d%H%M").replace(tzinfo=UTC)
        command = [sys.executable, "-m", "vmevalkit", "push", "--remote", place.url, "--data-dir", root, *options]
        environment = {**os.environ, **place.environment, "SOURCE_DATE_EPOCH": str(int(moment.timestamp()))}
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        )
    said = [process.communicate()[1] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


@contextmanager
def _reader(place: Place, folder: Path) -> Iterator[dict[str, list[dict[str, bytes]]]]:
    """Pull the latest snapshot, and those listed, again and again; give what was seen under each name."""
    seen: dict[str, list[dict[str, bytes]]] = {}
    done = Event()

    def read() -> None:
        remote, number = place.open(), 0
        while True:
            last = done.wait(0.02)
            latest = read_latest(remote)
            if latest is not None:
                number += 1
                result = pull(remote, latest.snapshot, folder / str(number))
                assert (result.failed, result.written) == (0, latest.files)
                seen.setdefault(latest.snapshot, []).append(contents(folder / str(number)))
            for listed in list_snapshots(remote):
                assert listed.header.files == FILES
            if last:
                return

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            yield seen
        finally:
            done.set()
            reading.result()


@pytest.mark.parametrize("options", [["--date", MINUTE], ["--force"]])
def test_of_two_pushes_with_one_name_one_wins_and_the_other_is_told(place, two_roots, tmp_path, options):
    with _reader(place, tmp_path / "seen") as seen:
        ended = _push_at_once(place, two_roots, [MINUTE, MINUTE], *options)
    assert sorted(status for status, _ in ended) == [0, 1], ended
    winner = 0 if ended[0][0] == 0 else 1
    error, hint = ended[1 - winner][1].splitlines()[-2:]
    assert error.startswith("error: ")
    assert MINUTE in error
    assert "--date" in hint

    remote, files = place.open(), contents(two_roots[winner])
    assert read_latest(remote).snapshot == MINUTE
    data = f"{MINUTE}/data/"
    assert {key.removeprefix(data): place.fetch(key) for key in place.objects() if key.startswith(data)} == files
    assert set(seen) == {MINUTE}
    assert all(found == files for found in seen[MINUTE])

    # What the other one wanted to keep is not lost: its next push brings it.
    push(remote, tree_at(two_roots[1 - winner]), name="202501151031")
    pull(remote, "202501151031", tmp_path / "other")
    assert contents(tmp_path / "other") == contents(two_roots[1 - winner])


@pytest.mark.long
def test_two_pushes_with_two_names_both_land_and_the_later_is_the_latest(place, two_roots, tmp_path):
    expected: dict[str, dict[str, bytes]] = {}
    with _reader(place, tmp_path / "seen") as seen:
        for number in range(ROUNDS):
            names = [f"2025011510{2 * number + i:02d}" for i in range(2)]
            for root, name in zip(two_roots, names, strict=True):
                _change(root, number)
                expected[name] = contents(root)
            ended = _push_at_once(place, two_roots, names)
            assert [status for status, _ in ended] == [0, 0], ended
            assert read_latest(place.open()).snapshot == names[1]
    for name, files in expected.items():
        assert pull(place.open(), name, tmp_path / name).failed == 0
        assert contents(tmp_path / name) == files
    assert [listed.snapshot for listed in list_snapshots(place.open())] == sorted(expected)
    assert max(seen) == max(expected)
    assert all(found == expected[name] for name, all_found in seen.items() for found in all_found)


def test_two_pushes_of_one_data_root_do_not_mix(place, two_roots, tmp_path):
    root = two_roots[0]
    ended = _push_at_once(place, [root, root], [MINUTE, MINUTE])
    # The second finds the first at work, or the work done.
    assert sorted(status for status, _ in ended) in ([0, 0], [0, 1]), ended
    assert [listed.snapshot for listed in list_snapshots(place.open())] == [MINUTE]
    pull(place.open(), MINUTE, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(root)


@contextmanager
def _log_reader(place: Place) -> Iterator[None]:
    """Read the log again and again; fail if it cannot be read or has lost an entry since."""
    done = Event()

    def read() -> None:
        remote, before = place.open(), ()
        while not done.wait(0.02):
            versions = read_log(remote).versions
            assert versions[: len(before)] == before
            before = versions

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            yield
        finally:
            done.set()
            reading.result()


def _assert_logged_in_turn(place: Place, logged: list[str], count: int) -> None:
    expected = [f"1.{number}" for number in range(count)]
    assert sorted(logged, key=lambda version: int(version[2:])) == expected
    assert [entry["version"] for entry in json.loads(place.fetch("versions.json"))["versions"]] == expected


def test_twenty_who_log_at_once_get_twenty_numbers(place, two_roots, tmp_path):
    push(place.open(), tree_at(two_roots[0]), name=MINUTE)
    machines = [(place.open(), DataRoot(tmp_path / f"machine-{number}")) for number in range(20)]
    with _log_reader(place), ThreadPoolExecutor(len(machines)) as pool:
        entries = list(pool.map(lambda m: add_version(m[0], MINUTE, mirror=m[1]), machines))
    _assert_logged_in_turn(place, [entry.version for entry in entries], 20)


_LOGGER = """
import sys
from vmevalkit.snapshots import log_version
for _ in range(5):
    print(log_version(None, sys.argv[1], {"change": sys.argv[2]}).version)
"""


def test_twenty_entries_from_four_processes_are_all_in_the_log(place, two_roots, tmp_path):
    push(place.open(), tree_at(two_roots[0]), name=MINUTE)
    loggers = []
    with _log_reader(place):
        for number in range(4):
            root = tmp_path / f"machine-{number}"
            root.mkdir()
            environment = {**os.environ, **place.environment, "VMEVAL_DATA_DIR": str(root)}
            command = [sys.executable, "-c", _LOGGER, f"{place.url}/{MINUTE}/data", str(number)]
            loggers.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        logged = [logger.communicate()[0].split() for logger in loggers]
    assert [logger.returncode for logger in loggers] == [0] * 4
    _assert_logged_in_turn(place, [version for versions in logged for version in versions], 20)
