"""How snapshots are named, and where their parts lie below a remote."""

import re
from datetime import datetime
from functools import lru_cache
from itertools import product

from vmevalkit.clock import now
from vmevalkit.dataroot import check_name
from vmevalkit.errors import UnsafePathError, UsageError

ARCHIVE = "archive"
LATEST_KEY = "latest/snapshot.json"
VERSIONS_KEY = "versions.json"

_STAMP = re.compile(r"[0-9]{8}(?:[0-9]{4})?")
_DATA_URIS = tuple(re.compile(rf"([a-z0-9]+://.*)/({name})/data/?") for name in (rf"{ARCHIVE}/[^/]+", "[0-9]+"))


def folders_of(scope: str) -> tuple[str, ...]:
    """Return the folders that a part of a data root consists of.

    ``*/pilot`` is an experiment with its evaluations; everything else is one file or folder, and empty is the root.
    """
    if scope.startswith("*/"):
        return tuple(f"{section}/{scope.removeprefix('*/')}" for section in ("evaluations", "outputs"))
    return (scope,)


def common_folders(scope: str, other: str) -> tuple[str, ...]:
    """Return the folders that two parts of a data root have in common, none if they are apart; parts as above."""
    pairs = product(folders_of(scope), folders_of(other))
    return tuple(max(pair, key=len) for pair in pairs if _is_inside(*pair) or _is_inside(*reversed(pair)))


def _is_inside(folder: str, outer: str) -> bool:
    return not outer or f"{folder}/".startswith(f"{outer}/")


def name_for_now() -> str:
    """Return the name of a snapshot made now: ``YYYYMMDDHHMM``, UTC."""
    return now().strftime("%Y%m%d%H%M")


def is_snapshot_name(name: str) -> bool:
    """Tell whether ``name`` is a date, a date with a time, or ``archive/<name>``."""
    try:
        check_snapshot_name(name)
    except UsageError:
        return False
    return True


def check_snapshot_name(name: str) -> str:
    """Return ``name`` if a snapshot can have it.

    Raises:
        UsageError: it is neither ``YYYYMMDD[HHMM]``, a real date, nor ``archive/`` and a valid name.

    """
    head, slash, rest = name.partition("/")
    if slash and head == ARCHIVE:
        try:
            check_name("archive", rest)
        except UnsafePathError as error:
            raise UsageError(error.message, hint=error.hint) from error
        return name
    if _STAMP.fullmatch(name) and _is_date(name):
        return name
    raise UsageError(
        f"{name!r} is not the name of a snapshot", hint="use YYYYMMDD, YYYYMMDDHHMM (UTC) or archive/<name>"
    )


@lru_cache(maxsize=1024)  # A manifest names a snapshot with every file.
def _is_date(stamp: str) -> bool:
    try:
        datetime.strptime(stamp.ljust(12, "0"), "%Y%m%d%H%M")  # noqa: DTZ007 - only asks whether there is such a day
    except ValueError:
        return False
    return True


def is_archive(name: str) -> bool:
    """Tell whether a snapshot was put aside: it is never the latest one."""
    return name.startswith(f"{ARCHIVE}/")


def data_prefix(name: str) -> str:
    """Return where a snapshot's files lie."""
    return f"{name}/data"


def manifest_key(name: str) -> str:
    """Return where a snapshot's manifest lies."""
    return f"{name}/manifest.jsonl.gz"


def claim_key(name: str) -> str:
    """Return where the push that makes a snapshot leaves its mark."""
    return f"{name}/push.json"


def split_key(key: str) -> tuple[str, str]:
    """Split the key of a file into the snapshot that holds it and the file's path.

    Raises:
        UsageError: it is no such key.

    """
    parts = key.split("/")
    depth = 2 if parts[0] == ARCHIVE else 1
    name = "/".join(parts[:depth])
    if parts[depth : depth + 1] != ["data"]:
        raise UsageError(f"{key[:200]!r} is not the key of a file in a snapshot")
    return check_snapshot_name(name), "/".join(parts[depth + 1 :])


def split_data_uri(uri: str) -> tuple[str, str]:
    """Split a data folder's URI, ``<remote>/<snapshot>/data``, into the remote and the snapshot's name.

    Of a URI that can be read in two ways, the first of `data_uri_readings` is returned.

    Raises:
        UsageError: it is no such URI.

    """
    return data_uri_readings(uri)[0]


def data_uri_readings(uri: str) -> tuple[tuple[str, str], ...]:
    """Return the remotes and snapshots that a data folder's URI can mean.

    ``s3://bucket/archive/20250115/data`` is two: an archive on ``s3://bucket``, or a snapshot on
    ``s3://bucket/archive``. Every other one is a single one.

    Raises:
        UsageError: it is no such URI.

    """
    found = [match for pattern in _DATA_URIS if (match := pattern.fullmatch(uri))]
    readings = tuple((match[1], match[2]) for match in found if is_snapshot_name(match[2]))
    if not readings:
        raise UsageError(
            f"{uri!r} is not the data folder of a snapshot", hint="it looks like s3://bucket/202501151030/data"
        )
    return readings


def snapshots_meant(uri: str, remote: str) -> tuple[str, ...]:
    """Return the snapshots of a remote that a URI in its version log may mean; none if it is no data folder's URI.

    The log lies on the remote that it speaks of. A URI that begins with another address is therefore another way to
    the same place, such as a link to the folder, and only its end counts.
    """
    try:
        readings = data_uri_readings(uri)
    except UsageError:
        return ()
    exact = tuple(snapshot for place, snapshot in readings if place == remote)
    return exact or tuple(snapshot for _, snapshot in readings)
