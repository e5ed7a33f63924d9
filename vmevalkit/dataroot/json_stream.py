"""JSON documents of any size, event by event.

Only as much is held as the deepest value that is built, and no document can make that much: nesting is limited, as the
parser's own prefixes would grow with its square.
"""

from collections.abc import Iterator
from typing import IO, Any, TypeAlias

import ijson

DEEPEST = 200
"""How deep values may be nested."""
JSON_STREAM_ERRORS = (ijson.JSONError, ValueError, RecursionError)
"""What reading a stream raises where it is not what it should be."""
_STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_ENDS = frozenset({"end_map", "end_array"})

JsonEvent: TypeAlias = tuple[int, str, Any]
"""One event of a parser: its depth, its name and its value.

The depth is in how many objects and lists it happens: 1 for the keys of the outermost object, and for its end. Names
are those of ``ijson``: ``start_map``, ``map_key``, ``string``, ``end_array``, ... A plain tuple, as a manifest of a
million questions has two hundred million of them.
"""


def json_events(file: IO[bytes]) -> Iterator[JsonEvent]:
    """Yield the events of a document.

    Raises:
        ijson.JSONError: it is malformed, or cut short.
        ValueError: it is nested too deeply, or no UTF-8.

    """
    depth = 0
    for name, value in ijson.basic_parse(file, use_float=True):
        yield depth, name, value
        if name in _STEPS:
            depth += _STEPS[name]
            if depth > DEEPEST:
                raise ValueError(f"nested more than {DEEPEST} deep")


def json_elements(events: Iterator[JsonEvent]) -> Iterator[Any]:
    """Yield the values of a list one by one; the event that began the list has been taken, its end will be."""
    for event in events:
        if event[1] == "end_array":
            return
        yield json_value(event, events)


def json_value(first: JsonEvent, events: Iterator[JsonEvent]) -> object:
    """Return the value that begins with an event which has been taken; the last of its events will be."""
    _, name, value = first
    if name not in _STEPS:
        return value
    current: Any = {} if name == "start_map" else []
    around: list[Any] = []
    key = ""
    for _, name, value in events:
        if name == "map_key":
            key = value
        elif name in _ENDS:
            if not around:
                break
            current = around.pop()
        else:
            inner: Any = {} if name == "start_map" else [] if name == "start_array" else value
            if type(current) is dict:
                current[key] = inner
            else:
                current.append(inner)
            if name in _STEPS:
                around.append(current)
                current = inner
    return current
