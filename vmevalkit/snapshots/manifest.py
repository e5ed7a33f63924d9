"""``manifest.jsonl.gz``: what a snapshot holds. A header line, then a line per file, sorted by path.

Written and read as a stream. The reader trusts nothing: a manifest comes from a bucket that others may write to,
and its paths become files on this machine.
"""

import gzip
import io
import json
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import IO, Any, NamedTuple, Protocol, TypeVar

from pydantic_core import from_json

from vmevalkit.dataroot import TEMP_SUFFIX
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.snapshots.names import is_snapshot_name, split_key

FORMAT = 1

_MAX_LINE_BYTES = 16 << 10
_COMPRESSION = 3
"""Twice as fast as 6, for a twentieth more bytes: most of a manifest are digests."""
_BUFFER_BYTES = 128 << 10
"""Between the lines and the compression, which is slow to be called."""
_MAX_PATH_BYTES = 900
"""Object stores take keys of up to 1,024 bytes; the rest is for the prefix and the snapshot's name."""
_MAX_FILE_BYTES = 1 << 50
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_NOT_A_NAME = re.compile(rf"(?:^|/)(?:[./]|$)|{re.escape(TEMP_SUFFIX)}(?:/|$)")
"""Part of a path with a name that is empty, or that `is_temporary` says is none; "." and ".." count as hidden."""
_NOT_IN_KEYS = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


class ManifestError(RecordError):
    """A manifest that is damaged or not to be trusted."""


class Row(NamedTuple):
    """A file or a symbolic link in a snapshot."""

    path: str
    """Where it lies below the data root, with slashes."""
    size: int
    """Bytes; 0 for a link."""
    sha256: str
    """Empty for a link."""
    key: str
    """The object that holds it, relative to the remote; empty for a link."""
    etag: str = ""
    """The MD5 that the store answered with when the object was uploaded, where its ETags are MD5s."""
    link: str = ""
    """What a symbolic link points to, relative to the folder that it lies in; empty for a file."""

    def same_content(self, other: "Row") -> bool:
        """Tell whether the other row stands for the same bytes, or the same link."""
        return (self.size, self.sha256, self.link) == (other.size, other.sha256, other.link)


@dataclass(frozen=True)
class Header:
    """The first line of a manifest."""

    snapshot: str
    created_at: str
    files: int
    bytes: int
    scope: str = ""
    """The part of the data root that was pushed, such as ``outputs/pilot_experiment``; empty for all of it."""


def check_path(path: str) -> str:
    """Return ``path`` if it can be a file in a snapshot.

    Raises:
        UnsafePathError: it is empty, absolute, climbs out, is too long, has a hidden or temporary name in it, or a
            character that a key cannot have.

    """
    if _is_plain(path):
        return path
    if not path or _NOT_IN_KEYS.search(path) or len(path.encode()) > _MAX_PATH_BYTES:
        raise UnsafePathError(
            f"path {path[:200]!r} cannot be part of a snapshot",
            hint=f"use UTF-8 without control characters and backslashes, at most {_MAX_PATH_BYTES} bytes",
        )
    if _NOT_A_NAME.search(path):
        raise UnsafePathError(f"path {path!r} cannot be part of a snapshot: it has an empty, hidden or temporary name")
    return path


def _is_plain(path: str) -> bool:
    """Tell of most paths that nothing is wrong with them, several times faster than the patterns do."""
    return (
        0 < len(path) <= _MAX_PATH_BYTES
        and path.isascii()
        and path.isprintable()
        and path[0] not in "./"
        and path[-1] != "/"
        and "/." not in path
        and "//" not in path
        and "\\" not in path
        and TEMP_SUFFIX not in path
    )


def check_link(path: str, link: str) -> str:
    """Return ``link`` if it can be what the link at ``path`` points to.

    Raises:
        UnsafePathError: it is absolute, not in its shortest form, or leads out of the data root.

    """
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    if (
        not link
        or _NOT_IN_KEYS.search(link)
        or link.startswith("/")
        or posixpath.normpath(link) != link
        or target.split("/")[0] == ".."
    ):
        raise UnsafePathError(f"link {path!r} to {link[:200]!r} cannot be part of a snapshot")
    return link


def write_manifest(out: IO[bytes], header: Header, rows: Iterable[Row]) -> None:
    """Write a manifest; the same header and rows give the same bytes."""
    write_lines(out, header, map(row_line, rows))


def write_lines(out: IO[bytes], header: Header, lines: Iterable[bytes]) -> None:
    """Write a manifest from what `row_line` has made of its rows."""
    with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=_COMPRESSION, mtime=0) as packed:
        buffered = io.BufferedWriter(packed, _BUFFER_BYTES)
        buffered.write(_line({"format": FORMAT, **asdict(header)}))
        buffered.writelines(lines)
        buffered.flush()


def row_line(row: Row) -> bytes:
    """Return a row as a line of a manifest."""
    return _line(row_fields(row))


def row_fields(row: Row) -> dict[str, Any]:
    """Return a row as its line in a manifest has it."""
    if row.link:
        return {"path": row.path, "link": row.link}
    fields = {"path": row.path, "size": row.size, "sha256": row.sha256, "key": row.key}
    return {**fields, "etag": row.etag} if row.etag else fields


