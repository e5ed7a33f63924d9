"""Files that somebody writes to while they are pushed."""

import hashlib

import pytest
from support.folders import contents
from support.stores import Place, write_files

from vmevalkit.errors import RecordError
from vmevalkit.snapshots import Remote, list_snapshots, open_remote, pull, push, tree_at
from vmevalkit.snapshots.reading import ChangedError, StableReader, hash_file, twice

SIZE = 26 << 20


def test_a_file_that_is_left_alone_is_read(tmp_path):
    write_files(tmp_path, {"a": b"123", "empty": b""})
    assert b"".join(StableReader(tmp_path / "a").chunks()) == b"123"
    assert list(StableReader(tmp_path / "empty").chunks()) == []
    assert hash_file(tmp_path / "a").state.size == 3
    assert hash_file(tmp_path / "a").sha256 == hashlib.sha256(b"123").hexdigest()


@pytest.mark.parametrize("change", ["append", "truncate", "overwrite"])
def test_a_file_that_changes_between_two_chunks_is_noticed(tmp_path, change):
    file = tmp_path / "a"
    file.write_bytes(bytes(SIZE))
    chunks = StableReader(file).chunks()
    next(chunks)
    _change(file, change)
    with pytest.raises(ChangedError, match="a: keeps changing while it is read"):
        list(chunks)


def test_a_file_that_grows_faster_than_it_is_read_does_not_hold_the_reader(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"start")
    with pytest.raises(ChangedError):
        for _ in StableReader(file).chunks(chunk_bytes=1):
            _change(file, "append")
    assert file.stat().st_size < 100


def test_reading_is_tried_twice(tmp_path):
    calls = []

    def work(path):
        calls.append(path)
        if len(calls) == 1:
            raise ChangedError(path, "changed")
        return "read"

    assert twice(work, tmp_path) == "read"
    assert len(calls) == 2


def test_a_file_that_vanishes_is_named(tmp_path):
    with pytest.raises(RecordError, match="gone: No such file"):
        hash_file(tmp_path / "gone")


class Meddler(Remote):
    """A remote where a file changes while it is on its way, a number of times."""

    def __init__(self, url, store, file, times):
        super().__init__(url, store)
        self.file, self.times = file, times

    def write_parts(self, key, chunks, size):
        super().write_parts(key, self._meddled(chunks), size)

    def _meddled(self, chunks):
        for chunk in chunks:
            if self.times:
                self.times -= 1
                _change(self.file, "append")
            yield chunk


@pytest.fixture
def meddler(tmp_path):
    write_files(tmp_path / "data", {"outputs/video.mp4": bytes(SIZE), "questions/a": b"a"})
    plain = open_remote("memory://", Place("memory", "memory://").settings)
    return lambda times: Meddler(plain.url, plain._store, tmp_path / "data/outputs/video.mp4", times)


def test_a_file_that_changes_once_is_pushed_as_it_is_afterwards(meddler, tmp_path):
    remote = meddler(times=1)
    push(remote, tree_at(tmp_path / "data"), name="20250115")
    pull(remote, "20250115", tmp_path / "back")
    assert contents(tmp_path / "back") == contents(tmp_path / "data")


def test_a_file_that_keeps_changing_is_refused_by_name_and_nothing_is_published(meddler, tmp_path):
    remote = meddler(times=1000)
    with pytest.raises(RecordError, match=r"outputs/video\.mp4: keeps changing"):
        push(remote, tree_at(tmp_path / "data"), name="20250115")
    assert list(list_snapshots(remote)) == []


def _change(file, how):
    if how == "truncate":
        file.write_bytes(b"")
    else:
        with file.open("r+b") as out:
            out.seek(0, 2 if how == "append" else 0)
            out.write(b"changed")
