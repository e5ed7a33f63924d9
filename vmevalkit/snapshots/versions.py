"""The version log: names for snapshots, in ``versions.json`` on the remote, with a copy under the data root."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from vmevalkit.clock import now
from vmevalkit.dataroot import (
    TASK_SUFFIX,
    DataRoot,
    Version,
    VersionLog,
    check_name,
    dump_json,
    waiting_lock,
    write_text,
)
from vmevalkit.errors import ConflictError, RecordError, UnknownNameError, UsageError, first_problem
from vmevalkit.snapshots.catalog import fetched_manifest, read_latest
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.names import (
    VERSIONS_KEY,
    check_snapshot_name,
    data_prefix,
    data_uri_readings,
    is_archive,
    is_snapshot_name,
    manifest_key,
    snapshots_meant,
)
from vmevalkit.snapshots.remote import Remote

FIRST_VERSION = "1.0"
LATEST = "latest"
_NUMBERED = re.compile(r"([0-9]+)\.([0-9]+)")


def read_log(remote: Remote) -> VersionLog:
    """Return the version log of a remote, empty if there is none; `RecordError` if it is damaged."""
    return _parsed(remote, remote.read(VERSIONS_KEY))


def read_mirror(root: DataRoot) -> VersionLog:
    """Return the data root's copy of the log; `RecordError` if there is none."""
    return VersionLog.load(root.state / VERSIONS_KEY)


def add_version(
    remote: Remote,
    snapshot: str,
    *,
    version: str | None = None,
    stats: Mapping[str, Any] | None = None,
    mirror: DataRoot,
) -> Version:
    """Give a snapshot a name in the log. Of several writers at the same time, none is lost.

    Args:
        remote: where the snapshot and the log are.
        snapshot: the snapshot's name.
        version: the version's name; the next free number (1.0, 1.1, ...) if `None`.
        stats: what to note beside the number of questions per domain, such as ``{"change": "New puzzles"}``.
        mirror: the data root that gets a copy of the log.

    Returns:
        The new entry.

    Raises:
        UsageError: there is no such snapshot, or the name cannot be used.
        ConflictError: there is such a version already.
        RecordError: the log or the snapshot's manifest is damaged.

    """
    if version is not None:
        version = version_name(version)
    with fetched_manifest(remote, check_snapshot_name(snapshot)) as manifest:
        header, domains = manifest.header, count_questions(manifest.rows())
    time = now()
    entry = Version(
        version=version or FIRST_VERSION,
        date=f"{time:%Y%m%d}" if is_archive(snapshot) else snapshot[:8],
        s3_uri=remote.uri(data_prefix(snapshot)),
        size_mb=round(header.bytes / 1e6, 1),
        files=header.files,
        timestamp=f"{time:%Y-%m-%dT%H:%M:%S.%f}",
        stats={**(stats or {}), "domains": domains},
    )
    text = b""

    def append(current: bytes | None) -> bytes | None:
        nonlocal entry, text
        log = _parsed(remote, current)
        if text:
            # Written by ourselves, and the answer to that was lost?
            for other in log.versions:
                if _same_but_for_number(other, entry):
                    entry, text = other, current or b""
                    return None
        if version is None:
            entry = entry.model_copy(update={"version": next_version(log)})
        check_is_free(log, entry.version)
        text = dump_json(log.model_copy(update={"versions": (*log.versions, entry)}).to_json()).encode()
        return text

    # The lock keeps the copy in step, and protects the log itself where the store has no conditional writes.
    with waiting_lock(mirror.lock("versions"), "writing to the version log", seconds=60):
        remote.update(VERSIONS_KEY, append)
        write_text(mirror.state / VERSIONS_KEY, text.decode())
    return entry


def version_name(name: str) -> str:
    """Return a name for a version as the log has it, without a leading v.

    Raises:
        UnsafePathError: it is no name.
        UsageError: whoever asks for it would get a snapshot of that name, or the latest one.

    """
    name = check_name("version", without_v(name))
    if name == LATEST or is_snapshot_name(name):
        raise UsageError(
            f"version {name!r} would be taken for a snapshot", hint="choose a name such as 1.1-pre or before-chess"
        )
    return name


