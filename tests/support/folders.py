"""What is in a folder, for a comparison with what should be."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

_STATE = ".vmevalkit"


def contents(folder: Path, *, bookkeeping: bool = False) -> dict[str, bytes]:
    """Return all files below a folder by their paths in it; those of our own state folder only if asked for."""
    return {name: path.read_bytes() for name, path in _below(folder, bookkeeping) if path.is_file()}


def hashes(folder: Path, *, bookkeeping: bool = False) -> dict[str, str]:
    """Return the sha256 of each of these files, and ``/`` for each folder."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "/"
        for name, path in _below(folder, bookkeeping)
    }


def _below(folder: Path, bookkeeping: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if bookkeeping or _STATE not in inside.parts:
            yield inside.as_posix(), path
