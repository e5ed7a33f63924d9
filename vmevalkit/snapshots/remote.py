"""A remote: objects in a bucket, a folder or memory, behind one small set of operations."""

import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import IO, TYPE_CHECKING, NamedTuple, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError

from vmevalkit.dataroot import resolve_inside, waiting_lock
from vmevalkit.errors import ConflictError, RemoteError
from vmevalkit.snapshots._parts_digest import PartsDigest
from vmevalkit.snapshots._store_errors import DamagedError, MissingObjectError, explain, explained
from vmevalkit.threads import Budget

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode, UpdateVersion
    from obstore.store import ObjectStore

__all__ = ["DamagedError", "Listing", "MissingObjectError", "Remote"]

MULTIPART_BYTES = 25 << 20
"""Larger objects are sent in parts."""
PART_BYTES = 8 << 20

_MAX_PARTS = 9_000
_PARTS_AT_ONCE = 2
_MEMORY_BYTES = 96 << 20
_DOCUMENT_BYTES = 16 << 20
_PROBE_KEY = ".vmevalkit/probe"
_PROBE = b"Shows whether this store honours conditional writes.\n"
_DELETED_AT_ONCE = 1000
_TURNS = 200
_READINGS = 5
_MD5 = re.compile(r"[0-9a-f]{32}")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Conditions:
    """What a store turns out to do."""

    create: bool
    """It refuses to create an object that exists."""
    update: bool
    """It refuses to replace an object that has changed since it was read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An object as a listing has it."""

    key: str
    """Relative to the remote."""
    size: int
    """Bytes."""
    etag: str
    """Without quotes; empty if the store gives none."""
    modified: datetime


class Download(NamedTuple):
    """What a download has brought."""

    md5: str
    """Of the bytes."""
    etag: str
    """Without quotes; empty if the store gives none."""


