"""What the tests of exports share: a data root that has everything, and small ones made by hand."""

import pytest
from export_data import Tree

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> DataRoot:
    """Questions with films, answered by two models, one of which is scored; a run has failed, one is going on."""
    root = DataRoot(tmp_path_factory.mktemp("lab") / "data")
    place = ["--data-dir", str(root.path), "--workers", "1"]
    small = ["--pairs-per-domain", "2", "--domains", "chess,maze", "--size", "256", "--videos", "--seconds", "0.5"]
    assert main(["create", *small, *place]) == 0
    for model in ("oracle", "static"):
        assert main(["run", "--model", model, "--seconds", "0.5", *place]) == 0
    assert main(["evaluate", "--model", "oracle", *place]) == 0
    tree = Tree(root)
    tree.run(
        "chess",
        "chess_0000",
        run_id="r-failed",
        status="failed",
        error={"type": "E", "message": "no", "retryable": True},
    )
    tree.run("chess", "chess_0000", run_id="r-going-on", status="running")
    said = {"rater": "ann", "status": "scored", "score": 4, "passed": True, "created_at": "2026-01-02T03:04:05.000006Z"}
    tree.evaluation("chess", "chess_0000", [{"run_id": "r-failed", **said}], evaluator="human-eval", model="by-hand")
    return root


@pytest.fixture
def tree(tmp_path) -> Tree:
    return Tree(DataRoot(tmp_path / "data"))


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
