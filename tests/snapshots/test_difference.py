"""Comparing snapshots with each other and with the files of a data root."""

import json
import os
import shutil
import sys
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_by_hand import put_manifest, row
from support.stores import Place, write_files

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.snapshots import Change, Tree, difference, fetched_manifest, open_remote, push, tree_at
from vmevalkit.snapshots.difference import Amount, part_of
from vmevalkit.snapshots.manifest import ManifestError, Row
from vmevalkit.snapshots.reading import hash_file

OLD, NEW = "202501151030", "202501161030"
FRAME = "questions/chess_task/chess_0000/first_frame.png"
PROMPT = "questions/chess_task/chess_0000/prompt.txt"


@pytest.fixture
def memory():
    return open_remote("memory://", Place("memory", "memory://").settings)


def put_files(remote, snapshot: str, files: dict[str, bytes], scope: str = "") -> None:
    put_manifest(remote, snapshot, [row(path, data, snapshot) for path, data in files.items()], scope)


def compared(remote, old: str = OLD, new: str | Tree = NEW) -> list[Change]:
    with ExitStack() as stack:
        before = stack.enter_context(fetched_manifest(remote, old))
        after = stack.enter_context(fetched_manifest(remote, new)) if isinstance(new, str) else new
        return list(stack.enter_context(difference(before, after)).changes())


def expected(old: dict[str, bytes], new: dict[str, bytes]) -> list[Change]:
    """Compare two dicts of path and content in the plainest way."""
    gone, come = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    changes = [
        Change("changed", path, len(new[path]), old_size=len(old[path]))
        for path in old.keys() & new.keys()
        if old[path] != new[path]
    ]
    for path in come:
        source = next((other for other in gone if new[path] and old[other] == new[path]), None)
        if source is None:
            changes.append(Change("added", path, len(new[path])))
        else:
            gone.remove(source)
            changes.append(Change("moved", path, len(new[path]), old_path=source))
    changes += [Change("removed", path, len(old[path])) for path in gone]
    return sorted(changes, key=lambda change: change.path)


contents = st.sampled_from([b"", b"1", b"2", b"33", b"44"])
trees = st.dictionaries(
    st.builds(
        "{}/{}".format, st.sampled_from(["questions/a_task", "outputs/b", "outputs/ü"]), st.sampled_from("abcde")
    ),
    contents,
    min_size=1,
)


@given(trees, trees)
def test_changes_between_snapshots_are_those_of_two_dicts(old, new):
    memory = open_remote("memory://", Place("memory", "memory://").settings)
    put_files(memory, OLD, old)
    put_files(memory, NEW, new)
    assert compared(memory) == expected(old, new)


@settings(max_examples=20)
@given(trees, trees)
def test_changes_to_files_are_those_of_two_dicts(old, new):
    memory = open_remote("memory://", Place("memory", "memory://").settings)
    put_files(memory, OLD, old)
    with TemporaryDirectory() as folder:
        write_files(Path(folder), new)
        assert compared(memory, new=Tree(DataRoot(Path(folder)))) == expected(old, new)


def test_of_several_equal_files_the_first_became_the_first(memory):
    put_files(memory, OLD, {"a/1": b"x", "a/2": b"x", "a/3": b"x", "c": b"x"})
    put_files(memory, NEW, {"b/1": b"x", "b/2": b"x", "c": b"x"})
    assert [(change.kind, change.old_path, change.path) for change in compared(memory)] == [
        ("removed", None, "a/3"),
        ("moved", "a/1", "b/1"),
        ("moved", "a/2", "b/2"),
    ]


def test_links_are_compared_by_what_they_say(memory, tmp_path):
    def link(path, target):
        return Row(path, 0, "", "", link=target)

    files = [row("a", b"1", OLD), row("b", b"", OLD)]
    put_manifest(memory, OLD, [*files, link("gone", "a"), link("other", "a"), link("same", "a"), link("solid", "b")])
    put_manifest(
        memory, NEW, [*files, link("come", "a"), link("other", "b"), link("same", "a"), row("solid", b"", NEW)]
    )
    kinds = {"come": "added", "gone": "removed", "other": "changed", "solid": "changed"}
    assert {change.path: change.kind for change in compared(memory)} == kinds
    write_files(tmp_path / "data", {"a": b"1", "b": b"", "solid": b""})
    for name, target in [("come", "a"), ("other", "b"), ("same", "a")]:
        (tmp_path / "data" / name).symlink_to(target)
    assert {change.path: change.kind for change in compared(memory, new=tree_at(tmp_path / "data"))} == kinds


