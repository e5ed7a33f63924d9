"""The folder that an export is written to: it appears as a whole, and never takes the place of anything else."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    SECTIONS,
    VIDEO_NAME,
    DataRoot,
    Record,
    atomic_folder,
    dump_json,
    remove_abandoned_beside,
)
from vmevalkit.errors import ConflictError, UsageError
from vmevalkit.export._sink import WrittenFile

Form: TypeAlias = Literal["hf", "parquet", "webdataset", "croissant", "jsonl"]
FORMS: tuple[Form, ...] = get_args(Form)

MARKER_NAME = "export.json"
"""Says what an export holds. Without it, a folder is no export of ours, and is not replaced."""
_MEDIA_NAMES = frozenset({FIRST_FRAME_NAME, FINAL_FRAME_NAME, GROUND_TRUTH_NAME, VIDEO_NAME})
"""What lies in folders whose files are not listed."""


class Marker(Record):
    """What `MARKER_NAME` says."""

    format: Literal["vmevalkit-export-1"] = "vmevalkit-export-1"
    form: Form
    counts: dict[str, int]
    """Rows or items of each table."""
    whole: tuple[str, ...]
    """The tables that lead back into a data root, as they have everything that belongs to their items."""
    dataset: dict[str, Any] | None
    """The header of the manifest of the questions, if they had one."""
    files: tuple[dict[str, Any], ...]
    """``path``, ``size``, ``sha256`` and ``items`` of each file."""
    folders: tuple[str, ...] = ()
    """Folders with files that are not listed, as there may be millions."""


@dataclass
class Contents:
    """What a writer has put into the folder."""

    counts: dict[str, int] = field(default_factory=dict)
    files: list[WrittenFile] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)

    def add(self, table: str, files: tuple[WrittenFile, ...]) -> None:
        """Note the files of a table."""
        self.counts[table] = sum(file.items for file in files)
        self.files += files


def read_marker(folder: Path) -> Marker | None:
    """Read what an export says of itself; `None` if the folder is none.

    Raises:
        RecordError: the file is damaged, or of a later version.

    """
    path = folder / MARKER_NAME
    return Marker.load(path) if path.is_file() else None


@contextmanager
def written_folder(out: Path, root: DataRoot, *, replace: bool) -> Iterator[Path]:
    """Give a temporary folder to fill; it becomes ``out`` when the block ends well.

    Args:
        out: must not exist, be empty, or hold an export and nothing else.
        root: the data root that is exported; its own folders are no place for exports.
        replace: whether an export may be replaced.

    Raises:
        UsageError: ``out`` is no place for an export.
        ConflictError: somebody else has written to ``out`` meanwhile.

    """
    out = out.resolve()
    for name in SECTIONS:
        if out.is_relative_to((root.path / name).resolve()):
            raise UsageError(f"{out} lies among the data that it would be made of", hint="choose another folder")
    _check_free(out, replace=replace)
    remove_abandoned_beside(out)
    try:
        with atomic_folder(out, replace=replace) as folder:
            yield folder
            if replace:
                _check_free(out, replace=replace)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise ConflictError(f"{out} was made by somebody else meanwhile") from error
        raise


def write_marker(folder: Path, form: Form, contents: Contents, dataset: Mapping[str, Any] | None) -> None:
    """Write down what the folder holds."""
    files = tuple(asdict(file) for file in sorted(contents.files, key=lambda file: file.path))
    marker = Marker(
        form=form,
        counts=contents.counts,
        whole=tuple(contents.whole),
        dataset=None if dataset is None else dict(dataset),
        files=files,
        folders=tuple(contents.folders),
    )
    (folder / MARKER_NAME).write_text(dump_json(marker.to_json()), encoding="utf-8")


def _check_free(out: Path, *, replace: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file", hint="name a folder that does not exist yet")
    if not any(out.iterdir()):
        return
    marker = read_marker(out)
    if marker is None:
        raise UsageError(f"{out} exists and is no export", hint="name a folder that does not exist yet")
    stranger = _stranger(out, marker)
    if stranger is not None:
        raise UsageError(
            f"{out} holds an export, and {stranger}, which is not part of it", hint="put that elsewhere first"
        )
    if not replace:
        raise UsageError(
            f"{out} holds an export already: {marker.form}, {marker.counts.get('questions', 0)} questions",
            hint="--yes replaces it",
        )


def _stranger(out: Path, marker: Marker) -> str | None:
    """Return a file that the export has not made."""
    known = {MARKER_NAME, *(str(file["path"]) for file in marker.files)}
    for place, _, names in os.walk(out):
        below = Path(place).relative_to(out)
        unlisted = _MEDIA_NAMES if below.parts[:1] and below.parts[0] in marker.folders else ()
        for name in names:
            if name not in unlisted and (below / name).as_posix() not in known:
                return (below / name).as_posix()
    return None