class Remote:
    """Objects under a URL. Keys are relative to it. Safe to use from several threads.

    Every operation raises `RemoteError`, or `UsageError` where a setting is at fault. What may succeed a moment later
    is tried again, except for streams and listings, which only their reader can start anew.
    """

    def __init__(self, url: str, store: "ObjectStore", folder: Path | None = None) -> None:
        self.url = url if url.endswith("://") else url.rstrip("/")
        self.folder = folder
        """The folder, if the remote is one."""
        self._store = store
        self._memory = Budget(_MEMORY_BYTES)

    def uri(self, key: str) -> str:
        """Return an object's full address."""
        return f"{self.url}/{key}"

    def read(self, key: str, known: bytes | None = None) -> bytes | None:
        """Return a small object, or `None` if there is none.

        Args:
            key: the object.
            known: what it is believed to be: if it is, it need not be read twice where a single reading proves nothing.

        """
        return self._read_tagged(key, known)[0]

    def download(self, key: str, out: IO[bytes], known_md5: str = "") -> Download:
        """Write an object to an empty file; `MissingObjectError` if there is none.

        Args:
            key: the object.
            out: the file.
            known_md5: that of what it is believed to be; ``known`` of `read` says why.

        """

        def fetch() -> Download:
            out.seek(0)
            out.truncate()
            digest = hashlib.md5(usedforsecurity=False)
            with explained(self.url, key):
                found = obstore.get(self._store, key)
                for chunk in found.stream(min_chunk_size=1 << 20):
                    digest.update(chunk)
                    out.write(chunk)
            return Download(digest.hexdigest(), _plain(found.meta["e_tag"]))

        # Where ETags are no MD5s, two readings must agree.
        previous = known_md5
        for _ in range(_READINGS):
            done = persistently(fetch)
            if self.folder is not None or done.md5 in (done.etag, previous):
                return done
            previous = done.md5
        raise DamagedError(f"{self.uri(key)}: reads differently every time")

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes, about a megabyte at a time; `MissingObjectError` if there is none."""
        with explained(self.url, key):
            yield from obstore.get(self._store, key).stream(min_chunk_size=1 << 20)

    def write(self, key: str, data: bytes) -> str:
        """Write an object that fits in memory, replacing what is there.

        Returns:
            The MD5 that the store answered with; empty if it gave something else.

        Raises:
            DamagedError: the store got other bytes than were sent.

        """

        def put() -> str:
            with explained(self.url, key):
                tag = _plain(obstore.put(self._store, key, data, use_multipart=False)["e_tag"])
            return self._proved(key, tag, hashlib.md5(data, usedforsecurity=False).hexdigest())

        return persistently(put)

    def write_parts(self, key: str, chunks: Iterable[bytes], size: int) -> str:
        """Write a large object as a stream, once; if ``chunks`` raises, nothing is written.

        Args:
            key: the object.
            chunks: its bytes; an error in reading them must not be an `OSError`, which is taken for the store's.
            size: about how many bytes there are; it decides how large the parts are.

        Returns:
            The ETag that the store answered with.

        Raises:
            DamagedError: the store got other bytes than were sent.

        """
        part = max(PART_BYTES, -(-size // _MAX_PARTS))
        digest = PartsDigest(part)
        try:
            with self._memory.taken(part * (_PARTS_AT_ONCE + 1)):
                result = obstore.put(
                    self._store, key, digest.through(chunks), chunk_size=part, max_concurrency=_PARTS_AT_ONCE
                )
        except (BaseError, OSError) as error:
            raise explain(error, self.url, key) from error
        tag = _plain(result["e_tag"])
        if tag.endswith(f"-{digest.parts}"):
            self._proved(key, tag.partition("-")[0], digest.hexdigest())
        return tag

    def room(self, size: int) -> AbstractContextManager[None]:
        """Wait until ``size`` more bytes may be held in memory, for the length of the block."""
        return self._memory.taken(size)

    def create(self, key: str, data: bytes) -> str:
        """Write an object that must not exist yet, and return the ETag that the store answered with, if it did.

        A store without conditional writes is asked first, which leaves a moment in which two can both succeed.

        Raises:
            ConflictError: it exists.

        """
        if not self.conditions.create and self.exists(key):
            raise ConflictError(f"{self.uri(key)} is already there")

        mode: PutMode | None = "create" if self.conditions.create else None
        tag = self._put(key, data, mode)
        # A request that was repeated after a lost answer meets its own object.
        if tag is None and self.read(key) != data:
            raise ConflictError(f"{self.uri(key)} is already there")
        return tag or ""

    def update(self, key: str, change: Callable[[bytes | None], bytes | None], known: bytes | None = None) -> None:
        """Read an object, change it and write it back, so that no change of another writer is lost.

        Args:
            key: the object.
            change: is given what is there (`None`: nothing) and returns what shall be there (`None`: leave it).
                It is called again when somebody else was faster, or when the answer to our own write was lost: it
                must find its own change there, and leave it.
            known: as for `read`.

        """

        def attempt() -> bool:
            current, tag = self._read_tagged(key, known)
            wanted = change(current)
            return wanted is None or self._replaced(key, wanted, current is None, tag)

        with self._writers_in_turn():
            for number in range(_TURNS):
                if attempt():
                    return
                time.sleep(random.uniform(0, min(0.02 * 2**number, 0.5)))  # noqa: S311 - spreads the writers out
        raise ConflictError(f"{self.uri(key)} keeps changing", hint="try again")

    def copy(self, source: str, target: str) -> None:
        """Copy an object inside the store; `MissingObjectError` if there is none."""

        def copied() -> None:
            with explained(self.url, source):
                obstore.copy(self._store, source, target)

        persistently(copied)

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        return self._head(key) is not None

    def size(self, key: str) -> int | None:
        """Return how many bytes an object has, or `None` if there is none."""
        found = self._head(key)
        return None if found is None else found["size"]

    def etag(self, key: str) -> str:
        """Return an object's ETag; empty if there is no such object, or the store gives none."""
        found = self._head(key)
        return "" if found is None else _plain(found["e_tag"])

    def _head(self, key: str) -> "ObjectMeta | None":
        def ask() -> "ObjectMeta | None":
            try:
                with explained(self.url, key):
                    return obstore.head(self._store, key)
            except MissingObjectError:
                return None

        return persistently(ask)

    def folders(self, prefix: str | None = None) -> list[str]:
        """List the names directly below a prefix that have objects below them, sorted."""

        def ask() -> list[str]:
            with explained(self.url, prefix or ""):
                found = obstore.list_with_delimiter(self._store, prefix)["common_prefixes"]
            return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

        return persistently(ask)

    def listing(self, prefix: str) -> Iterator[Listing]:
        """Yield the objects below a prefix, in no promised order."""
        with explained(self.url, prefix):
            for batch in obstore.list(self._store, prefix, chunk_size=_DELETED_AT_ONCE):
                for found in batch:
                    if not found["path"].startswith(prefix):
                        raise DamagedError(f"{self.uri(prefix)}: the listing names an object of another place")
                    yield Listing(found["path"], found["size"], _plain(found["e_tag"]), found["last_modified"])

    def is_empty(self, prefix: str) -> bool:
        """Tell whether no object lies below a prefix."""
        return persistently(lambda: next(self.listing(prefix), None) is None)

    def everything(self, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects below a prefix, and of what interrupted writes to a folder have left there."""
        if self.folder is None:
            yield from (found.key for found in self.listing(prefix))
            return
        for folder, _, names in os.walk(self.folder / prefix):
            for name in names:
                yield Path(folder, name).relative_to(self.folder).as_posix()

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        remaining = iter(keys)
        while batch := list(islice(remaining, _DELETED_AT_ONCE)):
            persistently(partial(self._delete, batch))

    def _delete(self, keys: list[str]) -> None:
        with explained(self.url, keys[0]):
            if self.folder is None:
                obstore.delete(self._store, keys)
                return
            for key in keys:
                resolve_inside(self.folder, key).unlink(missing_ok=True)

    def delete_below(self, prefix: str) -> None:
        """Delete all objects below a prefix, and the folders there."""
        if self.folder is None:
            self.delete(self.everything(prefix))
        elif (self.folder / prefix).is_dir():
            rmtree(self.folder / prefix)

    def settle(self) -> None:
        """Make sure that what has been written would survive a power cut; a bucket does so by itself."""
        if self.folder is not None:
            os.sync()

    @cached_property
    def conditions(self) -> Conditions:
        """What the store can do, found out by trying: some servers ignore the conditions that they are sent."""
        if self.folder is not None:
            return Conditions(create=True, update=False)
        create = not self._probe("create") or not self._probe("create")
        return Conditions(create, update=create and not self._probe({"e_tag": '"0"'}))

    @cached_property
    def answers_with_md5(self) -> bool:
        """Whether the store answers with the MD5 of what it was sent, found out by trying: some only seem to."""
        if self.folder is not None:
            return False

        def put() -> str:
            with explained(self.url, _PROBE_KEY):
                return _plain(obstore.put(self._store, _PROBE_KEY, _PROBE)["e_tag"])

        # The answer to an earlier probe is asked for first: the way there may be what damages everything that is sent.
        expected = hashlib.md5(_PROBE, usedforsecurity=False).hexdigest()
        return self.etag(_PROBE_KEY) == expected or persistently(put) == expected

    def _probe(self, mode: "PutMode") -> bool:
        """Tell whether a write goes through that, on the second time at the latest, should not."""

        def put() -> bool:
            with explained(self.url, _PROBE_KEY):
                try:
                    obstore.put(self._store, _PROBE_KEY, _PROBE, mode=mode)
                except (AlreadyExistsError, PreconditionError):
                    return False
                except (NotImplementedError, NotSupportedError):
                    return True
            return True

        return persistently(put)

    def _proved(self, key: str, answered: str, expected: str) -> str:
        """Return the MD5 that the store answered with, if it is the one of what was sent."""
        if answered == expected:
            return expected
        if _MD5.fullmatch(answered) and self.answers_with_md5:
            raise DamagedError(f"{self.uri(key)}: the store got other bytes than were sent")
        return ""

    def _read_tagged(self, key: str, known: bytes | None = None) -> tuple[bytes | None, "UpdateVersion"]:
        """Read a document and what names its state.

        A document is small and decides much, and nothing in it shows a bit that flipped on the way. So its MD5 must be
        the store's ETag, or, where ETags are something else, two readings must agree.
        """
        previous = known
        for _ in range(_READINGS):
            found = persistently(lambda: self._fetched(key))
            if found is None:
                return None, {}
            data, tag = found
            if _plain(tag.get("e_tag")) == hashlib.md5(data, usedforsecurity=False).hexdigest() or data == previous:
                return data, tag
            if self.folder is not None:
                return data, tag
            previous = data
        raise DamagedError(f"{self.uri(key)}: reads differently every time")

    def _fetched(self, key: str) -> tuple[bytes, "UpdateVersion"] | None:
        try:
            with explained(self.url, key):
                result = obstore.get(self._store, key)
                if result.meta["size"] > _DOCUMENT_BYTES:
                    raise RemoteError(f"{self.uri(key)}: too large ({result.meta['size']} bytes)")
                return bytes(result.bytes()), _tag(result.meta["e_tag"], result.meta["version"])
        except MissingObjectError:
            return None

    def _replaced(self, key: str, data: bytes, is_new: bool, tag: "UpdateVersion") -> bool:
        """Write over what was read; return whether that was still what is there."""
        mode: PutMode | None = None
        if is_new and self.conditions.create:
            mode = "create"
        elif not is_new and self.conditions.update:
            mode = tag
        return self._put(key, data, mode) is not None

    def _put(self, key: str, data: bytes, mode: "PutMode | None") -> str | None:
        """Write a document; return the ETag that the store answered with, or `None` if the condition did not hold.

        If the store got other bytes than were sent, they are ours to replace.
        """

        def put() -> str | None:
            nonlocal mode
            with explained(self.url, key):
                try:
                    result = obstore.put(self._store, key, data, mode=mode)
                except (AlreadyExistsError, PreconditionError):
                    return None
            try:
                self._proved(key, _plain(result["e_tag"]), hashlib.md5(data, usedforsecurity=False).hexdigest())
            except DamagedError:
                mode = _tag(result["e_tag"], result["version"]) if self.conditions.update else None
                raise
            return _plain(result["e_tag"])

        return persistently(put)

    def _writers_in_turn(self) -> AbstractContextManager[None]:
        """A folder cannot replace a file on condition, but it can hold a lock."""
        if self.folder is None:
            return nullcontext()
        return waiting_lock(self.folder / ".vmevalkit" / "update.lock", f"writing to {self.url}", seconds=60)


def persistently(work: Callable[[], Result]) -> Result:
    """Return ``work()``, tried up to four times, with growing pauses, while it fails in ways that may pass."""
    try:
        return work()
    except RemoteError as error:
        if not error.retryable:
            raise
    # Imported when the first request fails: it takes longer than a whole push of nothing new.
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

    attempts = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, RemoteError) and error.retryable),
        stop=stop_after_attempt(3),
        wait=wait_random_exponential(multiplier=0.4, max=5),
        reraise=True,
    )
    time.sleep(random.uniform(0, 0.2))  # noqa: S311 - spreads the requests out
    return attempts(work)


def _tag(etag: str | None, version: str | None) -> "UpdateVersion":
    """Return what names the state of an object, for a write on condition."""
    tag: UpdateVersion = {}
    if etag is not None:
        tag["e_tag"] = etag
    if version is not None:
        tag["version"] = version
    return tag


def _plain(etag: str | None) -> str:
    """Return an ETag without its quotes, which not every listing has."""
    return (etag or "").strip('"')
