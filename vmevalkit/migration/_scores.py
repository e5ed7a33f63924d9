"""Scores of older evaluation files, as records of ours."""

from collections.abc import Mapping
from typing import Any

from vmevalkit.dataroot import PASS_SCORE, Score
from vmevalkit.migration._reading import strings

_SCALES = {"1-5": (1, 5), "0-1": (0, 1), "0/1": (0, 1), "0-100": (0, 100)}
"""What a file can call its scale, and its lowest and highest score."""
_SKIPPED = frozenset({"skipped"})
_FAILED = frozenset({"failed", "error"})
_UNKNOWN_TIME = ""


def older_score(metadata: Mapping[str, Any], result: Mapping[str, Any], *, rater: str, run_id: str) -> Score:
    """Turn an evaluation of the shape ``{"metadata": {...}, "result": {...}}`` into a record.

    ``solution_correctness_score`` is on the scale from 1 to 5 unless the file names another one that we know, as its
    ``scale``; that is then stretched to ours, and rounded. Whatever is not on its scale is an error that keeps the raw
    value. All that the file says is kept in ``raw``.
    """
    status = strings(result, "status") or "completed"
    explanation = strings(result, "explanation", "comments", "error") or ""
    raw = {"metadata": dict(metadata), "result": dict(result)}
    created_at = strings(metadata, "timestamp", "created_at") or _UNKNOWN_TIME
    if status in _SKIPPED:
        return _record(run_id, rater, "skipped", None, explanation or "it was skipped", created_at, raw)
    if status in _FAILED:
        return _record(run_id, rater, "error", None, explanation or "the evaluator failed", created_at, raw)
    value = result.get("solution_correctness_score")
    score, problem = _on_our_scale(value, result.get("scale", metadata.get("scale")))
    if score is None:
        return _record(run_id, rater, "error", None, f"{problem}. {explanation}".strip(), created_at, raw)
    return _record(run_id, rater, "scored", score, explanation, created_at, raw)


def _record(
    run_id: str, rater: str, status: str, score: int | None, explanation: str, created_at: str, raw: dict[str, Any]
) -> Score:
    return Score.model_validate(
        {
            "run_id": run_id,
            "rater": rater,
            "status": status,
            "score": score,
            "passed": None if score is None else score >= PASS_SCORE,
            "explanation": explanation,
            "created_at": created_at,
            "raw": raw,
        }
    )


def _on_our_scale(value: object, scale: object) -> tuple[int | None, str]:
    """Return the score from 1 to 5, or `None` and why there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, f"solution_correctness_score is {str(value)[:40]!r}, no number"
    name = "1-5" if scale is None else str(scale)
    if name not in _SCALES:
        return None, f"the scale {name[:40]!r} is not known"
    low, high = _SCALES[name]
    if not low <= value <= high:
        return None, f"the score {value} is not on the scale {name}"
    if (low, high) != (1, 5):
        return int(1 + 4 * (value - low) / (high - low) + 0.5), ""
    if value != int(value):
        return None, f"the score {value} lies between two of ours"
    return int(value), ""
