"""Exports read back, file by file: lazily, and with a word on where a broken file breaks."""

import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import resolve_inside
from vmevalkit.errors import RecordError
from vmevalkit.export import webdataset
from vmevalkit.export.folder import Form, read_marker
from vmevalkit.export.json_lines import MEDIA
from vmevalkit.export.parquet import require_pyarrow

_BATCH_ROWS = 16
_TAR_BLOCK = 512
_SUFFIXES = {".parquet": "parquet", ".tar": "webdataset", ".jsonl": "jsonl"}


@dataclass(frozen=True)
class StoredQuestion:
    """A question in an export. Files that the export does not have, or that were not asked for, are `None`."""

    origin: str
    """Where it stands, for messages."""
    record: dict[str, Any]
    """What ``question_metadata.json`` says."""
    first_frame: bytes | None = None
    final_frame: bytes | None = None
    ground_truth: bytes | None = None


@dataclass(frozen=True)
class StoredRun:
    """A run in an export."""

    origin: str
    record: dict[str, Any]
    """What its ``metadata.json`` says."""
    video: bytes | None
    first_frame: bytes | None


@dataclass(frozen=True)
class StoredEvaluation:
    """What one evaluator said of one run."""

    origin: str
    record: dict[str, Any]
    """What its file says, with the scores of this run alone."""


def form_of(path: Path) -> Form | None:
    """Tell which form of export a file or folder has; `None` if none, or if what it says of itself is damaged."""
    if path.is_file():
        return _form(_SUFFIXES.get(path.suffix))
    try:
        marker = read_marker(path)
    except RecordError:
        return None
    if marker is not None:
        return marker.form
    if _matches(path, "questions/*.parquet"):
        return "hf" if (path / "README.md").is_file() else "parquet"
    for pattern, form in (("*.parquet", "parquet"), ("questions-*.tar", "webdataset"), ("questions.jsonl", "jsonl")):
        if _matches(path, pattern):
            return _form(form)
    return None


def files_of(path: Path, table: str, *, whole: bool = False) -> list[Path]:
    """Return the files of an export that hold a table: those that it lists, or those that are there if it lists none.

    Args:
        path: the export, or one file of it, which then holds questions.
        table: ``questions``, ``runs`` or ``evaluations``.
        whole: whether it must say that everything is there that belongs to the items.

    Raises:
        RecordError: what the export says of itself is damaged, or not all is there that belongs to its questions.
        UnsafePathError: it lists a file that is elsewhere.

    """
    if path.is_file():
        return [path] if table == "questions" else []
    marker = read_marker(path)
    prefixes = (f"{table}/", f"{table}-", f"{table}.jsonl")
    if marker is not None:
        if whole and table not in marker.whole:
            if table == "questions":
                raise RecordError(path, "holds questions without their frames", hint="export with --frames")
            return []
        listed = sorted(str(file.get("path")) for file in marker.files)
        return [resolve_inside(path, name) for name in listed if name.startswith(prefixes)]
    patterns = {
        "questions": ("questions/*.parquet", "questions-*.tar", "questions.jsonl", "*.parquet"),
        "runs": ("runs/*.parquet", "runs-*.tar", "runs.jsonl"),
        "evaluations": ("evaluations.jsonl",),
    }
    return next((found for pattern in patterns[table] if (found := sorted(path.glob(pattern)))), [])


def questions_in(file: Path, *, media: bool) -> Iterator[StoredQuestion]:
    """Yield the questions of a file.

    Args:
        file: Parquet, tar or JSON lines.
        media: whether to read the frames and films, too.

    Raises:
        RecordError: it is missing, malformed or cut short; what came before has been yielded.
        UnsafePathError: it names a file that is elsewhere.

    """
    names = ("first_frame", "final_frame", "ground_truth")
    if file.suffix == ".tar":
        for key, sample in samples(file):
            data = [sample.get(f"{name}.{'mp4' if name == 'ground_truth' else 'png'}") for name in names]
            record = _object(file, key, sample.get(webdataset.RECORD))
            yield StoredQuestion(f"{file.name}: {key}", record, *(data if media else ()))
    elif file.suffix == ".parquet":
        there = [name for name in names if media and name in columns_of(file)]
        for number, row in enumerate(rows(file, ["record", *there])):
            data = [_bytes(row.get(name)) for name in names]
            yield StoredQuestion(f"{file.name}: row {number}", _object(file, f"row {number}", row["record"]), *data)
    else:
        for number, line in enumerate(lines(file), 1):
            data = _named_files(file, line, names, read=media)
            yield StoredQuestion(f"{file.name}: line {number}", line, *data)


def answers_in(file: Path) -> Iterator[StoredRun | StoredEvaluation]:
    """Yield the runs of a file, each followed by what was said of it; of JSON lines, those of one kind.

    Raises:
        RecordError: it is missing, malformed or cut short; what came before has been yielded.
        UnsafePathError: it names a file that is elsewhere.

    """
    if file.suffix == ".tar":
        for key, sample in samples(file):
            record, said = sample.get(webdataset.RECORD), sample.get(webdataset.EVALUATIONS)
            video, shown = sample.get(webdataset.VIDEO), sample.get("first_frame.png")
            yield from _answer(file, key, record, said, video, shown)
    elif file.suffix == ".parquet":
        for number, row in enumerate(rows(file, ["record", "evaluations", "video", "first_frame"])):
            video, shown = _bytes(row["video"]), _bytes(row["first_frame"])
            yield from _answer(file, f"row {number}", row["record"], row["evaluations"], video, shown)
    else:
        for number, line in enumerate(lines(file), 1):
            origin = f"{file.name}: line {number}"
            if file.stem == "evaluations":
                yield StoredEvaluation(origin, line)
            else:
                yield StoredRun(origin, line, *_named_files(file, line, ("video", "first_frame"), read=True))