@pytest.mark.s3
def test_a_fresh_snapshot_is_what_was_pushed(remote, tree, files):
    push(remote, tree, name=OLD)
    with fetched_manifest(remote, OLD) as manifest, difference(manifest, tree) as found:
        assert list(found.changes()) == []
        assert found.unchanged == Amount(len(files), sum(map(len, files.values())))
        assert found.summary().parts == {}
    write_files(tree.root.path, {FRAME: b"new", "outputs/pilot/new": b"1"})
    (tree.root.path / PROMPT).rename(tree.root.path / "questions/chess_task/moved.txt")
    assert [(change.kind, change.path) for change in compared(remote, new=tree)] == [
        ("added", "outputs/pilot/new"),
        ("changed", FRAME),
        ("moved", "questions/chess_task/moved.txt"),
    ]


def test_files_are_read_only_where_that_decides_something_and_once(memory, tree, files, monkeypatch):
    read = []

    def noted(path):
        read.append(path.relative_to(tree.root.path).as_posix())
        return hash_file(path)

    monkeypatch.setattr(sys.modules[difference.__module__], "hash_file", noted)
    put_files(memory, OLD, {**files, FRAME: b"of another size", "outputs/gone": bytes(7), "outputs/same": bytes(9)})
    write_files(tree.root.path, {"outputs/as-large-as-gone": b"1234567", "outputs/larger": bytes(8)})
    (tree.root.path / "outputs/same").symlink_to("larger")
    for path in tree.root.path.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)  # Nobody may still be writing to them.
    changes = compared(memory, new=tree)
    assert {change.path for change in changes} == {
        FRAME,
        "outputs/as-large-as-gone",
        "outputs/gone",
        "outputs/larger",
        "outputs/same",
    }
    assert set(read) == {*files, "outputs/as-large-as-gone"} - {FRAME}
    read.clear()
    assert compared(memory, new=tree) == changes
    assert read == []


# Parts of a data root


@pytest.mark.parametrize("scoped", ["old", "new"])
def test_of_a_part_only_the_part_is_compared(memory, scoped):
    whole = {"outputs/a/x": b"1", "outputs/b/y": b"1", "questions/z": b"2"}
    put_files(memory, OLD, {"outputs/a/x": b"2"} if scoped == "old" else whole, "outputs/a" if scoped == "old" else "")
    put_files(memory, NEW, {"outputs/a/x": b"2"} if scoped == "new" else whole, "outputs/a" if scoped == "new" else "")
    with fetched_manifest(memory, OLD) as old, fetched_manifest(memory, NEW) as new, difference(old, new) as found:
        assert found.scope == "outputs/a"
        assert [(change.kind, change.path) for change in found.changes()] == [("changed", "outputs/a/x")]


def test_a_part_and_a_tree_are_compared_where_both_have_something(memory, tree, files):
    part = {path: data for path, data in files.items() if path.startswith("outputs/pilot/")}
    put_files(memory, OLD, part, "outputs/pilot")
    assert compared(memory, new=tree) == []
    assert compared(memory, new=tree_at(tree.root.path / "outputs")) == []
    put_files(memory, NEW, files)
    write_files(tree.root.path, {FRAME: b"another matter", "outputs/pilot/new": b"1"})
    changes = compared(memory, NEW, tree_at(tree.root.path / "outputs/pilot"))
    assert [(change.kind, change.path) for change in changes] == [("added", "outputs/pilot/new")]


def test_a_part_that_is_gone_from_the_tree_has_been_removed(memory, tree, files):
    part = {path: data for path, data in files.items() if path.startswith("outputs/pilot/")}
    put_files(memory, OLD, part, "outputs/pilot")
    shutil.rmtree(tree.root.path / "outputs")
    assert [(change.kind, change.path) for change in compared(memory, new=tree)] == [
        ("removed", path) for path in sorted(part)
    ]


