"""How bytes get to disk: whole and durable, or not at all.

Everything is written beside its destination under a name that starts with a dot and ends in ``.tmp``, synced,
and renamed into place. Readers and scans skip such names, so a crash leaves nothing that anybody can mistake for
data, and ``*.tmp`` is what the clean-up removes.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from vmevalkit.dataroot._exchange import exchange
from vmevalkit.errors import BusyError, RecordError

TEMP_SUFFIX = ".tmp"
_LONGEST_KEPT = 230
"""How many bytes of a name a temporary one repeats: a name has 255 at most, and `exchange` adds to a temporary one."""
_LOOK_AGAIN_SECONDS = 0.005


def is_temporary(name: str) -> bool:
    """Tell whether a file name belongs to a write that has not been finished, or to bookkeeping."""
    return name.startswith(".") or name.endswith(TEMP_SUFFIX)


def temporary_beside(path: Path) -> Path:
    """Return a name beside a path that all readers pass over and nobody else uses."""
    return path.with_name(f"{temporary_beginning(path)}{secrets.token_hex(6)}{TEMP_SUFFIX}")


def temporary_beginning(path: Path) -> str:
    """Return how the names begin that `temporary_beside` gives for a path: with its own, as far as there is room."""
    name = os.fsencode(path.name)
    kept = path.name if len(name) <= _LONGEST_KEPT else name[:_LONGEST_KEPT].decode(errors="ignore")
    return f".{kept}."


def fsync_path(path: Path) -> None:
    """Flush a file's or a folder's entry to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Make an error of the system name the file that was being written; a full disk names none by itself."""
    try:
        yield
    except OSError as error:
        # A library's own error has no number, and would lose its words to a name.
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


@contextmanager
def atomic_path(path: Path, *, is_link: bool = False) -> Iterator[Path]:
    """Give a temporary path to write a file, or to make a link, at; move it to ``path`` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        with _naming(path):
            yield temporary
            if not is_link:
                fsync_path(temporary)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_path(path.parent)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a temporary folder to fill; move it to ``path`` when the block ends well.

    Args:
        path: must not exist, or be empty, unless it is to be replaced.
        replace: whether to take the place of the folder that is there, and remove that one.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    temporary.mkdir()
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        # Held while the process lives: `remove_abandoned_beside` passes over it. NFS cannot lock a folder.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with _naming(path):
            yield temporary
            _fsync_tree(temporary)
            if replace and path.exists():
                exchange(temporary, path)
                shutil.rmtree(temporary, ignore_errors=True)
            else:
                temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)
    fsync_path(path.parent)


def _fsync_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            fsync_path(Path(place, name))
        fsync_path(Path(place))


def remove_abandoned_beside(path: Path) -> int:
    """Remove what dead processes have left of their attempts to write the folder ``path``; return how many."""
    removed = 0
    with suppress(FileNotFoundError), os.scandir(path.parent) as entries:
        for entry in entries:
            ours = entry.name.startswith(temporary_beginning(path)) and entry.name.endswith(TEMP_SUFFIX)
            if ours and entry.is_dir(follow_symlinks=False) and not _is_locked(entry.path):
                shutil.rmtree(entry.path, ignore_errors=True)
                removed += 1
    return removed


def _is_locked(folder: str) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # It is, or nobody can tell.
        return True
    finally:
        os.close(descriptor)
    return False


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically and durably."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically and durably."""
    write_bytes(path, text.encode())


def dump_json(value: object) -> str:
    """Render JSON the way all our files have it: two spaces, UTF-8, a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, value: object) -> None:
    """Write a JSON file atomically and durably."""
    write_text(path, dump_json(value))


def read_text(path: Path) -> str:
    """Read a UTF-8 file; `RecordError` names it if it is missing or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecordError(path, "no such file") from error
    except UnicodeDecodeError as error:
        raise RecordError(path, f"not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; `RecordError` names the file if it is missing, malformed or something else."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # a number of many thousand digits is no JSONDecodeError
        raise RecordError(path, f"malformed JSON: {error}") from error
    if not isinstance(value, dict):
        raise RecordError(path, f"expected a JSON object, found {type(value).__name__}")
    return value


def sorted_entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder by name, without temporary and hidden entries; a missing folder is empty."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted((e for e in entries if not is_temporary(e.name)), key=lambda e: e.name)
    return []


def remove_folder(folder: Path) -> None:
    """Remove a folder so that nobody ever sees half of it; a missing one is fine."""
    temporary = temporary_beside(folder)
    with suppress(FileNotFoundError):
        folder.rename(temporary)
        shutil.rmtree(temporary)


def remove_abandoned(folder: Path) -> int:
    """Remove what interrupted writes left directly in ``folder``; the caller holds the lock of its writers."""
    removed = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(TEMP_SUFFIX):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink(missing_ok=True)
                removed += 1
    return removed


@contextmanager
def exclusive(lock_file: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of the block; the kernel releases it when the process dies.

    Raises:
        BusyError: somebody else holds it.

    """
    with _held(lock_file, what, fcntl.LOCK_EX):
        yield


@contextmanager
def shared(lock_file: Path, what: str) -> Iterator[None]:
    """Hold a lock beside others that hold it like this, and beside nobody who holds it with `exclusive`.

    Raises:
        BusyError: somebody holds it for themselves.

    """
    with _held(lock_file, what, fcntl.LOCK_SH):
        yield


def is_held(lock_file: Path) -> bool:
    """Tell whether somebody holds a lock, in either way; nothing is written."""
    with suppress(FileNotFoundError), lock_file.open() as handle:
        return not _lock(handle)
    return False


@contextmanager
def waiting_lock(lock_file: Path, what: str, *, seconds: float = 30.0) -> Iterator[None]:
    """Wait for a lock and hold it for the length of the block; for work that takes others only a moment.

    Args:
        lock_file: the same as with `exclusive`, and exclusive to it, too.
        what: what the other one is doing, such as ``saving a score``.
        seconds: how long to wait.

    Raises:
        BusyError: somebody else has held it for so long.

    """
    with _lockable(lock_file) as handle:
        deadline = time.monotonic() + seconds
        while not _lock(handle):
            if time.monotonic() >= deadline:
                raise BusyError(f"another process has been {what} for {seconds:g} seconds", hint="try again")
            time.sleep(_LOOK_AGAIN_SECONDS)
        yield


@contextmanager
def _held(lock_file: Path, what: str, kind: int) -> Iterator[None]:
    with _lockable(lock_file) as handle:
        if not _lock(handle, kind):
            raise BusyError(f"another process is {what}", hint="wait for it to end, then try again")
        yield


def _lockable(lock_file: Path) -> IO[str]:
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    return lock_file.open("a")


def _lock(handle: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
