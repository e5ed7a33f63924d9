"""Tests that have a long form, for the days on which there is time: ``make test-long``.

A test whose size depends on this carries the marker ``long``.
"""

import os
from typing import TypeVar

LONG = bool(os.environ.get("VMEVAL_LONG"))

Size = TypeVar("Size")


def longer(short: Size, long: Size) -> Size:
    """Return what is meant for today."""
    return long if LONG else short
