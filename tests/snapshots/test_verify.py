"""Verifying: everything that is wrong is named, and nothing else."""

import json
from dataclasses import replace

import pytest
from made_by_hand import put_manifest, put_snapshot, row
from support.stores import Place, write_files

from vmevalkit.errors import RemoteError, UsageError
from vmevalkit.snapshots import open_remote, push, verify
from vmevalkit.snapshots.catalog import fetched_manifest
from vmevalkit.snapshots.manifest import ManifestError

SNAPSHOT = "202501151030"
FRAME = "questions/chess_task/chess_0000/first_frame.png"
PROMPT = "questions/chess_task/chess_0000/prompt.txt"


@pytest.fixture
def memory():
    return open_remote("memory://", Place("memory", "memory://").settings)


@pytest.fixture
def pushed(remote, tree):
    push(remote, tree, name=SNAPSHOT)
    return remote


def kinds(result) -> dict[str, str]:
    return {finding.path: finding.kind for finding in result.findings}


@pytest.mark.s3
@pytest.mark.parametrize("deep", [False, True])
def test_what_was_pushed_is_whole(remote, tree, files, deep):
    odd = {f"outputs/pilot/m/{name}": b"x" for name in ("a b", "100%", "p%20q", "ü~+&=", "a#b", "ß'\"(){}[]")}
    write_files(tree.root.path, odd)
    (tree.root.path / "outputs/pilot/link").symlink_to("m/a b")
    push(remote, tree, name=SNAPSHOT)
    result = verify(remote, SNAPSHOT, deep=deep)
    assert (result.failed, result.counts, result.findings, result.extra) == (0, {}, (), 0)
    assert result.files == len(files) + len(odd) + 1


@pytest.mark.s3
@pytest.mark.parametrize("deep", [False, True])
def test_what_is_gone_or_has_another_size_is_named(pushed, deep):
    pushed.delete([f"{SNAPSHOT}/data/{FRAME}"])
    pushed.write(f"{SNAPSHOT}/data/{PROMPT}", b"short")
    seen = []
    result = verify(pushed, SNAPSHOT, deep=deep, report=seen.append)
    assert kinds(result) == {FRAME: "missing", PROMPT: "size"}
    assert result.counts == {"missing": 1, "size": 1}
    assert tuple(seen) == result.findings
    [gone, short] = result.findings
    assert gone.problem == f"{pushed.uri(gone.key)} is not there"
    assert short.problem == f"{pushed.uri(short.key)} has 5 bytes, not 14"


@pytest.mark.s3
def test_other_bytes_of_the_same_size_are_named(pushed, files):
    pushed.write(f"{SNAPSHOT}/data/{FRAME}", bytes(len(files[FRAME])))
    assert kinds(verify(pushed, SNAPSHOT, deep=True)) == {FRAME: "content"}
    # Without reading them they are only seen where the store keeps the MD5 of what it was sent.
    assert kinds(verify(pushed, SNAPSHOT)) == ({FRAME: "content"} if pushed.answers_with_md5 else {})


@pytest.mark.s3
def test_objects_of_older_snapshots_count(remote, tree, at):
    at("202501151030")
    push(remote, tree)
    at("202501161030")
    write_files(tree.root.path, {FRAME: b"new"})
    push(remote, tree, incremental=True)
    assert verify(remote, "202501161030", deep=True).failed == 0
    remote.delete([f"202501151030/data/{PROMPT}"])
    result = verify(remote, "202501161030")
    assert kinds(result) == {PROMPT: "missing"}
    assert result.findings[0].key == f"202501151030/data/{PROMPT}"
    # What the newer one does not need of the older one is nothing extra.
    assert result.extra == 0


@pytest.mark.s3
def test_objects_that_the_manifest_does_not_name_are_counted(pushed):
    pushed.write(f"{SNAPSHOT}/data/stray", b"12345")
    result = verify(pushed, SNAPSHOT)
    assert (result.failed, result.extra, result.extra_bytes) == (0, 1, 5)


