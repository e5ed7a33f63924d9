"""Data roots to damage: real questions, runs of a baseline model, and scores."""

import os
import time
from pathlib import Path

from damages import DOMAIN, EVALUATOR, EXPERIMENT, MODEL

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.tasks.question import FilmSpec


def make_tree(folder: Path, *, of_the_domain: int, of_others: int, filmed: list[str] | None = None) -> DataRoot:
    """Make questions; have those of one domain filmed and scored, all or some of them."""
    root = DataRoot(folder)
    if of_others:
        create_dataset(root, pairs_per_domain=of_others)
    create_dataset(root, pairs_per_domain=of_the_domain, domains=[DOMAIN])
    if of_others:
        create_dataset(root, pairs_per_domain=1, domains=["maze"], film=FilmSpec(8, 0.25))
    ids = ["--task-id", ",".join(filmed)] if filmed else []
    common = ["--experiment", EXPERIMENT, "--domain", DOMAIN, "--workers", "1", "--data-dir", str(folder)]
    assert main(["run", "--model", MODEL, "--seconds", "0.13", *ids, *common]) == 0
    assert main(["evaluate", "--evaluator", EVALUATOR, *common]) == 0
    return root


def age(root: DataRoot) -> None:
    """Make all files an hour old, so that their times can be trusted."""
    then = time.time() - 3600
    for place, _, names in os.walk(root.path):
        for name in names:
            os.utime(Path(place, name), (then, then))