def columns_of(file: Path) -> list[str]:
    """Return the names of the columns of a Parquet file; `RecordError` if it is none."""
    with _parquet(file) as parquet:
        return list(parquet.schema_arrow.names)


def rows(file: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, or these columns of them.

    Raises:
        RecordError: it is missing or malformed, or a column is.

    """
    with _parquet(file) as parquet:
        missing = [name for name in columns or () if name not in parquet.schema_arrow.names]
        if missing:
            raise RecordError(file, f"has no column {missing[0]!r}", hint=_hint(missing[0]))
        for batch in parquet.iter_batches(_BATCH_ROWS, columns=columns):
            yield from batch.to_pylist()


@contextmanager
def _parquet(file: Path) -> Iterator[Any]:
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            yield parquet
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise RecordError(file, f"broken Parquet file: {_first_line(error)}") from error


def samples(file: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the samples of a tar file: the key, and the members by what follows the first dot of their name.

    Raises:
        RecordError: it is missing, malformed or cut short, or has links.

    """
    key, members = "", dict[str, bytes]()
    try:
        _check_end(file)
        with tarfile.open(file, "r|") as tar:
            for info in tar:
                # A sparse file is as large as it says, whatever there is of it.
                content = tar.extractfile(info) if info.isreg() and not info.issparse() else None
                if content is None:
                    if info.isdir():
                        continue
                    raise RecordError(file, f"{info.name} is no plain file")
                folder, slash, base = info.name.rpartition("/")
                stem, _, extension = base.partition(".")
                if members and f"{folder}{slash}{stem}" != key:
                    yield key, members
                    members = {}
                key = f"{folder}{slash}{stem}"
                members[extension] = content.read()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise RecordError(file, f"broken tar file: {_first_line(error)}") from error
    if members:
        yield key, members


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines; empty lines are passed over.

    Raises:
        RecordError: the file is missing, or a line of it is no JSON object.

    """
    try:
        with file.open("rb") as source:
            for number, line in enumerate(source, 1):
                if line.strip():
                    yield _object(file, f"line {number}", line)
    except OSError as error:
        raise RecordError(file, error.strerror or str(error)) from error


def _check_end(file: Path) -> None:
    """Refuse a tar file that is cut short: the library takes a missing end for an end."""
    size = file.stat().st_size
    with file.open("rb") as source:
        source.seek(max(size - 2 * _TAR_BLOCK, 0))
        if size % _TAR_BLOCK or any(source.read()) or not size:
            raise tarfile.ReadError("cut short")


def _answer(
    file: Path,
    place: str,
    record: bytes | str | None,
    said: bytes | str | None,
    video: bytes | None,
    shown: bytes | None,
) -> Iterator[StoredRun | StoredEvaluation]:
    origin = f"{file.name}: {place}"
    if record is not None:
        yield StoredRun(origin, _object(file, place, record), video, shown)
    evaluations = _json(file, place, said) if said is not None else []
    if not isinstance(evaluations, list):
        raise RecordError(file, f"{place}: evaluations: expected a list")
    for evaluation in evaluations:
        if not isinstance(evaluation, dict):
            raise RecordError(file, f"{place}: evaluations: expected a list of objects")
        yield StoredEvaluation(origin, evaluation)


def _named_files(file: Path, line: dict[str, Any], names: Sequence[str], *, read: bool) -> list[bytes | None]:
    """Take the paths of files out of a line, and read those that are there."""
    media = line.pop(MEDIA, None)
    found = media if isinstance(media, Mapping) else {}
    paths = [found.get(name) for name in names]
    return [_read(resolve_inside(file.parent, path)) if read and isinstance(path, str) else None for path in paths]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error


def _object(file: Path, place: str, text: bytes | str | None) -> dict[str, Any]:
    value = _json(file, place, text) if text is not None else None
    if not isinstance(value, dict):
        raise RecordError(file, f"{place}: expected a JSON object")
    return value


def _json(file: Path, place: str, text: bytes | str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(file, f"{place}: malformed JSON: {error}") from error


def _bytes(cell: Mapping[str, Any] | None) -> bytes | None:
    data = None if cell is None else cell.get("bytes")
    return data if isinstance(data, bytes) else None


def _matches(folder: Path, pattern: str) -> bool:
    return folder.is_dir() and next(folder.glob(pattern), None) is not None


def _form(name: str | None) -> Form | None:
    forms: dict[str | None, Form] = {"parquet": "parquet", "webdataset": "webdataset", "jsonl": "jsonl"}
    return forms.get(name)


def _hint(column: str) -> str:
    return "export with --videos" if column in {"evaluations", "video"} else "only exports of vmevalkit can be read"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
