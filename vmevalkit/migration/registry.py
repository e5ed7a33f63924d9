"""The layouts that are known, and which one a path has."""

from collections.abc import Sequence
from pathlib import Path

from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.migration.flat_json import FlatJson
from vmevalkit.migration.hugging_face import HuggingFaceFolder
from vmevalkit.migration.source import Source
from vmevalkit.migration.vbvr_tree import VBVRTree
from vmevalkit.migration.vmevalkit_tree import VMEvalKitTree

SOURCES: tuple[Source, ...] = (VMEvalKitTree(), VBVRTree(), HuggingFaceFolder(), FlatJson())
"""In the order in which they are tried: what is told by more comes first."""
AUTO = "auto"


def find_source(path: Path, name: str = AUTO, sources: Sequence[Source] = SOURCES) -> Source:
    """Return the source of a name, or the first one that detects the path.

    Raises:
        UsageError: nothing is at the path, or nobody knows what it is.
        UnknownNameError: there is no such source.

    """
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", hint="name the folder or file to migrate")
    known = {source.name: source for source in sources}
    if name != AUTO:
        if name not in known:
            raise UnknownNameError("source", name, [*known, AUTO])
        return known[name]
    for source in sources:
        if source.detects(path):
            return source
    raise UsageError(
        f"{path} looks like no layout that is known", hint=f"name it with --from: {', '.join(known)}, if it is one"
    )
