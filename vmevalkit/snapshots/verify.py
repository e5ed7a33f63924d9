"""Whether a snapshot is whole: each file that its manifest names is there, as the manifest says."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from vmevalkit.errors import RemoteError
from vmevalkit.first_few import FirstFew
from vmevalkit.progress import Progress, Silent
from vmevalkit.snapshots._keys import KeyTable, key_table
from vmevalkit.snapshots.catalog import fetched_manifest
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.names import data_prefix, split_key
from vmevalkit.snapshots.remote import MissingObjectError, Remote, persistently
from vmevalkit.threads import in_order

Kind = Literal["missing", "size", "content", "unreadable"]

_READINGS = 5
_UNREADABLE_IN_A_ROW = 100
"""When so many cannot be read one after the other, it is the store that is at fault."""
_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one file of a snapshot."""

    kind: Kind
    path: str
    key: str
    """The object that should hold it, relative to the remote."""
    problem: str
    """A sentence that names the object."""


@dataclass(frozen=True)
class Verification:
    """What came out."""

    snapshot: str
    s3_uri: str
    """Its data folder."""
    scope: str
    """The part of the data root that it holds; empty for all of it."""
    files: int
    bytes: int
    deep: bool
    """Whether all files were read and compared with their sha256."""
    counts: dict[Kind, int]
    """How many files have something wrong with them; only kinds that were found."""
    findings: tuple[Finding, ...]
    """The first thousand of them."""
    extra: int
    extra_bytes: int
    """Objects in the data folder that the manifest does not name."""

    @property
    def failed(self) -> int:
        """How many files are not there as the manifest says."""
        return sum(self.counts.values())


def verify(
    remote: Remote,
    snapshot: str,
    *,
    deep: bool = False,
    report: Callable[[Finding], None] = lambda _: None,
    progress: Progress | None = None,
) -> Verification:
    """Compare a snapshot's objects with its manifest.

    Each object must be there with its size and, where the store's ETags are MD5s, with the MD5 that it was uploaded
    with. What seems to be wrong is asked for once more, or read, before it is called so.

    Args:
        remote: where the snapshot is.
        snapshot: its name.
        deep: read all objects and compare them with their sha256.
        report: is told of each finding as it comes.
        progress: is told of every file.

    Raises:
        NoSnapshotError: there is no such snapshot.
        ManifestError: the manifest is damaged or not to be trusted.
        RemoteError: the store fails or refuses.

    """
    progress = progress or Silent()
    counts: Counter[Kind] = Counter()
    findings = FirstFew[Finding]()
    unreadable = 0
    with fetched_manifest(remote, snapshot, checked=False) as manifest, key_table() as keys:
        header = manifest.header
        check = _Check(remote, keys, deep=deep)
        check.list_snapshot(snapshot)
        progress.start(header.files, "files", header.bytes if deep else None)
        for row, finding in in_order(check.closely, manifest.rows(), at_once=check.by_listing):
            progress.advance(size=row.size if deep else 0)
            unreadable = unreadable + 1 if finding is not None and finding.kind == "unreadable" else 0
            if finding is None:
                continue
            if unreadable == _UNREADABLE_IN_A_ROW:
                raise RemoteError(f"{unreadable} files in a row cannot be read, the last one: {finding.problem}")
            counts[finding.kind] += 1
            findings.add(finding)
            report(finding)
        extra = keys.total(data_prefix(snapshot), named=False)
    return Verification(
        snapshot,
        remote.uri(data_prefix(snapshot)),
        header.scope,
        header.files,
        header.bytes,
        deep,
        dict(counts),
        tuple(findings.first),
        extra.objects,
        extra.bytes,
    )


class _Checked(NamedTuple):
    row: Row
    finding: Finding | None = None


class _Check:
    def __init__(self, remote: Remote, keys: KeyTable, *, deep: bool) -> None:
        self._remote = remote
        self._keys = keys
        self._deep = deep
        self._listed: set[str] = set()

    def list_snapshot(self, name: str) -> None:
        """List what lies in a snapshot's data folder."""
        self._listed.add(name)
        self._keys.add_listing(self._remote, data_prefix(name))

    def by_listing(self, row: Row) -> _Checked | None:
        """Return the outcome for a file where the listing is enough to know that all is well."""
        if row.link:
            return _Checked(row)
        holder = split_key(row.key)[0]
        if holder not in self._listed:
            # An incremental snapshot refers to files of older ones.
            self.list_snapshot(holder)
        found = self._keys.mark(row.key)
        if self._deep or found is None:
            return None
        size, etag = found
        return _Checked(row) if size == row.size and not _differ(row.etag, etag) else None

    def closely(self, row: Row) -> _Checked:
        """Ask for an object by itself, and read it if that does not settle it; runs in a thread."""
        try:
            if not self._deep:
                size = self._remote.size(row.key)
                if size is None:
                    return self._failed(row, "missing", "is not there")
                if size != row.size:
                    return self._failed(row, "size", f"has {size} bytes, not {row.size}")
                if not row.etag:
                    return _Checked(row)
            return self._read(row)
        except MissingObjectError:
            return self._failed(row, "missing", "is not there")
        except RemoteError as error:
            return _Checked(row, Finding("unreadable", row.path, row.key, error.message))

    def _read(self, row: Row) -> _Checked:
        """Compare an object's bytes; a bit may flip on the way, so two readings must agree that it is damaged."""
        previous: tuple[int, str] | None = None
        for _ in range(_READINGS):
            size, sha256 = persistently(lambda: self._content(row))
            if (size, sha256) == (row.size, row.sha256):
                return _Checked(row)
            if (size, sha256) != previous:
                previous = size, sha256
            elif size > row.size:
                return self._failed(row, "size", f"has more than {row.size} bytes")
            elif size < row.size:
                return self._failed(row, "size", f"has {size} bytes, not {row.size}")
            else:
                return self._failed(row, "content", "has other bytes than the manifest says")
        return self._failed(row, "unreadable", "reads differently every time")

    def _content(self, row: Row) -> tuple[int, str]:
        """Return an object's size and sha256; of one that is too large, one byte too many and nothing."""
        digest, size = hashlib.sha256(), 0
        for chunk in self._remote.stream(row.key):
            size += len(chunk)
            if size > row.size:
                return row.size + 1, ""
            digest.update(chunk)
        return size, digest.hexdigest()

    def _failed(self, row: Row, kind: Kind, problem: str) -> _Checked:
        return _Checked(row, Finding(kind, row.path, row.key, f"{self._remote.uri(row.key)} {problem}"))


def _differ(written: str, listed: str) -> bool:
    """Tell whether both ETags say something about the bytes, and not the same."""
    return bool(written and _MD5.fullmatch(listed) and written != listed)
