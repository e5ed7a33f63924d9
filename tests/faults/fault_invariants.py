"""What holds at any moment, whatever has happened: every file is whole, and nothing is lost."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

from fault_sites import JOURNAL, Said, Site, State, files
from PIL import Image

from vmevalkit import media
from vmevalkit.dataroot import ARCHIVED_NAME, SECTIONS
from vmevalkit.integrity import Options, Severity, validate


def broken_files(folder: Path) -> list[str]:
    """Name the files with final names that are not whole."""
    told = []
    for name, data in files(folder).items():
        check = _CHECKS.get(Path(name).suffix)
        # What a killed process leaves in the folder for temporary files has no final name.
        if check is None or Path(name).name == JOURNAL or name.startswith("tmp/"):
            continue
        try:
            check(folder / name, data)
        except Exception as error:  # noqa: BLE001 - whatever a decoder says, the file is not whole
            told.append(f"{name} is not whole: {error}")
    return told


def _check_png(path: Path, data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def _check_tar(path: Path, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.isfile():
                tar.extractfile(member).read()
    if not data.endswith(bytes(1024)):
        raise ValueError("the end of the archive is missing")


def _check_parquet(path: Path, data: bytes) -> None:
    if not (data.startswith(b"PAR1") and data.endswith(b"PAR1")):
        raise ValueError("a mark is missing")


_CHECKS: dict[str, Callable[[Path, bytes], object]] = {
    ".json": lambda path, data: json.loads(data),
    ".jsonl": lambda path, data: [json.loads(line) for line in data.splitlines()],
    ".png": _check_png,
    ".mp4": lambda path, data: media.probe(path),
    ".tar": _check_tar,
    ".parquet": _check_parquet,
    ".gz": lambda path, data: gzip.decompress(data),
}


def errors_of(site: Site, *, derived: bool) -> list[str]:
    """Return the errors that a deep validation finds; those in derived files only if they are asked for.

    An experiment with the stub of an archive is not all here, and says so: no verb works on it.
    """
    told = []
    archived = [
        f"{section}/{path.parent.name}/"
        for path in site.root.outputs.glob(f"*/{ARCHIVED_NAME}")
        for section in SECTIONS
    ]
    for found in validate(site.root, Options(deep=True, workers=1)):
        if found.severity is not Severity.ERROR or found.path.startswith(tuple(archived)):
            continue
        if derived or not found.code.is_derivable:
            told.append(f"validate: {found.code}: {found}")
    return told


def losses_between(before: State, now: State, after: State, *, moves: bool, noted: tuple[str, ...] = ()) -> list[str]:
    """Say what is neither as it was nor as it is going to be: each file is old or new, and none is gone too early.

    Args:
        before: what the verb was given.
        now: what a disturbed one has left.
        after: what an undisturbed one leaves.
        moves: whether it removes files that a snapshot holds.
        noted: how the paths begin at which it may write down what went wrong, or leave something out.

    """
    told = []
    for part in ("data", "out", "snapshots"):
        old, new = set(getattr(before, part)), set(getattr(after, part))
        here = getattr(now, part)
        started = {path for path, _ in here if _is_under_way(path, noted)}
        told += [
            f"{part}: neither old nor new: {path}" for path, _ in sorted(set(here) - old - new) if path not in started
        ]
        paths, wanted = {path for path, _ in here}, {path for path, _ in new}
        for path, digest in sorted(old):
            if path not in paths and (path in wanted or (moves and (path, digest) not in now.stored)):
                told.append(f"{part}: gone: {path}")
    return told


def _is_under_way(path: str, noted: tuple[str, ...]) -> bool:
    """Tell whether a file may have states between the old and the new one: a run's says how far it has come."""
    is_run = path.startswith("outputs/") and path.endswith("/metadata.json")
    return is_run or path == JOURNAL or path.startswith(noted)


def misconduct(said: Said) -> list[str]:
    """Say in which way a command ended as none should."""
    told = []
    if "Traceback" in said.err or "panicked" in said.err:
        told.append(f"it ended with a traceback: {said.err[-1500:]}")
    if said.code not in (0, 1, 2) and said.code >= 0:
        told.append(f"exit status {said.code}")
    if said.code in (1, 2) and not said.all.strip():
        told.append(f"exit status {said.code} without a word")
    return told
