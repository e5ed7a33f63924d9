"""Comparing parcels with a data root, and putting them there."""

import errno
import glob
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b, file_digest
from pathlib import Path

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    FIRST_FRAME_NAME,
    PROMPT_NAME,
    RUN_VIDEO_PATH,
    TEMP_SUFFIX,
    DataRoot,
    Pair,
    PairKey,
    Record,
    Run,
    at_work,
    atomic_folder,
    dump_json,
    exclusive,
    load_pair,
    note_change,
    read_json,
    remove_abandoned_beside,
    temporary_beginning,
    temporary_database,
    waiting_lock,
)
from vmevalkit.errors import RecordError
from vmevalkit.migration._contents import size_of
from vmevalkit.migration._parcels import RATING_LOCK, Lane, Parcel
from vmevalkit.migration.source import Content

_CHUNK = 1 << 20
_NO_LINKS = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP})
"""Why a file cannot be linked: another file system, one without links, or too many of them."""


class Seen:
    """The places that a source has filled so far; to be used inside the block of `seen_places`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def fingerprint_before(self, parcel: Parcel) -> bytes | None:
        """Note a parcel; return the fingerprint of the one that had its place before, if there was one."""
        row = self._database.execute("SELECT fingerprint FROM seen WHERE place = ?", (parcel.place,)).fetchone()
        if row is None:
            self._database.execute("INSERT INTO seen VALUES (?, ?)", (parcel.place, fingerprint(parcel)))
            return None
        return bytes(row[0])


@contextmanager
def seen_places() -> Iterator[Seen]:
    """Give room for any number of places; `RecordError` if the disk has none."""
    with temporary_database("CREATE TABLE seen (place TEXT PRIMARY KEY, fingerprint BLOB) WITHOUT ROWID") as database:
        yield Seen(database)


def fingerprint(parcel: Parcel) -> bytes:
    """Return 16 bytes that are the same for the same record and the same files; a file is told by its path and size."""
    digest = blake2b(dump_json(parcel.record.to_json()).encode(), digest_size=16)
    for name, content in sorted(parcel.files.items()):
        known = content if isinstance(content, bytes) else f"{content}\0{size_of(content)}".encode()
        digest.update(f"\0{name}\0{len(known)}\0".encode() + known)
    return digest.digest()


def difference(root: DataRoot, parcel: Parcel) -> str | None:
    """Say in which way what is at a parcel's place is something else; `None` if it is the same."""
    place = root.path / parcel.place
    record = place if parcel.record_name is None else place / parcel.record_name
    try:
        there = read_json(record)
    except RecordError as error:
        return f"what is there cannot be read: {record.name}: {error.problem}"
    filled = parcel.record.model_copy(update={name: there.get(name) for name in parcel.open_fields})
    if filled.to_json() != there:
        fields = filled.to_json()
        different = sorted(name for name in {*fields, *there} if fields.get(name) != there.get(name))
        return f"{record.name} says something else: {', '.join(different)[:200]}"
    for name, content in parcel.files.items():
        if not _is_same(place / name, content):
            return f"{name} is {'another one' if (place / name).exists() else 'not there'}"
    return None


def _is_same(path: Path, content: Content) -> bool:
    try:
        if path.stat().st_size != size_of(content):
            return False
        if isinstance(content, bytes):
            return path.read_bytes() == content
        with path.open("rb") as ours, content.open("rb") as theirs:
            while chunk := ours.read(_CHUNK):
                if chunk != theirs.read(_CHUNK):
                    return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def put(root: DataRoot, parcel: Parcel, *, link: bool) -> None:
    """Write a parcel whose place is free: all of it, or nothing. The caller holds the lock of its lane.

    Args:
        root: the data root.
        parcel: what to write.
        link: whether to make hard links where the file system can; what it cannot link is copied.

    Raises:
        OSError: the disk is full, or the like.

    """
    place = root.path / parcel.place
    if parcel.record_name is None:
        _remove_attempts(place)
        _filled(root, parcel).save(place)
        note_change(root, place.parent)
        return
    if parcel.kind == "runs":
        remove_abandoned_beside(place)
    with atomic_folder(place) as folder:
        for name, content in parcel.files.items():
            _write(folder / name, content, link=link)
        if parcel.kind == "runs":
            _add_question(root, parcel.record, folder / "question")
        record = _filled(root, parcel, folder)
        (folder / parcel.record_name).write_text(dump_json(record.to_json()), encoding="utf-8")
    note_change(root, place)


@contextmanager
def lane_lock(root: DataRoot, lane: Lane) -> Iterator[None]:
    """Keep out others who write the same things; who migrates holds the lock of the questions all the time.

    Raises:
        BusyError: another process writes such things at the moment.

    """
    if lane.kind == "questions":
        yield
    elif lane.lock[0] == RATING_LOCK:
        with at_work(root, lane.experiment), waiting_lock(root.lock(*lane.lock), "saving a score"):
            yield
    else:
        what = f"writing {lane.kind} of experiment {lane.experiment}"
        with at_work(root, lane.experiment), exclusive(root.lock(*lane.lock), what):
            yield


def _remove_attempts(path: Path) -> None:
    """Remove what a dead process has left of writing this very file; the caller holds the lock of its writers."""
    for entry in path.parent.glob(f"{glob.escape(temporary_beginning(path))}*{TEMP_SUFFIX}"):
        entry.unlink(missing_ok=True)


def _write(path: Path, content: Content, *, link: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif not (link and _linked(content, path)):
        shutil.copyfile(content, path)


def _linked(content: Path, path: Path) -> bool:
    try:
        os.link(content, path)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def _filled(root: DataRoot, parcel: Parcel, folder: Path | None = None) -> Record:
    """Return the record with what the source does not say."""
    values: dict[str, object] = {}
    if "created_at" in parcel.open_fields:
        values["created_at"] = timestamp()
    if "video_sha256" in parcel.open_fields and folder is not None:
        with (folder / RUN_VIDEO_PATH).open("rb") as file:
            values["video_sha256"] = file_digest(file, "sha256").hexdigest()
    if "prompt" in parcel.open_fields and isinstance(parcel.record, Run):
        values["prompt"] = _prompt_of(root, parcel.record)
    return parcel.record.model_copy(update=values)


def _prompt_of(root: DataRoot, run: Run) -> str:
    pair = _asked(root, run)
    return pair.prompt if pair is not None else ""


def _add_question(root: DataRoot, record: Record, folder: Path) -> None:
    """Give a run that came without its question a copy of it, as every run has one here."""
    pair = _asked(root, record)
    if pair is None or not isinstance(record, Run) or folder.exists():
        return
    folder.mkdir()
    (folder / PROMPT_NAME).write_text(pair.prompt, encoding="utf-8")
    with suppress(RecordError):
        shutil.copyfile(root.image(pair.first_image_path), folder / FIRST_FRAME_NAME)


def _asked(root: DataRoot, record: Record) -> Pair | None:
    """Return the question of a run; `None` if the data root does not have it."""
    if isinstance(record, Run):
        with suppress(RecordError):
            return load_pair(root, PairKey(record.domain, record.task_id))
    return None
