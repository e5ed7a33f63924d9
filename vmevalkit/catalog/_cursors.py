"""Where a page starts, as text that is given out and given back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from vmevalkit.catalog.records import Sort
from vmevalkit.dataroot import PairKey, is_name
from vmevalkit.errors import UsageError

_NO_SCORE = 1000
"""Larger than all scores."""


@dataclass(frozen=True)
class Place:
    """Where a page of runs starts: behind this run in the order asked for."""

    value: str | float
    """What the runs are sorted by, besides their names."""
    names: tuple[str, str, str]
    """Experiment, model, domain."""
    task_id: str
    run_id: str

    @property
    def order(self) -> tuple[str | float, tuple[str, str, str], str, str]:
        """What runs are compared by."""
        return self.value, self.names, self.task_id, self.run_id


def run_cursor(sort: Sort, place: Place) -> str:
    """Write a place down."""
    parts = [sort, place.value, *place.names, place.task_id, place.run_id]
    return urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def run_place(cursor: str, sort: Sort) -> Place:
    """Read a place; `UsageError` if it is none, or one of another order."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        was, value, *names = parts
        fits = _is_number(value) if sort == "score" else _is_text(value)
        experiment, model, domain, task_id, run_id = names
    except (ValueError, TypeError, RecursionError) as error:
        raise _no_cursor() from error
    if was != sort or not fits or not all(isinstance(name, str) and is_name(name) for name in names):
        raise _no_cursor()
    return Place(value, (experiment, model, domain), task_id, run_id)


def _is_number(value: object) -> bool:
    """Tell whether a value can have been a score; SQLite takes neither all whole numbers nor what is none."""
    return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < _NO_SCORE


def _is_text(value: object) -> bool:
    """Tell whether a value is a text that SQLite takes; a lone surrogate is none."""
    return isinstance(value, str) and value.encode(errors="replace").decode() == value


def pair_cursor(key: PairKey) -> str:
    """Write a question down."""
    return f"{key.domain}/{key.task_id}"


def pair_place(cursor: str) -> PairKey:
    """Read a question; `UsageError` if it is none."""
    domain, _, task_id = cursor.partition("/")
    if not (is_name(domain) and is_name(task_id)):
        raise _no_cursor()
    return PairKey(domain, task_id)


def _no_cursor() -> UsageError:
    return UsageError("cursor is not one that was given out", hint="start again without a cursor")
