"""Removing files that are safe elsewhere: only as they were when that was found out, and never half in sight."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vmevalkit.dataroot import FileState, is_temporary, temporary_beside
from vmevalkit.errors import RecordError
from vmevalkit.lifecycle.cleanup import is_junk
from vmevalkit.snapshots.reading import hash_file
from vmevalkit.snapshots.walk import LocalFile


class LeftAloneError(RecordError):
    """A file that is not any more what was stored elsewhere; it stays."""


def check_same(file: LocalFile, sha256: str) -> FileState:
    """Read a file once more, right before it goes; return how it looks.

    Raises:
        LeftAloneError: it has other bytes, is something else, or is gone.

    """
    try:
        if file.link:
            if os.path.islink(file.place):  # noqa: PTH114 - as `walk` has it
                return FileState.of(os.lstat(file.place))
        elif not os.path.islink(file.place) and (content := hash_file(file.source)).sha256 == sha256:  # noqa: PTH114
            return content.state
    except (RecordError, OSError) as error:
        raise LeftAloneError(file.path, "cannot be read any more: it stays") from error
    raise LeftAloneError(file.path, "has changed meanwhile: it stays")


def remove_file(file: LocalFile, state: FileState) -> None:
    """Remove a file that looks as it did; `LeftAloneError` if it does not."""
    try:
        if FileState.of(os.lstat(file.place)) != state:
            raise LeftAloneError(file.path, "has changed meanwhile: it stays")
        os.unlink(file.place)  # noqa: PTH108 - as `walk` has it
    except OSError as error:
        raise LeftAloneError(file.path, f"cannot be removed: {error.strerror or error}") from error


def remove_as_one(folder: Path, files: Sequence[LocalFile], states: Sequence[FileState]) -> None:
    """Remove a folder with these files, so that nobody ever sees half of it.

    Args:
        folder: it lies where its files say.
        files: all files in it but temporary ones, which go with it.
        states: how they looked when they were last read.

    Raises:
        LeftAloneError: a file has changed, or come, meanwhile; the folder is where it was.

    """
    aside = temporary_beside(folder)
    try:
        folder.rename(aside)
        before = [(os.path.relpath(file.place, folder), state) for file, state in zip(files, states, strict=True)]
        if dict(before) == _states(aside):
            shutil.rmtree(aside)
            return
        aside.rename(folder)
    except OSError as error:
        raise LeftAloneError(folder, f"cannot be removed: {error.strerror or error}") from error
    raise LeftAloneError(folder, "has changed meanwhile: it stays")


def _states(folder: Path) -> dict[str, FileState]:
    found = {}
    for place, folders, names in os.walk(folder):
        # A link to a folder counts as a file.
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118
        folders[:] = [name for name in folders if not _is_left_over(name)]
        for name in (*names, *links):
            if not _is_left_over(name):
                path = os.path.join(place, name)  # noqa: PTH118
                found[os.path.relpath(path, folder)] = FileState.of(os.lstat(path))
    return found


def _is_left_over(name: str) -> bool:
    return is_temporary(name) and is_junk(name)


def remove_empty_folders(start: Path, top: Path) -> None:
    """Remove a folder and those above it, as long as they are empty; ``top`` stays."""
    with suppress(OSError):
        while start != top:
            start.rmdir()
            start = start.parent
