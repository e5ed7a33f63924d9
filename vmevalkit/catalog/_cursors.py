"""Where a page starts, as text that is given out and given back."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from vmevalkit.catalog.records import Sort
from vmevalkit.dataroot import PairKey, is_name
from vmevalkit.errors import UsageError


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
        was, value, experiment, model, domain, task_id, run_id = parts
    except (ValueError, TypeError) as error:
        raise _no_cursor() from error
    names = (experiment, model, domain)
    fits = isinstance(value, float | int) if sort == "score" else isinstance(value, str)
    if was != sort or not fits or not all(isinstance(name, str) for name in (*names, task_id, run_id)):
        raise _no_cursor()
    return Place(value, names, task_id, run_id)


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
