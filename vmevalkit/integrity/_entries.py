"""The manifest's entries, sorted, however many there are and in whatever order the manifest has them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    MANIFEST_NAME,
    TASK_SUFFIX,
    DataRoot,
    Pair,
    is_name,
    iter_manifest_entries,
    read_header,
    resolve_inside,
    temporary_database,
)
from vmevalkit.errors import RecordError, UnsafePathError, first_problem
from vmevalkit.integrity._folders import Scanner
from vmevalkit.integrity.findings import Code

MANIFEST_PATH = f"questions/{MANIFEST_NAME}"

UNCOMPARED = ""
"""Stands for an entry that was found fault with already."""
_TABLE = "CREATE TABLE entry (domain TEXT, task_id TEXT, text TEXT, PRIMARY KEY (domain, task_id)) WITHOUT ROWID"


def as_text(pair: Pair) -> str:
    """Return an entry as it is compared."""
    try:
        return pair.model_dump_json()
    except PydanticSerializationError:
        # A lone surrogate is JSON, but no text.
        return json.dumps(pair.to_json())


def different_fields(listed: str, pair: Pair) -> list[str]:
    """Name the fields that the manifest has another value of than the metadata.

    Args:
        listed: the entry, as `as_text` gives it.
        pair: the metadata.

    """
    if listed == as_text(pair):
        return []
    entry, there = json.loads(listed), json.loads(as_text(pair))
    # The order of the fields may differ without any difference in what they say.
    return [name for name in {**there, **entry} if (name in entry, entry.get(name)) != (name in there, there.get(name))]


class Entry(NamedTuple):
    """A question that the manifest lists."""

    domain: str
    task_id: str
    text: str
    """What it says, as `as_text` gives it; `UNCOMPARED` if it is no question."""


class Manifest:
    """The entries of a manifest, sorted; to be used inside the block of `opened_manifest`."""

    def __init__(self, database: sqlite3.Connection, *, is_whole: bool) -> None:
        self.is_whole = is_whole
        """Whether there is a manifest that could be read to its end."""
        self._database = database

    def __iter__(self) -> Iterator[Entry]:
        """Yield the questions that are listed, by domain and id; none if the manifest is not whole."""
        if self.is_whole:
            rows = self._database.execute("SELECT domain, task_id, text FROM entry ORDER BY domain, task_id")
            yield from map(Entry._make, rows)


@contextmanager
def opened_manifest(root: DataRoot, scanner: Scanner) -> Iterator[Manifest]:
    """Read a manifest into a temporary database, and note what is wrong with the manifest itself.

    Raises:
        RecordError: there is no room for the database.

    """
    with temporary_database(_TABLE) as database:
        yield Manifest(database, is_whole=_read(root, scanner, database))


def _read(root: DataRoot, scanner: Scanner, database: sqlite3.Connection) -> bool:
    if not root.manifest.is_file():
        if root.domains():
            scanner.note(Code.MISSING_MANIFEST, MANIFEST_PATH, "is not there, though there are questions")
        return False
    try:
        header = read_header(root.manifest)
        count = _fill(root, scanner, database)
    except RecordError as error:
        scanner.note(Code.MALFORMED_MANIFEST, MANIFEST_PATH, f"cannot be read: {error.problem}")
        return False
    for name, value in _announced(header).items():
        if value != count:
            scanner.note(Code.WRONG_COUNT, MANIFEST_PATH, f"says that {name} is {value!r}, but lists {count} questions")
    return True


def _announced(header: dict[str, Any]) -> dict[str, object]:
    """Return the fields that give the number of questions."""
    found: dict[str, object] = {}
    if "total_pairs" in header:
        found["total_pairs"] = header["total_pairs"]
    info = header.get("generation_info")
    if isinstance(info, dict) and "actual_pairs" in info:
        found["generation_info.actual_pairs"] = info["actual_pairs"]
    return found


def _fill(root: DataRoot, scanner: Scanner, database: sqlite3.Connection) -> int:
    number, previous, in_order = 0, ("", ""), True
    for number, entry in enumerate(iter_manifest_entries(root.manifest), start=1):
        key, pair = read_entry(scanner, MANIFEST_PATH, number, entry)
        if key is None:
            continue
        if key < previous and in_order:
            in_order = False
            scanner.note(
                Code.UNSORTED_MANIFEST, MANIFEST_PATH, f"has {key[1]} as pair {number} after {previous[1]}, not before"
            )
        previous = key
        text = UNCOMPARED if pair is None else as_text(pair)
        added = database.execute("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", (*key, text))
        if not added.rowcount:
            scanner.note(Code.REPEATED_ENTRY, MANIFEST_PATH, f"has {key[0]}/{key[1]} again as pair {number}")
    return number


def read_entry(scanner: Scanner, path: str, number: int, entry: object) -> tuple[tuple[str, str] | None, Pair | None]:
    """Return the domain and id that an entry is about, if it says that, and the entry as a pair, if it is one.

    Args:
        scanner: where it is noted if the entry is none.
        path: what holds the entry.
        number: the entry's place in it, from 1.
        entry: any JSON value.

    """
    names = (entry.get("domain"), entry.get("id")) if isinstance(entry, dict) else (None, None)
    key = _key(*names)
    try:
        pair = Pair.model_validate(entry)
    except ValidationError as error:
        called = f"pair {number} ({key[1]})" if key else f"pair {number}"
        scanner.note(Code.INVALID_ENTRY, path, f"has no question as {called}: field {first_problem(error)}")
        return key, None
    if key is None:
        scanner.note(Code.INVALID_ENTRY, path, f"has no question as pair {number}: {names} are not valid names")
        return None, None
    for name, said in ((FIRST_FRAME_NAME, pair.first_image_path), (FINAL_FRAME_NAME, pair.final_image_path)):
        if said != frame_path(*key, name) and (problem := unsafe_path(scanner, said)):
            scanner.note(Code.UNSAFE_ENTRY, path, f"{problem}, in pair {number} ({pair.id})")
    return key, pair


def frame_path(domain: str, task_id: str, name: str) -> str:
    """Return where a frame should lie, relative to ``questions/``."""
    return f"{domain}{TASK_SUFFIX}/{task_id}/{name}"


def unsafe_path(scanner: Scanner, path: str) -> str | None:
    """Say why a path below ``questions/`` must not be followed; `None` if it may."""
    try:
        resolve_inside(scanner.file("questions"), path)
    except UnsafePathError as error:
        return f"names a frame outside its place: {error.message}"
    return None


def _key(domain: object, task_id: object) -> tuple[str, str] | None:
    if isinstance(domain, str) and isinstance(task_id, str) and is_name(domain) and is_name(task_id):
        return domain, task_id
    return None
