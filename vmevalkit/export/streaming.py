"""Questions one by one, from whatever holds them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import (
    GROUND_TRUTH_NAME,
    MANIFEST_NAME,
    DataRoot,
    Pair,
    iter_manifest,
    iter_pairs_on_disk,
)
from vmevalkit.errors import UsageError
from vmevalkit.export.content import read_bytes
from vmevalkit.export.reading import StoredQuestion, columns_of, files_of, form_of, lines, questions_in, rows

_MEDIA = ("first_frame", "final_frame", "ground_truth")


def stream_large_dataset(filepath: str | Path, *, media: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the items of a data set one by one, in constant memory.

    Questions come as the manifest has them, whatever they are read from: a dict with ``id``, ``domain``,
    ``difficulty``, ``task_category``, ``first_image_path``, ``final_image_path``, ``prompt``, ``created_at``,
    ``metadata`` (a dict), and fields that this version does not know.

    Args:
        filepath: a data root; ``vmeval_dataset.json``; an export in any form, or one Parquet or tar file of it; or a
            file of JSON lines. Lines, and rows of a Parquet file that holds no questions of an export, come as they
            are.
        media: whether to add ``first_frame``, ``final_frame`` and ``ground_truth``: the bytes of the PNG and MP4
            files, or `None` where there are none. They are not added to lines and rows that come as they are.

    Raises:
        UsageError: there is nothing at ``filepath``, or nothing of this kind.
        RecordError: a file is broken; the message names it and the line, or what is wrong with it.
        UnsafePathError: a record or an export names a file that is elsewhere.

    """
    path = Path(filepath)
    if not path.exists():
        raise UsageError(f"no such file or folder: {path}")
    return _file(path, media) if path.is_file() else _folder(path, media)


def _file(path: Path, media: bool) -> Iterator[dict[str, Any]]:
    if path.name == MANIFEST_NAME:
        return _pairs(DataRoot(path.absolute().parent.parent), iter_manifest(path), media)
    if path.suffix == ".tar":
        return _stored(questions_in(path, media=media), media)
    if path.suffix == ".parquet":
        return _table(path, media)
    return lines(path)


def _folder(path: Path, media: bool) -> Iterator[dict[str, Any]]:
    if form_of(path) is not None:
        files = files_of(path, "questions")
        return (item for file in files for item in _stored(questions_in(file, media=media), media))
    root = DataRoot(path)
    if root.domains():
        return _pairs(root, iter_pairs_on_disk(root), media)
    raise UsageError(
        f"{path} is neither a data root nor an export", hint="name a folder with questions/, or one that was exported"
    )


def _table(path: Path, media: bool) -> Iterator[dict[str, Any]]:
    """Yield the questions of an export, or the rows of a table of something else."""
    if {"id", "record"} <= set(columns_of(path)):
        return _stored(questions_in(path, media=media), media)
    return rows(path)


def _stored(questions: Iterator[StoredQuestion], media: bool) -> Iterator[dict[str, Any]]:
    for question in questions:
        yield {**question.record, **({name: getattr(question, name) for name in _MEDIA} if media else {})}


def _pairs(root: DataRoot, pairs: Iterator[Pair], media: bool) -> Iterator[dict[str, Any]]:
    for pair in pairs:
        yield {**pair.to_json(), **(_files(root, pair) if media else {})}


def _files(root: DataRoot, pair: Pair) -> dict[str, bytes | None]:
    film = root.pair_folder(pair.key) / GROUND_TRUTH_NAME
    return {
        "first_frame": read_bytes(root.image(pair.first_image_path)),
        "final_frame": read_bytes(root.image(pair.final_image_path)),
        "ground_truth": read_bytes(film) if film.is_file() else None,
    }