def test_parts_that_have_nothing_in_common_are_refused(memory):
    put_files(memory, OLD, {"outputs/a/x": b"1"}, "outputs/a")
    put_files(memory, NEW, {"outputs/ab/x": b"1"}, "outputs/ab")
    with pytest.raises(UsageError, match="one side holds outputs/a, the other outputs/ab"):
        compared(memory)


# The summary


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("questions/chess_task/chess_0000/prompt.txt", "questions/chess"),
        ("questions/chess_task/notes", "questions/chess"),
        ("questions/vmeval_dataset.json", "other"),
        ("questions/chess/notes", "other"),
        ("outputs/pilot/m/x", "outputs/pilot"),
        ("outputs/x", "other"),
        ("evaluations/pilot/m/x", "evaluations/pilot"),
        ("readme", "other"),
    ],
)
def test_files_count_for_domains_and_experiments(path, part):
    assert part_of(path) == part


def test_the_summary_counts_by_part_and_kind(memory):
    put_files(memory, OLD, {"outputs/a/x": b"1", "outputs/a/y": b"22", "questions/maze_task/q": b"333", "z": b"4444"})
    put_files(memory, NEW, {"outputs/a/x": b"55555", "outputs/b/q": b"333", "outputs/b/r": b"1", "z": b"4444"})
    with fetched_manifest(memory, OLD) as old, fetched_manifest(memory, NEW) as new, difference(old, new) as found:
        summary = found.summary()
        assert found.unchanged == Amount(1, 4)
    assert summary.parts == {
        "outputs/a": {"changed": Amount(1, 5), "removed": Amount(1, 2)},
        "outputs/b": {"added": Amount(1, 1), "moved": Amount(1, 3)},
    }
    assert summary.total == {
        "added": Amount(1, 1),
        "changed": Amount(1, 5),
        "removed": Amount(1, 2),
        "moved": Amount(1, 3),
    }


def test_a_damaged_manifest_is_an_error_before_anything_is_told(memory):
    put_files(memory, OLD, {"a": b"1"})
    put_files(memory, NEW, {"a": b"2"})
    key = f"{NEW}/manifest.jsonl.gz"
    memory.write(key, memory.read(key)[:-10])
    with (
        fetched_manifest(memory, OLD) as old,
        fetched_manifest(memory, NEW, checked=False) as new,
        pytest.raises(ManifestError),
        difference(old, new),
    ):
        pytest.fail("it must not come so far")


def test_memory_does_not_grow_with_the_number_of_changes(memory):
    def peak(files: int) -> int:
        put_files(memory, OLD, {f"outputs/a/{number:06d}": b"%d" % number for number in range(files)})
        put_files(memory, NEW, {f"outputs/b/{number:06d}": b"%d" % number for number in range(files)})
        tracemalloc.start()
        with fetched_manifest(memory, OLD) as old, fetched_manifest(memory, NEW) as new, difference(old, new) as found:
            assert sum(1 for change in found.changes() if change.kind == "moved") == files
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)  # The first time, modules are loaded.
    assert peak(2500) < peak(250) + (1 << 19)


# The command


@pytest.fixture
def user(user, tree, monkeypatch):
    """Set the data root as well."""
    monkeypatch.setenv("VMEVAL_DATA_DIR", str(tree.root.path))


def change_some(tree: Tree) -> None:
    """Add, change, remove and move a file each."""
    write_files(tree.root.path, {FRAME: b"new", "outputs/next/m/x": bytes(1500)})
    (tree.root.path / PROMPT).rename(tree.root.path / "questions/maze_task/moved.txt")
    (tree.root.path / "evaluations/pilot/model-1/chess_task/chess_0000/human-eval.json").unlink()


LINES = [
    "- evaluations/pilot/model-1/chess_task/chess_0000/human-eval.json",
    "+ outputs/next/m/x",
    f"~ {FRAME}",
    f"> {PROMPT} -> questions/maze_task/moved.txt",
]


