"""Snapshots that refer to the objects of older ones, links, and what a push has to read."""

import hashlib
import os
from pathlib import Path

import pytest
from support.folders import contents
from support.stores import write_files

from vmevalkit.errors import RecordError, RemoteError
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, pull, push, read_latest, tree_at
from vmevalkit.snapshots import upload as upload_module
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

FRAME = "questions/chess_task/chess_0000/first_frame.png"


def test_only_changes_are_written(place, remote, tree, files):
    push(remote, tree, name="20250115")
    write_files(tree.root.path, {FRAME: b"another frame"})
    result = push(remote, tree, name="20250116", incremental=True)
    assert (result.uploaded, result.copied, result.referenced) == (1, 0, len(files) - 1)
    assert [key for key in place.objects() if key.startswith("20250116/data/")] == [f"20250116/data/{FRAME}"]


def test_a_chain_of_them_comes_back_whole(remote, tree, files, tmp_path):
    push(remote, tree, name="20250115")
    expected = dict(files)
    for day in range(16, 19):
        expected[f"questions/day-{day}"] = str(day).encode()
        write_files(tree.root.path, expected)
        push(remote, tree, name=f"202501{day}", incremental=True)
    pull(remote, "20250118", tmp_path / "back")
    assert contents(tmp_path / "back") == expected


def test_a_full_push_after_it_copies_from_wherever_the_objects_are(place, remote, tree, files):
    push(remote, tree, name="20250115")
    write_files(tree.root.path, {FRAME: b"another frame"})
    push(remote, tree, name="20250116", incremental=True)
    push(remote, tree, name="20250117")
    kept = {key.removeprefix("20250117/data/") for key in place.objects() if key.startswith("20250117/data/")}
    assert kept == set(files)


def test_objects_too_large_to_copy_are_referenced_and_said_so(moto_place, tree, files, monkeypatch):
    monkeypatch.setattr(upload_module, "COPY_LIMIT_BYTES", 1000)
    remote = moto_place.open()
    large = [path for path, data in files.items() if len(data) > 1000]
    push(remote, tree, name="20250115")
    result = push(remote, tree, name="20250116")
    assert (result.referenced, result.copied) == (len(large), len(files) - len(large))
    assert f"{len(large)} unchanged files of more than" in result.notes[-1]


def test_files_that_look_the_same_are_not_read_again(remote, tree, monkeypatch):
    _age(tree)
    push(remote, tree, name="20250115")
    monkeypatch.setattr("vmevalkit.snapshots.plan.hash_file", _must_not_be_called)
    write_files(tree.root.path, {"questions/new": b"new"})
    _age(tree)
    assert push(remote, tree, name="20250116", incremental=True).uploaded == 1
    assert not push(remote, tree).created


def test_a_file_of_the_same_size_and_time_as_before_is_read_once_it_has_another_inode(remote, tree):
    file = tree.root.path / FRAME
    os.utime(file, (1_700_000_000, 1_700_000_000))
    push(remote, tree, name="20250115")
    data = file.read_bytes()
    file.with_name("other").write_bytes(data[::-1])
    file.with_name("other").replace(file)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert push(remote, tree, name="20250116").uploaded == 1


def test_links_come_back_as_links(place, remote, tree, files, tmp_path):
    run = tree.root.path / "outputs/pilot/model-1/chess_task/chess_0000"
    (run / "latest").symlink_to("run-1")
    (run / "frame.png").symlink_to(tree.root.path / FRAME)
    push(remote, tree, name="20250115")
    pull(remote, "20250115", tmp_path / "back")
    back = tmp_path / "back/outputs/pilot/model-1/chess_task/chess_0000"
    assert (str((back / "latest").readlink()), (back / "frame.png").read_bytes()) == ("run-1", files[FRAME])
    assert str((back / "frame.png").readlink()) == "../../../../../" + FRAME
    assert not [key for key in place.objects() if key.endswith("/latest")]
    assert not push(remote, tree).created
    assert pull(remote, "20250115", tmp_path / "back").written == 0


def test_a_link_that_points_elsewhere_is_a_change(remote, tree):
    link = tree.root.path / "questions/link"
    link.symlink_to("chess_task")
    push(remote, tree, name="20250115")
    link.unlink()
    link.symlink_to("maze_task")
    assert push(remote, tree).created


def test_a_part_never_becomes_the_latest(remote, tree, tmp_path, files):
    push(remote, tree, name="20250115")
    write_files(tree.root.path, {"outputs/pilot/new": b"new"})
    part = tree_at(tree.root.path / "outputs")
    result = push(remote, part, name="20250116")
    assert not result.is_latest
    assert (result.uploaded, result.removed) == (1, 0)
    assert read_latest(remote).snapshot == "20250115"


def test_a_part_that_is_as_the_latest_snapshot_has_it_makes_no_new_one(remote, tree):
    push(remote, tree, name="20250115")
    assert not push(remote, tree_at(tree.root.path / "outputs")).created


def test_a_store_that_keeps_other_bytes_is_found_out(moto_place, tree):
    """The proof does not rest on the server's own checks."""
    remote = moto_place.open()

    class Flipping(Remote):
        def _proved(self, key, answered, expected):
            return super()._proved(key, answered if "/data/" not in key else "0" * 32, expected)

    with pytest.raises(RemoteError, match="got other bytes than were sent"):
        push(Flipping(remote.url, remote._store), tree, name="20250115")


def test_the_md5_of_an_upload_is_noted(moto_place, tree, files):
    remote = moto_place.open()
    push(remote, tree, name="20250115")
    push(remote, tree, name="20250116")
    with fetched_manifest(remote, "20250116") as manifest:
        assert {row.path: row.etag for row in manifest.rows()} == {
            path: hashlib.md5(data, usedforsecurity=False).hexdigest() for path, data in files.items()
        }


def _age(tree):
    """Make all files look as if they had not been written just now: what is known of them counts."""
    for folder, _, names in os.walk(tree.root.path):
        for name in names:
            os.utime(Path(folder, name), (1_700_000_000, 1_700_000_000))


def _must_not_be_called(path):
    raise RecordError(path, "was read")


def test_the_setting_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("VMEVAL_SNAPSHOTS", "incremental")
    assert Settings(_env_file=None).snapshots == "incremental"
