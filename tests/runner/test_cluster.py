"""Work on a Ray cluster: two nodes on this machine, real processes, one of them killed."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.folders import contents

from vmevalkit.dataroot import DataRoot, load_evaluation, load_run
from vmevalkit.errors import UsageError
from vmevalkit.runner.cluster import RayCluster, next_batch_size

CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
node = cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
for order in sys.stdin:
    if order == "kill\\n":
        cluster.remove_node(node, allow_graceful=False)
    else:
        node = cluster.add_node(num_cpus=1)
    print("done", flush=True)
cluster.shutdown()
"""


class TwoNodes:
    """A cluster of two nodes on this machine, in a process of its own."""

    def __init__(self, log):
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        )
        self.address = self._process.stdout.readline().strip()

    def order(self, what):
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def shut_down(self):
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with (tmp_path_factory.mktemp("ray") / "log").open("w") as log:
        made = TwoNodes(log)
        yield made
        made.shut_down()


def started(cluster, *arguments):
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1750000000"}
    environment.pop("RAY_ADDRESS", None)
    where = ["--executor", "ray", "--ray-address", cluster.address] if cluster else ["--workers", "1"]
    return subprocess.Popen(
        [sys.executable, "-m", "vmevalkit", *map(str, arguments), *where],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process):
    try:
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out


def done(process):
    code, out = ended(process)
    assert code == 0, out
    return out


def films_and_scores(path):
    """What was filmed and scored, without the times and names of runs."""
    root = DataRoot(path)
    found = {}
    for key in root.iter_runs("pilot_experiment"):
        run = load_run(root, key)
        (score,) = load_evaluation(root, key.experiment, key.model, key.pair, "RuleEvaluator").records
        found[key.model, key.pair] = (run.status, run.video_sha256, score.score, score.explanation)
    return found


def test_questions_made_on_a_cluster_are_those_made_here(cluster, tmp_path):
    done(started(cluster, "create", "--pairs-per-domain", 6, "--data-dir", tmp_path / "there"))
    done(started(None, "create", "--pairs-per-domain", 6, "--data-dir", tmp_path / "here"))
    assert contents(tmp_path / "there" / "questions") == contents(tmp_path / "here" / "questions")


def test_a_node_that_is_killed_costs_nothing_but_time(cluster, tmp_path):
    what = ["create", "--pairs-per-domain", 25, "--videos", "--seconds", 1, "--size", 256, "--domains", "chess,maze"]
    process = started(cluster, *what, "--data-dir", tmp_path / "there")
    while process.poll() is None and not list(tmp_path.glob("there/questions/chess_task/chess_00*")):
        time.sleep(0.02)
    cluster.order("kill")
    assert "50 questions made" in done(process)
    cluster.order("add")
    done(started(None, *what, "--data-dir", tmp_path / "here"))
    assert contents(tmp_path / "there" / "questions") == contents(tmp_path / "here" / "questions")


def test_films_and_scores_made_on_a_cluster_are_those_made_here(cluster, tmp_path):
    for where, place in ((cluster, "there"), (None, "here")):
        root = ["--data-dir", tmp_path / place]
        done(started(None, "create", "--pairs-per-domain", 1, *root))
        done(started(where, "run", "--model", "oracle,static", *root))
        done(started(where, "evaluate", *root))
        said = done(started(where, "validate", "--deep", *root))
        assert "nothing is wrong" in said
    there = films_and_scores(tmp_path / "there")
    assert len(there) == 10
    assert there == films_and_scores(tmp_path / "here")


def test_results_come_in_order_and_an_error_comes_after_those_before_it(cluster):
    code = """
import sys
from vmevalkit.errors import UsageError
from vmevalkit.runner.cluster import RayCluster
def square(n):
    if n == 70:
        raise UsageError("seventy", hint="try another")
    return n * n
found = []
try:
    for result in RayCluster(sys.argv[1]).map_ordered(square, range(1000)):
        found.append(result)
except UsageError as error:
    print(found == [n * n for n in range(70)], error.message, error.hint)
"""
    run = [sys.executable, "-c", code, cluster.address]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "True seventy try another\n"


def test_an_address_without_a_cluster_is_named(tmp_path):
    nobody = ["--executor", "ray", "--ray-address", "127.0.0.1:1"]
    code, out = ended(started(None, "create", *nobody, "--data-dir", tmp_path))
    assert code == 1
    assert out.splitlines()[-2:] == [
        "error: no Ray cluster at 127.0.0.1:1",
        "hint: start one with 'ray start --head', or say its --ray-address",
    ]


def test_an_address_needs_the_executor(tmp_path):
    code, out = ended(started(None, "create", "--ray-address", "auto", "--data-dir", tmp_path))
    assert code == 2
    assert "--ray-address goes with --executor ray" in out


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="Ray is not installed") as caught:
        RayCluster()
    assert "vmevalkit[ray]" in caught.value.hint


@given(done=st.integers(0, 64), seconds=st.floats(0, 1e4))
def test_a_batch_is_never_empty_and_never_large(done, seconds):
    assert 1 <= next_batch_size(done, seconds) <= 64


def test_a_batch_takes_about_half_a_second():
    assert next_batch_size(10, 1.0) == 5
    assert next_batch_size(1, 0.01) == 50
