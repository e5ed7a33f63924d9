"""Put right what can be derived from other files: the manifest and the index."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vmevalkit.catalog import Catalog
from vmevalkit.dataroot import DataRoot, iter_pairs_on_disk
from vmevalkit.errors import RecordError
from vmevalkit.integrity._entries import MANIFEST_PATH
from vmevalkit.integrity.findings import Code
from vmevalkit.runner.manifests import refresh_manifest


@dataclass(frozen=True)
class Repair:
    """Something that can be put right."""

    what: Literal["manifest", "index"]
    sentence: str
    """What would be done, and why."""
    settles: tuple[Code, ...]
    """The findings that are gone afterwards."""
    obstacle: str | None = None
    """Why it cannot be done; `None` if it can."""


def plan_repairs(root: DataRoot, counts: Mapping[Code, int]) -> list[Repair]:
    """Say what can be put right; nothing is changed.

    Args:
        root: the data root.
        counts: how many findings there are of each kind.

    """
    repairs = []
    codes = tuple(code for code in Code if counts.get(code) and code.is_derivable and code is not Code.BROKEN_INDEX)
    if codes:
        reasons = ", ".join(f"{counts[code]} {code}" for code in codes)
        sentence = f"rewrite {MANIFEST_PATH} from the question folders ({reasons})"
        repairs.append(Repair("manifest", sentence, codes, _obstacle(root)))
    if counts.get(Code.BROKEN_INDEX):
        repairs.append(Repair("index", "delete the index and build it anew from the files", (Code.BROKEN_INDEX,)))
    return repairs


def repair(root: DataRoot, planned: Repair) -> None:
    """Do what was planned; the caller holds the lock of those who make questions.

    Raises:
        RecordError: a question cannot be read; the manifest stays as it is.
        BusyError: another process is bringing the index up to date.

    """
    if planned.what == "index":
        Catalog(root).refresh(rebuild=True)
        return
    if planned.obstacle is not None:
        raise RecordError(MANIFEST_PATH, f"cannot be rewritten: {planned.obstacle}")
    refresh_manifest(root)


def _obstacle(root: DataRoot) -> str | None:
    try:
        for _ in iter_pairs_on_disk(root):
            pass
    except RecordError as error:
        return error.message
    return None
