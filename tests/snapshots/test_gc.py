"""Cleaning up: what no manifest names goes once it is old enough, and what any manifest names never does."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_by_hand import put_abandoned, put_manifest, put_snapshot, row
from support.folders import contents
from support.stores import Place, write_files

from vmevalkit.errors import ConflictError, RecordError
from vmevalkit.progress import Silent
from vmevalkit.snapshots import add_version, find_garbage, open_remote, pull, push, verify
from vmevalkit.snapshots.names import claim_key

SNAPSHOT, OTHER = "202501151030", "202501161030"
LOST = {"questions/a": b"1", "outputs/m/b": b"22"}
FRAME = "questions/chess_task/chess_0000/first_frame.png"
NO_GRACE = timedelta(0)


@pytest.fixture
def memory():
    return open_remote("memory://", Place("memory", "memory://").settings)


def everything(remote) -> set[str]:
    return {found.key for found in remote.listing("")}


def planned(remote, grace: timedelta = NO_GRACE) -> tuple[dict[str, tuple[str, int, int]], tuple[str, ...]]:
    """Return what can go, by snapshot, and the notes."""
    with find_garbage(remote, grace=grace) as garbage:
        assert garbage.problems == ()
        return {part.snapshot: (part.why, part.objects, part.bytes) for part in garbage.parts}, garbage.notes


def swept(remote, grace: timedelta = NO_GRACE) -> set[str]:
    """Clean up and return the keys that are gone."""
    before = everything(remote)
    with find_garbage(remote, grace=grace) as garbage:
        deleted = garbage.delete()
        assert (deleted.objects, deleted.bytes, deleted.left) == (garbage.objects, garbage.bytes, ())
    gone = before - everything(remote)
    assert len(gone) == deleted.objects
    return gone


# What never goes


@pytest.mark.s3
def test_what_was_pushed_stays(remote, tree, at, tmp_path):
    for moment, options in [("202501151030", {}), ("202501161030", {"incremental": True}), ("202501171030", {})]:
        at(moment)
        write_files(tree.root.path, {FRAME: moment.encode()})
        push(remote, tree, **options)
    push(remote, tree, name="archive/pilot")
    before = everything(remote)
    assert planned(remote) == ({}, ())
    assert swept(remote) == set()
    assert everything(remote) == before
    for snapshot in ("202501151030", "202501161030", "202501171030", "archive/pilot"):
        assert verify(remote, snapshot, deep=True).failed == 0


@pytest.mark.s3
def test_what_is_not_a_snapshot_is_not_ours(remote):
    put_snapshot(remote, SNAPSHOT, {"a": b"1"})
    foreign = {"backup/data/x", "20251399/data/x", "2025/push.json", "readme.txt", "archive/.hidden/push.json"}
    foreign |= {f"{SNAPSHOT}/notes.txt", f"{SNAPSHOT}/database/x"}
    for key in foreign:
        remote.write(key, b'{"token": "1"}')
    assert swept(remote) == set()
    assert foreign <= everything(remote)


@pytest.mark.s3
def test_a_folder_that_no_push_has_marked_is_left_alone(remote):
    remote.write("20250115/data/questions/a", b"copied there by hand")
    remote.write("20250116/data/questions/a", b"copied there by hand")
    remote.write("20250116/push.json", b"not a mark")
    plan, notes = planned(remote)
    assert plan == {}
    assert notes == tuple(
        f"{remote.uri(name)} has neither a manifest nor the mark of a push: it is left alone"
        for name in ("20250115", "20250116")
    )
    assert swept(remote) == set()


@pytest.mark.s3
def test_what_is_young_is_left_alone(remote):
    put_snapshot(remote, SNAPSHOT, {"a": b"1"})
    remote.write(f"{SNAPSHOT}/data/stray", b"1")
    put_abandoned(remote, OTHER, LOST)
    plan, notes = planned(remote, timedelta(hours=1))
    assert plan == {}
    assert len(notes) == 1
    assert notes[0].startswith(f"{remote.uri(OTHER)} has no manifest and is as young as 2")
    assert swept(remote, timedelta(hours=1)) == set()


def test_age_is_counted_from_the_real_time_and_not_from_a_pinned_one(memory, at):
    put_snapshot(memory, SNAPSHOT, {"a": b"1"})
    memory.write(f"{SNAPSHOT}/data/stray", b"1")
    put_abandoned(memory, OTHER, LOST)
    at("209901010000")
    assert planned(memory, timedelta(days=1))[0] == {}


def test_each_push_has_its_own_age(folder_place):
    remote = folder_place.open()
    for name in ("20250115", "202501151030"):
        put_abandoned(remote, name, LOST)
    for path in (remote.folder / "20250115").rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert set(planned(remote, timedelta(days=1))[0]) == {"20250115"}
    os.utime(remote.folder / "20250115/data/questions/a")
    assert planned(remote, timedelta(days=1))[0] == {}


@pytest.mark.s3
def test_a_damaged_manifest_stops_everything(remote, tree, files):
    push(remote, tree, name=SNAPSHOT)
    put_abandoned(remote, OTHER, LOST)
    put_snapshot(remote, "20250101", {"a": b"1"})
    remote.write("20250101/data/stray", b"1")
    remote.write(f"{SNAPSHOT}/manifest.jsonl.gz", remote.read(f"{SNAPSHOT}/manifest.jsonl.gz")[:-9])
    before = everything(remote)
    with find_garbage(remote, grace=NO_GRACE) as garbage:
        assert garbage.parts == ()
        [problem] = garbage.problems
        assert problem.startswith(f"{remote.uri(SNAPSHOT)}/manifest.jsonl.gz: ")
        assert garbage.delete().objects == 0
    assert everything(remote) == before


@pytest.mark.parametrize("key", ["versions.json", "latest/snapshot.json"])
def test_a_damaged_log_or_pointer_stops_everything(memory, key):
    put_abandoned(memory, OTHER, LOST)
    memory.write(key, b"rubbish")
    with pytest.raises(RecordError, match=key), find_garbage(memory, grace=NO_GRACE):
        pass
    assert claim_key(OTHER) in everything(memory)


@pytest.mark.s3
def test_a_snapshot_that_has_lost_its_manifest_stays_while_it_has_a_name(remote, tree):
    push(remote, tree, name=SNAPSHOT)
    entry = add_version(remote, SNAPSHOT, mirror=tree.root)
    remote.delete([f"{SNAPSHOT}/manifest.jsonl.gz"])
    plan, notes = planned(remote)
    assert plan == {}
    assert notes == tuple(
        f"{name} is {remote.uri(SNAPSHOT)}, which has no manifest: it is left alone"
        for name in ("latest", f"version {entry.version}")
    )
    remote.delete(["latest/snapshot.json", "versions.json"])
    assert planned(remote)[0][SNAPSHOT][0] == "abandoned"


@pytest.mark.parametrize("place", ["s3://other-name", "file:///mnt/link", "file:///mnt/archive"])
def test_a_version_protects_its_snapshot_however_the_remote_is_spelled(memory, place):
    """The log lies on the remote that it speaks of, so another address there is another way to it."""
    version = {"version": "1", "date": "", "s3_uri": "", "size_mb": 1, "files": 1, "timestamp": ""}
    log = [{**version, "s3_uri": f"{place}/{OTHER}/data"}, {**version, "s3_uri": "rubbish"}]
    memory.write("versions.json", json.dumps({"versions": log}).encode())
    put_abandoned(memory, OTHER, LOST)
    assert planned(memory) == ({}, (f"version 1 is {place}/{OTHER}, which has no manifest: it is left alone",))


# What goes


@pytest.mark.s3
@pytest.mark.parametrize("name", [OTHER, "archive/pilot"])
def test_what_an_abandoned_push_has_left_goes(remote, place, name):
    put_snapshot(remote, SNAPSHOT, {"a": b"1"})
    put_abandoned(remote, name, LOST)
    size = len(remote.read(claim_key(name))) + 3
    assert planned(remote) == ({name: ("abandoned", 3, size)}, ())
    assert swept(remote) == {claim_key(name), *(f"{name}/data/{path}" for path in LOST)}
    assert verify(remote, SNAPSHOT).failed == 0
    if place.kind == "folder":
        assert {entry.name for entry in remote.folder.iterdir()} <= {SNAPSHOT, ".vmevalkit"}


@pytest.mark.s3
def test_what_no_manifest_names_goes(remote, place):
    put_snapshot(remote, SNAPSHOT, {"a": b"1", "deep/b": b"2"})
    remote.write(f"{SNAPSHOT}/data/deep/stray", b"123")
    remote.write(f"{SNAPSHOT}/data/very/deep/stray", b"4567")
    assert planned(remote) == ({SNAPSHOT: ("unnamed", 2, 7)}, ())
    assert swept(remote) == {f"{SNAPSHOT}/data/deep/stray", f"{SNAPSHOT}/data/very/deep/stray"}
    assert verify(remote, SNAPSHOT, deep=True).failed == 0
    if place.kind == "folder":
        assert not (remote.folder / SNAPSHOT / "data/very").exists()


def test_temporary_files_of_the_store_go_with_an_abandoned_push(folder_place):
    remote = folder_place.open()
    put_abandoned(remote, OTHER, LOST)
    (remote.folder / OTHER / "data/questions/a#1").write_bytes(b"half")
    swept(remote)
    assert not (remote.folder / OTHER).exists()


@pytest.mark.s3
def test_of_a_snapshot_without_a_manifest_stays_what_newer_ones_need(remote, tree, at):
    at("202501151030")
    push(remote, tree)
    at("202501161030")
    write_files(tree.root.path, {FRAME: b"new"})
    push(remote, tree, incremental=True)
    remote.delete([f"{SNAPSHOT}/manifest.jsonl.gz"])
    assert swept(remote) == {f"{SNAPSHOT}/data/{FRAME}"}
    assert verify(remote, OTHER, deep=True).failed == 0
    assert planned(remote) == ({}, ())
    # When the newer one goes as well, the rest is found again.
    remote.delete([f"{OTHER}/manifest.jsonl.gz", "latest/snapshot.json"])
    swept(remote)
    assert not [key for key in everything(remote) if "/data/" in key or key.endswith("push.json")]


class DiesAfter(Silent):
    """Ends a push when it has sent some files."""

    def __init__(self, files: int) -> None:
        self.files = files

    def advance(self, count: int = 1, size: int = 0) -> None:
        self.files -= count
        if self.files <= 0:
            raise KeyboardInterrupt


@pytest.mark.s3
def test_an_interrupted_push_goes_and_can_be_made_again(remote, tree, files, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        push(remote, tree, name=SNAPSHOT, progress=DiesAfter(3))
    gone = swept(remote)
    assert claim_key(SNAPSHOT) in gone
    assert len(gone) > 3
    push(remote, tree, name=SNAPSHOT)
    assert verify(remote, SNAPSHOT, deep=True).failed == 0
    pull(remote, SNAPSHOT, tmp_path / "back")
    assert contents(tmp_path / "back") == files


# Somebody is at it


@pytest.mark.s3
def test_a_push_under_way_ends_without_a_snapshot(remote, tree, files, tmp_path):
    class Sweeps(Silent):
        done = False

        def advance(self, count: int = 1, size: int = 0) -> None:
            if not self.done:
                self.done = True
                with find_garbage(remote, grace=NO_GRACE) as garbage:
                    garbage.delete()

    with pytest.raises(ConflictError, match="has been taken over"):
        push(remote, tree, name=SNAPSHOT, progress=Sweeps())
    assert f"{SNAPSHOT}/manifest.jsonl.gz" not in everything(remote)
    push(remote, tree, name=OTHER)
    pull(remote, OTHER, tmp_path / "back")
    assert contents(tmp_path / "back") == files


@pytest.mark.s3
def test_a_push_that_ends_before_its_leftovers_go_is_safe(remote, tree):
    with pytest.raises(KeyboardInterrupt):
        push(remote, tree, name=SNAPSHOT, progress=DiesAfter(3))
    with find_garbage(remote, grace=NO_GRACE) as garbage:
        assert [part.snapshot for part in garbage.parts] == [SNAPSHOT]
        push(remote, tree, name=SNAPSHOT)
        mark = remote.read(claim_key(SNAPSHOT))
        assert garbage.delete().left == (f"{remote.uri(SNAPSHOT)} is being pushed again: it was left alone",)
    assert verify(remote, SNAPSHOT, deep=True).failed == 0
    assert remote.read(claim_key(SNAPSHOT)) == mark


@pytest.mark.s3
def test_a_push_that_has_just_gone_on_is_left_alone(remote):
    put_abandoned(remote, SNAPSHOT, LOST)
    with find_garbage(remote, grace=NO_GRACE) as garbage:
        remote.write(claim_key(SNAPSHOT), b'{"token": "as it was", "started_at": "now"}')
        before = everything(remote)
        assert garbage.delete().left == (f"{remote.uri(SNAPSHOT)} is being pushed again: it was left alone",)
    assert before <= everything(remote)
    assert remote.read(claim_key(SNAPSHOT)) == b'{"token": "as it was", "started_at": "now"}'


@pytest.mark.s3
@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_a_push_that_goes_on_while_its_leftovers_go_does_not_trust_what_it_had_sent(remote, tree, files, monkeypatch):
    for path in files:
        os.utime(tree.root.path / path, (1_700_000_000, 1_700_000_000))  # What was sent of these is not sent again.
    with pytest.raises(KeyboardInterrupt):
        push(remote, tree, name=SNAPSHOT, progress=DiesAfter(5))
    update = remote.update

    def sweeping_first(key, change):
        monkeypatch.undo()
        swept(remote)
        update(key, change)

    monkeypatch.setattr(remote, "update", sweeping_first)
    with pytest.raises(ConflictError, match="cleaned up just now"):
        push(remote, tree, name=SNAPSHOT)
    push(remote, tree, name=SNAPSHOT)
    assert verify(remote, SNAPSHOT, deep=True).failed == 0


@pytest.mark.s3
def test_a_manifest_that_comes_at_the_last_moment_is_respected(remote):
    put_abandoned(remote, SNAPSHOT, LOST)
    mark = remote.read(claim_key(SNAPSHOT))
    with find_garbage(remote, grace=NO_GRACE) as garbage:
        put_manifest(remote, SNAPSHOT, [row(path, data, SNAPSHOT) for path, data in LOST.items()])
        assert len(garbage.delete().left) == 1
    assert verify(remote, SNAPSHOT, deep=True).failed == 0
    assert remote.read(claim_key(SNAPSHOT)) == mark


def test_a_push_that_goes_on_writing_is_found_again(memory, monkeypatch):
    put_abandoned(memory, SNAPSHOT, LOST)
    delete_below = memory.delete_below

    def with_a_late_writer(prefix):
        delete_below(prefix)
        memory.write(f"{SNAPSHOT}/data/late", b"1")

    monkeypatch.setattr(memory, "delete_below", with_a_late_writer)
    with find_garbage(memory, grace=NO_GRACE) as garbage:
        assert garbage.delete().left == (f"{memory.uri(SNAPSHOT)} is still written to: the rest can go another time",)
    monkeypatch.undo()
    assert swept(memory) == {f"{SNAPSHOT}/data/late", claim_key(SNAPSHOT)}


def test_a_snapshot_that_is_published_while_others_are_listed_is_safe(memory, monkeypatch):
    """Its manifest is read after the listing, so what it names of older snapshots is known."""
    put_snapshot(memory, SNAPSHOT, {"a": b"1"})
    memory.write(f"{SNAPSHOT}/data/b", b"2")
    listing = memory.listing

    def with_a_push(prefix):
        yield from listing(prefix)
        put_manifest(memory, OTHER, [row("b", b"2", SNAPSHOT)])

    monkeypatch.setattr(memory, "listing", with_a_push)
    with find_garbage(memory, grace=NO_GRACE) as garbage:
        assert garbage.parts == ()


def test_a_manifest_that_vanishes_while_it_is_looked_at_stops_everything(memory, monkeypatch):
    put_abandoned(memory, SNAPSHOT, LOST)
    put_manifest(memory, SNAPSHOT, [])
    listing = memory.listing

    def with_a_removal(prefix):
        yield from listing(prefix)
        memory.delete([f"{SNAPSHOT}/manifest.jsonl.gz"])

    monkeypatch.setattr(memory, "listing", with_a_removal)
    with find_garbage(memory, grace=NO_GRACE) as garbage:
        assert garbage.problems == (f"{memory.uri(SNAPSHOT)}/manifest.jsonl.gz: was there a moment ago, and is gone",)


# For all remotes

NAMES = ("20250115", "202501151030", "archive/a", "archive/data")
paths = st.sampled_from(["a", "b", "data/a", "outputs/data/c", "push.json", "manifest.jsonl.gz"])
objects = st.frozensets(st.tuples(st.sampled_from(NAMES), paths), max_size=12)


@given(
    st.dictionaries(st.sampled_from(NAMES), objects, max_size=4),
    st.frozensets(st.sampled_from(NAMES)),
    objects,
    st.frozensets(st.sampled_from(["backup/data/a", "archive/b", "20250115/notes", "archive/data/notes"])),
)
def test_all_that_no_manifest_names_goes_and_nothing_else(manifests, marked, stored, foreign):
    memory = open_remote("memory://", Place("memory", "memory://").settings)
    for name in marked:
        put_abandoned(memory, name, {})
    for name, path in stored:
        memory.write(f"{name}/data/{path}", b"x")
    for key in foreign:
        memory.write(key, b"x")
    for snapshot, named in manifests.items():
        rows = [row(f"{number}", b"x", name, key=f"{name}/data/{path}") for number, (name, path) in enumerate(named)]
        put_manifest(memory, snapshot, rows)
    needed = {f"{name}/data/{path}" for named in manifests.values() for name, path in named}
    expected = {
        f"{name}/data/{path}"
        for name, path in stored
        if (name in manifests or name in marked) and f"{name}/data/{path}" not in needed
    }
    expected |= {
        claim_key(name)
        for name in marked - manifests.keys()
        if not any(f"{holder}/data/{path}" in needed for holder, path in stored if holder == name)
    }
    assert swept(memory) == expected
    assert swept(memory) == set()


# The command


@pytest.mark.s3
@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_the_command_shows_a_plan_and_does_just_that(vmevalkit, remote):
    put_snapshot(remote, SNAPSHOT, {"a": b"1"})
    remote.write(f"{SNAPSHOT}/data/stray", bytes(2000))
    put_abandoned(remote, OTHER, LOST)
    remote.write("20250101/data/x", b"1")
    before = everything(remote)
    status, plan, err = vmevalkit("gc", "--grace", "0")
    *table, last = plan.splitlines()
    assert (status, err) == (
        0,
        f"note: {remote.uri('20250101')} has neither a manifest nor the mark of a push: it is left alone\n",
    )
    assert [line.split()[:4] for line in table[1:]] == [
        [SNAPSHOT, "1", "2.0", "kB"],
        [OTHER, "3", str(len(remote.read(claim_key(OTHER))) + 3), "bytes"],
    ]
    assert last.startswith("4 objects (2.")
    assert last.endswith(" kB) can go. Nothing was done: --yes deletes them.")
    assert everything(remote) == before
    assert vmevalkit("gc", "--yes")[1] == "There is nothing to delete.\n"
    told = json.loads(vmevalkit("gc", "--grace", "0", "--json")[1])
    assert (told["objects"], told["deleted_objects"], len(told["notes"])) == (4, 0, 1)
    status, done, _ = vmevalkit("gc", "--grace", "0", "--yes")
    assert (status, done.splitlines()[:-1]) == (0, table)
    assert done.splitlines()[-1].startswith("Deleted 4 objects (2.")
    assert len(before - everything(remote)) == 4
    assert vmevalkit("gc", "--grace", "0", "--yes")[1] == "There is nothing to delete.\n"


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_command_names_damaged_manifests_and_exits_with_1(vmevalkit, remote):
    put_abandoned(remote, OTHER, LOST)
    for name in ("20250101", "20250102"):
        remote.write(f"{name}/manifest.jsonl.gz", b"rubbish")
    status, out, err = vmevalkit("gc", "--grace", "0", "--yes")
    first, second, hint = err.splitlines()
    assert (status, out) == (1, "")
    assert first.startswith(f"error: {remote.uri('20250101')}/manifest.jsonl.gz: ")
    assert second.startswith(f"error: {remote.uri('20250102')}/manifest.jsonl.gz: ")
    assert hint == "hint: what these manifests name is not known, so nothing was deleted"
    assert Path(remote.folder, claim_key(OTHER)).exists()


@pytest.mark.parametrize("place", ["folder"], indirect=True)
@pytest.mark.parametrize("grace", ["-1", "nan", "inf", "1e300"])
def test_a_grace_period_that_is_none_is_refused(vmevalkit, remote, grace):
    assert vmevalkit("gc", "--grace", grace)[0] == 2


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_a_grace_period_longer_than_there_are_dates_is_refused(vmevalkit, remote):
    status, out, err = vmevalkit("gc", "--grace", "1e8")
    assert (status, out) == (2, "")
    assert err == "error: nothing is 4166666 days old\nhint: name a shorter time of grace\n"
