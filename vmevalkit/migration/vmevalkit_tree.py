"""VMEvalKit trees, of this layout and of older ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    MANIFEST_NAME,
    METADATA_NAME,
    PROMPT_NAME,
    TASK_SUFFIX,
    Pair,
)
from vmevalkit.migration._older_evaluations import evaluations
from vmevalkit.migration._older_runs import runs
from vmevalkit.migration._question_folder import GOAL_NAME, read_frames
from vmevalkit.migration._reading import entries_in, object_at, peek, relative, strings, text_at
from vmevalkit.migration.source import Found, FoundQuestion, NotUnderstood

_QUESTION_FILES = frozenset(
    {FIRST_FRAME_NAME, FINAL_FRAME_NAME, GROUND_TRUTH_NAME, PROMPT_NAME, METADATA_NAME, GOAL_NAME}
)
_FIELDS = frozenset(Pair.model_fields)


class VMEvalKitTree:
    """``data/questions``, ``data/outputs``, and ``data/evaluations`` or ``data/scorings``.

    Older layouts have fields of the domain beside ``metadata``, answers as ``goal.txt``, runs without a folder of
    their own, and evaluations of the shape ``{"metadata": {...}, "result": {...}}``.
    """

    name = "vmevalkit"
    description = "a VMEvalKit data folder of any age"
    is_ours = True

    def detects(self, path: Path) -> bool:
        """Tell whether there are task folders where this layout has them."""
        base = _base(path)
        places = {"questions": (1,), "outputs": (3, 2), "evaluations": (3, 2), "scorings": (4, 3)}
        return any(
            entry.name.endswith(TASK_SUFFIX)
            for section, depths in places.items()
            for depth in depths
            for entry in peek(base / section, depth)
        )

    def items(self, path: Path) -> Iterator[Found]:
        """Yield the questions, then the runs, then the evaluations."""
        base = _base(path)
        yield from _questions(path, base / "questions")
        yield from runs(path, base / "outputs")
        yield from evaluations(path, base)


def _base(path: Path) -> Path:
    """Return the data folder, be it the path itself or ``data`` in it."""
    inner = path / "data"
    return inner if any((inner / section).is_dir() for section in ("questions", "outputs", "scorings")) else path


def _questions(source: Path, folder: Path) -> Iterator[Found]:
    for entry in entries_in(folder):
        if entry.is_dir() and entry.name.endswith(TASK_SUFFIX):
            for question in entries_in(entry):
                if question.is_dir():
                    yield _question(source, question, entry.name.removesuffix(TASK_SUFFIX))
                    yield from _unknown_files(source, question)
                else:
                    yield NotUnderstood(relative(source, question), "is no question's folder")
        elif entry.name != MANIFEST_NAME:
            yield NotUnderstood(relative(source, entry), f"is no folder of a domain, such as chess{TASK_SUFFIX}")


def _unknown_files(source: Path, folder: Path) -> Iterator[NotUnderstood]:
    for entry in entries_in(folder):
        if entry.name not in _QUESTION_FILES and entry.stem not in {"first_frame", "final_frame"}:
            yield NotUnderstood(relative(source, entry), "has no place in our layout; the rest of the question has")


def _question(source: Path, folder: Path, domain: str) -> FoundQuestion | NotUnderstood:
    record = object_at(source, folder / METADATA_NAME) if (folder / METADATA_NAME).is_file() else {}
    if isinstance(record, NotUnderstood):
        return record
    frames = read_frames(source, folder)
    if isinstance(frames, NotUnderstood):
        return frames
    prompt = strings(record, "prompt")
    if (folder / PROMPT_NAME).is_file() or prompt is None:
        written = text_at(source, folder / PROMPT_NAME)
        if isinstance(written, NotUnderstood):
            return written
        if written != prompt:
            prompt = written
    metadata, extra = _metadata(record)
    for name, value in (("id", folder.name), ("domain", domain)):
        if record.get(name, value) != value:
            metadata[f"recorded_{name}"] = record[name]
    return FoundQuestion(
        origin=relative(source, folder),
        domain=domain,
        id=folder.name,
        prompt=prompt,
        first_frame=frames.first,
        final_frame=frames.final,
        ground_truth=frames.film,
        difficulty=strings(record, "difficulty") or "medium",
        task_category=strings(record, "task_category") or "",
        created_at=strings(record, "created_at"),
        metadata={**metadata, **frames.notes},
        extra=extra,
    )


def _metadata(record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what belongs into ``metadata``, and what stays beside it because it was written beside it by us."""
    inside = record.get("metadata", {})
    metadata = dict(inside) if isinstance(inside, dict) else {"metadata": inside}
    beside = {name: value for name, value in record.items() if name not in _FIELDS}
    if isinstance(metadata.get("generator"), dict):
        return metadata, beside
    for name, value in beside.items():
        if metadata.setdefault(name, value) != value:
            metadata[f"recorded_{name}"] = value
    return metadata, {}
