"""Data roots whose files look as old as a test wants, and what is on the disk afterwards."""

import hashlib
import json
import os
import random
import time
from dataclasses import replace
from pathlib import Path

from support import index_tree
from support.fault_proxy import FaultProxy
from support.stores import Place

from vmevalkit.dataroot import DataRoot
from vmevalkit.snapshots import push, tree_at

DAY = 86_400
NAME = "pilot"


def age(place: Path, days: float) -> None:
    """Make a file, or all files below a folder, look so old."""
    moment = time.time() - days * DAY
    for path in [place] if place.is_file() else sorted(place.rglob("*"), reverse=True):
        os.utime(path, (moment, moment), follow_symlinks=False)


def add_experiment(root: DataRoot, name: str = NAME, *, days: float = 100, models=("model-1", "model-2"), tasks=3):
    """Add an experiment: for each model and task a run of a few files and an evaluation, all so old."""
    rng = random.Random(f"{name}{days}")
    for number in range(tasks):
        task = f"maze_{number:04d}"
        if not (root.questions / "maze_task" / task).exists():
            index_tree.question(root, "maze", task)
        for model in models:
            folder = index_tree.run(root, "maze", task, experiment=name, model=model)
            (folder / "video").mkdir()
            (folder / "video" / "model_output.mp4").write_bytes(rng.randbytes(rng.randint(0, 4000)))
            index_tree.scores(root, "maze", task, ("r1", "RuleEvaluator", 5), experiment=name, model=model)
    for section in (root.outputs, root.evaluations):
        age(section / name, days)


def too_deep(folder: Path) -> Path:
    """Make folders in a folder until their path is longer than the system takes: nobody can list the last ones."""
    folder.mkdir(parents=True, exist_ok=True)
    place = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=place)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    return folder


def run_path(name: str = NAME, model: str = "model-1", task: int = 0) -> str:
    return f"outputs/{name}/{model}/maze_task/maze_{task:04d}/r1"


def score_path(name: str = NAME, model: str = "model-1", task: int = 0) -> str:
    return f"evaluations/{name}/{model}/maze_task/maze_{task:04d}/RuleEvaluator.json"


def push_all(root: DataRoot, place, name: str | None = None) -> str:
    return push(place.open(), tree_at(root.path), name=name, force=True).snapshot


def content(root: DataRoot, part: str = "") -> dict[str, bytes]:
    """Return what lies in a data root, without its bookkeeping."""
    top = root.path / part
    found = {p.relative_to(root.path).as_posix(): p for p in top.rglob("*") if p.is_file() and not p.is_symlink()}
    return {path: p.read_bytes() for path, p in found.items() if not path.startswith(".vmevalkit/")}


def fingerprint(folder: Path) -> str:
    """Return a hash of everything below a folder: names, kinds, times, links and bytes; bookkeeping included."""
    digest = hashlib.sha256()
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        said = str(path.readlink()) if path.is_symlink() else ""
        data = path.read_bytes() if path.is_file() and not said else b""
        digest.update(repr((str(path), status.st_mode, status.st_mtime_ns, status.st_ino, said, data)).encode())
    return digest.hexdigest()


def journal(root: DataRoot) -> list[dict]:
    path = root.path / "retention.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Meanwhile:
    """A progress that does something at the beginning of a stage."""

    def __init__(self, unit: str, work) -> None:
        self._unit, self._work = unit, work

    def start(self, total, unit, size=None) -> None:
        if unit == self._unit:
            self._unit = None
            self._work()

    def advance(self, count=1, size=0) -> None:
        pass


def through(place: Place, proxy: FaultProxy) -> Place:
    """Return a place as somebody sees it who has a proxy before it, and a second's patience."""
    return replace(
        place, environment={**place.environment, "AWS_ENDPOINT_URL": proxy.url, "VMEVAL_REMOTE_TIMEOUT": "1"}
    )
