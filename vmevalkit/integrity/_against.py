"""The files against a snapshot: what has changed although nobody has written to it."""

from collections.abc import Iterator
from datetime import datetime

from vmevalkit.dataroot import TASK_SUFFIX, DataRoot
from vmevalkit.errors import RecordError, UnsafePathError
from vmevalkit.integrity.findings import Code, Finding, finding
from vmevalkit.progress import Progress
from vmevalkit.snapshots import Manifest, Tree, difference


def compared_with(root: DataRoot, manifest: Manifest, progress: Progress) -> Iterator[Finding]:
    """Yield the files that differ from a snapshot, and that nobody has written to since or nobody should have.

    What was read a moment ago is not read again. Files that have come or gone are no damage: `vmevalkit diff` lists
    them.

    Raises:
        ManifestError: the manifest is damaged or not to be trusted.

    """
    made_at = _nanoseconds(manifest.header.created_at)
    try:
        with difference(manifest, Tree(root), progress) as found:
            for change in found.changes():
                if change.kind == "changed":
                    yield from _judged(root, change.path, made_at, manifest.header.snapshot)
    except (RecordError, UnsafePathError) as error:
        if isinstance(error, RecordError) and error.path == manifest.name:
            raise
        yield finding(Code.NOT_COMPARED, ".", f"cannot be compared with {manifest.header.snapshot}: {error.message}")


def _judged(root: DataRoot, path: str, made_at: int, snapshot: str) -> Iterator[Finding]:
    try:
        written_at = (root.path / path).lstat().st_mtime_ns
    except OSError:
        return  # It has gone since; files that are gone are no damage.
    if written_at < made_at:
        yield finding(Code.BIT_ROT, path, f"has other bytes than in {snapshot}, but was last written to before that")
    elif path.startswith("questions/") and f"{TASK_SUFFIX}/" in path:
        yield finding(Code.CHANGED_QUESTION, path, f"was written to after {snapshot} was made")


def _nanoseconds(created_at: str) -> int:
    """Return a moment as file systems count; 0 if a manifest does not say when it was made."""
    try:
        return int(datetime.fromisoformat(created_at).timestamp() * 1e9)
    except ValueError:
        return 0
