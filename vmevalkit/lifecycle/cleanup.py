"""Removing what nobody needs: temporary files that were left behind, and caches of other programs."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vmevalkit.dataroot import DataRoot, exclusive, experiment_lock, is_held, is_name
from vmevalkit.errors import BusyError, RecordError
from vmevalkit.first_few import FirstFew
from vmevalkit.lifecycle._ages import age_in_days, amount_of, is_older, now_ns
from vmevalkit.lifecycle.policies import Policies
from vmevalkit.settings import load_settings

JunkKind = Literal["*.tmp", "*.cache", "__pycache__", ".DS_Store"]

_AT_ANY_AGE: tuple[JunkKind, ...] = ("__pycache__", ".DS_Store")
"""Other programs make these anew when they want them; the rest could be in use as long as it is young."""
_OWNED_DEPTH = {"questions": 3, "outputs": 6, "evaluations": 5}
"""How many names the path of a folder has, at most, that the layout gives a meaning to, whatever it is called."""


@dataclass(frozen=True)
class Junk:
    """A file or a folder that can go."""

    path: str
    """Relative to the data root."""
    kind: JunkKind
    files: int
    bytes: int
    age_days: float
    """Since the newest file within was written to."""


@dataclass(frozen=True)
class Cleanup:
    """What was removed, or would be."""

    removed: tuple[Junk, ...]
    """The first thousand."""
    counts: dict[JunkKind, int]
    """Files and folders of each kind; only kinds that were found."""
    files: int
    bytes: int
    busy: tuple[str, ...]
    """Where nothing was looked at, because somebody is at work there."""
    failed: int
    """Files and folders that could not be looked at or removed."""
    failures: tuple[str, ...]
    """What is wrong with them, a sentence each; at most a thousand."""
    dry_run: bool


@dataclass(frozen=True)
class _Area:
    """A part of the data root that one lock guards."""

    name: str
    lock: Path | None
    folders: tuple[str, ...]


def cleanup_temp_files(
    root: DataRoot | None = None,
    *,
    policies: Policies | None = None,
    dry_run: bool = False,
    report: Callable[[Junk], None] = lambda _: None,
) -> Cleanup:
    """Remove ``*.tmp``, ``*.cache``, ``__pycache__`` and ``.DS_Store`` from a data root.

    Files and folders that end in ``.tmp`` or ``.cache`` go when they have not been written to for the days that the
    policies say, the other two at any age. Folders that the layout gives a meaning to stay, whatever they are called.
    Links are not followed. Experiments in which somebody is at work are left alone, and so are the questions while
    some are made.

    Args:
        root: the data root; the configured one if `None`.
        policies: how long temporary files are kept; as configured if `None`.
        dry_run: only say what would go.
        report: is told of everything that goes, before it does.

    Raises:
        UsageError: there is no data root, or a setting is wrong.

    """
    if root is None or policies is None:
        settings = load_settings()
        root = root or DataRoot(settings.data_dir)
        policies = policies or Policies.of(settings)
    root.existing()
    removed = FirstFew[Junk]()
    failures = FirstFew[str]()
    counts: Counter[JunkKind] = Counter()
    files, size = 0, 0
    busy = []
    areas = list(_areas(root))
    skipped = {folder for area in areas for folder in area.folders}
    for area in areas:
        if dry_run and area.lock is not None and is_held(area.lock):
            busy.append(area.name)
            continue
        try:
            with _guarded(area, dry_run=dry_run):
                for folder in area.folders:
                    for junk in _junk_below(root, folder, skipped, policies.temp, failures.add):
                        report(junk)
                        problem = None if dry_run else _remove(root.path / junk.path)
                        if problem is not None:
                            failures.add(problem)
                            continue
                        counts[junk.kind] += 1
                        files, size = files + junk.files, size + junk.bytes
                        removed.add(junk)
        except BusyError:
            busy.append(area.name)
    return Cleanup(
        tuple(removed.first),
        dict(counts),
        files,
        size,
        tuple(busy),
        failures.count,
        tuple(failures.first),
        dry_run,
    )


def is_junk(name: str) -> bool:
    """Tell whether a hidden or temporary file of this name belongs to nobody."""
    return _kind(name) is not None


def _areas(root: DataRoot) -> Iterator[_Area]:
    if _is_folder(root.questions):
        yield _Area("questions", root.lock("create"), ("questions",))
    sections = [section for section in ("evaluations", "outputs") if _is_folder(root.path / section)]
    experiments = {name for section in sections for name in _folder_names(root.path / section) if is_name(name)}
    for name in sorted(experiments):
        folders = tuple(f"{section}/{name}" for section in sections if _is_folder(root.path / section / name))
        yield _Area(f"experiment {name}", experiment_lock(root, name), folders)
    yield _Area("the rest of the data root", None, ("",))


def _guarded(area: _Area, *, dry_run: bool) -> AbstractContextManager[None]:
    if dry_run or area.lock is None:
        return nullcontext()
    return exclusive(area.lock, f"working on {area.name}")


def _junk_below(
    root: DataRoot, start: str, skipped: Collection[str], days: int | None, failed: Callable[[str], None]
) -> Iterator[Junk]:
    """Yield what can go below a folder, sorted by path.

    Args:
        root: the data root.
        start: the folder.
        skipped: folders that are looked at by themselves.
        days: how old what could be in use has to be; it stays if `None`.
        failed: is told why a folder could not be looked at.

    """
    moment = now_ns()
    try:
        entries = _entries(root.path / start)
    except RecordError as error:
        failed(error.message)
        return
    for entry in entries:
        path = f"{start}/{entry.name}" if start else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if path in skipped:
            continue
        kind = _kind(entry.name)
        if kind is None or (is_folder and _is_owned(path)):
            if is_folder:
                yield from _junk_below(root, path, skipped, days, failed)
            continue
        try:
            amount = amount_of(Path(entry.path))
        except FileNotFoundError:
            continue  # It has gone by itself.
        except OSError as error:
            failed(_problem(error, Path(entry.path)))
            continue
        if kind in _AT_ANY_AGE or (days is not None and is_older(amount.newest_ns, days, moment)):
            yield Junk(path, kind, amount.files, amount.bytes, age_in_days(amount.newest_ns, moment))


def _kind(name: str) -> JunkKind | None:
    if name == "__pycache__":
        return "__pycache__"
    if name == ".DS_Store":
        return ".DS_Store"
    if name.endswith(".tmp"):
        return "*.tmp"
    return "*.cache" if name.endswith(".cache") else None


def _is_owned(path: str) -> bool:
    """Tell whether a folder has its place in the layout: a question, an experiment, a model, a run and so on."""
    section, *names = path.split("/")
    name = names[-1] if names else section
    return not name.startswith((".", "__")) and len(names) < _OWNED_DEPTH.get(section, 0)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RecordError(folder, error.strerror or str(error)) from error


def _folder_names(folder: Path) -> list[str]:
    return [entry.name for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove(place: Path) -> str | None:
    """Remove a file, a link or a folder; return why that did not work."""
    try:
        if _is_folder(place):
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as error:
        return _problem(error, place)
    return None


def _problem(error: OSError, place: Path) -> str:
    return f"{error.filename or place}: {error.strerror or error}"
