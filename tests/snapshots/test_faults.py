"""A store that fails a part of the requests: a transfer ends whole and verified, or with the reason why it did not.

What is on the remote afterwards is read without the proxy that brings the faults.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support.fault_proxy import KINDS, FaultProxy
from support.folders import contents
from support.long import LONG, longer
from support.stores import Place, write_files

from vmevalkit.errors import RecordError, VMEvalError
from vmevalkit.snapshots import Remote, list_snapshots, pull, push, read_latest, tree_at
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

TRANSFERS = longer(6, 100)
PATIENCE_SECONDS = "1"
FILM, LARGE_BYTES = "outputs/film.mp4", 26 << 20
"""Large enough to go up in parts."""


def _through(place: Place, proxy: FaultProxy) -> Place:
    """Return the place as a client sees it that has the proxy before it."""
    return replace(
        place,
        environment={
            **place.environment,
            "AWS_ENDPOINT_URL": proxy.url,
            "VMEVAL_REMOTE_TIMEOUT": PATIENCE_SECONDS,
        },
    )


def _random_files(rng: random.Random) -> dict[str, bytes]:
    sizes = [0, 1, 100, 1000, 10_000, 100_000]
    return {f"questions/maze_task/maze_{n:04d}/prompt.txt": rng.randbytes(rng.choice(sizes)) for n in range(16)}


def _changed(files: dict[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """Return the files with a few of them different, gone or new."""
    different = {path: rng.randbytes(rng.randint(1, 50_000)) for path in rng.sample(sorted(files), 5)}
    different[f"outputs/pilot/{rng.randrange(1 << 32):08x}"] = rng.randbytes(1000)
    gone = rng.choice(sorted(files))
    return {path: data for path, data in {**files, **different}.items() if path != gone or path in different}


def _assert_stored(place: Place, snapshot: str, files: dict[str, bytes]) -> None:
    """Fail unless a snapshot names just these files, and each object that it names has their bytes."""
    with fetched_manifest(place.open(), snapshot) as manifest:
        assert {row.path: place.fetch(row.key) for row in manifest.rows()} == files


def _replace_tree(folder: Path, files: dict[str, bytes]) -> None:
    write_files(folder, files)
    for path in contents(folder).keys() - files.keys():
        (folder / path).unlink()


class _Pushes:
    """Pushes of a data root that keeps changing, and what is right after each."""

    def __init__(self, place: Place, folder: Path, files: dict[str, bytes]) -> None:
        self.place, self.folder, self.files = place, folder, files
        self.whole: dict[str, dict[str, bytes]] = {}
        """What each snapshot has to hold."""
        self.ends: Counter[str] = Counter()

    def push(self, client: Place) -> None:
        """Push, and fail unless it makes a whole snapshot, or says why not and leaves the older ones as they were."""
        _replace_tree(self.folder, self.files)
        tree, before = tree_at(self.folder), self._latest()
        try:
            result = push(client.open(), tree)
        except VMEvalError as error:
            assert error.message  # noqa: PT017 - an error is one of the two ends that are right
            self.ends[f"{type(error).__name__}: {error.message.split(': ')[-1]}"] += 1
            self._note_what_is_listed()
            assert self._latest() in {before, max(self.whole, default=None)}
        else:
            self.ends["whole"] += 1
            assert result.created
            _assert_stored(self.place, result.snapshot, self.files)
            self.whole[result.snapshot] = self.files
            self._note_what_is_listed()
            assert self._latest() == result.snapshot == max(self.whole)

    def _latest(self) -> str | None:
        pointer = read_latest(self.place.open())
        return None if pointer is None else pointer.snapshot

    def _note_what_is_listed(self) -> None:
        """A push that fails after its manifest has arrived has made a snapshot: then it must be whole."""
        for listed in list_snapshots(self.place.open()):
            assert not isinstance(listed, RecordError)
            if listed.snapshot not in self.whole:
                _assert_stored(self.place, listed.snapshot, self.files)
                self.whole[listed.snapshot] = self.files

    def assert_it_goes_on(self, minute: str, rng: random.Random, at: Callable[[str], None]) -> None:
        """Fail unless the next push makes a whole snapshot when the faults are over."""
        at(minute)
        self.files = _changed(self.files, rng)
        before = self.ends["whole"]
        self.push(self.place)
        assert self.ends["whole"] == before + 1, self.ends
        self.assert_all_are_as_they_were()

    def assert_all_are_as_they_were(self) -> None:
        assert [listed.snapshot for listed in list_snapshots(self.place.open())] == sorted(self.whole)
        for snapshot, files in self.whole.items():
            _assert_stored(self.place, snapshot, files)


def _pull(client: Place, snapshot: str, target: Path, files: dict[str, bytes]) -> str:
    """Pull, and fail unless every file comes as it was, or is named and does not come; tell how it ended."""
    try:
        result = pull(client.open(), snapshot, target)
    except VMEvalError as error:
        assert error.message  # noqa: PT017 - an error is one of the two ends that are right
        got = contents(target)
        assert got == {path: files[path] for path in got}
        return f"{type(error).__name__}: {error.message.split(': ')[-1]}"
    assert result.failed == len(result.failures)
    named = {failure.split(": ")[0] for failure in result.failures}
    assert contents(target) == {path: data for path, data in files.items() if path not in named}
    return "whole" if not named else f"{len(named)} files named"


def _tally(what: str, place: Place, proxy: FaultProxy, ends: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    if LONG:
        line = f"{what} on {place.kind}: {dict(ends)}; {proxy.requests} requests, {dict(sorted(proxy.faults.items()))}"
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")


@pytest.mark.long
@pytest.mark.parametrize("place", ["moto", "rclone"], indirect=True)
def test_pushes_through_faults_of_all_kinds_end_whole_or_with_a_reason(place, tmp_path, at, capsys):
    rng = random.Random(1)
    pushes = _Pushes(place, tmp_path / "data", _random_files(rng))
    with FaultProxy(place.environment["AWS_ENDPOINT_URL"], seed=1) as proxy:
        for number in range(TRANSFERS):
            at(f"20250115{10 + number // 60}{number % 60:02d}")
            pushes.files = _changed(pushes.files, rng)
            pushes.files.pop(FILM, None)
            if number % 10 == 1:
                pushes.files[FILM] = rng.randbytes(LARGE_BYTES)
            pushes.push(_through(place, proxy))
    _tally("pushes", place, proxy, pushes.ends, capsys)
    assert proxy.faults.total() >= TRANSFERS / 2
    assert pushes.ends["whole"] >= TRANSFERS / 2
    pushes.assert_it_goes_on("202501151230", rng, at)


@pytest.mark.long
@pytest.mark.parametrize("place", ["moto", "rclone"], indirect=True)
def test_pulls_through_faults_of_all_kinds_end_whole_or_with_a_reason(place, tmp_path, capsys):
    rng = random.Random(2)
    files = _random_files(rng) | {FILM: rng.randbytes(3 << 20)}
    write_files(tmp_path / "data", files)
    push(place.open(), tree_at(tmp_path / "data"), name="20250115")
    ends: Counter[str] = Counter()
    with FaultProxy(place.environment["AWS_ENDPOINT_URL"], seed=2) as proxy:
        for number in range(TRANSFERS):
            target = tmp_path / "back" / str(number)
            ends[_pull(_through(place, proxy), "20250115", target, files)] += 1
            # Whatever was missing comes the next time, and nothing is fetched twice.
            again = pull(place.open(), "20250115", target)
            assert (again.failed, again.written + again.skipped) == (0, len(files))
            assert contents(target) == files
    _tally("pulls", place, proxy, ends, capsys)
    assert proxy.faults.total() >= TRANSFERS / 2
    assert ends["whole"] >= TRANSFERS / 2


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", longer(["moto"], ["moto", "rclone"]), indirect=True)
def test_one_kind_of_fault_many_times(place, kind, tmp_path, at):
    rng = random.Random(kind)
    pushes = _Pushes(place, tmp_path / "data", _random_files(rng))
    share = 0.1 if kind == "stall" else 0.3  # A stall takes a second.
    with FaultProxy(place.environment["AWS_ENDPOINT_URL"], share=share, kinds=[kind], seed=2) as proxy:
        at("202501151030")
        pushes.push(_through(place, proxy))
        for snapshot, files in pushes.whole.items():
            _pull(_through(place, proxy), snapshot, tmp_path / "back", files)
        assert set(proxy.faults) == {kind}
    pushes.assert_it_goes_on("202501151031", rng, at)


WANTED = b'{"what": "shall be there"}\n' * 20


def _writes(remote: Remote) -> dict[str, Callable[[str], object]]:
    """Return the ways to write a document: each takes the key."""
    return {
        "write": lambda key: remote.write(key, WANTED),
        "create": lambda key: remote.create(key, WANTED),
        "update": lambda key: remote.update(key, lambda current: None if current == WANTED else WANTED),
        "update-older": lambda key: remote.update(key, lambda current: None if current == WANTED else WANTED),
    }


@pytest.mark.long
@pytest.mark.parametrize("kind", longer([kind for kind in KINDS if kind != "stall"], KINDS))
@pytest.mark.parametrize("place", ["moto", "rclone"], indirect=True)
def test_one_fault_does_not_keep_a_document_from_being_written(place, kind):
    def stored(case: tuple[str, int]) -> bytes:
        how, seed = case
        key = f"{how}/{seed}"
        if how == "update-older":
            place.open().write(key, WANTED.replace(b"shall", b"must"))
        with FaultProxy(
            place.environment["AWS_ENDPOINT_URL"], share=1, kinds=[kind], only=key, most=1, seed=seed
        ) as proxy:
            _writes(_through(place, proxy).open())[how](key)
        return place.fetch(key)

    cases = [(how, seed) for how in ("write", "create", "update", "update-older") for seed in range(4)]
    with ThreadPoolExecutor(8) as pool:
        for case, found in zip(cases, pool.map(stored, cases), strict=True):
            assert found == WANTED, case


@pytest.mark.long
@pytest.mark.parametrize("kind", longer(["flip-up"], KINDS))
@pytest.mark.parametrize(
    "document", ["manifest.jsonl.gz", "push.json", *longer([], ["latest/snapshot.json", ".vmevalkit/probe"])]
)
@pytest.mark.parametrize("place", ["moto", "rclone"], indirect=True)
def test_a_fault_in_each_document_of_a_push(place, kind, document, tmp_path, at):
    """The few objects that decide what is seen: each is hit the first time that it comes by."""
    rng = random.Random(kind)
    pushes = _Pushes(place, tmp_path / "data", _random_files(rng))
    at("202501151030")
    pushes.push(place)
    pushes.files = _changed(pushes.files, rng)
    endpoint = place.environment["AWS_ENDPOINT_URL"]
    with FaultProxy(endpoint, share=1, kinds=[kind], only=document, most=1) as proxy:
        at("202501151031")
        pushes.push(_through(place, proxy))
    assert pushes.ends["whole"] == 2, pushes.ends
    pushes.assert_it_goes_on("202501151032", rng, at)


@pytest.mark.long
@pytest.mark.parametrize("kind", longer(["flip-up", "flip-down"], KINDS))
@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_faults_without_end_are_told_and_nothing_is_visible(place, kind, tmp_path, at):
    """The first snapshot stays the latest when the store fails every request."""
    rng = random.Random(kind)
    pushes = _Pushes(place, tmp_path / "data", _random_files(rng))
    at("202501151030")
    pushes.push(place)
    first = pushes.files
    pushes.files = _changed(pushes.files, rng)
    with FaultProxy(place.environment["AWS_ENDPOINT_URL"], share=1, kinds=[kind]) as proxy:
        at("202501151031")
        pushes.push(_through(place, proxy))
        assert proxy.faults[kind] > 0
        assert (pushes.ends.total(), pushes.ends["whole"], list(pushes.whole)) == (2, 1, ["202501151030"])
        if kind != "flip-up":  # A pull sends no bodies.
            assert _pull(_through(place, proxy), "202501151030", tmp_path / "back", first) != "whole"
            assert contents(tmp_path / "back") == {}
    pushes.assert_it_goes_on("202501151032", rng, at)
