"""From the JSON files of a data root to rows of the index: only what is asked for later, and no more checks than that.

The records of `vmevalkit.dataroot` check every field; here a million files are read, most of them our own.
"""

import json
import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import median_low
from typing import Any, NamedTuple

from pydantic_core import from_json

MISSING = -1.0
"""Stands for a number that is not known, so that rows can be sorted by it."""
UNREADABLE = "unreadable"
"""The status of a run whose metadata is missing or broken."""
_USUAL_BYTES = 1 << 15
"""Hardly a file is longer."""
FIRST_FRAME, FINAL_FRAME, GROUND_TRUTH = 1, 2, 4
"""Bits of ``question.files``: which of its files a question has."""


class BrokenFileError(Exception):
    """A file that is not what it should be; says why in a few words."""


class QuestionFacts(NamedTuple):
    """A row of ``question`` without its keys."""

    difficulty: str
    category: str
    prompt: str
    created_at: str
    problem: str | None


class RunFacts(NamedTuple):
    """A row of ``run`` without its keys."""

    status: str
    created_at: str
    duration: float
    cost: float
    model_version: str | None
    job_id: str | None
    sample: int | None
    width: int | None
    height: int | None
    fps: float | None
    frames: int | None
    seconds: float | None
    error_type: str | None
    error_message: str | None
    retryable: bool | None


class VerdictFacts(NamedTuple):
    """A row of ``verdict`` without its team and task."""

    evaluator: str
    run_id: str
    outcome: str
    score: float
    raters: int
    needs_review: bool
    created_at: str


def read_object(path: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = _parsed(_contents(path))
    except FileNotFoundError as error:
        raise BrokenFileError("no such file") from error
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(f"malformed JSON: {error}") from error
    except OSError as error:
        raise BrokenFileError(error.strerror or "cannot be read") from error
    if not isinstance(value, dict):
        raise BrokenFileError(f"expected a JSON object, found {type(value).__name__}")
    return value


def _contents(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = os.read(descriptor, _USUAL_BYTES)
        if len(data) == _USUAL_BYTES:
            data += os.read(descriptor, os.fstat(descriptor).st_size)
        return data
    finally:
        os.close(descriptor)


def _parsed(data: bytes) -> object:
    try:
        return from_json(data)
    except ValueError:
        # The parser of the standard library is slower, takes what this one is too strict for, and is who says why not.
        return json.loads(data)


def question_facts(value: dict[str, Any], domain: str, task_id: str) -> QuestionFacts:
    """Read a question's metadata."""
    if (value.get("domain"), value.get("id")) != (domain, task_id):
        raise BrokenFileError("describes another question than the one whose folder it lies in")
    return QuestionFacts(
        _text(value, "difficulty") or "medium",
        _text(value, "task_category") or "",
        _text(value, "prompt") or "",
        _text(value, "created_at") or "",
        None,
    )


def broken_question(reason: str) -> QuestionFacts:
    """Return what stands for a question that cannot be read."""
    return QuestionFacts("", "", "", "", reason)


_STATES = frozenset({"running", "succeeded", "failed"})


def run_facts(value: dict[str, Any], run_id: str) -> RunFacts:
    """Read a run's metadata."""
    if value.get("run_id") != run_id:
        raise BrokenFileError("describes another run than the one whose folder it lies in")
    if value.get("status") not in _STATES:
        raise BrokenFileError("status: expected running, succeeded or failed")
    video, error = _part(value, "video"), _part(value, "error")
    return RunFacts(
        value["status"],
        _text(value, "created_at") or "",
        _sortable(value, "duration_seconds"),
        _sortable(value, "cost_usd"),
        _text(value, "model_version"),
        _text(value, "job_id"),
        _whole(value, "sample"),
        _whole(video, "width"),
        _whole(video, "height"),
        _number(video, "fps"),
        _whole(video, "frames"),
        _number(video, "duration"),
        _text(error, "type"),
        _text(error, "message"),
        None if not isinstance(error.get("retryable"), bool) else error["retryable"],
    )


def broken_run(reason: str) -> RunFacts:
    """Return what stands for a run that cannot be read."""
    nothing = dict.fromkeys(RunFacts._fields)
    return RunFacts(
        **{  # type: ignore[arg-type] # the fields that must not be None are given
            **nothing,
            "status": UNREADABLE,
            "created_at": "",
            "duration": MISSING,
            "cost": MISSING,
            "error_type": "RecordError",
            "error_message": f"metadata.json: {reason}",
            "retryable": False,
        }
    )


def verdicts(value: dict[str, Any], evaluator: str) -> Iterator[VerdictFacts]:
    """Read an evaluation file: one row for each run in it, its raters taken together."""
    records = value.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise BrokenFileError("records: expected a list of objects")
    usable = [record for record in records if isinstance(record.get("run_id"), str)]
    if len(usable) == 1:
        yield _verdict(evaluator, usable[0]["run_id"], usable)
        return
    for run_id, group in groupby(sorted(usable, key=lambda r: r["run_id"]), key=lambda r: r["run_id"]):
        yield _verdict(evaluator, run_id, list(group))


def _verdict(evaluator: str, run_id: str, records: list[dict[str, Any]]) -> VerdictFacts:
    """Several raters pass a run if more than half of those who scored it do; its score is their lower median.

    So the two fit, and are those of the report (`vmevalkit.analysis.results.settled`).
    """
    scored = [r for r in records if r.get("status") == "scored" and isinstance(r.get("score"), int)]
    if scored:
        outcome = "passed" if 2 * sum(r.get("passed") is True for r in scored) > len(scored) else "failed"
        score = median_low(r["score"] for r in scored)
    else:
        outcome = "error" if any(r.get("status") == "error" for r in records) else "unscored"
        score = MISSING
    return VerdictFacts(
        evaluator,
        run_id,
        outcome,
        score,
        len(records),
        any(r.get("needs_review") is True for r in records),
        max(_text(r, "created_at") or "" for r in records),
    )


def files_of(names: Iterable[str], known: dict[str, int]) -> int:
    """Return the bits of the files that are there."""
    return sum({known[name] for name in names if name in known})


def _part(value: dict[str, Any], name: str) -> dict[str, Any]:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: dict[str, Any], name: str) -> str | None:
    text = value.get(name)
    if not isinstance(text, str) or text.isascii():
        return text if isinstance(text, str) else None
    # A lone surrogate is JSON, but no text that can be stored or shown.
    return text.encode(errors="replace").decode()


def _number(value: dict[str, Any], name: str) -> float | None:
    number = value.get(name)
    return float(number) if isinstance(number, int | float) and abs(number) < 1e15 else None


def _sortable(value: dict[str, Any], name: str) -> float:
    number = _number(value, name)
    return MISSING if number is None else number


def _whole(value: dict[str, Any], name: str) -> int | None:
    number = value.get(name)
    return number if isinstance(number, int) and abs(number) < 1 << 53 else None
