"""The manifest: written as a function of its rows, read without trust."""

import gzip
import io
import json
import tracemalloc
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import is_temporary
from vmevalkit.errors import RecordError, UnsafePathError
from vmevalkit.snapshots import manifest
from vmevalkit.snapshots.manifest import Header, Row, check_path, merge, read_header, read_rows, write_manifest

NAME = "s3://bucket/202501151030/manifest.jsonl.gz"
HEADER = Header("202501151030", "2025-01-15T10:30:00.000000Z", 1, 3)
HASH = "0" * 64


def row(path: str, size: int = 3) -> Row:
    return Row(path, size, HASH, f"202501151030/data/{path}")


def written(rows: list[Row]) -> bytes:
    out = io.BytesIO()
    write_manifest(out, replace(HEADER, files=len(rows), bytes=sum(r.size for r in rows)), rows)
    return out.getvalue()


def packed(*lines: object) -> io.BytesIO:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return io.BytesIO(gzip.compress(text.encode()))


def header(**changes) -> dict:
    return {"format": 1, "snapshot": "202501151030", "created_at": "", "files": 1, "bytes": 3, "scope": "", **changes}


def line(**changes) -> dict:
    return {"path": "a", "size": 3, "sha256": HASH, "key": "202501151030/data/a", **changes}


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=8
).filter(lambda name: not name.startswith(".") and not name.endswith(".tmp"))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(paths, st.integers(0, 1 << 40)))
def test_what_is_written_is_read(sizes):
    rows = [row(path, sizes[path]) for path in sorted(sizes)]
    data = written(rows)
    assert list(read_rows(io.BytesIO(data), NAME)) == rows
    assert read_header(io.BytesIO(data), NAME).files == len(rows)


def test_the_lines_are_json_that_any_tool_can_read():
    lines = gzip.decompress(written([row("a/b")])).splitlines()
    assert json.loads(lines[0]) == {
        "format": 1,
        "snapshot": "202501151030",
        "created_at": "2025-01-15T10:30:00.000000Z",
        "files": 1,
        "bytes": 3,
        "scope": "",
    }
    assert json.loads(lines[1]) == {"path": "a/b", "size": 3, "sha256": HASH, "key": "202501151030/data/a/b"}


def test_the_bytes_depend_on_the_rows_alone():
    data = written([row("a"), row("b")])
    assert data == written([row("a"), row("b")])
    assert data[4:8] == b"\0\0\0\0"  # gzip's time stamp


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../up",
        "a/..",
        "./a",
        "a//b",
        "a/",
        "a\0b",
        "a\nb",
        "a\\..\\b",
        ".bashrc",
        "a/.ssh/authorized_keys",
        "a/b.tmp",
        "\udc80",
        "x" * 901,
        "ü" * 451,
    ],
)
def test_a_path_that_no_snapshot_of_ours_has_is_refused(path):
    with pytest.raises(UnsafePathError):
        check_path(path)
    with pytest.raises(RecordError, match="line 2"):
        list(read_rows(packed(header(), line(path=path)), NAME))


@given(st.text() | st.text("ab./\\") | st.lists(st.sampled_from(["a", ".tmp", "x.tmp", "/", ".", "tmp"])).map("".join))
def test_a_path_is_accepted_if_each_of_its_names_is_one(path):
    names = path.split("/")
    sound = all(name and not is_temporary(name) and "\\" not in name and name.isprintable() for name in names)
    try:
        check_path(path)
    except UnsafePathError:
        assert not sound
    else:
        assert not any(name == "" or is_temporary(name) or "\\" in name or "\0" in name for name in names)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["not json"],
        ["[1]"],
        ["[" * 10_000],
        [header(format=2)],
        [header(files="1")],
        [header(files=True)],
        [header(bytes=-1)],
        [header(snapshot=7)],
        [header(), line(size=-1)],
        [header(), line(size=True)],
        [header(), line(size=3.0)],
        [header(), line(size=1 << 60)],
        [header(), line(sha256="0" * 63)],
        [header(), line(sha256="G" * 64)],
        [header(), line(sha256=HASH + "\n")],
        [header(), line(sha256=None)],
        [header(), line(key="202501151030/data/../../secret")],
        [header(), line(key="secret/data/a")],
        [header(), line(key="versions.json")],
        [header(), line(key=None)],
        [header(), {"path": "a"}],
        [header(), ""],
        [header(), line(path="b"), line(path="a")],
        [header(files=2, bytes=6), line(), line()],
        [header()],
        [header(), line(), line(path="b")],
        [header(bytes=4), line()],
        ["9" * 5000],
        [header(), f'{{"size": {"9" * 5000}}}'],
    ],
)
def test_a_manifest_that_is_not_what_we_write_is_refused_by_name(lines):
    with pytest.raises(RecordError, match=NAME):
        list(read_rows(packed(*lines), NAME))


@pytest.mark.parametrize("data", [b"", b"plain text", b"\x1f\x8b", b"\x1f\x8b\x08\x00" + b"\0" * 20])
def test_something_else_than_gzip_is_refused(data):
    with pytest.raises(RecordError, match=NAME):
        list(read_rows(io.BytesIO(data), NAME))


@given(st.data())
def test_a_manifest_that_is_cut_short_is_refused(data):
    whole = written([row(f"{i:03}") for i in range(50)])
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(RecordError, match=NAME):
        list(read_rows(io.BytesIO(whole[:length]), NAME))


@given(st.data())
def test_a_flipped_bit_is_noticed_or_changes_nothing(data):
    rows = [row(f"{i:03}") for i in range(20)]
    flipped = bytearray(written(rows))
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = list(read_rows(io.BytesIO(bytes(flipped)), NAME))
    except RecordError:
        return
    assert found == rows  # it was a bit of gzip's own header, such as the time


def test_a_gzip_bomb_takes_no_memory():
    bomb = io.BytesIO(gzip.compress(b'{"format": "' + bytes(32 << 20), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(RecordError, match="line 1: longer than"):
            list(read_rows(bomb, NAME))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


class Item:
    def __init__(self, path):
        self.path = path


@given(st.sets(paths), st.sets(paths))
def test_a_merge_walks_both_sides_once(ours, theirs):
    pairs = list(merge(map(Item, sorted(ours)), map(Item, sorted(theirs))))
    seen = [(left and left.path, right and right.path) for left, right in pairs]
    expected = [(p if p in ours else None, p if p in theirs else None) for p in sorted(ours | theirs)]
    assert seen == expected


@given(st.text(st.sampled_from("ab./\\t\n mp~é\x7f"), max_size=12) | st.text(max_size=12) | paths)
def test_the_quick_look_at_a_path_agrees_with_the_patterns(path):
    with patch.object(manifest, "_is_plain", return_value=False):
        expected = _accepted(path)
    assert _accepted(path) == expected


@pytest.mark.parametrize("length", [899, 900, 901])
@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_path_has_at_most_900_bytes(length, letter):
    path = "x" * (length - len(letter.encode())) + letter
    assert _accepted(path) == (length <= 900)


def _accepted(path: str) -> bool:
    try:
        return check_path(path) == path
    except UnsafePathError:
        return False
