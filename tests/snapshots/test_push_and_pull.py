"""Push and pull, on every kind of store."""

import os
import subprocess
import sys

import pytest
from support.folders import contents
from support.stores import write_files

from vmevalkit.dataroot import DataRoot, exclusive
from vmevalkit.errors import BusyError, ConflictError, RemoteError, UsageError
from vmevalkit.progress import Silent
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, list_snapshots, open_remote, pull, push, read_latest, resolve, tree_at

pytestmark = pytest.mark.s3

FRAME = "questions/chess_task/chess_0000/first_frame.png"


def test_a_snapshot_is_a_plain_folder_with_the_same_files(place, remote, tree, files, at):
    at("202501151030")
    result = push(remote, tree)
    assert (result.snapshot, result.s3_uri) == ("202501151030", f"{place.url}/202501151030/data")
    assert (result.created, result.uploaded, result.files) == (True, len(files), len(files))
    assert result.bytes == sum(map(len, files.values()))
    data = "202501151030/data/"
    kept = {key.removeprefix(data): place.fetch(key) for key in place.objects() if key.startswith(data)}
    assert kept == files


def test_pull_gives_back_the_same_bytes(remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    result = pull(remote, "202501151030", tmp_path / "back")
    assert (result.written, result.skipped, result.failed) == (len(files), 0, 0)
    assert contents(tmp_path / "back") == files


def test_pull_does_not_fetch_what_is_there(remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    pull(remote, "202501151030", tmp_path / "back")
    (tmp_path / "back" / FRAME).write_bytes(b"x" * len(files[FRAME]))
    result = pull(remote, "202501151030", tmp_path / "back")
    assert (result.written, result.skipped) == (1, len(files) - 1)
    assert contents(tmp_path / "back") == files


def test_pull_of_a_part_brings_only_that(remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    pull(remote, "202501151030", tmp_path / "back", below="questions/chess_task/")
    expected = {path: data for path, data in files.items() if path.startswith("questions/chess_task/")}
    assert contents(tmp_path / "back") == expected


def test_pull_of_a_part_takes_whole_names(remote, tree, tmp_path):
    push(remote, tree, name="202501151030")
    with pytest.raises(UsageError, match="nothing at 'questions/chess'"):
        pull(remote, "202501151030", tmp_path / "back", below="questions/chess")


def test_nothing_changed_makes_no_snapshot(place, remote, tree, at):
    at("202501151030")
    first = push(remote, tree)
    before = place.objects()
    at("202501151031")
    again = push(remote, tree)
    assert (again.created, again.snapshot, again.s3_uri) == (False, first.snapshot, first.s3_uri)
    assert place.objects() == before


@pytest.mark.parametrize("options", [{"force": True}, {"name": "202501151031"}])
def test_force_or_a_name_makes_one_all_the_same(remote, tree, files, at, options):
    at("202501151030")
    push(remote, tree)
    at("202501151031")
    result = push(remote, tree, **options)
    assert (result.created, result.snapshot) == (True, "202501151031")
    assert (result.uploaded, result.copied) == (0, len(files))


def test_only_what_changed_is_uploaded_and_the_snapshot_is_whole(remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    changed = {**files, FRAME: b"another frame", "questions/new.txt": b"new"}
    same_size = "evaluations/pilot/model-1/chess_task/chess_0000/human-eval.json"
    changed[same_size] = files[same_size].replace(b"4", b"5")
    gone = "outputs/pilot/model-1/chess_task/chess_0000/run-1/metadata.json"
    del changed[gone]
    write_files(tree.root.path, changed)
    (tree.root.path / gone).unlink()

    result = push(remote, tree, name="202501151031")

    assert (result.uploaded, result.copied, result.removed) == (3, len(files) - 3, 1)
    pull(remote, "202501151031", tmp_path / "new")
    assert contents(tmp_path / "new") == changed
    pull(remote, "202501151030", tmp_path / "old")
    assert contents(tmp_path / "old") == files


def test_an_object_that_the_latest_snapshot_has_lost_is_uploaded_again(remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    remote.delete_below("202501151030/data/questions/maze_task")
    result = push(remote, tree, name="202501151031")
    assert (result.uploaded, result.copied) == (2, len(files) - 2)
    assert pull(remote, "202501151031", tmp_path / "back").failed == 0


def test_a_store_that_cannot_copy_is_sent_everything(tree, files):
    class WithoutCopy(Remote):
        def copy(self, source, target):
            raise RemoteError("not here")

    plain = open_remote("memory://", Settings(_env_file=None))
    remote = WithoutCopy(plain.url, plain._store)
    push(remote, tree, name="20250115")
    assert push(remote, tree, name="20250116").uploaded == len(files)


def test_a_damaged_latest_manifest_does_not_stop_pushing(remote, tree, files):
    push(remote, tree, name="202501151030")
    remote.write("202501151030/manifest.jsonl.gz", b"rubbish")
    result = push(remote, tree, name="202501151031")
    assert result.uploaded == len(files)
    assert "cannot be compared" in result.notes[-1]


def test_names_with_unusual_characters_survive(remote, tmp_path):
    names = ["a b", "ünï ✓", "100%", "%41", "a#b", "a?b", "a+b&c", "(1)[2]{3}", "~x", "it's", 'q"q', "a:b", "€=1;2,3"]
    files = {f"questions/{name}/{name}.txt": name.encode() for name in names}
    write_files(tmp_path / "data", files)
    push(remote, tree_at(tmp_path / "data"), name="20250115")
    push(remote, tree_at(tmp_path / "data"), name="20250116")
    pull(remote, "20250116", tmp_path / "back")
    assert contents(tmp_path / "back") == files


def test_a_large_file_goes_up_in_parts(remote, tmp_path):
    data = os.urandom(1 << 20) * 26 + b"the end"
    write_files(tmp_path / "data", {"outputs/video.mp4": data})
    push(remote, tree_at(tmp_path / "data"), name="20250115")
    pull(remote, "20250115", tmp_path / "back")
    assert (tmp_path / "back/outputs/video.mp4").read_bytes() == data


def test_latest_moves_forward_only(remote, tree):
    assert push(remote, tree, name="202501151030").is_latest
    assert not push(remote, tree, name="20250101").is_latest
    assert resolve(remote, "latest") == "202501151030"
    assert push(remote, tree, name="20250116").is_latest
    assert resolve(remote, "latest") == "20250116"


def test_an_archive_is_never_the_latest(remote, tree, files, tmp_path):
    result = push(remote, tree, name="archive/pilot")
    assert (result.s3_uri, result.is_latest) == (f"{remote.url}/archive/pilot/data", False)
    assert read_latest(remote) is None
    pull(remote, "archive/pilot", tmp_path / "back")
    assert contents(tmp_path / "back") == files


def test_a_part_of_the_root_keeps_its_paths(place, remote, tree, files):
    part = tree_at(tree.root.path / "outputs" / "pilot")
    result = push(remote, part, name="202501151030")
    prefix = "202501151030/data/"
    kept = {key.removeprefix(prefix) for key in place.objects() if key.startswith(prefix)}
    assert kept == {path for path in files if path.startswith("outputs/pilot/")}
    assert result.files == len(kept)


def test_the_same_files_give_the_same_manifest(place, remote, tree, tmp_path, at):
    at("202501151030")
    push(remote, tree, name="20250115")
    first = place.fetch("20250115/manifest.jsonl.gz")
    remote.delete_below("20250115")
    push(remote, tree, name="20250115")
    assert place.fetch("20250115/manifest.jsonl.gz") == first


def test_a_second_push_to_a_snapshot_is_refused_and_damages_nothing(place, remote, tree, files, at):
    at("202501151030")
    push(remote, tree)
    before = {key: place.fetch(key) for key in place.objects()}
    write_files(tree.root.path, {FRAME: b"another frame"})
    with pytest.raises(ConflictError, match="there is a snapshot 202501151030"):
        push(remote, tree)
    assert {key: place.fetch(key) for key in place.objects()} == before


def test_a_push_that_another_machine_is_making_is_left_alone(place, remote, tree, tmp_path, files):
    write_files(tmp_path / "other/data", files)
    _interrupted_push(place, tmp_path / "other/data", "202501151030")
    before = place.objects()
    with pytest.raises(ConflictError, match="another push is making"):
        push(remote, tree, name="202501151030")
    assert place.objects() == before


def test_a_push_that_is_taken_over_publishes_nothing(remote, tree):
    class Usurper(Silent):
        def advance(self, count=1, size=0):
            remote.write("202501151030/push.json", b'{"token": "another"}')

    with pytest.raises(ConflictError, match="has been taken over"):
        push(remote, tree, name="202501151030", progress=Usurper())
    assert list(list_snapshots(remote)) == []
    assert read_latest(remote) is None


def test_files_of_another_tool_are_not_overwritten(place, remote, tree):
    remote.write("20250115/data/questions/mine.txt", b"mine")
    with pytest.raises(ConflictError, match="no push of ours"):
        push(remote, tree, name="20250115")
    assert [key for key in place.objects() if not key.startswith(".vmevalkit/")] == ["20250115/data/questions/mine.txt"]


def test_only_one_process_pushes_a_data_root(remote, tree):
    with exclusive(tree.root.lock("push"), "pushing this data root"), pytest.raises(BusyError, match="pushing"):
        push(remote, tree)


def test_a_snapshot_without_a_manifest_is_invisible(remote, tree, tmp_path):
    push(remote, tree, name="202501151030")
    remote.write("202501151031/data/questions/half.txt", b"half")
    assert [found.snapshot for found in list_snapshots(remote)] == ["202501151030"]
    assert resolve(remote, "latest") == "202501151030"
    with pytest.raises(UsageError, match="no snapshot 202501151031"):
        pull(remote, "202501151031", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_killed_push_leaves_the_old_latest_and_the_next_one_succeeds(place, remote, tree, files, tmp_path, at):
    at("202501151030")
    push(remote, tree)
    write_files(tree.root.path, {FRAME: b"another frame", "questions/chess_task/left_over.txt": b"left"})
    _interrupted_push(place, tree.root.path, "202501151031")
    assert resolve(remote, "latest") == "202501151030"
    assert [found.snapshot for found in list_snapshots(remote)] == ["202501151030"]

    (tree.root.path / "questions/chess_task/left_over.txt").unlink()
    at("202501151032")
    assert push(remote, tree).is_latest
    pull(remote, resolve(remote, "latest"), tmp_path / "back")
    assert contents(tmp_path / "back") == {**files, FRAME: b"another frame"}


def test_a_killed_push_can_be_made_again_under_the_same_name_and_leaves_no_strays(place, remote, tree, files):
    write_files(tree.root.path, {"evaluations/stray.txt": b"stray"})
    _interrupted_push(place, tree.root.path, "202501151030")
    assert "202501151030/data/evaluations/stray.txt" in place.objects()
    (tree.root.path / "evaluations/stray.txt").unlink()
    push(remote, tree, name="202501151030")
    prefix = "202501151030/data/"
    assert {key.removeprefix(prefix) for key in place.objects() if key.startswith(prefix)} == set(files)


_KILLED = """
import os, signal, sys
from pathlib import Path
from vmevalkit.progress import Silent
from vmevalkit.settings import Settings
from vmevalkit.snapshots import open_remote, push, tree_at

class Deadly:
    done = 0
    def start(self, total, unit, size=None):
        self.armed = unit == "files"
    def advance(self, count=1, size=0):
        self.done += self.armed
        if self.done == 4:
            os.kill(os.getpid(), signal.SIGKILL)

url, folder, name = sys.argv[1:]
remote = open_remote(url, Settings(_env_file=None), create=True)
push(remote, tree_at(Path(folder)), name=name, progress=Deadly(), window=1)
"""


def _interrupted_push(place, folder, name):
    """Push in another process, which is killed after its fourth file."""
    environment = {**os.environ, **place.environment}
    done = subprocess.run([sys.executable, "-c", _KILLED, place.url, folder, name], env=environment, check=False)
    assert done.returncode == -9


def test_a_flipped_bit_is_named_and_the_other_files_come(place, remote, tree, files, tmp_path):
    push(remote, tree, name="202501151030")
    key = f"202501151030/data/{FRAME}"
    data = bytearray(place.fetch(key))
    data[7] ^= 1
    remote.write(key, bytes(data))
    lost = "questions/maze_task/maze_0000/prompt.txt"
    remote.delete_below("202501151030/data/questions/maze_task/maze_0000")

    result = pull(remote, "202501151030", tmp_path / "back")

    assert [failure.split(":")[0] for failure in result.failures] == [
        FRAME,
        lost.replace("prompt.txt", "first_frame.png"),
        lost,
    ]
    assert result.failed == 3
    sound = {path: data for path, data in files.items() if path != FRAME and "maze_0000" not in path}
    assert contents(tmp_path / "back") == sound


def test_a_folder_remote_inside_the_data_root_is_refused(tree):
    url = f"file://{tree.root.path / 'outputs' / 'remote'}"
    with pytest.raises(UsageError, match="lies inside"):
        push(open_remote(url, Settings(_env_file=None), create=True), tree)


def test_an_empty_data_root_is_refused(remote, tmp_path):
    (tmp_path / "data" / "questions").mkdir(parents=True)
    with pytest.raises(UsageError, match="no files"):
        push(remote, tree_at(tmp_path / "data"))


def test_bookkeeping_stays_at_home(place, remote, tree):
    write_files(DataRoot(tree.root.path).state, {"cache.db": b"x"})
    push(remote, tree, name="20250115")
    assert not [key for key in place.objects() if "cache.db" in key]
