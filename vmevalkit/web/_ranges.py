"""Byte ranges and conditional requests (RFC 9110, sections 13 and 14)."""

import re

_ONE_RANGE = re.compile(r"bytes\s*=\s*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiableError(Exception):
    """The range begins behind the end of the file."""


def requested_range(header: str | None, size: int) -> range | None:
    """Find which bytes of a file a ``Range`` header asks for.

    Args:
        header: the header's value.
        size: the file's size in bytes.

    Returns:
        The positions of the bytes, at least one; `None` for the whole file, which is also the answer to a header
        that makes no sense, or that asks for several ranges at once.

    Raises:
        RangeNotSatisfiableError: the file has none of the bytes.

    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match["first"] == match["last"] == "":
        return None
    if not match["first"]:
        positions = range(max(size - int(match["last"]), 0), size)
    else:
        first = int(match["first"])
        last = int(match["last"]) if match["last"] else size
        if last < first:
            return None
        positions = range(first, min(last + 1, size))
    if not positions:
        raise RangeNotSatisfiableError
    return positions


def lists_tag(header: str, tag: str) -> bool:
    """Tell whether an ``If-None-Match`` header names an entity tag, by weak comparison."""
    return header.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in header.split(","))
