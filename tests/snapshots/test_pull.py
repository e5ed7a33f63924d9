"""Pulling from a remote that lies."""

import gzip
import hashlib
import json
import os
import sys

import pytest
from support.folders import contents
from support.stores import Place, write_files

from vmevalkit.errors import RecordError, UsageError, VMEvalError
from vmevalkit.snapshots import files_to_remove, open_remote, pull, push

SNAPSHOT = "202501151030"


@pytest.fixture
def remote():
    return open_remote("memory://", Place("memory", "memory://").settings)


def row(path: str, data: bytes = b"evil", **changes) -> dict:
    key = f"{SNAPSHOT}/data/questions/evil"
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "key": key, **changes}


def put_manifest(remote, rows: list[dict], **changes) -> None:
    """Put a manifest on the remote that no push would make, with the object that its rows point to."""
    size = sum(r["size"] for r in rows)
    header = {"format": 1, "snapshot": SNAPSHOT, "created_at": "", "files": len(rows), "bytes": size, **changes}
    text = "".join(json.dumps(line) + "\n" for line in [header, *rows])
    remote.write(f"{SNAPSHOT}/manifest.jsonl.gz", gzip.compress(text.encode()))
    remote.write(f"{SNAPSHOT}/data/questions/evil", b"evil")


def test_a_manifest_made_by_hand_works_if_it_is_true(remote, tmp_path):
    put_manifest(remote, [row("a"), row("b/c")])
    assert pull(remote, SNAPSHOT, tmp_path / "back").written == 2
    assert contents(tmp_path / "back") == {"a": b"evil", "b/c": b"evil"}


@pytest.mark.parametrize(
    "rows",
    [
        [row("../evil")],
        [row("a"), row("b/../../evil")],
        [row("/etc/evil")],
        [row("a\0b")],
        [row(".bashrc")],
        [row("a"), row("a")],
        [row("b"), row("a")],
        [row("x" * 20_000)],
        [row("a", size=-1)],
        [row("a", sha256="no")],
        [row("a", key="../../etc/passwd")],
    ],
)
def test_a_hostile_manifest_is_refused_before_anything_is_written(remote, tmp_path, rows):
    put_manifest(remote, [row("0"), *rows])
    with pytest.raises(RecordError, match=r"manifest\.jsonl\.gz: line"):
        pull(remote, SNAPSHOT, tmp_path / "inner" / "back")
    assert list(tmp_path.iterdir()) == []


def test_a_gzip_bomb_is_refused(remote, tmp_path):
    put_manifest(remote, [])
    remote.write(f"{SNAPSHOT}/manifest.jsonl.gz", gzip.compress(bytes(16 << 20)))
    with pytest.raises(RecordError, match="line 1: longer than"):
        pull(remote, SNAPSHOT, tmp_path / "back")


def test_the_manifest_of_another_snapshot_is_refused(remote, tmp_path):
    put_manifest(remote, [row("a")], snapshot="20250101")
    with pytest.raises(RecordError, match="is the manifest of '20250101'"):
        pull(remote, SNAPSHOT, tmp_path / "back")


@pytest.mark.parametrize("claim", [{"sha256": "0" * 64}, {"size": 3}, {"size": 5}, {"size": 0}])
def test_bytes_that_are_not_those_of_the_manifest_never_get_a_name(remote, tmp_path, claim):
    put_manifest(remote, [row("a"), row("b", **claim)])
    result = pull(remote, SNAPSHOT, tmp_path / "back")
    assert (result.written, result.failed) == (1, 1)
    assert result.failures[0].startswith("b: ")
    assert "does not have the bytes that the manifest says" in result.failures[0]
    assert contents(tmp_path / "back") == {"a": b"evil"}  # no temporary file either


def test_an_old_file_stays_when_the_new_one_is_damaged(remote, tmp_path):
    put_manifest(remote, [row("a", sha256="0" * 64)])
    write_files(tmp_path / "back", {"a": b"mine"})
    assert pull(remote, SNAPSHOT, tmp_path / "back").failed == 1
    assert contents(tmp_path / "back") == {"a": b"mine"}


