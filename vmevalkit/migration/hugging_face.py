"""Folders that Hugging Face's ``imagefolder`` and ``videofolder`` load, with metadata files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vmevalkit import media
from vmevalkit.dataroot import TASK_SUFFIX
from vmevalkit.errors import VideoError
from vmevalkit.migration._question_folder import to_png
from vmevalkit.migration._reading import (
    FILMS,
    OTHER_FILMS,
    PICTURES,
    NotThereError,
    csv_rows,
    entries_in,
    file_inside,
    json_lines,
    relative,
    strings,
)
from vmevalkit.migration.source import (
    EXPERIMENT,
    RUN_ID,
    Content,
    Found,
    FoundQuestion,
    FoundRun,
    NotUnderstood,
)

METADATA_NAMES = ("metadata.jsonl", "metadata.csv")
_FILE, _FILE_SUFFIX = "file_name", "_file_name"
_FIRST = frozenset({"first", "first_frame", "first_image", "initial", "input", "question", "image", "start"})
_FINAL = frozenset({"final", "final_frame", "final_image", "output", "solution", "answer", "target", "goal", "end"})
_FILM = frozenset({"ground_truth", "video", "film", "solution_video", "ground_truth_video"})
_SPLITS = frozenset({"train", "test", "validation", "valid", "val", "dev"})
_DEEPEST = 6
_PROMPT = ("prompt", "text", "instruction", "question", "caption")
_DOMAIN = ("domain", "task", "task_type", "category", "label")
_ID = ("id", "task_id", "question_id")


class HuggingFaceFolder:
    """Rows of ``metadata.jsonl`` or ``metadata.csv``, each about the file that it names as ``file_name``.

    A picture is the first frame; further files are named in columns such as ``final_frame_file_name``. A video is the
    film of the solution, and gives the frames that the row has no picture of. A video in a row with a ``model`` is a
    run. The other columns are kept in ``metadata``.
    """

    name = "imagefolder"
    description = "a Hugging Face imagefolder or videofolder with metadata files"
    is_ours = False

    def detects(self, path: Path) -> bool:
        """Tell whether a metadata file in the folder, or in a folder of it, names files in its first row."""
        for folder in (path, *(entry for entry in islice(entries_in(path), 50) if entry.is_dir())):
            for name in METADATA_NAMES:
                try:
                    row = next(_rows(path, folder / name), None) if (folder / name).is_file() else None
                except OSError:
                    continue
                if isinstance(row, dict) and any(_is_file_column(column) for column in row):
                    return True
        return False

    def items(self, path: Path) -> Iterator[Found]:
        """Yield the rows of all metadata files, folder by folder."""
        for file in _metadata_files(path, _DEEPEST):
            for number, row in enumerate(_rows(path, file), 1):
                if isinstance(row, NotUnderstood):
                    yield row
                else:
                    yield _item(path, file, number, row)


def _metadata_files(folder: Path, depth: int) -> Iterator[Path]:
    for name in METADATA_NAMES:
        if (folder / name).is_file():
            yield folder / name
            # Only one of them counts, as when it is loaded.
            break
    if depth:
        for entry in entries_in(folder):
            if entry.is_dir():
                yield from _metadata_files(entry, depth - 1)


def _rows(source: Path, file: Path) -> Iterator[dict[str, Any] | NotUnderstood]:
    return csv_rows(source, file) if file.suffix == ".csv" else json_lines(source, file)


def _is_file_column(name: str) -> bool:
    return name == _FILE or name.endswith(_FILE_SUFFIX)


@dataclass
class _Files:
    first: Path | None = None
    final: Path | None = None
    film: Path | None = None

    def put(self, role: str, path: Path) -> bool:
        """Note what a file is; say whether that was clear."""
        suffix = path.suffix.lower()
        is_picture, is_film = suffix in PICTURES, suffix in {*FILMS, *OTHER_FILMS}
        if is_film and self.film is None and (role in _FILM or role in _FINAL or not role):
            self.film = path
        elif is_picture and self.final is None and role in _FINAL:
            self.final = path
        elif is_picture and self.first is None and (role in _FIRST or not role):
            self.first = path
        else:
            return False
        return True


def _item(source: Path, metadata_file: Path, number: int, row: Mapping[str, Any]) -> Found:
    place = f"{relative(source, metadata_file)}: row {number}"
    files = _Files()
    for column in sorted(filter(_is_file_column, row)):
        try:
            path = file_inside(source, (metadata_file.parent,), row[column])
        except NotThereError as error:
            return NotUnderstood(place, f"{column}: {error.message}")
        if not files.put(column.removesuffix(_FILE).removesuffix("_"), path):
            return NotUnderstood(place, f"{column}: nobody knows what {row[column]!r} shows")
    named = row.get(_FILE) or next((row[column] for column in sorted(filter(_is_file_column, row))), None)
    if named is None:
        return NotUnderstood(place, "names no file")
    # Files of the same name in two splits are two questions.
    way = (*metadata_file.parent.relative_to(source).parts, *Path(str(named)).with_suffix("").parts)
    domain = (strings(row, *_DOMAIN) or source.resolve().name).removesuffix(TASK_SUFFIX)
    item_id = strings(row, *_ID) or "-".join(way)
    rest = {name: value for name, value in row.items() if not _is_file_column(name)}
    if way[0] in _SPLITS:
        rest.setdefault("split", way[0])
    model = strings(row, "model", "model_name")
    if model is not None and files.film is not None:
        return FoundRun(
            origin=place,
            experiment=strings(row, "experiment") or EXPERIMENT,
            model=model,
            domain=domain,
            task_id=item_id,
            run_id=strings(row, "run_id") or RUN_ID,
            video=files.film,
            prompt=strings(row, *_PROMPT),
            metadata={**rest, "file_name": named},
        )
    return _question(place, domain, item_id, {**rest, "file_name": named}, files)


def _question(place: str, domain: str, item_id: str, row: Mapping[str, Any], files: _Files) -> Found:
    prompt = strings(row, *_PROMPT)
    if prompt is None:
        return NotUnderstood(place, f"has no prompt: none of the columns {', '.join(_PROMPT)}")
    first: Content | None = files.first
    final: Content | None = files.final
    notes = {}
    try:
        if first is None and files.film is not None:
            first = to_png(next(media.read_frames(files.film)))
            notes["first_frame_from"] = files.film.name
        if final is None and files.film is not None:
            final = to_png(media.last_frame(files.film))
            notes["final_frame_from"] = files.film.name
    except (VideoError, StopIteration) as error:
        return NotUnderstood(place, getattr(error, "message", f"{files.film}: has no frames"))
    if first is None or final is None:
        return NotUnderstood(place, f"has no picture of the {'question' if first is None else 'solution'}, and no film")
    return FoundQuestion(
        origin=place,
        domain=domain,
        id=item_id,
        prompt=prompt,
        first_frame=first,
        final_frame=final,
        ground_truth=files.film,
        difficulty=strings(row, "difficulty") or "medium",
        task_category=strings(row, "task_category") or "",
        created_at=strings(row, "created_at"),
        metadata={**row, **notes},
    )