def read_header(source: IO[bytes], name: str) -> Header:
    """Read the first line of a manifest; ``name`` is what errors call it.

    Raises:
        ManifestError: there is no header that we can read.

    """
    with gzip.GzipFile(fileobj=source, mode="rb") as packed:
        return _header(_next_line(packed, name, 1), name)


def read_rows(source: IO[bytes], name: str) -> Iterator[Row]:
    """Yield the rows of a manifest in bounded memory, each one checked; ``name`` is what errors call it.

    Raises:
        ManifestError: at the first line that is not what it should be, or at the end if rows are missing.

    """
    with gzip.GzipFile(fileobj=source, mode="rb") as packed:
        header = _header(_next_line(packed, name, 1), name)
        files, size, previous = 0, 0, ""
        while line := _next_line(packed, name, files + 2):
            row = _row(line, name, files + 2)
            if row.path <= previous:
                raise ManifestError(name, f"line {files + 2}: {row.path!r} is out of order or there twice")
            files, size, previous = files + 1, size + row.size, row.path
            yield row
        if (files, size) != (header.files, header.bytes):
            raise ManifestError(
                name, f"has {files} files of {size} bytes, but announces {header.files} of {header.bytes}"
            )


class HasPath(Protocol):
    """Something that is sorted by path."""

    @property
    def path(self) -> str:
        """Where it lies, with slashes."""


Ours = TypeVar("Ours", bound=HasPath)
Theirs = TypeVar("Theirs", bound=HasPath)


def merge(ours: Iterable[Ours], theirs: Iterable[Theirs]) -> Iterator[tuple[Ours | None, Theirs | None]]:
    """Walk two streams that are sorted by path side by side; a path that only one has comes with `None`."""
    left, right = iter(ours), iter(theirs)
    mine, other = next(left, None), next(right, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine.path < other.path):
            yield mine, None
            mine = next(left, None)
        elif mine is None or other.path < mine.path:
            yield None, other
            other = next(right, None)
        else:
            yield mine, other
            mine, other = next(left, None), next(right, None)


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _line(value: dict[str, Any]) -> bytes:
    return _as_json(value).encode() + b"\n"


def _next_line(packed: gzip.GzipFile, name: str, number: int) -> bytes:
    try:
        line = packed.readline(_MAX_LINE_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ManifestError(name, f"line {number}: damaged or cut short ({error})") from error
    if len(line) > _MAX_LINE_BYTES:
        raise ManifestError(name, f"line {number}: longer than {_MAX_LINE_BYTES} bytes")
    return line


def _fields(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        value = from_json(line, cache_strings="keys")
    except ValueError as error:
        raise ManifestError(name, f"line {number}: malformed JSON") from error
    if not isinstance(value, dict):
        raise ManifestError(name, f"line {number}: expected a JSON object")
    return value


def _header(line: bytes, name: str) -> Header:
    fields = _fields(line, name, 1)
    if fields.get("format") != FORMAT:
        raise ManifestError(
            name, f"line 1: has format {fields.get('format')!r}, not {FORMAT}", hint="a newer vmevalkit may read it"
        )
    header = Header(
        fields.get("snapshot", ""),
        fields.get("created_at", ""),
        fields.get("files", -1),
        fields.get("bytes", -1),
        fields.get("scope", ""),
    )
    texts = (header.snapshot, header.created_at, header.scope)
    if not all(isinstance(text, str) for text in texts) or not _is_count(header.files) or not _is_count(header.bytes):
        raise ManifestError(name, "line 1: a field is missing or of the wrong type")
    return header


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _row(line: bytes, name: str, number: int) -> Row:
    fields = _fields(line, name, number)
    path, size, sha256, key = fields.get("path"), fields.get("size", 0), fields.get("sha256", ""), fields.get("key", "")
    etag, link = fields.get("etag", ""), fields.get("link", "")
    if (
        not isinstance(path, str)
        or not isinstance(key, str)
        or not isinstance(sha256, str)
        or not isinstance(etag, str)
        or not isinstance(link, str)
        or not _is_count(size)
    ):
        raise ManifestError(name, f"line {number}: a field is missing or of the wrong type")
    try:
        check_path(path)
        if link:
            return Row(path, 0, "", "", link=check_link(path, link))
        _check_key(key, path)
    except UnsafePathError as error:
        raise ManifestError(name, f"line {number}: {error.message}") from error
    if size > _MAX_FILE_BYTES or not _SHA256.fullmatch(sha256) or (etag and not _MD5.fullmatch(etag)):
        raise ManifestError(name, f"line {number}: the size, the sha256 or the etag cannot be right")
    return Row(path, size, sha256, key, etag)


def _check_key(key: str, checked: str) -> None:
    if key.endswith(f"/data/{checked}") and _is_name(key[: -len(checked) - len("/data/")]):
        return
    try:
        _, kept = split_key(key)
    except UsageError as error:
        raise UnsafePathError(error.message) from error
    if kept != checked:
        check_path(kept)


@lru_cache(maxsize=1024)  # Few snapshots hold the many files of a manifest.
def _is_name(text: str) -> bool:
    return is_snapshot_name(text)
