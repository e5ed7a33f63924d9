"""The manifest of a data set, kept in line with the folders: after shards, migrations and repairs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from vmevalkit.dataroot import (
    QUESTION_NAMES,
    DataRoot,
    Request,
    exclusive,
    iter_manifest,
    load_pair,
    read_header,
    write_manifest,
)
from vmevalkit.errors import RecordError, UsageError
from vmevalkit.tasks import describe, domain_names


def merge_shards(root: DataRoot, total: int) -> bool:
    """Write the manifest of a data set that was made in parts, if it does not count so many questions already.

    Returns:
        Whether it was written.

    Raises:
        RecordError: a question on disk, or the manifest's header, is broken.
        BusyError: questions are being made.

    """
    listed = read_header(root.manifest).get("total_pairs") if root.manifest.exists() else 0
    if listed == total:
        return False
    with exclusive(root.lock("create"), f"creating questions in {root.path}"):
        return refresh_manifest(root)


def refresh_manifest(root: DataRoot) -> bool:
    """Bring the manifest in line with the folders after something else than `create_dataset` has changed them.

    What was asked for stays as it is recorded; where nothing is, it is what the questions say themselves. The caller
    holds the lock ``create``.

    Returns:
        Whether the file changed.

    Raises:
        RecordError: a question on disk is broken.

    """
    asked: object = None
    with suppress(RecordError):  # What cannot be read has nothing that would have to be kept.
        asked = read_header(root.manifest).get("generation_info")
    return write_manifest(root, _request(root, asked if isinstance(asked, dict) else {}), descriptions(root))


def _request(root: DataRoot, info: dict[str, Any]) -> Request:
    """Return what was asked for: as a manifest records it, or else as the questions are."""
    seed, per_domain, domains = (info.get(name) for name in ("random_seed", "pairs_per_domain", "allocation"))
    if isinstance(seed, int) and isinstance(per_domain, int) and isinstance(domains, dict) and domains:
        return Request(seed, per_domain, tuple(domains))
    return _told_by_questions(root)


def _told_by_questions(root: DataRoot) -> Request:
    """Return what must have been asked for when the shards of a data set were made."""
    ours = [name for name in domain_names() if name in root.domains()]
    counts = [sum(1 for _ in root.iter_pairs([name])) for name in ours]
    first = next(root.iter_pairs(ours), None) if ours else None
    seed = load_pair(root, first).metadata.get("seed") if first else None
    return Request(seed if isinstance(seed, int) else 0, max(counts, default=0), tuple(ours))


def descriptions(root: DataRoot) -> dict[str, str]:
    """Describe the domains on disk; one that nobody here knows, or whose package is broken, has no description."""
    descriptions = {}
    for name in root.domains():
        with suppress(UsageError):
            descriptions[name] = describe(name)[1]
    return descriptions


def dataset_problems(root: DataRoot) -> Iterator[str]:
    """Compare the manifest with the folders and name what is missing, malformed or out of step."""
    is_there = root.manifest.exists()
    if not is_there:
        yield f"{root.manifest}: no such file; 'vmevalkit create' writes it"
    listed = iter_manifest(root.manifest) if is_there else iter(())
    in_step = True
    for key in root.iter_pairs():
        folder = root.pair_folder(key)
        yield from (f"{folder / name}: no such file" for name in QUESTION_NAMES if not (folder / name).is_file())
        try:
            there = load_pair(root, key)
            in_step = in_step and next(listed, None) == there
        except RecordError as error:
            yield error.message
            in_step = False
    try:
        in_step = in_step and next(listed, None) is None
    except RecordError as error:  # It is cut short, say, behind what is in the folders.
        yield error.message
        in_step = False
    if is_there and not in_step:
        yield f"{root.manifest}: does not list what is in the folders; 'vmevalkit create' brings it in line"
