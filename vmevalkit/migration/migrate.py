"""Bring what lies in another layout into a data root."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal

from vmevalkit.dataroot import DataRoot, exclusive, refuse_archived, remove_abandoned
from vmevalkit.errors import UnsafePathError, UsageError, VMEvalError
from vmevalkit.migration._contents import Contents
from vmevalkit.migration._parcels import Packer, Parcel
from vmevalkit.migration._placing import Seen, difference, fingerprint, lane_lock, put, seen_places
from vmevalkit.migration.plan import Count, Plan, Report
from vmevalkit.migration.registry import AUTO, SOURCES, find_source
from vmevalkit.migration.source import Found, NotUnderstood, Source
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.manifests import refresh_manifest
from vmevalkit.settings import load_settings
from vmevalkit.threads import in_order

OLD_STRUCTURE = "old_structure"
"""The folder in a data root whose JSON files `migrate_to_new_structure` migrates."""
_WRITERS, _WINDOW = 8, 16
"""Little is in flight, as a video that comes out of an archive is in memory until it is written."""


def plan_migration(
    path: Path,
    root: DataRoot,
    *,
    layout: str = AUTO,
    sources: Sequence[Source] = SOURCES,
    progress: Progress | None = None,
) -> Plan:
    """Say what `migrate` would do. Nothing is written, not even a lock.

    Raises:
        UsageError: there is nothing at the path, nobody knows what it is, or it is the data root or around it.
        UnknownNameError: there is no such layout.
        OSError: a folder or file of the source cannot be read.

    """
    source = find_source(path, layout, sources)
    _check_apart(path, root)
    count = Count()
    for _ in _new_parcels(path, root, source, count, progress or Silent()):
        pass
    return count.plan(source.name, path)


def migrate(
    path: Path,
    root: DataRoot,
    *,
    layout: str = AUTO,
    link: bool = False,
    sources: Sequence[Source] = SOURCES,
    progress: Progress | None = None,
) -> Report:
    """Bring everything that a source holds into a data root, and leave the source as it is.

    Each question, run and evaluation appears as a whole or not at all, so that an interrupted call can be repeated.
    What is there already, the same, is left alone, and so is what is there and is not the same: that is a conflict.

    Args:
        path: what to migrate.
        root: where to; made if it is missing.
        layout: the name of a source, or ``auto``.
        link: whether to make hard links instead of copies, where the file system can.
        sources: the layouts that are known.
        progress: told of every item.

    Raises:
        UsageError: there is nothing at the path, nobody knows what it is, or it is the data root or around it.
        UnknownNameError: there is no such layout.
        BusyError: another process makes questions here, or writes to an experiment that the source has.
        OSError: a folder or file of the source cannot be read, or the disk is full.

    """
    source = find_source(path, layout, sources)
    _check_apart(path, root)
    count = Count()
    with exclusive(root.lock("create"), f"creating questions in {root.path}"):
        parcels = _tidied(root, _new_parcels(path, root, source, count, progress or Silent()))
        for lane, group in groupby(parcels, lambda parcel: parcel.lane):
            with lane_lock(root, lane):
                # Each file waits for the disk; several at once let the disk do it in one go.
                for _ in in_order(partial(put, root, link=link), group, workers=_WRITERS, window=_WINDOW):
                    pass
        changed = refresh_manifest(root) if root.questions.is_dir() else False
    return Report(**vars(count.plan(source.name, path)), manifest_changed=changed)


def migrate_to_new_structure(data_dir: Path | None = None, *, old_path: Path | None = None) -> Report:
    """Migrate the flat JSON files of ``old_structure`` to ``questions/``.

    Args:
        data_dir: the data root; the one of the settings if `None`.
        old_path: another folder than ``old_structure`` in the data root.

    Raises:
        UsageError: there is no such folder.
        BusyError: another process makes questions here.

    """
    root = DataRoot(data_dir if data_dir is not None else load_settings().data_dir)
    return migrate(old_path if old_path is not None else root.path / OLD_STRUCTURE, root, layout="json")


def _check_apart(path: Path, root: DataRoot) -> None:
    """Refuse to migrate a data root into itself."""
    source, target = path.resolve(), root.path.resolve()
    hint = "name another data root with --data-dir; the source is left as it is"
    if source == target:
        raise UsageError(f"{path} is the data root itself", hint=hint)
    if target.is_relative_to(source):
        raise UsageError(f"the data root {root.path} lies in {path}", hint=hint)
    for section in (root.questions, root.outputs, root.evaluations, root.state):
        if source.is_relative_to(section.resolve()):
            raise UsageError(f"{path} belongs to the data root {root.path}", hint=hint)


def _tidied(root: DataRoot, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """Remove what an interrupted call has left in the folder of a domain, before the first question goes there."""
    domains: set[str] = set()
    for parcel in parcels:
        if parcel.kind == "questions" and parcel.group not in domains:
            domains.add(parcel.group)
            remove_abandoned(root.domain_folder(parcel.group))
        yield parcel


def _new_parcels(path: Path, root: DataRoot, source: Source, count: Count, progress: Progress) -> Iterator[Parcel]:
    """Decide on each item, count it, and yield what is new: the same decisions for a plan and for what then happens."""
    packer = Packer(root, source, Contents(path if path.is_dir() else path.parent))
    progress.start(None, "items")
    with seen_places() as seen:
        for found in source.items(path):
            parcel = _packed(found, root, packer, count)
            if parcel is not None:
                what, why = _decision(root, parcel, seen)
                count.add(parcel, what)
                if what == "new":
                    yield parcel
                elif what == "conflicts":
                    count.problem(parcel.origin, "conflict", why)
            progress.advance()
    if count.is_empty:
        raise UsageError(f"{path} holds nothing of the layout {source.name}", hint="name another one with --from")


def _packed(found: Found, root: DataRoot, packer: Packer, count: Count) -> Parcel | None:
    """Make a parcel, or count the reason why there can be none."""
    if isinstance(found, NotUnderstood):
        count.problem(found.path, "not understood", found.why)
        return None
    try:
        parcel = packer.pack(found)
        if parcel.kind != "questions":
            refuse_archived(root, parcel.group)
    except (UnsafePathError, UsageError) as error:
        count.problem(found.origin, "refused", error.message)
        return None
    except VMEvalError as error:
        count.problem(found.origin, "not understood", error.message)
        return None
    return parcel


def _decision(root: DataRoot, parcel: Parcel, seen: Seen) -> tuple[Literal["new", "there", "conflicts"], str]:
    before = seen.fingerprint_before(parcel)
    if before is not None:
        if before == fingerprint(parcel):
            return "there", ""
        return "conflicts", f"{parcel.place} is in the source twice, and not the same"
    if not (root.path / parcel.place).exists():
        return "new", ""
    why = difference(root, parcel)
    return ("there", "") if why is None else ("conflicts", f"{parcel.place}: {why}")
