"""What servers say, made fit to be written down and acted upon."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from vmevalkit.clock import real_now

_LONGEST = 500


def one_line(text: str) -> str:
    """Return a text without line breaks that can be written down, and is not too long."""
    return " ".join(writable(text).split())[:_LONGEST]


def writable(text: str) -> str:
    """Return a text with a question mark for each half of a character, such as JSON's ``\\ud83d``: no file takes it."""
    return text.encode("utf-8", "replace").decode()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds an answer asks to wait: its ``Retry-After``, in either of the two forms (RFC 9110).

    It is `None` if the answer asks for nothing, or for something that cannot be understood.
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - real_now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
