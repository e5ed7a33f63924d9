"""The runs of VMEvalKit trees: with or without a folder per run, with or without an experiment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import RUN_METADATA_NAME, TASK_SUFFIX, VIDEO_NAME
from vmevalkit.migration._reading import (
    FILMS,
    OTHER_FILMS,
    entries_in,
    folders_in,
    object_at,
    relative,
    strings,
    text_at,
)
from vmevalkit.migration.source import EXPERIMENT, RUN_ID, Found, FoundRun, NotUnderstood

_FAILED = frozenset({"failed", "error", "running"})
_PARTS = frozenset({"video", "question"})


def runs(source: Path, outputs: Path) -> Iterator[Found]:
    """Yield the runs below ``outputs``, at ``<experiment>/<model>/<domain>_task`` or without the experiment."""
    for first in entries_in(outputs):
        if not first.is_dir():
            yield NotUnderstood(relative(source, first), "is no folder of an experiment or a model")
            continue
        for second in entries_in(first):
            if second.is_dir() and second.name.endswith(TASK_SUFFIX):
                yield from _of_domain(source, second, EXPERIMENT, first.name)
            elif second.is_dir():
                for third in entries_in(second):
                    if third.is_dir() and third.name.endswith(TASK_SUFFIX):
                        yield from _of_domain(source, third, first.name, second.name)
                    else:
                        yield NotUnderstood(relative(source, third), "is no folder of a domain")
            else:
                yield NotUnderstood(relative(source, second), "is no folder of a model or a domain")


def run_folders(task: Path) -> list[tuple[str, Path]]:
    """Return the runs in the folder of a question, by name; the folder itself if it is the only run."""
    if not task.is_dir():
        return []
    inner = [folder for folder in folders_in(task) if folder.name not in _PARTS]
    is_run = any((task / name).exists() for name in (*_PARTS, RUN_METADATA_NAME)) or _films(task)
    return [(RUN_ID, task)] if is_run else [(folder.name, folder) for folder in inner]


def _of_domain(source: Path, folder: Path, experiment: str, model: str) -> Iterator[Found]:
    domain = folder.name.removesuffix(TASK_SUFFIX)
    for task in entries_in(folder):
        if not task.is_dir():
            yield NotUnderstood(relative(source, task), "is no folder of a question's runs")
            continue
        for run_id, run in run_folders(task):
            yield _run(source, run, experiment, model, domain, task.name, run_id)


def _run(
    source: Path, folder: Path, experiment: str, model: str, domain: str, task_id: str, run_id: str
) -> FoundRun | NotUnderstood:
    metadata = object_at(source, folder / RUN_METADATA_NAME) if (folder / RUN_METADATA_NAME).is_file() else {}
    if isinstance(metadata, NotUnderstood):
        return metadata
    video = _video(source, folder)
    if isinstance(video, NotUnderstood):
        return video
    if video is None and not metadata:
        return NotUnderstood(relative(source, folder), "is a run without a video and without metadata.json")
    prompt = strings(metadata, "prompt", "text_prompt")
    written = folder / "question" / "prompt.txt"
    if prompt is None and written.is_file():
        text = text_at(source, written)
        prompt = None if isinstance(text, NotUnderstood) else text
    status, error = _status(metadata, has_video=video is not None)
    return FoundRun(
        origin=relative(source, folder),
        experiment=experiment,
        model=model,
        domain=domain,
        task_id=task_id,
        run_id=run_id,
        video=video,
        status="succeeded" if status else "failed",
        error=error,
        prompt=prompt,
        created_at=strings(metadata, "created_at", "timestamp"),
        metadata=metadata,
        question={entry.name: entry for entry in entries_in(folder / "question") if entry.is_file()},
    )


def _status(metadata: dict[str, Any], *, has_video: bool) -> tuple[bool, str]:
    """Return whether a run succeeded, and why not."""
    said = strings(metadata, "status")
    error = metadata.get("error")
    reason = strings(error, "message") if isinstance(error, dict) else strings(metadata, "error", "error_message")
    if not has_video:
        return False, reason or "there is no video"
    if metadata.get("success") is False or said in _FAILED:
        return False, reason or f"its status is {said or 'not a success'}"
    return True, ""


def _video(source: Path, folder: Path) -> Path | NotUnderstood | None:
    """Return the video of a run; `None` if it has none."""
    for place in (folder / "video", folder):
        if (place / VIDEO_NAME).is_file():
            return place / VIDEO_NAME
        films = _films(place)
        if len(films) > 1:
            return NotUnderstood(relative(source, place), f"has {len(films)} videos, and none is {VIDEO_NAME}")
        if films:
            return films[0]
    return None


def _films(folder: Path) -> list[Path]:
    return [path for path in entries_in(folder) if path.suffix.lower() in {*FILMS, *OTHER_FILMS} and path.is_file()]
