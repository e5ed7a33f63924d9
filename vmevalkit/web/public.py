"""What an answer may say: names as people give them, and messages that do not tell where files lie on this host."""

import math
import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from vmevalkit.dataroot import TASK_SUFFIX, DataRoot
from vmevalkit.errors import RecordError, VMEvalError

_DEEPEST = 40
"""How deep a value of a file is shown; nothing of ours is deeper than a few levels."""


def domain_name(text: str) -> str:
    """Turn a domain or the name of its folder into the domain: ``chess_task`` is ``chess``."""
    return text.removesuffix(TASK_SUFFIX)


def public_message(error: VMEvalError) -> str:
    """Return an error's sentence with the name of the file at fault, but not where on this host it lies."""
    if isinstance(error, RecordError):
        return f"{str(error.path).rpartition('/')[2]}: {error.problem}"
    return error.message


def without_prefix(root: DataRoot, text: str) -> str:
    """Make paths below the data root that a text mentions relative to it."""
    if "/" not in text:
        return text
    return _host_paths(root).sub(lambda found: "" if found[0].endswith("/") else "the data root", text)


@lru_cache(maxsize=8)
def _host_paths(root: DataRoot) -> re.Pattern[str]:
    """Return what finds the folders that hold a part of the data root, the longest first."""
    folders = (root.path, root.questions.parent, root.outputs.parent, root.evaluations.parent)
    ways = {str(way) for folder in folders for way in (folder.resolve(), folder.absolute())} - {"/"}
    found = "|".join(re.escape(way) for way in sorted(ways, key=lambda way: (-len(way), way)))
    return re.compile(rf"(?<![\w.-])(?:{found})(?:/|(?![\w.-]))" if ways else r"(?!)")


def public_value(root: DataRoot, value: Any, *, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON value from a file as it can be sent: no host paths, no lone surrogates, only finite numbers."""
    if depth > _DEEPEST:
        return "…"
    match value:
        case str():
            return without_prefix(root, value.encode(errors="replace").decode())
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {
                key.encode(errors="replace").decode(): public_value(root, part, depth=depth + 1)
                for key, part in value.items()
            }
        case list() | tuple():
            return [public_value(root, part, depth=depth + 1) for part in value]
        case _:
            return value


def public_uri(uri: str) -> str:
    """Return where a snapshot lies; of a folder on a disk only the name that it has there, and what is below it.

    ``file:///srv/lab/backup/202501151030/data`` becomes ``file:///…/backup/202501151030/data``.
    """
    if not uri.lower().lstrip().startswith("file:"):
        return uri
    try:
        path = urlsplit(uri).path
    except ValueError:  # A version log can hold anything.
        return "file:///…"
    parts = path.rstrip("/").split("/")
    depth = 3 if (parts[-3:-2], parts[-1]) == (["archive"], "data") else 2
    return "/".join(["file:///…", *parts[-depth - 1 :]])