def test_a_link_in_the_target_is_not_followed_out_of_it(remote, tmp_path):
    put_manifest(remote, [row("a/evil"), row("b"), row("c")])
    write_files(tmp_path, {"outside/kept": b"kept", "back/x": b""})
    (tmp_path / "back/a").symlink_to(tmp_path / "outside")
    (tmp_path / "back/b").symlink_to(tmp_path / "outside/kept")
    result = pull(remote, SNAPSHOT, tmp_path / "back")
    assert [failure.split(":")[0] for failure in result.failures] == ["a/evil", "b"]
    assert "leads out of" in result.failures[0]
    assert contents(tmp_path / "outside") == {"kept": b"kept"}
    assert (tmp_path / "back/c").read_bytes() == b"evil"


def test_a_folder_in_the_way_is_named_and_the_rest_comes(remote, tmp_path):
    put_manifest(remote, [row("a"), row("b/c"), row("d")])
    write_files(tmp_path / "back", {"a/file": b"", "b": b""})
    result = pull(remote, SNAPSHOT, tmp_path / "back")
    assert [failure.split(":")[0] for failure in result.failures] == ["a", "b/c"]
    assert (tmp_path / "back/d").read_bytes() == b"evil"


@pytest.mark.parametrize(
    "pointer", [b"", b"{}", b"[]", b'{"snapshot": "../x"}', b'{"snapshot": "20250115", "files": "many"}', b"\xff"]
)
def test_a_damaged_pointer_is_named(remote, tree, pointer):
    remote.write("latest/snapshot.json", pointer)
    with pytest.raises(VMEvalError, match=r"latest/snapshot\.json"):
        push(remote, tree)


@pytest.mark.parametrize(
    "link", [{"link": "../evil"}, {"link": "/etc/passwd"}, {"link": "x/../../.."}, {"link": "a\0b"}, {"link": 7}]
)
def test_a_link_that_leads_out_of_the_target_is_refused_before_anything_is_written(remote, tmp_path, link):
    put_manifest(remote, [row("0"), {"path": "a", "size": 0, **link}])
    with pytest.raises(RecordError, match=r"manifest\.jsonl\.gz: line 3"):
        pull(remote, SNAPSHOT, tmp_path / "inner" / "back")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_of_the_snapshot(remote, tmp_path):
    put_manifest(remote, [{"path": "a", "link": "b", "size": 0}, row("a/evil"), row("b/mine")])
    result = pull(remote, SNAPSHOT, tmp_path / "back")
    assert (tmp_path / "back/a/evil").read_bytes() == b"evil"
    assert [failure.split(":")[0] for failure in result.failures] == ["a"]
    assert not (tmp_path / "back/b/evil").exists()


def test_a_link_in_the_target_does_not_lead_a_file_to_another_place(remote, tmp_path):
    put_manifest(remote, [row("a/evil")])
    write_files(tmp_path / "back", {"b/evil": b"mine"})
    (tmp_path / "back/a").symlink_to("b")
    result = pull(remote, SNAPSHOT, tmp_path / "back")
    assert "is a link, where the snapshot has a folder" in result.failures[0]
    assert (tmp_path / "back/b/evil").read_bytes() == b"mine"


def test_what_the_snapshot_lacks_is_removed_if_asked_for(remote, tmp_path):
    put_manifest(remote, [row("questions/a"), row("questions/b/c")])
    write_files(tmp_path / "back", {"questions/old/x": b"", "questions/b/y": b"", "notes.txt": b"", "outputs/z": b""})
    assert files_to_remove(remote, SNAPSHOT, tmp_path / "back", limit=3) == [
        "outputs/z",
        "questions/b/y",
        "questions/old/x",
    ]
    assert pull(remote, SNAPSHOT, tmp_path / "back", max_delete=3).removed == 3
    assert contents(tmp_path / "back") == {"questions/a": b"evil", "questions/b/c": b"evil", "notes.txt": b""}
    assert not (tmp_path / "back/questions/old").exists()


def test_only_the_part_that_is_pulled_is_cleared(remote, tmp_path):
    put_manifest(remote, [row("questions/a"), row("questions/b/c")])
    write_files(tmp_path / "back", {"questions/old": b"", "questions/b/y": b"", "outputs/z": b""})
    assert pull(remote, SNAPSHOT, tmp_path / "back", below="questions/b", max_delete=9).removed == 1
    assert set(contents(tmp_path / "back")) == {"questions/old", "questions/b/c", "outputs/z"}


