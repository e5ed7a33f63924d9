"""A small data set, made, filmed and scored once."""

import shutil

import pytest

from vmevalkit.dataroot import DataRoot
from vmevalkit.models import BASELINES
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.evaluation import evaluate_experiment
from vmevalkit.runner.inference import RunOptions, run_models

EXPERIMENT = "pilot_experiment"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    root = DataRoot(tmp_path_factory.mktemp("made") / "data")
    create_dataset(root, pairs_per_domain=2)
    return root


@pytest.fixture(scope="session")
def scored_once(made_once, tmp_path_factory):
    root = DataRoot(tmp_path_factory.mktemp("scored") / "data")
    shutil.copytree(made_once.path, root.path)
    run_models(root, EXPERIMENT, BASELINES, RunOptions(workers=2))
    evaluate_experiment(root, EXPERIMENT, "RuleEvaluator", workers=2)
    return root


@pytest.fixture
def dataset(made_once, root):
    """A data root with two questions of each domain, to be changed at will."""
    shutil.copytree(made_once.path, root.path)
    return root


@pytest.fixture
def scored(scored_once, root):
    """A data root with two questions of each domain, filmed by all baselines and scored, to be changed at will."""
    shutil.copytree(scored_once.path, root.path)
    return root
