"""The JSON files of a data root."""

import json
from collections.abc import Mapping
from pathlib import Path

from fuzz.target import Target
from vmevalkit.dataroot import (
    Archived,
    DataRoot,
    Evaluation,
    Pair,
    Record,
    Run,
    VersionLog,
    iter_manifest,
    read_header,
)
from vmevalkit.export.folder import Marker
from vmevalkit.runner.rating.plan import RatingPlan

PAIR = {
    "id": "maze_0000",
    "domain": "maze",
    "difficulty": "easy",
    "task_category": "Maze",
    "first_image_path": "maze_task/maze_0000/first_frame.png",
    "final_image_path": "maze_task/maze_0000/final_frame.png",
    "prompt": "Move the dot.",
    "created_at": "2025-01-15T10:30:00.000000Z",
    "metadata": {"seed": 42, "way": [[0, 1], [1, 1]], "odd": None, "share": 0.5},
}
RUN = {
    "experiment": "pilot_experiment",
    "model": "oracle",
    "domain": "maze",
    "task_id": "maze_0000",
    "run_id": "20250115T103000Z",
    "status": "failed",
    "prompt": "Move the dot.",
    "model_version": "1",
    "created_at": "2025-01-15T10:30:00.000000Z",
    "requested": {"width": 512, "height": 512, "fps": 16, "seconds": 3.0},
    "video": {"width": 512, "height": 512, "fps": 16.0, "frames": 48, "duration": 3.0},
    "error": {"type": "JobFailedError", "message": "no", "retryable": False},
}
SCORE = {"run_id": "20250115T103000Z", "rater": "ada", "status": "scored", "score": 4, "created_at": "2025-01-15"}
EVALUATION = {
    "evaluator": "human-eval",
    "version": "1",
    **{name: RUN[name] for name in ("experiment", "model", "domain", "task_id")},
    "records": [SCORE],
}
ARCHIVED = {
    "experiment": "pilot_experiment",
    "remote": "s3://bucket",
    "snapshot": "archive/pilot_experiment",
    "s3_uri": "s3://bucket/archive/pilot_experiment/data",
    "manifest_sha256": "0" * 64,
    "archived_at": "2025-01-15T10:30:00.000000Z",
    "files": 3,
    "bytes": 4096,
    "models": {"oracle": {"runs": 1, "evaluations": 1}},
}
PLAN = {"seed": 1, "overlap": 0.2, "raters_per_item": 2, "blind": True, "domains": ["maze"], "models": None}
VERSION = {
    "version": "1.0",
    "date": "20250115",
    "s3_uri": "s3://bucket/202501151030/data",
    "size_mb": 1.5,
    "files": 3,
    "timestamp": "2025-01-15T10:30:00.000000",
    "stats": {"domains": {"maze": 1}},
}
MARKER = {
    "format": "vmevalkit-export-1",
    "form": "jsonl",
    "counts": {"questions": 1},
    "whole": ["questions"],
    "dataset": {"name": "vmeval_dataset"},
    "files": [{"path": "questions.jsonl", "size": 2, "sha256": "0" * 64, "items": 1}],
}
DATASET = {"name": "vmeval_dataset", "created_at": "2025", "generation_info": {"timestamp": "2025"}, "pairs": [PAIR]}

_KINDS: tuple[tuple[type[Record], Mapping[str, object]], ...] = (
    (Pair, PAIR),
    (Run, RUN),
    (Evaluation, EVALUATION),
    (Archived, ARCHIVED),
    (RatingPlan, PLAN),
    (VersionLog, {"versions": [VERSION]}),
    (Marker, MARKER),
)


def as_json(value: object) -> bytes:
    """Return a value as a file has it."""
    return json.dumps(value).encode()


def _record(data: bytes, folder: Path) -> object:
    """Read a record; the first byte says of which kind."""
    kind, _ = _KINDS[data[0] % len(_KINDS) if data else 0]
    path = folder / "record.json"
    path.write_bytes(data[1:])
    return kind.load(path).to_json()


def _dataset(data: bytes, folder: Path) -> object:
    root = DataRoot(folder)
    root.questions.mkdir(exist_ok=True)
    root.manifest.write_bytes(data)
    header = read_header(root.manifest)
    return header, [pair.key for pair in iter_manifest(root.manifest)]


_FIELDS = {**PAIR, **RUN, **EVALUATION, **ARCHIVED, **PLAN}
_WORDS = (
    *(f'"{name}":'.encode() for name in _FIELDS),
    *(b"null", b"true", b"1e999", b"-0", b"NaN", b"[[[[", b'{"', b'"\\ud800"', b'"\\u0000"', b"\xff"),
)

TARGETS = (
    Target("record", _record, tuple(bytes([n]) + as_json(good) for n, (_, good) in enumerate(_KINDS)), _WORDS),
    Target("dataset", _dataset, (as_json(DATASET),), (b'"pairs":', *_WORDS)),
)