def test_the_snapshot_of_a_part_clears_that_part_only(remote, tmp_path):
    put_manifest(remote, [row("outputs/pilot/a")], scope="outputs/pilot")
    write_files(tmp_path / "back", {"questions/a": b"", "outputs/pilot/b": b"", "outputs/other/c": b""})
    assert pull(remote, SNAPSHOT, tmp_path / "back", max_delete=9).removed == 1
    assert set(contents(tmp_path / "back")) == {"questions/a", "outputs/pilot/a", "outputs/other/c"}


@pytest.mark.parametrize("below", ["outputs", "outputs/pilot", "outputs/pilot/m"])
def test_nothing_outside_the_part_that_a_snapshot_holds_is_cleared(remote, tmp_path, below):
    put_manifest(remote, [row("outputs/pilot/m/a")], scope="outputs/pilot")
    write_files(tmp_path / "back", {"outputs/pilot/m/b": b"", "outputs/other/c": b"", "outputs/pilots/d": b""})
    assert files_to_remove(remote, SNAPSHOT, tmp_path / "back", below=below, limit=9) == ["outputs/pilot/m/b"]
    assert pull(remote, SNAPSHOT, tmp_path / "back", below=below, max_delete=9).removed == 1
    assert set(contents(tmp_path / "back")) == {"outputs/pilot/m/a", "outputs/other/c", "outputs/pilots/d"}


@pytest.mark.parametrize(
    ("below", "removed"),
    [
        ("", ["evaluations/pilot/b", "outputs/pilot/b"]),
        ("*/pilot", ["evaluations/pilot/b", "outputs/pilot/b"]),
        ("evaluations", ["evaluations/pilot/b"]),
        ("outputs/pilot", ["outputs/pilot/b"]),
    ],
)
def test_of_an_archive_only_its_experiment_is_cleared(remote, tmp_path, below, removed):
    put_manifest(remote, [row("evaluations/pilot/a"), row("outputs/pilot/a")], scope="*/pilot")
    others = {"evaluations/other/c": b"", "outputs/other/c": b"", "questions/d": b""}
    write_files(tmp_path / "back", {"evaluations/pilot/b": b"", "outputs/pilot/b": b"", **others})
    assert files_to_remove(remote, SNAPSHOT, tmp_path / "back", below=below, limit=9) == removed
    assert pull(remote, SNAPSHOT, tmp_path / "back", below=below, max_delete=9).removed == len(removed)
    left = set(contents(tmp_path / "back"))
    assert others.keys() <= left
    assert left.isdisjoint(removed)


def test_what_would_be_removed_is_not_told_of_a_part_that_cannot_be_pulled(remote, tmp_path):
    put_manifest(remote, [row("outputs/pilot/a")], scope="outputs/pilot")
    write_files(tmp_path / "back", {"questions/a": b""})
    with pytest.raises(UsageError, match="has nothing at 'questions'"):
        files_to_remove(remote, SNAPSHOT, tmp_path / "back", below="questions", limit=9)


def test_more_than_is_allowed_is_not_removed_and_nothing_is_written(remote, tmp_path):
    put_manifest(remote, [row("questions/a")])
    write_files(tmp_path / "back", {"questions/b": b"", "questions/c": b""})
    with pytest.raises(UsageError, match="more than 1 files"):
        pull(remote, SNAPSHOT, tmp_path / "back", max_delete=1)
    assert set(contents(tmp_path / "back")) == {"questions/b", "questions/c"}


def test_nothing_is_removed_if_a_file_did_not_come(remote, tmp_path):
    put_manifest(remote, [row("questions/a", sha256="0" * 64)])
    write_files(tmp_path / "back", {"questions/b": b""})
    assert pull(remote, SNAPSHOT, tmp_path / "back", max_delete=9).removed == 0
    assert set(contents(tmp_path / "back")) == {"questions/b"}


def test_a_file_that_looks_as_it_did_when_it_was_pulled_is_not_read_again(remote, tmp_path, monkeypatch):
    put_manifest(remote, [row("a")])
    write_files(tmp_path / "back", {"a": b"evil"})
    os.utime(tmp_path / "back/a", (1_700_000_000, 1_700_000_000))
    assert pull(remote, SNAPSHOT, tmp_path / "back").skipped == 1
    monkeypatch.setattr(sys.modules[pull.__module__], "hash_file", None)
    assert pull(remote, SNAPSHOT, tmp_path / "back").skipped == 1
