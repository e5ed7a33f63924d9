"""Which files a push takes, and in which order."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stores import write_files

from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.snapshots import tree_at
from vmevalkit.snapshots.walk import walk


def paths(folder: Path) -> list[str]:
    return [file.path for file in walk(tree_at(folder))]


def test_only_the_three_sections_are_taken(tmp_path):
    write_files(tmp_path, {"questions/a": b"", "outputs/b": b"", "evaluations/c": b"", "s3_sync.py": b"", "x/d": b""})
    assert paths(tmp_path) == ["evaluations/c", "outputs/b", "questions/a"]


def test_a_folder_without_sections_is_taken_whole(tmp_path):
    write_files(tmp_path, {"b/a": b"", "a.txt": b"12"})
    assert paths(tmp_path) == ["a.txt", "b/a"]


def test_hidden_and_temporary_names_are_left_out(tmp_path):
    write_files(
        tmp_path, {"questions/.DS_Store": b"", "questions/.git/x": b"", "questions/a.tmp": b"", "questions/a": b""}
    )
    assert paths(tmp_path) == ["questions/a"]


@pytest.mark.parametrize("part", ["outputs", "outputs/pilot", "outputs/pilot/model-1"])
def test_a_part_is_named_from_the_root(tmp_path, part):
    write_files(tmp_path / "data", {"outputs/pilot/model-1/a": b"", "questions/b": b""})
    tree = tree_at(tmp_path / "data" / part)
    assert (tree.root.path, tree.scope) == (tmp_path / "data", part)
    assert [file.path for file in walk(tree)] == ["outputs/pilot/model-1/a"]


def test_a_root_below_a_folder_with_a_section_s_name_is_a_root(tmp_path):
    write_files(tmp_path / "outputs/data", {"questions/a": b""})
    assert paths(tmp_path / "outputs/data") == ["questions/a"]


def test_a_relative_folder_is_found(tmp_path, monkeypatch):
    write_files(tmp_path, {"data/outputs/pilot/a": b""})
    monkeypatch.chdir(tmp_path / "data/outputs")
    assert paths(Path("pilot")) == ["outputs/pilot/a"]
    assert paths(Path("../outputs/pilot")) == ["outputs/pilot/a"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        tree_at(tmp_path / "nowhere")


segments = st.text("ab-./0 +~é", min_size=1, max_size=4).filter(
    lambda s: "/" not in s and s[0] != "." and s[-4:] != ".tmp"
)


@given(st.sets(st.lists(segments, min_size=1, max_size=3).map("/".join), max_size=12))
def test_the_order_is_that_of_the_bytes(tmp_path_factory, wanted):
    folder = tmp_path_factory.mktemp("tree")
    made = []
    for path in sorted(wanted, key=len, reverse=True):
        target = folder / path
        if not any(parent.is_file() for parent in target.parents) and not target.exists():
            write_files(folder, {path: b""})
            made.append(path)
    assert paths(folder) == sorted(made, key=str.encode)


def links(folder: Path) -> dict[str, str]:
    return {file.path: file.link for file in walk(tree_at(folder)) if file.link}


def test_a_link_inside_the_root_is_recorded_and_not_followed(tmp_path):
    write_files(tmp_path, {"questions/real/a": b"1"})
    (tmp_path / "questions/link").symlink_to("real")
    (tmp_path / "questions/file").symlink_to("real/a")
    assert paths(tmp_path) == ["questions/file", "questions/link", "questions/real/a"]
    assert links(tmp_path) == {"questions/file": "real/a", "questions/link": "real"}


def test_an_absolute_link_inside_the_root_is_recorded_from_its_folder(tmp_path):
    write_files(tmp_path, {"questions/real/a": b"1", "outputs/pilot/b": b"2"})
    (tmp_path / "outputs/pilot/link").symlink_to(tmp_path / "questions/real")
    assert links(tmp_path) == {"outputs/pilot/link": "../../questions/real"}


def test_a_link_to_a_link_is_recorded_as_it_is(tmp_path):
    write_files(tmp_path, {"questions/a": b"1"})
    (tmp_path / "questions/b").symlink_to("a")
    (tmp_path / "questions/c").symlink_to("./b")
    assert links(tmp_path) == {"questions/b": "a", "questions/c": "b"}


def test_a_link_through_another_folder_s_parent_still_means_the_same(tmp_path):
    write_files(tmp_path, {"questions/deep/er/a": b"1", "questions/deep/x": b"right", "questions/x": b"wrong"})
    (tmp_path / "questions/short").symlink_to("deep/er")
    (tmp_path / "questions/link").symlink_to("short/../x")
    assert links(tmp_path)["questions/link"] == "deep/x"


@pytest.mark.parametrize(
    "turns", [{"a/self": "."}, {"a/up": ".."}, {"x": "a", "a/x": "."}, {"a/l": "../b", "b/m": "../a"}]
)
def test_links_in_a_circle_are_no_trap(tmp_path, turns):
    write_files(tmp_path / "questions", {"a/1": b"", "b/2": b""})
    for link, target in turns.items():
        (tmp_path / "questions" / link).symlink_to(target)
    assert links(tmp_path) == {f"questions/{link}": target for link, target in turns.items()}


@pytest.mark.parametrize("target", ["/etc", "/etc/hostname", "../../outside", "../../outside/secret"])
def test_a_link_out_of_the_root_is_refused(tmp_path, target):
    write_files(tmp_path, {"data/questions/a": b"", "outside/secret": b"s"})
    (tmp_path / "data/questions/link").symlink_to(target)
    with pytest.raises(UnsafePathError, match=r"questions/link is a link that leads out"):
        paths(tmp_path / "data")


def test_a_section_that_is_a_link_out_of_the_root_is_refused(tmp_path):
    write_files(tmp_path, {"data/questions/a": b"", "big_disk/b": b""})
    (tmp_path / "data/outputs").symlink_to(tmp_path / "big_disk")
    with pytest.raises(UnsafePathError, match="leads out"):
        paths(tmp_path / "data")


@pytest.mark.parametrize("target", ["gone", "deep/gone", "../outputs/gone", "b"])
def test_a_link_to_nothing_inside_the_root_is_recorded_as_it_is(tmp_path, target):
    write_files(tmp_path, {"questions/a": b""})
    (tmp_path / "questions/b").symlink_to("gone")
    (tmp_path / "questions/dead").symlink_to(target)
    assert links(tmp_path)["questions/dead"] == target


@pytest.mark.parametrize("target", ["/nowhere/at/all", "../../gone", "gone/../../../outside"])
def test_a_link_to_nothing_out_of_the_root_is_refused(tmp_path, target):
    write_files(tmp_path, {"data/questions/a": b""})
    (tmp_path / "data/questions/dead").symlink_to(target)
    with pytest.raises(UnsafePathError, match=r"questions/dead is a link that leads out"):
        paths(tmp_path / "data")


def test_what_is_recorded_of_a_link_does_not_depend_on_what_is_there(tmp_path):
    write_files(tmp_path, {"questions/a": b"1"})
    (tmp_path / "questions/b").symlink_to("a")
    (tmp_path / "questions/c").symlink_to("b")
    (tmp_path / "questions/d").symlink_to(tmp_path / "questions/b")
    before = links(tmp_path)
    assert before == {"questions/b": "a", "questions/c": "b", "questions/d": "b"}
    (tmp_path / "questions/a").unlink()
    assert links(tmp_path) == before
    (tmp_path / "questions/b").unlink()
    assert links(tmp_path) == {"questions/c": "b", "questions/d": "b"}


@pytest.mark.parametrize("turns", [{"x": "x"}, {"x": "x/y"}, {"x": "y", "y": "x"}])
def test_a_link_that_only_leads_to_links_is_named(tmp_path, turns):
    write_files(tmp_path, {"questions/a": b""})
    for link, target in turns.items():
        (tmp_path / "questions" / link).symlink_to(target)
    with pytest.raises(RecordError, match="questions/x: is a link that leads to itself"):
        paths(tmp_path)


def test_a_pipe_is_named(tmp_path):
    write_files(tmp_path, {"questions/a": b""})
    os.mkfifo(tmp_path / "questions/pipe")
    with pytest.raises(RecordError, match="questions/pipe: is not a regular file"):
        paths(tmp_path)


@pytest.mark.parametrize("name", [b"back\\slash", b"new\nline", b"not-utf8-\xff"])
def test_a_name_that_cannot_be_a_key_is_named(tmp_path, name):
    (tmp_path / "questions").mkdir()
    subprocess.run([b"touch", os.fsencode(tmp_path) + b"/questions/" + name], check=True)
    with pytest.raises(UnsafePathError, match="cannot be part of a snapshot"):
        paths(tmp_path)
