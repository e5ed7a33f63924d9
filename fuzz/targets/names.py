"""Names, paths and the short texts of options and addresses."""

from collections.abc import Callable
from pathlib import Path

from fuzz.target import Target
from vmevalkit.catalog._cursors import pair_place, run_place
from vmevalkit.catalog._text import fts_words, like
from vmevalkit.cli.options import split
from vmevalkit.dataroot import check_name, resolve_inside
from vmevalkit.migration.names import local_name
from vmevalkit.runner.shards import Shard
from vmevalkit.settings import Settings
from vmevalkit.snapshots import open_remote
from vmevalkit.snapshots.manifest import check_link, check_path
from vmevalkit.snapshots.names import check_snapshot_name, split_data_uri, split_key
from vmevalkit.snapshots.versions import without_v
from vmevalkit.web import formats
from vmevalkit.web._ranges import RangeNotSatisfiableError, lists_tag, requested_range
from vmevalkit.web.public import domain_name, public_uri

_SETTINGS = Settings(_env_file=None, AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")  # noqa: S106 - none

_READERS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda text: check_name("model", text), "veo-3.0"),
    (lambda text: local_name("model", text), "my model"),
    (check_path, "questions/maze_task/maze_0000/prompt.txt"),
    (lambda text: check_link("questions/newest", text), "maze_task/maze_0000"),
    (check_snapshot_name, "archive/pilot"),
    (split_key, "archive/pilot/data/questions/a.txt"),
    (split_data_uri, "s3://bucket/202501151030/data"),
    (without_v, "v1.0"),
    (Shard.parse, "2/8"),
    (lambda text: split([text]), "maze, chess"),
    (lambda text: run_place(text, "key"), "WyJrZXkiLCJhIiwicCIsIm0iLCJjIiwiYyIsInIiXQ"),
    (lambda text: run_place(text, "score"), "WyJzY29yZSIsNCwicCIsIm0iLCJjIiwiYyIsInIiXQ"),
    (pair_place, "maze/maze_0000"),
    (lambda text: requested_range(text, 1000), "bytes=0-99"),
    (lambda text: lists_tag(text, '"abc"'), 'W/"x", "abc"'),
    (fts_words, 'a "quoted" word'),
    (like, "50%_"),
    (formats.when, "2025-01-15T10:30:00Z"),
    (domain_name, "maze_task"),
    (public_uri, "file:///srv/lab/202501151030/data"),
    (lambda text: open_remote(text, _SETTINGS), "s3://bucket/prefix"),
)


def _text(data: bytes, _folder: Path) -> object:
    """Read a text in the way that the first byte says."""
    read, _ = _READERS[data[0] % len(_READERS) if data else 0]
    return read(data[1:].decode(errors="surrogateescape"))


def _path(data: bytes, folder: Path) -> object:
    """Find a file that an answer or a manifest names, in a folder with a link that leads out of it."""
    link = folder / "out"
    if not link.is_symlink():
        link.symlink_to("/")
        (folder / "in").mkdir()
    found = resolve_inside(folder, data.decode(errors="surrogateescape"))
    if not found.resolve().is_relative_to(folder.resolve()):
        raise AssertionError(f"{data!r} leads to {found}")
    return found


TARGETS = (
    Target(
        "text",
        _text,
        tuple(bytes([n]) + good.encode() for n, (_, good) in enumerate(_READERS)),
        (
            b"bytes=",
            b"/data/",
            b"archive/",
            b"..",
            b"%2e%2e",
            b"\xed\xa0\x80",
            b"://",
            b"s3://[",
            b"file://",
            b"9" * 20,
            b".tmp",
        ),
        errors=(RangeNotSatisfiableError,),
    ),
    Target("path", _path, (b"in/a.png", b"./in//a"), (b"..", b"/", b"out", b"\0", b"\\", b"%2f", b"\xff")),
)
