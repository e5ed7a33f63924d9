"""Nothing is ever half-written."""

import re
import signal
import subprocess
import sys
import threading

import pytest

from vmevalkit.dataroot import (
    atomic_folder,
    atomic_path,
    exclusive,
    read_json,
    remove_abandoned,
    remove_abandoned_beside,
    remove_folder,
    sorted_entries,
    temporary_beside,
    waiting_lock,
    write_json,
)
from vmevalkit.errors import BusyError, RecordError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_with_its_folders(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"x": "ü"})
    assert (tmp_path / "a" / "b.json").read_text("utf-8") == '{\n  "x": "ü"\n}\n'
    assert names(tmp_path / "a") == ["b.json"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "No space left on device: '{path}'"),
        (OSError("raster overflow"), "raster overflow"),
    ],
)
def test_an_error_of_the_system_names_the_file_and_one_of_a_library_keeps_its_words(tmp_path, error, words):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match=re.escape(words.format(path=path)) + "$"), atomic_path(path):
        raise error


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "pair") as temporary:
        (temporary / "x").touch()
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_is_invisible_until_it_is_whole(tmp_path):
    with atomic_folder(tmp_path / "pair") as temporary:
        (temporary / "x").touch()
        assert sorted_entries(tmp_path) == []
    assert names(tmp_path / "pair") == ["x"]


def test_a_removed_folder_is_gone_and_removing_nothing_is_fine(tmp_path):
    (tmp_path / "pair").mkdir()
    remove_folder(tmp_path / "pair")
    remove_folder(tmp_path / "pair")
    assert names(tmp_path) == []


def test_what_a_killed_writer_leaves_is_hidden_and_can_be_removed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from vmevalkit.dataroot import atomic_folder\n"
        "with atomic_folder(Path(sys.argv[1])) as t:\n"
        "    (t / 'x').write_text('half'); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path / "pair"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        writer.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == 1
    assert sorted_entries(tmp_path) == []
    assert remove_abandoned(tmp_path) == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["n" * 255, "n" * 231, "字" * 85, "x" + "é" * 127])
def test_a_file_or_a_folder_may_have_the_longest_name_that_the_system_takes(tmp_path, name):
    for make in (atomic_path, atomic_folder):
        with make(tmp_path / make.__name__ / name) as temporary:
            assert temporary.name.encode().decode() == temporary.name
            temporary.mkdir(exist_ok=True) if make is atomic_folder else temporary.write_text("whole")
        assert names(tmp_path / make.__name__) == [name]
    with atomic_folder(tmp_path / "atomic_folder" / name, replace=True) as temporary:
        (temporary / "new").touch()
    assert names(tmp_path / "atomic_folder" / name) == ["new"]
    remove_folder(tmp_path / "atomic_folder" / name)
    assert names(tmp_path / "atomic_folder") == []


def test_a_folder_of_the_longest_name_can_change_places_in_three_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("vmevalkit.dataroot._exchange._in_one_step", lambda *_: False)
    for content in ("old", "new"):
        with atomic_folder(tmp_path / ("n" * 255), replace=True) as temporary:
            (temporary / content).touch()
    assert names(tmp_path / ("n" * 255)) == ["new"]
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("name", ["pair", "字" * 85])
def test_what_is_left_of_writing_a_folder_is_found_however_long_its_name_is(tmp_path, name):
    temporary_beside(tmp_path / name).mkdir()
    temporary_beside(tmp_path / "other").mkdir()
    with atomic_folder(tmp_path / name):
        assert remove_abandoned_beside(tmp_path / name) == 1
    assert len(names(tmp_path)) == 2
    assert remove_abandoned_beside(tmp_path / "other") == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"{", "malformed JSON"), (b"[]", "expected a JSON object"), (b"\xff", "not UTF-8"), (b"[" * 99999, "malformed")],
)
def test_a_file_that_is_no_json_object_is_named(tmp_path, content, problem):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=f"broken.json: {problem}"):
        read_json(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"none\.json: no such file"):
        read_json(tmp_path / "none.json")


def test_the_second_holder_of_a_lock_is_told_and_a_killed_holder_frees_it(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from vmevalkit.dataroot import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 'x'):\n"
        "    print('ready', flush=True); time.sleep(60)"
    )
    lock = tmp_path / "locks" / "create.lock"
    with subprocess.Popen([sys.executable, "-c", script, lock], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"ready\n"
        with pytest.raises(BusyError, match="another process is creating"), exclusive(lock, "creating"):
            pass
        holder.send_signal(signal.SIGKILL)
    with exclusive(lock, "creating"):
        pass


def test_whoever_waits_for_a_lock_gets_it_when_it_is_free(tmp_path):
    order = []

    def wait():
        with waiting_lock(tmp_path / "x.lock", "writing"):
            order.append("second")

    with exclusive(tmp_path / "x.lock", "writing"):
        second = threading.Thread(target=wait)
        second.start()
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def test_whoever_waits_too_long_for_a_lock_is_told(tmp_path):
    lock = tmp_path / "x.lock"
    with (
        exclusive(lock, "writing"),
        pytest.raises(BusyError, match=r"another process has been writing for 0\.01 seconds"),
        waiting_lock(lock, "writing", seconds=0.01),
    ):
        pass
