"""A push that was interrupted goes on where it stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.folders import contents
from support.stores import write_files

from vmevalkit.dataroot import DataRoot, FileState
from vmevalkit.errors import RemoteError
from vmevalkit.snapshots import Remote, open_remote, pull, push, read_latest, tree_at
from vmevalkit.snapshots.journal import opened_journal
from vmevalkit.snapshots.manifest import Row

pytestmark = pytest.mark.s3

AT = 1_700_000_000

_KILLED_AT = """
import os, signal, sys
from pathlib import Path
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, open_remote, push, tree_at

url, folder, moment = sys.argv[1:]
remote = open_remote(url, Settings(_env_file=None), create=True)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if moment.isdigit():
    write, left = Remote.write, [int(moment)]
    def counted(self, key, data):
        if "/data/" in key:
            left[0] -= 1
            if left[0] < 0:
                die()
        return write(self, key, data)
    Remote.write = counted
elif moment == "before the manifest":
    Remote.create = lambda self, key, data, create=Remote.create: (
        die() if key.endswith("manifest.jsonl.gz") else create(self, key, data)
    )
else:
    Remote.update = die
push(remote, tree_at(Path(folder)), window=1)
"""


@pytest.fixture
def old_tree(tree):
    """A tree whose files have not been written just now: what is known of them counts."""
    for folder, _, names in os.walk(tree.root.path):
        for name in names:
            os.utime(Path(folder, name), (AT, AT))
    return tree


def kill(place, tree, moment):
    """Push in another process that is killed before a write, or at a named moment."""
    command = [sys.executable, "-c", _KILLED_AT, place.url, tree.root.path, str(moment)]
    done = subprocess.run(command, env={**os.environ, **place.environment}, check=False)
    assert done.returncode == -9


def stored(place, snapshot):
    prefix = f"{snapshot}/data/"
    return {key.removeprefix(prefix): place.fetch(key) for key in place.objects() if key.startswith(prefix)}


def test_it_goes_on_under_the_same_name_and_sends_only_the_rest(place, remote, old_tree, files, at):
    at("202501151030")
    kill(place, old_tree, 7)
    at("202501151100")
    result = push(remote, old_tree)
    assert (result.snapshot, result.is_latest) == ("202501151030", True)
    # What a killed process had sent without noting it is sent again.
    assert result.resumed + result.uploaded == len(files)
    assert stored(place, "202501151030") == files


def test_what_ctrl_c_interrupted_is_not_sent_twice(place, remote, old_tree, files, at):
    at("202501151030")
    with pytest.raises(KeyboardInterrupt):
        push(Interrupted(remote, after=5), old_tree, window=1)
    result = push(remote, old_tree)
    assert (result.snapshot, result.resumed, result.uploaded) == ("202501151030", 5, len(files) - 5)
    assert stored(place, "202501151030") == files


def test_what_has_changed_or_gone_meanwhile_is_as_it_is_now(place, remote, old_tree, files, at):
    at("202501151030")
    with pytest.raises(KeyboardInterrupt):
        push(Interrupted(remote, after=5), old_tree, window=1)
    first, second, *_ = sorted(files)
    write_files(old_tree.root.path, {first: files[first][::-1], "evaluations/new.txt": b"new"})
    (old_tree.root.path / second).unlink()
    push(remote, old_tree)
    expected = {**files, first: files[first][::-1], "evaluations/new.txt": b"new"}
    del expected[second]
    assert stored(place, "202501151030") == expected


def test_it_starts_anew_where_somebody_has_pushed_since(place, remote, old_tree, files, tmp_path, at):
    at("202501151030")
    kill(place, old_tree, 4)
    write_files(tmp_path / "other/data", {"questions/a": b"a"})
    at("202501151031")
    push(remote, tree_at(tmp_path / "other/data"))
    at("202501151032")
    result = push(remote, old_tree)
    assert (result.snapshot, result.is_latest) == ("202501151032", True)
    assert stored(place, "202501151032") == files


def test_it_starts_anew_on_another_remote(place, old_tree, files, tmp_path, at):
    at("202501151030")
    kill(place, old_tree, 4)
    at("202501151031")
    other = open_remote(f"file://{tmp_path / 'other'}", place.settings, create=True)
    result = push(other, old_tree)
    assert (result.snapshot, result.uploaded) == ("202501151031", len(files))


def test_a_push_that_died_before_its_manifest_has_only_that_to_write(place, remote, old_tree, files, at):
    at("202501151030")
    kill(place, old_tree, "before the manifest")
    assert read_latest(remote) is None
    result = push(remote, old_tree)
    assert (result.snapshot, result.is_latest) == ("202501151030", True)
    assert stored(place, "202501151030") == files


def test_a_push_that_died_after_its_manifest_is_made_the_latest(place, remote, old_tree, at):
    at("202501151030")
    kill(place, old_tree, "before the pointer")
    assert read_latest(remote) is None
    at("202501151031")
    result = push(remote, old_tree)
    assert (result.created, result.snapshot) == (False, "202501151030")
    assert read_latest(remote).snapshot == "202501151030"


def test_a_damaged_journal_means_that_everything_is_sent_again(place, remote, old_tree, files, at):
    at("202501151030")
    with pytest.raises(KeyboardInterrupt):
        push(Interrupted(remote, after=5), old_tree, window=1)
    for journal in old_tree.root.state.glob("push-*.sqlite*"):
        journal.write_bytes(b"rubbish" * 1000)
    result = push(remote, old_tree)
    assert (result.snapshot, result.uploaded) == ("202501151030", len(files))
    assert stored(place, "202501151030") == files


def test_nothing_is_left_behind_under_the_data_root(remote, old_tree):
    push(remote, old_tree, name="20250115")
    assert not list(old_tree.root.state.glob("push*"))


@pytest.mark.parametrize(("count", "kept"), [(99, False), (100, True)])
def test_a_journal_is_made_once_there_is_something_to_write(tmp_path, count, kept):
    root = DataRoot(tmp_path)
    root.state.mkdir()
    with opened_journal(root, "token") as journal:
        for number in range(count):
            row = Row(f"questions/{number}", 1, "0" * 64, f"20250115/data/questions/{number}")
            journal.put(row, FileState(1, AT * 10**9, number))
        assert bool(list(root.state.glob("push-token.sqlite*"))) == kept
    with opened_journal(root, "token") as journal:
        assert journal.resumes
        assert journal.get("questions/7", FileState(1, AT * 10**9, 7)).key == "20250115/data/questions/7"
        journal.discard()
    assert not list(root.state.iterdir())


def test_a_push_that_cannot_be_published_can_be_repeated(folder_place, old_tree, files, tmp_path):
    remote = folder_place.open()

    class Failing(Remote):
        def create(self, key, data):
            if key.endswith("manifest.jsonl.gz"):
                raise RemoteError("not now")
            super().create(key, data)

    with pytest.raises(RemoteError, match="not now"):
        push(Failing(remote.url, remote._store, remote.folder), old_tree, name="20250115")
    result = push(remote, old_tree, name="20250115")
    assert result.resumed == len(files)
    pull(remote, "20250115", tmp_path / "back")
    assert contents(tmp_path / "back") == files


class Interrupted(Remote):
    """A remote whose user presses Ctrl-C after a number of files."""

    def __init__(self, remote: Remote, after: int) -> None:
        super().__init__(remote.url, remote._store, remote.folder)
        self.left = after

    def write(self, key, data):
        if "/data/" in key:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
        return super().write(key, data)
