"""The version log."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stores import Place

from vmevalkit.dataroot import DataRoot, Version, VersionLog
from vmevalkit.errors import ConflictError, RecordError, UnknownNameError, UnsafePathError, UsageError
from vmevalkit.snapshots import Remote, add_version, push, read_log, read_mirror, remove_version, resolve
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.versions import count_questions, next_version

pytestmark = pytest.mark.s3


@pytest.fixture
def pushed(remote, tree):
    push(remote, tree, name="202501151030")
    return remote


def test_an_entry_has_the_fields_that_scripts_know(place, pushed, tree, files, at):
    at("202501151031")
    add_version(pushed, "202501151030", stats={"change": "Initial dataset"}, mirror=tree.root)
    assert json.loads(place.fetch("versions.json")) == {
        "versions": [
            {
                "version": "1.0",
                "date": "20250115",
                "s3_uri": f"{place.url}/202501151030/data",
                "size_mb": round(sum(map(len, files.values())) / 1e6, 1),
                "files": len(files),
                "timestamp": "2025-01-15T10:31:00.000000",
                "stats": {"change": "Initial dataset", "domains": {"chess": 2, "maze": 1}},
            }
        ]
    }


def test_the_log_is_mirrored_under_the_data_root(place, pushed, tree):
    add_version(pushed, "202501151030", mirror=tree.root)
    assert (tree.root.state / "versions.json").read_bytes() == place.fetch("versions.json")
    assert read_mirror(tree.root) == read_log(pushed)


def test_numbers_go_up_and_names_of_one_s_own_stand_beside_them(pushed, tree):
    given_names = [None, "1.1-pre", None, "v2.0", None]
    got = [add_version(pushed, "202501151030", version=name, mirror=tree.root).version for name in given_names]
    assert got == ["1.0", "1.1-pre", "1.1", "2.0", "2.1"]
    assert [entry.version for entry in read_log(pushed).versions] == got


def test_a_name_that_was_removed_can_be_given_anew(pushed, tree):
    for name in ["1.0", "1.1", "2.0"]:
        add_version(pushed, "202501151030", version=name, mirror=tree.root)
    assert remove_version(pushed, "v1.1", mirror=tree.root).version == "1.1"
    assert [entry.version for entry in read_log(pushed).versions] == ["1.0", "2.0"]
    assert read_mirror(tree.root) == read_log(pushed)
    add_version(pushed, "202501151030", version="1.1", mirror=tree.root)
    assert [entry.version for entry in read_log(pushed).versions] == ["1.0", "2.0", "1.1"]


def test_a_name_that_is_not_there_cannot_be_removed(pushed, tree):
    add_version(pushed, "202501151030", mirror=tree.root)
    with pytest.raises(UnknownNameError, match=r"unknown version: 1\.1"):
        remove_version(pushed, "1.1", mirror=tree.root)


def test_an_entry_whose_answer_was_lost_is_not_written_twice(moto_place, tree):
    """The store has taken it, but the client heard nothing and tries again."""
    remote = moto_place.open()
    push(remote, tree, name="202501151030")

    class Deaf(Remote):
        heard = False

        def _replaced(self, *arguments):
            super()._replaced(*arguments)
            self.heard, first = True, not self.heard
            return not first

    version = add_version(Deaf(remote.url, remote._store), "202501151030", mirror=tree.root)
    assert [entry.version for entry in read_log(remote).versions] == ["1.0"] == [version.version]
    assert read_mirror(tree.root) == read_log(remote)


def test_a_name_is_given_once(pushed, tree):
    add_version(pushed, "202501151030", version="1.0", mirror=tree.root)
    with pytest.raises(ConflictError, match=r"version 1\.0 already"):
        add_version(pushed, "202501151030", version="1.0", mirror=tree.root)
    assert len(read_log(pushed).versions) == 1


@pytest.mark.parametrize("name", ["", "a/b", "..", "1.0\n"])
def test_a_name_must_be_a_name(pushed, tree, name):
    with pytest.raises(UnsafePathError):
        add_version(pushed, "202501151030", version=name, mirror=tree.root)


@pytest.mark.parametrize("name", ["latest", "20250101", "v20250101", "202501011030"])
def test_a_version_cannot_be_called_what_means_a_snapshot(pushed, tree, name):
    with pytest.raises(UsageError, match="would be taken for a snapshot") as refused:
        add_version(pushed, "202501151030", version=name, mirror=tree.root)
    assert refused.value.hint
    assert read_log(pushed).versions == ()


def test_what_others_have_written_into_the_log_stays(pushed, tree):
    own = {
        "version": "0.9",
        "date": "20240101",
        "s3_uri": "s3://old/data",
        "size_mb": 1.5,
        "files": 3,
        "timestamp": "x",
    }
    pushed.write("versions.json", json.dumps({"versions": [{**own, "by": "me"}], "note": "kept"}).encode())
    add_version(pushed, "202501151030", mirror=tree.root)
    log = json.loads(pushed.read("versions.json"))
    assert log["note"] == "kept"
    assert log["versions"][0]["by"] == "me"
    assert [entry["version"] for entry in log["versions"]] == ["0.9", "0.10"]


def test_a_version_of_nothing_is_refused(remote, tree):
    with pytest.raises(UsageError, match="no snapshot 202501151030"):
        add_version(remote, "202501151030", mirror=tree.root)
    assert read_log(remote).versions == ()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"versions": [{}]}', b"\xff", b'{"versions": 3}'])
def test_a_damaged_log_is_named_and_left_as_it_is(pushed, tree, data):
    pushed.write("versions.json", data)
    with pytest.raises(RecordError, match=r"versions\.json"):
        add_version(pushed, "202501151030", mirror=tree.root)
    assert pushed.read("versions.json") == data


def _log_at_once(remotes, roots):
    def work(number):
        return add_version(remotes[number], "202501151030", mirror=roots[number]).version

    with ThreadPoolExecutor(len(remotes)) as pool:
        return sorted(pool.map(work, range(len(remotes))))


@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_loggers_on_several_machines_lose_nothing(place, pushed, tmp_path):
    roots = [DataRoot(tmp_path / f"machine-{number}") for number in range(6)]
    logged = _log_at_once([place.open() for _ in roots], roots)
    assert logged == [f"1.{number}" for number in range(6)]
    assert sorted(entry.version for entry in read_log(pushed).versions) == logged


def test_loggers_of_one_data_root_lose_nothing(place, pushed, tree):
    logged = _log_at_once([place.open() for _ in range(6)], [tree.root] * 6)
    assert logged == [f"1.{number}" for number in range(6)]
    assert sorted(entry.version for entry in read_log(pushed).versions) == logged
    assert read_mirror(tree.root) == read_log(pushed)


def test_a_version_leads_to_its_snapshot(pushed, tree):
    add_version(pushed, "202501151030", version="first", mirror=tree.root)
    add_version(pushed, "202501151030", mirror=tree.root)
    for name in ["first", "1.0", "v1.0", "202501151030", "latest"]:
        assert resolve(pushed, name) == "202501151030"
    with pytest.raises(UnknownNameError, match=r"unknown version: 1\.1"):
        resolve(pushed, "1.1")


def test_a_version_on_a_remote_called_archive_leads_to_its_snapshot(folder_place, tree):
    remote = Place("folder", f"{folder_place.url}/archive").open()
    push(remote, tree, name="202501151030")
    add_version(remote, "202501151030", mirror=tree.root)
    assert resolve(remote, "1.0") == "202501151030"


def test_a_version_is_found_through_another_spelling_of_its_remote(folder_place, tree, tmp_path):
    remote = folder_place.open()
    push(remote, tree, name="202501151030")
    add_version(remote, "202501151030", mirror=tree.root)
    (tmp_path / "link").symlink_to(remote.folder)
    assert resolve(Place("folder", f"file://{tmp_path / 'link'}").open(), "1.0") == "202501151030"


def test_a_version_whose_snapshot_is_not_here_says_where_it_lies(pushed, tree):
    entry = add_version(pushed, "202501151030", mirror=tree.root)
    moved = entry.model_copy(update={"s3_uri": "s3://elsewhere/20250101/data"})
    pushed.write("versions.json", json.dumps({"versions": [moved.to_json()]}).encode())
    with pytest.raises(UsageError, match=r"version 1\.0 lies on s3://elsewhere") as refused:
        resolve(pushed, "1.0")
    assert refused.value.hint == "say --remote s3://elsewhere"


def test_there_is_no_latest_before_the_first_push(remote):
    with pytest.raises(UsageError, match="no snapshot on"):
        resolve(remote, "latest")


def test_an_archive_is_logged_under_today(remote, tree, at):
    at("202503010000")
    push(remote, tree, name="archive/pilot")
    assert add_version(remote, "archive/pilot", mirror=tree.root).date == "20250301"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20))
def test_the_next_number_is_new_and_the_highest(numbers):
    entries = [Version(version=f"{a}.{b}", date="", s3_uri="", size_mb=0, files=0, timestamp="") for a, b in numbers]
    major, minor = map(int, next_version(VersionLog(versions=tuple(entries))).split("."))
    assert all((major, minor) > number for number in numbers)


def test_questions_are_counted_by_their_folders():
    paths = [
        "outputs/pilot/m/chess_task/chess_0000/r/metadata.json",
        "questions/chess_task/chess_0000-b/prompt.txt",
        "questions/chess_task/chess_0000/first_frame.png",
        "questions/chess_task/chess_0000/prompt.txt",
        "questions/chess_task/notes.txt",
        "questions/maze_task/maze_0000/prompt.txt",
        "questions/other/x/prompt.txt",
        "questions/vmeval_dataset.json",
    ]
    rows = [Row(path, 1, "0" * 64, f"20250115/data/{path}") for path in paths]
    assert count_questions(rows) == {"chess": 2, "maze": 1}