def check_is_free(log: VersionLog, name: str) -> None:
    """Make sure that a log has no version of this name; `ConflictError` if it has."""
    for version in log.versions:
        if version.version == name:
            raise ConflictError(f"there is a version {name} already: {version.s3_uri}", hint="choose another name")


def _same_but_for_number(one: Version, other: Version) -> bool:
    return (one.s3_uri, one.timestamp, one.stats) == (other.s3_uri, other.timestamp, other.stats)


def remove_version(remote: Remote, version: str, *, mirror: DataRoot) -> Version:
    """Take a name out of the log, so that it can be given anew. The snapshot stays.

    Args:
        remote: where the log is.
        version: the version's name.
        mirror: the data root whose copy of the log is brought up to date.

    Returns:
        The entry that was removed.

    Raises:
        UnknownNameError: there is no such version.
        RecordError: the log is damaged.

    """
    removed = find_version(read_log(remote), version)
    text = b""

    def without(current: bytes | None) -> bytes | None:
        nonlocal text
        log = _parsed(remote, current)
        text = current or b""
        if removed not in log.versions:
            return None  # By ourselves, and the answer to that was lost; or by somebody else just now.
        kept = tuple(other for other in log.versions if other != removed)
        text = dump_json(log.model_copy(update={"versions": kept}).to_json()).encode()
        return text

    with waiting_lock(mirror.lock("versions"), "writing to the version log", seconds=60):
        remote.update(VERSIONS_KEY, without)
        write_text(mirror.state / VERSIONS_KEY, text.decode())
    return removed


def find_version(log: VersionLog, name: str) -> Version:
    """Return the entry of a version, with or without a leading v; `UnknownNameError` if there is none."""
    for version in log.versions:
        if version.version == without_v(name):
            return version
    raise UnknownNameError("version", name, [version.version for version in log.versions])


def next_version(log: VersionLog) -> str:
    """Return the number after the highest one: 1.0, 1.1, ... Other names do not count."""
    numbers = [(int(m[1]), int(m[2])) for v in log.versions if (m := _NUMBERED.fullmatch(v.version))]
    if not numbers:
        return FIRST_VERSION
    major, minor = max(numbers)
    return f"{major}.{minor + 1}"


def count_questions(rows: Iterable[Row]) -> dict[str, int]:
    """Count the question folders per domain; ``rows`` are sorted by path."""
    counts: Counter[str] = Counter()
    previous: list[str] = []
    for row in rows:
        section, *folder = row.path.split("/")[:3]
        if (
            section == "questions"
            and row.path.count("/") > 2
            and folder[0].endswith(TASK_SUFFIX)
            and folder != previous
        ):
            counts[folder[0].removesuffix(TASK_SUFFIX)] += 1
            previous = folder
    return dict(counts)


def resolve(remote: Remote, name: str) -> str:
    """Return the snapshot that ``latest``, a snapshot's name or a version means.

    Raises:
        UsageError: there is no such snapshot or version.

    """
    if name == LATEST:
        pointer = read_latest(remote)
        if pointer is None:
            raise UsageError(f"there is no snapshot on {remote.url} yet", hint="make one with 'vmevalkit push'")
        return pointer.snapshot
    if is_snapshot_name(name):
        return name
    version = find_version(read_log(remote), name)
    places = dict(data_uri_readings(version.s3_uri))
    if remote.url in places:
        return places[remote.url]
    for snapshot in snapshots_meant(version.s3_uri, remote.url):
        if remote.exists(manifest_key(snapshot)):
            return snapshot
    raise UsageError(
        f"version {version.version} lies on {' or '.join(places)}", hint=f"say --remote {' or '.join(places)}"
    )


def without_v(version: str) -> str:
    """Take away the letter that listings put before a number."""
    return version[1:] if re.match(r"v[0-9]", version) else version


def _parsed(remote: Remote, data: bytes | None) -> VersionLog:
    if data is None:
        return VersionLog()
    try:
        return VersionLog.model_validate(json.loads(data))
    except ValidationError as error:
        problem = first_problem(error)
    except (ValueError, RecursionError) as error:
        problem = f"malformed JSON: {error}"
    raise RecordError(remote.uri(VERSIONS_KEY), problem, hint="correct it by hand, then try again")
