"""What the sources share: files read with care, and words that mean the same in several layouts."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import is_temporary, read_json, read_text, resolve_inside
from vmevalkit.errors import RecordError, UnsafePathError
from vmevalkit.migration.source import NotUnderstood

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
FILMS = (".mp4", ".m4v", ".mov")
"""MP4 and what is built like it."""
OTHER_FILMS = (".webm", ".mkv", ".avi", ".mpg", ".mpeg")
"""Films that would have to be encoded anew, which is nobody's business but the owner's."""

_LONGEST_FIELD = 16 << 20  # of a CSV file
_SOME = 12
"""How many entries of a folder are looked at to tell what kind of tree it is."""


class NotThereError(RecordError):
    """Something that a file of the source names, and that is not what it should be."""


def relative(base: Path, path: Path) -> str:
    """Return a path relative to the source, for the report."""
    return path.relative_to(base).as_posix() if path != base else path.name


def object_at(base: Path, path: Path) -> dict[str, Any] | NotUnderstood:
    """Read a JSON object."""
    try:
        return read_json(path)
    except RecordError as error:
        return NotUnderstood(relative(base, path), error.problem)


def text_at(base: Path, path: Path) -> str | NotUnderstood:
    """Read a text, without blanks at its ends."""
    try:
        return read_text(path).strip()
    except RecordError as error:
        return NotUnderstood(relative(base, path), error.problem)


def file_inside(base: Path, folders: tuple[Path, ...], name: object) -> Path:
    """Return the file that a record names, from the first of some folders that has it.

    Raises:
        NotThereError: it is no path, leads out of the source, or there is no such file.

    """
    if not isinstance(name, str) or not name:
        raise NotThereError(str(name), "is no path")
    for folder in folders:
        below = folder.relative_to(base).as_posix()
        try:
            path = resolve_inside(base, name if below == "." else f"{below}/{name}")
        except UnsafePathError as error:
            raise NotThereError(name, error.message) from error
        if path.is_file():
            return path
    raise NotThereError(name, "no such file")


def strings(fields: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of some fields that holds a text, or a number as one."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def json_lines(base: Path, path: Path) -> Iterator[dict[str, Any] | NotUnderstood]:
    """Yield the objects of a JSON Lines file; an empty line is none."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _line(f"{relative(base, path)}:{number}", line)


def _line(place: str, line: bytes) -> dict[str, Any] | NotUnderstood:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError, too
        return NotUnderstood(place, f"malformed JSON: {error}")
    if not isinstance(value, dict):
        return NotUnderstood(place, f"expected a JSON object, found {type(value).__name__}")
    return value


def csv_rows(base: Path, path: Path) -> Iterator[dict[str, Any] | NotUnderstood]:
    """Yield the rows of a CSV file by the names in its first line; empty cells are left out."""
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        while True:
            try:
                row = next(rows, None)
            except (csv.Error, UnicodeDecodeError) as error:
                yield NotUnderstood(f"{relative(base, path)}:{rows.line_num + 1}", f"malformed CSV: {error}")
                return
            if row is None:
                return
            if None in row or None in row.values():
                yield NotUnderstood(
                    f"{relative(base, path)}:{rows.line_num}", "has not as many cells as the first line"
                )
                continue
            yield {name: value for name, value in row.items() if value}


def folders_in(folder: Path) -> Iterator[Path]:
    """Yield the sub-folders of a folder by name, without hidden ones; a missing folder has none."""
    return _listed(folder, only_folders=True)


def entries_in(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder by name, without hidden entries; a missing folder is empty."""
    return _listed(folder, only_folders=False)


def _listed(folder: Path, *, only_folders: bool) -> Iterator[Path]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        # Only the names are kept: there may be a million of them.
        names = sorted(e.name for e in entries if not is_temporary(e.name) and (not only_folders or e.is_dir()))
    for name in names:
        yield folder / name


def peek(folder: Path, depth: int) -> Iterator[Path]:
    """Yield some of what lies so many levels below a folder, without looking at much of it."""
    try:
        with os.scandir(folder) as entries:
            some = [Path(entry.path) for entry in islice(entries, _SOME) if not is_temporary(entry.name)]
    except OSError:
        return
    for path in sorted(some):
        if depth == 1:
            yield path
        elif path.is_dir():
            yield from peek(path, depth - 1)


def with_suffix(folder: Path, stem: str, suffixes: tuple[str, ...]) -> Path | None:
    """Return the file of a name with one of these endings, if there is one."""
    return next((path for suffix in suffixes if (path := folder / f"{stem}{suffix}").is_file()), None)
