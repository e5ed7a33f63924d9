"""The latest manifest, kept under the data root: it spares requests, and decides nothing."""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
from support.folders import contents
from support.stores import Place, bucket, write_files

from benchmarks.servers import counting_proxy
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Tree, open_remote, pull, push, read_latest, tree_at
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

FRAME = "questions/chess_task/chess_0000/first_frame.png"
AGE = 1_700_000_000


def _kept(tree: Tree) -> Path:
    return tree.root.state / "latest.manifest"


def _age(tree: Tree) -> None:
    """Make all files look as if they had not been written just now: what is known of them counts."""
    for folder, _, names in os.walk(tree.root.path):
        for name in names:
            os.utime(Path(folder, name), (AGE, AGE))


# Requests.


def _requests(place: Place, tree: Tree, **options: object) -> dict[str, int]:
    """Push and return how many requests of each kind that took."""
    with counting_proxy(place.environment["AWS_ENDPOINT_URL"]) as (proxy, counts):
        through = replace(place, environment={**place.environment, "AWS_ENDPOINT_URL": proxy})
        push(through.open(), tree, **options)
        return {kind: count for kind, count in counts.take().items() if count}


@pytest.mark.parametrize("count", [3, 60])
def test_a_push_of_nothing_new_asks_for_the_pointer_and_for_the_state_of_the_manifest(moto_place, tmp_path, count):
    write_files(tmp_path / "data", {f"questions/{number}": b"%d" % number for number in range(count)})
    tree = tree_at(tmp_path / "data")
    _age(tree)
    push(moto_place.open(), tree, name="20250115")
    assert _requests(moto_place, tree) == {"GET": 1, "HEAD": 1}


def test_the_requests_of_an_incremental_push_do_not_grow_with_the_tree(moto_url, tmp_path):
    counted = []
    for count in (3, 60):
        place = bucket("moto", moto_url)
        write_files(tmp_path / str(count), {f"questions/{number}": b"%d" % number for number in range(count)})
        tree = tree_at(tmp_path / str(count))
        push(place.open(), tree, name="20250115")
        write_files(tree.root.path, {"questions/1": b"changed"})
        counted.append(_requests(place, tree, name="20250116", incremental=True))
    assert counted[0] == counted[1]
    assert counted[0]["GET"] <= 3  # The pointer twice, and the mark of the push: no manifest.


@pytest.mark.parametrize(("known", "readings"), [(b"", 2), (b"the bytes", 1), (b"other bytes", 2)])
def test_where_etags_prove_nothing_one_reading_that_agrees_with_what_is_known_is_enough(monkeypatch, known, readings):
    remote, asked, get = open_remote("memory://", Settings(_env_file=None)), [], obstore.get
    remote.write("a", b"the bytes")
    monkeypatch.setattr(obstore, "get", lambda store, key: asked.append(key) or get(store, key))
    assert remote.read("a", known or None) == b"the bytes"
    assert len(asked) == readings
    out = io.BytesIO()
    remote.download("a", out, hashlib.md5(known, usedforsecurity=False).hexdigest() if known else "")
    assert (out.getvalue(), len(asked)) == (b"the bytes", 2 * readings)


# A copy that is not what it should be.


def _gone(tree: Tree, _: bytes) -> None:
    _kept(tree).unlink()


def _cut(tree: Tree, _: bytes) -> None:
    _kept(tree).write_bytes(_kept(tree).read_bytes()[:-9])


def _flipped(tree: Tree, _: bytes) -> None:
    data = bytearray(_kept(tree).read_bytes())
    data[-20] ^= 1
    _kept(tree).write_bytes(data)


def _rubbish(tree: Tree, _: bytes) -> None:
    _kept(tree).write_bytes(os.urandom(300))


def _empty(tree: Tree, _: bytes) -> None:
    _kept(tree).write_bytes(b"")


def _older(tree: Tree, older: bytes) -> None:
    _kept(tree).write_bytes(older)


def _older_with_the_newer_label(tree: Tree, older: bytes) -> None:
    label = _kept(tree).read_bytes().partition(b"\n")[0]
    _kept(tree).write_bytes(label + b"\n" + older.partition(b"\n")[2])


def _newer_with_the_older_label(tree: Tree, older: bytes) -> None:
    packed = _kept(tree).read_bytes().partition(b"\n")[2]
    _kept(tree).write_bytes(older.partition(b"\n")[0] + b"\n" + packed)


def _of_another_remote(tree: Tree, _: bytes) -> None:
    elsewhere = tree.root.path.parent / "elsewhere"
    write_files(elsewhere, {FRAME: b"other bytes"})
    other = tree_at(elsewhere)
    push(open_remote((elsewhere.parent / "store").as_uri(), Settings(_env_file=None), create=True), other)
    _kept(tree).write_bytes(_kept(other).read_bytes())


