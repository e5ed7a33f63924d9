"""A remote: objects in a bucket, a folder or memory, behind one small set of operations."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from threading import BoundedSemaphore
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError
from obstore.store import LocalStore, S3Store, from_url

from vmevalkit.errors import ConflictError, RemoteError, UsageError
from vmevalkit.settings import Settings
from vmevalkit.snapshots._queue import queued
from vmevalkit.snapshots._store_errors import MissingObjectError, explain, explained

if TYPE_CHECKING:
    from obstore import PutMode, UpdateVersion
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

__all__ = ["MissingObjectError", "Remote", "open_remote"]

SCHEMES = ("s3", "gs", "az", "file", "memory")

PART_BYTES = 8 << 20
"""Files of this size and more go up in parts of this size, which bounds the memory that a file takes."""

_MAX_PARTS = 9_000
_PARTS_AT_ONCE = 2
_LARGE_WRITES_AT_ONCE = 4
_DOCUMENT_BYTES = 16 << 20
_PROBE_KEY = ".vmevalkit/probe"
_ATTEMPTS = 200

# A dead endpoint is reported after about ten seconds; a large object may still take its time.
_RETRIES: "RetryConfig" = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=6),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_CLIENT: "ClientConfig" = {"connect_timeout": "3s", "read_timeout": "60s", "timeout": "1h"}


@dataclass(frozen=True)
class Conditions:
    """Which writes the store can make depend on what is there."""

    create: bool
    """It refuses to create an object that exists."""
    update: bool
    """It refuses to replace an object that has changed since it was read."""


class Remote:
    """Objects under a URL. Keys are relative to it. Safe to use from several threads.

    Every operation raises `RemoteError`, or `UsageError` where a setting is at fault.
    """

    def __init__(self, url: str, store: "ObjectStore", folder: Path | None = None) -> None:
        self.url = url if url.endswith("://") else url.rstrip("/")
        self.folder = folder
        """The folder, if the remote is one."""
        self._store = store
        self._large_writes = BoundedSemaphore(_LARGE_WRITES_AT_ONCE)

    def uri(self, key: str) -> str:
        """Return an object's full address."""
        return f"{self.url}/{key}"

    def read(self, key: str) -> bytes | None:
        """Return a small object, or `None` if there is none."""
        return self._read_tagged(key)[0]

    def download(self, key: str, out: IO[bytes]) -> None:
        """Write an object to a file; `MissingObjectError` if there is none."""
        for chunk in self.stream(key):
            out.write(chunk)

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes, about a megabyte at a time; `MissingObjectError` if there is none."""
        with explained(self.url, key):
            yield from obstore.get(self._store, key).stream(min_chunk_size=1 << 20)

    def write(self, key: str, data: bytes) -> None:
        """Write an object that fits in memory, replacing what is there."""
        with explained(self.url, key):
            obstore.put(self._store, key, data, use_multipart=False)

    def write_parts(self, key: str, chunks: Iterable[bytes], size: int) -> None:
        """Write a large object as a stream; if ``chunks`` raises, nothing is written.

        Args:
            key: the object.
            chunks: its bytes; an error in reading them must not be an `OSError`, which is taken for the store's.
            size: about how many bytes there are; it decides how large the parts are.

        """
        part = max(PART_BYTES, -(-size // _MAX_PARTS))
        try:
            with self._large_writes:
                obstore.put(self._store, key, iter(chunks), chunk_size=part, max_concurrency=_PARTS_AT_ONCE)
        except (BaseError, OSError) as error:
            raise explain(error, self.url, key) from error

    def create(self, key: str, data: bytes) -> None:
        """Write an object that must not exist yet; `ConflictError` if it does.

        A store without conditional writes is asked first, which leaves a moment in which two can both succeed.
        """
        if not self.conditions.create and self.exists(key):
            raise ConflictError(f"{self.uri(key)} is already there")
        with explained(self.url, key):
            try:
                obstore.put(self._store, key, data, mode="create" if self.conditions.create else None)
            except AlreadyExistsError as error:
                # A request that was repeated after a lost answer meets its own object.
                if b"".join(self.stream(key)) != data:
                    raise ConflictError(f"{self.uri(key)} is already there") from error

    def update(self, key: str, change: Callable[[bytes | None], bytes | None]) -> None:
        """Read an object, change it and write it back, so that no change of another writer is lost.

        Args:
            key: the object.
            change: is given what is there (`None`: nothing) and returns what shall be there (`None`: leave it).
                It is called again when somebody else was faster.

        """
        with self._writers_in_turn():
            for attempt in range(_ATTEMPTS):
                current, tag = self._read_tagged(key)
                wanted = change(current)
                if wanted is None or self._replaced(key, wanted, current is None, tag):
                    return
                time.sleep(min(0.01 * attempt, 0.5))
        raise ConflictError(f"{self.uri(key)} keeps changing", hint="try again")

    def copy(self, source: str, target: str) -> None:
        """Copy an object inside the store; `MissingObjectError` if there is none."""
        with explained(self.url, source):
            obstore.copy(self._store, source, target)

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        try:
            with explained(self.url, key):
                obstore.head(self._store, key)
        except MissingObjectError:
            return False
        return True

    def folders(self, prefix: str | None = None) -> list[str]:
        """List the names directly below a prefix that have objects below them, sorted."""
        with explained(self.url, prefix or ""):
            found = obstore.list_with_delimiter(self._store, prefix)["common_prefixes"]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def is_empty(self, prefix: str) -> bool:
        """Tell whether no object lies below a prefix."""
        with explained(self.url, prefix):
            return not any(obstore.list(self._store, prefix, chunk_size=1))

    def delete_below(self, prefix: str) -> None:
        """Delete all objects below a prefix."""
        if self.folder is not None:
            # The listing of a folder hides the files that an interrupted write left behind.
            if (self.folder / prefix).is_dir():
                rmtree(self.folder / prefix)
            return
        with explained(self.url, prefix):
            for batch in obstore.list(self._store, prefix, chunk_size=1000):
                obstore.delete(self._store, [entry["path"] for entry in batch])

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

    def _probe(self, mode: "PutMode") -> bool:
        """Tell whether a write goes through that, on the second time at the latest, should not."""
        with explained(self.url, _PROBE_KEY):
            try:
                obstore.put(
                    self._store, _PROBE_KEY, b"Shows whether this store honours conditional writes.\n", mode=mode
                )
            except (AlreadyExistsError, PreconditionError):
                return False
            except (NotImplementedError, NotSupportedError):
                return True
        return True

    def _read_tagged(self, key: str) -> tuple[bytes | None, "UpdateVersion"]:
        try:
            with explained(self.url, key):
                result = obstore.get(self._store, key)
                if result.meta["size"] > _DOCUMENT_BYTES:
                    raise RemoteError(f"{self.uri(key)}: too large ({result.meta['size']} bytes)")
                tag: UpdateVersion = {}
                if result.meta["e_tag"] is not None:
                    tag["e_tag"] = result.meta["e_tag"]
                if result.meta["version"] is not None:
                    tag["version"] = result.meta["version"]
                return bytes(result.bytes()), tag
        except MissingObjectError:
            return None, {}

    def _replaced(self, key: str, data: bytes, is_new: bool, tag: "UpdateVersion") -> bool:
        """Write over what was read; return whether that was still what is there."""
        mode: PutMode | None = None
        if is_new and self.conditions.create:
            mode = "create"
        elif not is_new and self.conditions.update:
            mode = tag
        with explained(self.url, key):
            try:
                obstore.put(self._store, key, data, mode=mode)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def _writers_in_turn(self) -> AbstractContextManager[None]:
        """A folder cannot replace a file on condition, but it can hold a lock."""
        if self.folder is None:
            return nullcontext()
        return queued(self.folder / ".vmevalkit" / "update.lock", f"writing to {self.url}")


def open_remote(url: str, settings: Settings, *, create: bool = False) -> Remote:
    """Open a remote; no request is made yet.

    Args:
        url: ``s3://bucket[/prefix]``, ``gs://``, ``az://``, ``file:///folder`` or ``memory://``.
        settings: where the credentials, the region and the endpoint of ``s3://`` come from.
        create: make the folder of a ``file://`` remote if it is missing.

    Raises:
        UsageError: the URL or a setting cannot be used; the hint names the setting.

    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise UsageError(
            f"{url!r} is not a remote",
            hint=f"use one of {', '.join(f'{scheme}://' for scheme in SCHEMES)} in --remote or VMEVAL_REMOTE",
        )
    if parts.scheme == "s3":
        prefix = parts.path.strip("/")
        return Remote(f"s3://{parts.netloc}/{prefix}", _s3(parts.netloc, prefix, settings, url))
    if parts.scheme == "file":
        folder = _folder(parts.netloc, unquote(parts.path), url, create=create)
        return Remote(folder.as_uri(), LocalStore(folder), folder)
    if parts.scheme == "memory":
        return Remote(url, from_url("memory:///"))
    try:
        return Remote(url, from_url(url, client_options=_CLIENT, retry_config=_RETRIES))
    except (BaseError, ValueError) as error:
        raise UsageError(
            f"{url}: {str(error).splitlines()[0]}", hint="check the URL and the provider's own settings"
        ) from error


