"""JSON documents of any size, event by event.

Only as much is held as the deepest value that is built, and no document can make that much: nesting is limited, as the
parser's own prefixes would grow with its square.
"""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import ijson

DEEPEST = 200
"""How deep values may be nested."""
JSON_STREAM_ERRORS = (ijson.JSONError, ValueError, RecursionError)
"""What reading a stream raises where it is not what it should be."""
_STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


class JsonEvent(NamedTuple):
    """One event of a parser."""

    depth: int
    """In how many objects and lists it happens: 1 for the keys of the outermost object, and for its end."""
    name: str
    """As in ``ijson``: ``start_map``, ``map_key``, ``string``, ``end_array``, ..."""
    value: Any


def json_events(file: IO[bytes]) -> Iterator[JsonEvent]:
    """Yield the events of a document.

    Raises:
        ijson.JSONError: it is malformed, or cut short.
        ValueError: it is nested too deeply, or no UTF-8.

    """
    depth = 0
    for name, value in ijson.basic_parse(file, use_float=True):
        yield JsonEvent(depth, name, value)
        depth += _STEPS.get(name, 0)
        if depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} deep")


def json_elements(events: Iterator[JsonEvent]) -> Iterator[Any]:
    """Yield the values of a list one by one; the event that began the list has been taken, its end will be."""
    builder = ijson.ObjectBuilder()
    top: int | None = None
    for event in events:
        top = event.depth if top is None else top
        if event.name == "end_array" and event.depth == top:
            return
        builder.event(event.name, event.value)
        # The end of a value is told one level deeper than its beginning.
        if event.depth - (event.name in ("end_map", "end_array")) == top and not event.name.startswith("start_"):
            yield builder.value
            builder = ijson.ObjectBuilder()