@pytest.mark.s3
@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_an_etag_alone_damns_nobody(pushed):
    """Objects that were copied there by other means may have other ETags."""
    with fetched_manifest(pushed, SNAPSHOT) as manifest:
        rows = [one._replace(etag="0" * 32) if one.path == FRAME else one for one in manifest.rows()]
    put_manifest(pushed, SNAPSHOT, rows)
    assert verify(pushed, SNAPSHOT).failed == 0
    pushed.write(f"{SNAPSHOT}/data/{FRAME}", b"x")
    pushed.write(f"{SNAPSHOT}/data/{PROMPT}", b"x" * 14)
    assert kinds(verify(pushed, SNAPSHOT)) == {FRAME: "size", PROMPT: "content"}


@pytest.mark.parametrize("deep", [False, True])
def test_what_a_listing_lacks_is_asked_for_by_itself(memory, monkeypatch, deep):
    put_snapshot(memory, SNAPSHOT, {"a": b"1", "b": b"22"})
    memory.delete([f"{SNAPSHOT}/data/b"])
    monkeypatch.setattr(memory, "listing", lambda prefix: iter(()))
    assert kinds(verify(memory, SNAPSHOT, deep=deep)) == {"b": "missing"}


def test_a_size_in_a_listing_that_is_behind_is_asked_for_by_itself(memory, monkeypatch):
    put_snapshot(memory, SNAPSHOT, {"a": b"1", "b": b"22"})
    listed = [replace(found, size=7) for found in memory.listing(SNAPSHOT)]
    monkeypatch.setattr(memory, "listing", lambda prefix: iter(listed))
    assert verify(memory, SNAPSHOT).failed == 0


def test_a_bit_that_flips_on_the_way_is_no_damage(memory, monkeypatch):
    put_snapshot(memory, SNAPSHOT, {"a": b"1234", "b": b"5678"})
    memory.write(f"{SNAPSHOT}/data/b", b"5679")
    stream, seen = memory.stream, set()

    def flipped(key):
        data = b"".join(stream(key))
        yield data if key in seen or "/data/" not in key else bytes([data[0] ^ 1]) + data[1:]
        seen.add(key)

    monkeypatch.setattr(memory, "stream", flipped)
    assert kinds(verify(memory, SNAPSHOT, deep=True)) == {"b": "content"}


def test_an_object_that_never_reads_the_same_is_unreadable(memory, monkeypatch):
    put_snapshot(memory, SNAPSHOT, {"a": b"1234"})
    stream, readings = memory.stream, iter(range(100))
    monkeypatch.setattr(memory, "stream", lambda key: [b"%04d" % next(readings)] if "/data/" in key else stream(key))
    [finding] = verify(memory, SNAPSHOT, deep=True).findings
    assert finding.kind == "unreadable"
    assert finding.problem == f"{memory.uri(finding.key)} reads differently every time"


def test_an_object_that_is_far_too_large_is_not_read_to_its_end(memory, monkeypatch):
    put_snapshot(memory, SNAPSHOT, {"a": b"1234"})
    stream = memory.stream

    def endless(key):
        while True:
            yield b"1" * 100

    monkeypatch.setattr(memory, "stream", lambda key: endless(key) if "/data/" in key else stream(key))
    [finding] = verify(memory, SNAPSHOT, deep=True).findings
    assert (finding.kind, finding.problem.split("/a ")[1]) == ("size", "has more than 4 bytes")


@pytest.mark.parametrize("deep", [False, True])
def test_what_the_store_cannot_give_is_unreadable(folder_place, deep):
    """A folder takes no names that look like its own temporary files."""
    remote = folder_place.open()
    put_snapshot(remote, SNAPSHOT, {"a": b"1"})
    put_manifest(remote, SNAPSHOT, [row("a", b"1", SNAPSHOT), row("b#1", b"1", SNAPSHOT)])
    assert kinds(verify(remote, SNAPSHOT, deep=deep)) == {"b#1": "unreadable"}