def _s3(bucket: str, prefix: str, settings: Settings, url: str) -> S3Store:
    if not bucket:
        raise UsageError(f"{url!r} names no bucket", hint="write s3://bucket in --remote, or set S3_BUCKET")
    key, secret = settings.aws_access_key_id, settings.aws_secret_access_key
    if not key or secret is None or not secret.get_secret_value():
        raise UsageError(
            f"no credentials for {url}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment or in .env",
        )
    config: S3Config = {
        "bucket": bucket,
        "access_key_id": key,
        "secret_access_key": secret.get_secret_value(),
        "region": settings.aws_region,
    }
    if settings.aws_session_token is not None and settings.aws_session_token.get_secret_value():
        config["session_token"] = settings.aws_session_token.get_secret_value()
    if settings.aws_endpoint_url:
        config["endpoint"] = settings.aws_endpoint_url
    plain = (settings.aws_endpoint_url or "").startswith("http://")
    try:
        return S3Store(
            prefix=prefix or None,
            config=config,
            client_options={**_CLIENT, "allow_http": plain},
            retry_config=_RETRIES,
        )
    except (BaseError, ValueError) as error:
        raise UsageError(f"{url}: {str(error).splitlines()[0]}", hint="check --remote and AWS_ENDPOINT_URL") from error


def _folder(host: str, path: str, url: str, *, create: bool) -> Path:
    if host not in ("", "localhost") or not path.startswith("/"):
        raise UsageError(
            f"{url!r} is not a folder", hint=f"write the full path after three slashes: file:///{host}{path}"
        )
    folder = Path(path)
    if create:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise UsageError(f"{url}: no such folder", hint="push there first, or name another one with --remote")
    return folder
