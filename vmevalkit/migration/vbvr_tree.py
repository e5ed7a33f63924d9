"""VBVR trees: what its generators write, its benchmark, and the videos of models."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from vmevalkit.dataroot import FIRST_FRAME_NAME, GROUND_TRUTH_NAME, PROMPT_NAME, TASK_SUFFIX
from vmevalkit.migration._question_folder import read_frames
from vmevalkit.migration._reading import entries_in, folders_in, object_at, peek, relative, strings, text_at
from vmevalkit.migration.source import EXPERIMENT, RUN_ID, Found, FoundQuestion, FoundRun, NotUnderstood

_NUMBERED = re.compile(r"(?:.*_)?([0-9]{5,8})")
_VIDEO = re.compile(r"([0-9]{5,8})\.mp4")
_DEEPEST = 8
_FILES = frozenset({FIRST_FRAME_NAME, "final_frame.png", GROUND_TRUTH_NAME, PROMPT_NAME, "metadata.json", "goal.txt"})


class VBVRTree:
    """Folders of questions and folders of videos, both named by their task and numbered.

    A question is a folder ``<Generator>/<task>_task/<task>_00000000`` or ``<split>/<task>/00000``, a run a file
    ``<model>/<split>/<task>/00000.mp4``. The number makes the id: ``<task>_00000000`` in each case, so that a video
    finds its question. Where a video's folder has the name of a generator with one task, that task is meant.
    """

    name = "vbvr"
    description = "VBVR questions, and videos of models on them"
    is_ours = False

    def detects(self, path: Path) -> bool:
        """Tell whether there are numbered questions or numbered videos at one of the usual depths."""
        return any(
            (_NUMBERED.fullmatch(entry.name) and (entry / FIRST_FRAME_NAME).is_file()) or _VIDEO.fullmatch(entry.name)
            for depth in range(1, 6)
            for entry in peek(path, depth)
        )

    def items(self, path: Path) -> Iterator[Found]:
        """Yield the questions, then the runs, each in the order of their paths."""
        yield from _questions(path, path, _DEEPEST)
        yield from _runs(path, path, _tasks(path, _DEEPEST), _DEEPEST)


def _tasks(folder: Path, depth: int) -> dict[str, str | None]:
    """Return the task of each generator that has one; `None` for one that has several. There are some hundreds."""
    found: dict[str, str | None] = {}
    for entry in folders_in(folder):
        if entry.name.endswith(TASK_SUFFIX):
            task = entry.name.removesuffix(TASK_SUFFIX)
            found[folder.name] = None if folder.name in found else task
        elif depth and not _NUMBERED.fullmatch(entry.name):
            found |= _tasks(entry, depth - 1)
    return found


def _questions(source: Path, folder: Path, depth: int) -> Iterator[Found]:
    for entry in entries_in(folder):
        if entry.is_dir():
            if _is_question(entry):
                yield from _question(source, entry)
            elif depth:
                yield from _questions(source, entry, depth - 1)
            else:
                yield NotUnderstood(relative(source, entry), "lies too deep")
        elif not _VIDEO.fullmatch(entry.name):
            yield NotUnderstood(relative(source, entry), "is neither a question's folder nor a numbered video")


def _runs(source: Path, folder: Path, tasks: Mapping[str, str | None], depth: int) -> Iterator[Found]:
    for entry in entries_in(folder):
        if _VIDEO.fullmatch(entry.name):
            yield _run(source, entry, tasks)
        elif depth and entry.is_dir() and not _is_question(entry):
            yield from _runs(source, entry, tasks, depth - 1)


def _is_question(folder: Path) -> bool:
    return _NUMBERED.fullmatch(folder.name) is not None or (folder / FIRST_FRAME_NAME).is_file()


def _numbered(task: str, number: str) -> str:
    return f"{task}_{int(number):08d}"


def _question(source: Path, folder: Path) -> Iterator[Found]:
    frames = read_frames(source, folder)
    prompt = text_at(source, folder / PROMPT_NAME)
    record = object_at(source, folder / "metadata.json") if (folder / "metadata.json").is_file() else {}
    for one in (frames, prompt, record):
        if isinstance(one, NotUnderstood):
            yield one
            return
    # The loop above has returned for all that is no question; the types do not know.
    if isinstance(frames, NotUnderstood) or isinstance(prompt, NotUnderstood) or isinstance(record, NotUnderstood):
        return
    domain = folder.parent.name.removesuffix(TASK_SUFFIX)
    number = _NUMBERED.fullmatch(folder.name)
    metadata = {**record, "vbvr_path": relative(source, folder), **frames.notes}
    yield FoundQuestion(
        origin=relative(source, folder),
        domain=domain,
        id=_numbered(domain, number[1]) if number else folder.name,
        prompt=prompt,
        first_frame=frames.first,
        final_frame=frames.final,
        ground_truth=frames.film,
        difficulty=strings(record, "difficulty") or "medium",
        task_category=strings(record, "task_category", "category") or "",
        created_at=strings(record, "created_at", "timestamp"),
        metadata=metadata,
    )
    for entry in entries_in(folder):
        if entry.name not in _FILES and entry.stem not in {"first_frame", "final_frame"}:
            yield NotUnderstood(relative(source, entry), "has no place in our layout; the rest of the question has")


def _run(source: Path, video: Path, tasks: Mapping[str, str | None]) -> FoundRun | NotUnderstood:
    # A source that is a model's own folder gives the model its name.
    parts = (source.resolve().name, *video.relative_to(source).parts)
    if len(parts) < 4:
        return NotUnderstood(relative(source, video), "does not lie at <model>/<split>/<task>/00000.mp4")
    model, split, folder, file = parts[-4:]
    task = tasks.get(folder) or folder.removesuffix(TASK_SUFFIX)
    return FoundRun(
        origin=relative(source, video),
        experiment=EXPERIMENT,
        model=model,
        domain=task,
        task_id=_numbered(task, file.removesuffix(".mp4")),
        run_id=RUN_ID,
        video=video,
        metadata={"split": split, "vbvr_path": relative(source, video)},
    )
