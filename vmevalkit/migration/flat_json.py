"""Flat JSON files, each of one question or a list of them, with the paths of their pictures."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import (
    JSON_STREAM_ERRORS,
    TASK_SUFFIX,
    JsonEvent,
    Pair,
    is_temporary,
    json_elements,
    json_events,
)
from vmevalkit.migration._reading import NotThereError, file_inside, object_at, peek, relative, strings
from vmevalkit.migration.source import Found, FoundQuestion, NotUnderstood

_FIRST = ("first_image_path", "first_frame_path", "first_image", "first_frame", "initial_image", "image")
_FINAL = ("final_image_path", "final_frame_path", "final_image", "final_frame", "solution_image")
_FILM = ("ground_truth_path", "ground_truth_video", "ground_truth")
_PROMPT = ("prompt", "text_prompt", "instruction")
_KNOWN = frozenset({*Pair.model_fields, *_FIRST, *_FINAL, *_FILM, *_PROMPT})
_PAIRS = "pairs"


class FlatJson:
    """The ``*.json`` files of a folder, or one such file: a question, a list of them, or ``{"pairs": [...]}``.

    Paths of pictures are relative to the file or to the folder. Fields that we do not know go into ``metadata``.
    """

    name = "json"
    description = "JSON files of an old structure, one question or a list of them per file"
    is_ours = False

    def detects(self, path: Path) -> bool:
        """Tell whether it is a JSON file, or has one within three levels."""
        if path.is_file():
            return path.suffix == ".json"
        return any(entry.suffix == ".json" for depth in (1, 2, 3) for entry in peek(path, depth))

    def items(self, path: Path) -> Iterator[Found]:
        """Yield the questions of all files, in the order of their paths."""
        base = path.parent if path.is_file() else path
        for file in [path] if path.is_file() else _json_files(path):
            for place, record in _records(base, file):
                yield record if isinstance(record, NotUnderstood) else _question(base, file, place, record)


def _json_files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_temporary(name))
        for name in sorted(files):
            if name.endswith(".json") and not is_temporary(name):
                yield Path(parent, name)


def _records(base: Path, file: Path) -> Iterator[tuple[str, dict[str, Any] | NotUnderstood]]:
    """Yield the records of a file with their places; a list is never held as a whole."""
    place = relative(base, file)
    number = 0
    try:
        with file.open("rb") as data:
            events = json_events(data)
            if not _goes_to_list(events):
                yield place, object_at(base, file)
                return
            for number, record in enumerate(json_elements(events), 1):
                where = f"{place}: pair {number}"
                if isinstance(record, dict):
                    yield where, record
                else:
                    yield where, NotUnderstood(where, f"expected a JSON object, found {type(record).__name__}")
            for _ in events:  # What follows the list has to be well-formed, too.
                pass
    except JSON_STREAM_ERRORS as error:
        yield place, NotUnderstood(place, f"malformed JSON after {number} pairs: {error}")


def _goes_to_list(events: Iterator[JsonEvent]) -> bool:
    """Read on to the list of questions; tell whether there is one."""
    key = None
    for depth, name, value in events:
        if name == "map_key" and depth == 1:
            key = value
        elif name == "start_array" and (depth == 0 or (depth == 1 and key == _PAIRS)):
            return True
    return False


def _question(base: Path, file: Path, place: str, record: Mapping[str, Any]) -> Found:
    values = {what: strings(record, *names) for what, names in _NEEDED.items()}
    missing = [what for what, value in values.items() if value is None]
    if missing:
        return NotUnderstood(place, f"is no question: has no {missing[0]}")
    folders = (file.parent, base) if file.parent != base else (base,)
    try:
        first, final = (file_inside(base, folders, strings(record, *names)) for names in (_FIRST, _FINAL))
        named = strings(record, *_FILM)
        film = file_inside(base, folders, named) if named is not None else None
    except NotThereError as error:
        return NotUnderstood(place, error.message)
    inside = record.get("metadata", {})
    metadata = dict(inside) if isinstance(inside, dict) else {"metadata": inside}
    for name, value in record.items():
        if name not in _KNOWN and metadata.setdefault(name, value) != value:
            metadata[f"recorded_{name}"] = value
    return FoundQuestion(
        origin=place,
        domain=str(values["domain"]).removesuffix(TASK_SUFFIX),
        id=str(values["id"]),
        prompt=str(values["prompt"]),
        first_frame=first,
        final_frame=final,
        ground_truth=film,
        difficulty=strings(record, "difficulty") or "medium",
        task_category=strings(record, "task_category", "category") or "",
        created_at=strings(record, "created_at"),
        metadata=metadata,
    )


_NEEDED = {
    "id": ("id", "task_id"),
    "domain": ("domain", "task_type"),
    "prompt": _PROMPT,
    "first_image_path": _FIRST,
    "final_image_path": _FINAL,
}
"""What a record must say, and under which names it may."""