def test_a_store_that_gives_nothing_at_all_ends_it(memory, monkeypatch):
    put_snapshot(memory, SNAPSHOT, {f"{number:03d}": b"1" for number in range(150)})
    stream = memory.stream

    def refused(key):
        if "/data/" in key:
            raise RemoteError(f"{key}: permission denied")
        return stream(key)

    monkeypatch.setattr(memory, "stream", refused)
    with pytest.raises(RemoteError, match=r"100 files in a row .*: \d+/data/099: permission denied"):
        verify(memory, SNAPSHOT, deep=True)


def test_all_findings_are_reported_and_a_thousand_kept(memory):
    put_manifest(memory, SNAPSHOT, [row(f"{number:04d}", b"1", SNAPSHOT) for number in range(1050)])
    seen = []
    result = verify(memory, SNAPSHOT, report=seen.append)
    assert (result.failed, len(seen), len(result.findings)) == (1050, 1050, 1000)
    assert [finding.path for finding in seen] == [f"{number:04d}" for number in range(1050)]


def test_a_damaged_manifest_is_an_error(memory):
    put_snapshot(memory, SNAPSHOT, {"a": b"1"})
    key = f"{SNAPSHOT}/manifest.jsonl.gz"
    memory.write(key, memory.read(key)[:-10])
    with pytest.raises(ManifestError, match="damaged or cut short"):
        verify(memory, SNAPSHOT)


def test_a_snapshot_that_was_never_finished_is_none(memory):
    memory.write(f"{SNAPSHOT}/data/a", b"1")
    with pytest.raises(UsageError, match=f"no snapshot {SNAPSHOT}"):
        verify(memory, SNAPSHOT)


# The command


@pytest.fixture
def user(user, place, tree):
    """Push before."""
    push(place.open(), tree, name=SNAPSHOT)


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_command_says_that_all_is_well(vmevalkit, place, monkeypatch, files):
    size = f"{sum(map(len, files.values())) / 1000:.1f} kB"
    assert vmevalkit("verify") == (0, f"{SNAPSHOT}: {len(files)} files ({size}) are there with their sizes\n", "")
    deep = f"{SNAPSHOT}: {len(files)} files ({size}) have been read and are as they were pushed\n"
    monkeypatch.delenv("VMEVAL_REMOTE")
    assert vmevalkit("verify", f"{place.url}@latest", "--deep") == (0, deep, "")
    assert vmevalkit("verify", SNAPSHOT, "--remote", place.url, "--deep") == (0, deep, "")


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_command_names_what_is_wrong_and_exits_with_1(vmevalkit, place, files):
    remote = place.open()
    remote.delete([f"{SNAPSHOT}/data/{FRAME}"])
    remote.write(f"{SNAPSHOT}/data/stray", b"1")
    status, out, err = vmevalkit("verify")
    error, note = err.splitlines()
    assert (status, out.split(": ")[2]) == (1, "1 missing\n")
    assert error == f"error: {FRAME}: {place.url}/{SNAPSHOT}/data/{FRAME} is not there"
    assert note.startswith("note: 1 objects in")
    status, out, _ = vmevalkit("verify", "--json")
    told = json.loads(out)
    assert (status, told["failed"], told["counts"], told["extra"]) == (1, 1, {"missing": 1}, 1)
    assert told["findings"][0]["path"] == FRAME
    remote.write(f"{SNAPSHOT}/manifest.jsonl.gz", b"rubbish")
    status, out, err = vmevalkit("verify", SNAPSHOT)
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {place.url}/{SNAPSHOT}/manifest.jsonl.gz: line 1: ")


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_an_unknown_snapshot_is_a_wrong_usage(vmevalkit):
    assert vmevalkit("verify", "202501151031")[0] == 2
