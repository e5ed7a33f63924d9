"""``vmeval_dataset.json``: written and read as a stream, and a function of what is on disk.

One line per question keeps it readable with any text tool; it stays one JSON document.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from pydantic import ValidationError

from vmevalkit.clock import timestamp
from vmevalkit.dataroot.files import atomic_path
from vmevalkit.dataroot.json_stream import JSON_STREAM_ERRORS, JsonEvent, json_elements, json_events, json_value
from vmevalkit.dataroot.layout import DataRoot
from vmevalkit.dataroot.records import Pair, load_pair
from vmevalkit.errors import RecordError, first_problem
from vmevalkit.progress import Progress, Silent

DATASET_NAME = "vmeval_dataset"


@dataclass(frozen=True)
class Request:
    """What was asked for when the questions were made; the manifest records it beside what is there."""

    random_seed: int
    pairs_per_domain: int
    domains: tuple[str, ...]


def iter_pairs_on_disk(root: DataRoot) -> Iterator[Pair]:
    """Yield every question from its own folder, sorted; `RecordError` at the first broken one."""
    for key in root.iter_pairs():
        yield load_pair(root, key)


def write_manifest(
    root: DataRoot, request: Request, descriptions: Mapping[str, str], progress: Progress | None = None
) -> bool:
    """Bring the manifest in line with the folders.

    Args:
        root: the data root.
        request: what was asked for.
        descriptions: a sentence per domain.
        progress: told of every question that is listed.

    Returns:
        Whether the file changed. An unchanged one keeps every byte, its timestamps included.

    """
    root.questions.mkdir(parents=True, exist_ok=True)
    old: dict[str, Any] = {}
    with suppress(RecordError):  # One that cannot be read has nothing that would have to be kept.
        old = read_header(root.manifest)
    info = old.get("generation_info")
    created_at, generated_at = old.get("created_at"), info.get("timestamp") if isinstance(info, dict) else None
    with TemporaryFile("w+", encoding="utf-8", dir=root.questions) as pairs:
        counts = _write_pairs(pairs, iter_pairs_on_disk(root), progress or Silent())
        if created_at and generated_at:
            opening = _opening(manifest_header(request, counts, descriptions, created_at, generated_at))
            if _is_same(root.manifest, opening, pairs):
                return False
        stamp = timestamp()
        with atomic_path(root.manifest) as target, target.open("w", encoding="utf-8") as out:
            out.write(_opening(manifest_header(request, counts, descriptions, created_at or stamp, stamp)))
            pairs.seek(0)
            shutil.copyfileobj(pairs, out)
        return True


def read_header(path: Path) -> dict[str, Any]:
    """Read what a manifest says before its pairs, which come last in those that we write.

    Raises:
        RecordError: the file is missing, malformed or cut short before the pairs begin.

    """
    with _opened(path) as file:
        events = json_events(file)
        header: dict[str, Any] = {}
        try:
            if next(events)[1] != "start_map":
                raise RecordError(path, "expected a JSON object")
            for _, name, key in events:
                if name == "end_map" or key == "pairs":
                    break
                header[key] = json_value(next(events), events)
        except JSON_STREAM_ERRORS as error:
            raise RecordError(path, f"malformed JSON: {error}") from error
    return header


def iter_manifest(path: Path) -> Iterator[Pair]:
    """Yield the manifest's pairs one by one, in bounded memory.

    Raises:
        RecordError: the file is missing, malformed, cut short, or an entry is no pair.

    """
    for number, entry in enumerate(iter_manifest_entries(path)):
        try:
            yield Pair.model_validate(entry)
        except ValidationError as error:
            raise RecordError(path, f"pair {number}: {first_problem(error)}") from error


def iter_manifest_entries(path: Path) -> Iterator[Any]:
    """Yield the JSON values that a manifest has in place of pairs, whatever they are, in bounded memory.

    Raises:
        RecordError: the file is missing, malformed or cut short.

    """
    number = 0
    with _opened(path) as file:
        try:
            for entry in _entries(json_events(file)):
                yield entry
                number += 1
        except JSON_STREAM_ERRORS as error:
            raise RecordError(path, f"malformed JSON after {number} pairs: {error}") from error


def _entries(events: Iterator[JsonEvent]) -> Iterator[Any]:
    for event in events:
        if event == (1, "map_key", "pairs"):
            following = next(events, None)
            if following is not None and following[1] == "start_array":
                yield from json_elements(events)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error


def _write_pairs(out: IO[str], pairs: Iterable[Pair], progress: Progress) -> Counter[str]:
    counts: Counter[str] = Counter()
    progress.start(None, "questions listed")
    for pair in pairs:
        out.write(",\n" if counts else "")
        out.write(f"    {json.dumps(pair.to_json(), ensure_ascii=False)}")
        counts[pair.domain] += 1
        progress.advance()
    out.write("\n  ]\n}\n")
    return counts


def manifest_header(
    request: Request, counts: Counter[str], descriptions: Mapping[str, str], created_at: str, generated_at: str
) -> dict[str, Any]:
    """Return what a manifest says before its pairs.

    Args:
        request: what was asked for.
        counts: how many questions there are of each domain.
        descriptions: a sentence per domain.
        created_at: when the data set was begun.
        generated_at: when it was last changed.

    """
    total = counts.total()
    return {
        "name": DATASET_NAME,
        "description": f"VMEvalKit video reasoning evaluation dataset ({total} task pairs)",
        "created_at": created_at,
        "total_pairs": total,
        "generation_info": {
            "timestamp": generated_at,
            "random_seed": request.random_seed,
            "pairs_per_domain": request.pairs_per_domain,
            "target_pairs": request.pairs_per_domain * len(request.domains),
            "actual_pairs": total,
            "allocation": dict.fromkeys(request.domains, request.pairs_per_domain),
            "domains": {
                domain: {"count": count, "description": descriptions.get(domain, "")}
                for domain, count in counts.items()
            },
        },
    }


def _opening(fields: Mapping[str, Any]) -> str:
    text = json.dumps(fields, indent=2, ensure_ascii=False)
    return f'{text.removesuffix("}").rstrip()},\n  "pairs": [\n'


def _is_same(path: Path, opening: str, pairs: IO[str]) -> bool:
    pairs.seek(0)
    with path.open(encoding="utf-8", errors="replace") as old:
        if old.read(len(opening)) != opening:
            return False
        while chunk := pairs.read(1 << 16):
            if old.read(len(chunk)) != chunk:
                return False
        return not old.read(1)
