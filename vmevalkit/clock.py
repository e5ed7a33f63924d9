"""The one place that reads the wall clock."""

import os
from datetime import UTC, datetime

from vmevalkit.errors import UsageError


def now() -> datetime:
    """Return the current time in UTC.

    ``SOURCE_DATE_EPOCH`` (https://reproducible-builds.org/specs/source-date-epoch/) pins it, so that two
    runs can be compared byte by byte, timestamps included.
    """
    pinned = os.environ.get("SOURCE_DATE_EPOCH")
    if pinned is None:
        return real_now()
    try:
        return datetime.fromtimestamp(int(pinned), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH is not a number of seconds: {pinned!r}") from error


def real_now() -> datetime:
    """Return the current time in UTC, whatever ``SOURCE_DATE_EPOCH`` says: for ages and for how long to wait."""
    return datetime.now(UTC)


def timestamp() -> str:
    """Return the current time as ISO 8601 with microseconds, for example ``2025-01-15T10:30:00.123456Z``."""
    return now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