@pytest.mark.s3
@pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)
def test_the_command_prints_a_line_per_file_and_a_table(vmevalkit, place, tree, files):
    push(place.open(), tree, name=OLD)
    change_some(tree)
    status, out, err = vmevalkit("diff", "latest")
    assert (status, err) == (0, "")
    assert out.splitlines()[:4] == LINES
    assert [line.split() for line in out.splitlines()[4:-1]] == [
        ["added", "changed", "removed", "moved"],
        ["evaluations/pilot", "1", "(13", "bytes)"],
        ["outputs/next", "1", "(1.5", "kB)"],
        ["questions/chess", "1", "(3", "bytes)"],
        ["questions/maze", "1", "(14", "bytes)"],
        ["all", "1", "(1.5", "kB)", "1", "(3", "bytes)", "1", "(13", "bytes)", "1", "(14", "bytes)"],
    ]
    end = f"1 added, 1 changed, 1 removed, 1 moved, {len(files) - 3} the same"
    assert out.splitlines()[-1] == f"{OLD} → {tree.root.path}: {end}"
    push(place.open(), tree, name=NEW, incremental=True)
    assert vmevalkit("diff", OLD, NEW)[1] == out.replace(str(tree.root.path), NEW)
    assert vmevalkit("diff", OLD, f"{place.url}@latest", "--summary")[1].splitlines() == [
        line.replace(str(tree.root.path), NEW) for line in out.splitlines()[4:]
    ]
    same = f"{NEW} → {tree.root.path}: no difference in {len(files)} files\n"
    assert vmevalkit("diff", NEW, "--data-dir", str(tree.root.path)) == (0, same, "")


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_command_prints_json(vmevalkit, place, tree, files):
    push(place.open(), tree, name=OLD)
    change_some(tree)
    status, out, _ = vmevalkit("diff", OLD, "--json")
    told = json.loads(out)
    changes = told.pop("changes")
    assert status == 0
    assert [(change["kind"], change["path"]) for change in changes] == [
        ("removed", LINES[0][2:]),
        ("added", "outputs/next/m/x"),
        ("changed", FRAME),
        ("moved", "questions/maze_task/moved.txt"),
    ]
    assert changes[2] == {"kind": "changed", "path": FRAME, "size": 3, "old_size": len(files[FRAME])}
    assert changes[3]["old_path"] == PROMPT
    assert told["old"]["snapshot"] == OLD
    assert told["new"] == {"folder": str(tree.root.path)}
    assert told["unchanged"]["files"] == len(files) - 3
    assert told["total"]["removed"] == {"files": 1, "bytes": 13}
    assert told["parts"]["outputs/next"] == {"added": {"files": 1, "bytes": 1500}}
    assert json.loads(vmevalkit("diff", OLD, "--json", "--quiet")[1]) == told
    assert json.loads(vmevalkit("diff", OLD, OLD, "--json")[1])["changes"] == []


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_command_says_that_only_a_part_was_compared(vmevalkit, place, tree):
    push(place.open(), tree_at(tree.root.path / "outputs/pilot"), name=OLD)
    out = vmevalkit("diff", OLD)[1]
    assert out == f"{OLD} → {tree.root.path}, only outputs/pilot: no difference in 2 files\n"


@pytest.mark.parametrize("place", ["folder"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([OLD, OLD, "--data-dir", "."], "--data-dir is for comparing one snapshot with files"),
        ([NEW], f"no snapshot {NEW}"),
        (["1.0"], "unknown version: 1.0"),
        (["file:///nowhere@latest"], "file:///nowhere: no such folder"),
        (["file:///nowhere@latest", "--remote", "file:///tmp"], "file:///nowhere@latest names a remote, and so does"),
        ([OLD, "--data-dir", "nowhere"], "no data root at"),
        ([], "Missing argument"),
    ],
)
def test_a_mistake_is_named_and_exits_with_2(vmevalkit, place, tree, arguments, problem):
    push(place.open(), tree, name=OLD)
    status, out, err = vmevalkit("diff", *arguments)
    assert (status, out) == (2, "")
    assert problem in err
