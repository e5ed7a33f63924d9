"""The verbs that are tried: what each is given to work on, and how it is called."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fault_sites import Site
from support.layouts import vbvr
from support.long import LONG

EXPERIMENT = "pilot"
QUESTIONS = ("--domains", "maze,sudoku", "--size", "256", "--workers", "1")
RUNS = ("--experiment", EXPERIMENT, "--seconds", "0.25", "--workers", "1")
TARS = ("--format", "webdataset", "--questions-per-file", "2")
FIRST = "20250115"
"""The snapshot that every remote has."""
OLD_DAYS = 200


@dataclass(frozen=True)
class Verb:
    """A command, and what it works on."""

    name: str
    command: tuple[str, ...]
    """``{site}`` is the folder of the trial, ``{remote}`` the URL of the remote."""
    state: str = "filmed"
    """One of `STATES`."""
    prepare: Callable[[Site], None] | None = None
    """What is done to a copy of that state before the verb."""
    uses_remote: bool = False
    moves: bool = False
    """Whether it removes files that a snapshot holds."""
    again: tuple[str, ...] = ()
    """What to say in addition when it is repeated."""
    with_index: bool = False
    """Whether the index is a part of what it makes."""


def _old_leftovers(site: Site) -> None:
    """Leave what interrupted writes and other programs leave, a month ago."""
    for path in ("questions/.maze_task.0a1b.tmp", f"outputs/{EXPERIMENT}/oracle/x.tmp", "outputs/a.cache"):
        (site.data / path).write_bytes(b"rest")
        _age(site.data / path, 30)
    for path in ("__pycache__/a.pyc", "evaluations/.DS_Store"):
        (site.data / path).parent.mkdir(exist_ok=True)
        (site.data / path).write_bytes(b"rest")


def _age(path: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def _filmed(site: Site) -> None:
    """Six questions; one model has filmed them, is scored and pushed, another has only filmed them."""
    _do(site, "create", "--pairs-per-domain", "3", *QUESTIONS)
    _do(site, "run", "--model", "oracle", *RUNS)
    _do(site, "evaluate", "--experiment", EXPERIMENT, "--workers", "1")
    _do(site, "push", "--date", FIRST)
    _do(site, "run", "--model", "static", *RUNS)
    vbvr(site.folder / "source", 4)


def _pushed(site: Site) -> None:
    """Everything is on the remote, and runs and scores are old."""
    _filmed(site)
    _do(site, "push", "--date", "20250116")
    for section in (site.root.outputs, site.root.evaluations):
        for path in [*section.rglob("*"), section]:
            _age(path, OLD_DAYS)


def _archived(site: Site) -> None:
    _filmed(site)
    _do(site, "archive", EXPERIMENT, "--yes")


STATES: dict[str, Callable[[Site], None]] = {"filmed": _filmed, "pushed": _pushed, "archived": _archived}


def _do(site: Site, *command: str) -> None:
    said = site.do(*command)
    assert said.code == 0, said.all


def _without_manifest(site: Site) -> None:
    site.root.manifest.unlink()
    for path in site.root.state.glob("index.sqlite*"):
        path.write_bytes(b"no database" * 100)


def _without_index(site: Site) -> None:
    for path in site.root.state.glob("index.sqlite*"):
        path.unlink()


def _without_videos(site: Site) -> None:
    shutil.rmtree(site.folder / "source" / "model_outputs")


_ALL = [
    Verb("create", ("create", "--pairs-per-domain", "4", "--videos", "--fps", "8", "--seconds", "0.25", *QUESTIONS)),
    Verb(
        "create --output",
        ("create", "--output", "{remote}/tars", "--pairs-per-domain", "4", *QUESTIONS, *TARS),
        uses_remote=True,
    ),
    Verb("run", ("run", "--model", "wrong", *RUNS)),
    Verb("evaluate", ("evaluate", "--experiment", EXPERIMENT, "--workers", "1")),
    Verb("push", ("push",), uses_remote=True),
    Verb("pull", ("pull", FIRST, "--to", "{site}/out/pulled"), uses_remote=True),
    Verb(
        "validate --fix",
        ("validate", "--fix", "--yes", "--workers", "1"),
        prepare=_without_manifest,
        with_index=True,
    ),
    Verb("migrate", ("migrate", "{site}/source", "--yes")),
    Verb("export", ("export", "webdataset", "{site}/out/exported", "--videos"), again=("--yes",)),
    Verb("archive", ("archive", EXPERIMENT, "--yes"), uses_remote=True, moves=True),
    Verb("unarchive", ("unarchive", EXPERIMENT, "--yes", "--remote", "{remote}"), "archived", uses_remote=True),
    Verb("retain", ("retain", "--yes"), "pushed", uses_remote=True, moves=True),
    Verb("clean", ("clean", "--yes"), prepare=_old_leftovers),
    Verb("index", ("index",), prepare=_without_index, with_index=True),
    Verb(
        "report",
        ("report", "--experiment", EXPERIMENT, "--format", "md", "--output", "{site}/out/report.md")
        + (("--figures", "{site}/out/figures") if LONG else ()),
    ),
]
if LONG:
    _ALL.append(Verb("export hf", ("export", "hf", "{site}/out/hf", "--videos"), again=("--yes",)))

VERBS: dict[str, Verb] = {verb.name: verb for verb in _ALL}

FOR_DAMAGE: dict[str, Verb] = {
    **VERBS,
    "migrate questions": Verb("migrate questions", ("migrate", "{site}/source", "--yes"), prepare=_without_videos),
}
"""What is given damaged input. The video of a question that is damaged comes alone, and then stays so."""

NOT_TRIED = {
    "domains": "only reads",
    "models": "only reads",
    "evaluators": "only reads",
    "snapshots": "only reads",
    "diff": "only reads",
    "verify": "only reads",
    "check": "only reads",
    "audit": "writes nothing but what it prints",
    "gc": "tests/snapshots/test_gc.py and test_kills.py",
    "versions": "one conditional write of one object: tests/snapshots/test_versions.py and test_faults.py",
    "demo": "the verbs above, one after the other",
    "dashboard": "test_soak.py, tests/web/test_servers.py",
}
"""Commands that are not in the matrix, and why."""