def _of_no_snapshot(tree: Tree, _: bytes) -> None:
    _kept(tree).write_bytes(_kept(tree).read_bytes().replace(b'"snapshot":"', b'"snapshot":"../../', 1))


def _a_folder(tree: Tree, _: bytes) -> None:
    _kept(tree).unlink()
    _kept(tree).mkdir()


SPOILERS: list[Callable[[Tree, bytes], None]] = [
    _gone,
    _cut,
    _flipped,
    _rubbish,
    _empty,
    _older,
    _older_with_the_newer_label,
    _newer_with_the_older_label,
    _of_another_remote,
    _of_no_snapshot,
    _a_folder,
]


@pytest.fixture
def twice_pushed(remote, tree) -> bytes:
    """Push two snapshots; return what was kept of the first."""
    _age(tree)
    push(remote, tree, name="20250115")
    older = _kept(tree).read_bytes()
    write_files(tree.root.path, {FRAME: b"a second frame"})
    _age(tree)
    push(remote, tree, name="20250116", incremental=True)
    return older


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_a_spoiled_copy_changes_nothing(remote, tree, files, twice_pushed, tmp_path, spoil):
    spoil(tree, twice_pushed)
    assert not push(remote, tree).created
    if _kept(tree).is_file():
        spoil(tree, twice_pushed)
    write_files(tree.root.path, {FRAME: b"a third frame"})
    result = push(remote, tree, name="20250117", incremental=True)
    assert (result.uploaded, result.referenced, result.notes) == (1, len(files) - 1, ())
    assert pull(remote, "20250117", tmp_path / "back").failed == 0
    assert contents(tmp_path / "back") == {**files, FRAME: b"a third frame"}
    with fetched_manifest(remote, "20250117") as manifest:
        keys = {row.path: row.key for row in manifest.rows()}
    assert keys == {path: f"20250115/data/{path}" for path in files} | {FRAME: f"20250117/data/{FRAME}"}


@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_a_spoiled_copy_is_replaced(remote, tree, twice_pushed):
    whole = _kept(tree).read_bytes()
    _flipped(tree, twice_pushed)
    push(remote, tree)
    assert _kept(tree).read_bytes() == whole


# A remote that is not as it was.


def test_what_another_machine_has_pushed_meanwhile_is_compared_with(remote, tree, files, tmp_path):
    push(remote, tree, name="20250115")
    write_files(tmp_path / "other/data", {**files, FRAME: b"their frame"})
    push(remote, tree_at(tmp_path / "other/data"), name="20250116")
    result = push(remote, tree, name="20250117", incremental=True)
    assert (result.uploaded, result.referenced) == (1, len(files) - 1)
    with fetched_manifest(remote, "20250117") as manifest:
        assert {row.key.split("/")[0] for row in manifest.rows() if row.path != FRAME} == {"20250116"}


def test_a_snapshot_that_was_deleted_and_made_anew_is_compared_with(remote, tree, files, tmp_path, at):
    at("202501151030")
    push(remote, tree, name="20250115")
    remote.delete_below("20250115")
    remote.delete(["latest/snapshot.json"])
    write_files(tmp_path / "other/data", {**files, FRAME: files[FRAME][::-1]})
    push(remote, tree_at(tmp_path / "other/data"), name="20250115")
    result = push(remote, tree)
    assert (result.created, result.uploaded) == (True, 1)
    pull(remote, result.snapshot, tmp_path / "back")
    assert contents(tmp_path / "back") == files


def test_a_remote_that_was_emptied_is_sent_everything(remote, tree, files):
    push(remote, tree, name="20250115")
    remote.delete_below("20250115")
    remote.delete(["latest/snapshot.json"])
    result = push(remote, tree, name="20250116", incremental=True)
    assert (result.uploaded, read_latest(remote).snapshot) == (len(files), "20250116")


def test_of_a_remote_in_memory_nothing_is_kept(tree):
    push(open_remote("memory://", Settings(_env_file=None)), tree, name="20250115")
    assert not _kept(tree).exists()


@pytest.mark.parametrize("name", ["archive/pilot", "20250101"])
def test_what_is_not_the_latest_is_not_taken_for_it(remote, tree, files, name):
    push(remote, tree, name="20250115")
    write_files(tree.root.path, {FRAME: b"another frame"})
    push(remote, tree, name=name)
    result = push(remote, tree, name="20250116", incremental=True)
    assert (result.uploaded, result.referenced) == (1, len(files) - 1)
