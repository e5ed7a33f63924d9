"""Parts of the questions, made, filmed and scored by jobs that share a data root."""

import shutil
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.folders import contents

from vmevalkit.cli import main
from vmevalkit.dataroot import load_evaluation, read_header
from vmevalkit.errors import BusyError, UsageError
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.evaluation import evaluate_experiment
from vmevalkit.runner.inference import RunOptions, run_models
from vmevalkit.runner.manifests import merge_shards
from vmevalkit.runner.shards import Shard, alone

EXPERIMENT = "pilot_experiment"


@pytest.fixture(autouse=True)
def _one_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")


@given(index=st.integers(0, 10**9), count=st.integers(1, 1000))
def test_every_question_belongs_to_exactly_one_shard(index, count):
    assert sum(Shard(number, count).takes(index) for number in range(1, count + 1)) == 1


@given(number=st.integers(1, 10**6), more=st.integers(0, 10**6))
def test_a_shard_reads_what_it_prints(number, more):
    shard = Shard(number, number + more)
    assert Shard.parse(str(shard)) == shard


@given(st.text(max_size=12))
def test_any_text_is_a_shard_or_is_refused(text):
    try:
        shard = Shard.parse(text)
    except UsageError:
        return
    assert 1 <= shard.number <= shard.count


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "/2", "a/b", "-1/2", "1/2/3", "²/3"])
def test_a_shard_that_does_not_exist_is_refused(text):
    with pytest.raises(UsageError, match="shard"):
        Shard.parse(text)


def test_shards_in_any_order_and_then_index_are_the_whole(root, tmp_path):
    whole = type(root)(tmp_path / "whole")
    create_dataset(whole, pairs_per_domain=10, random_seed=5)
    for number in (3, 1, 2):
        create_dataset(root, pairs_per_domain=10, random_seed=5, shard=Shard(number, 3))
        assert not root.manifest.exists()
    assert main(["index", "--data-dir", str(root.path)]) == 0
    assert contents(root.questions) == contents(whole.questions)


def test_a_puzzle_that_another_shard_has_is_replaced_as_in_the_whole(root, tmp_path):
    whole = type(root)(tmp_path / "whole")
    few = {"pairs_per_domain": 130, "random_seed": 1, "domains": ["sudoku"], "difficulty": "easy", "size": 256}
    create_dataset(whole, **few)
    attempts = [pair["metadata"]["attempt"] for pair in read_all(whole)]
    for number in (2, 1):
        create_dataset(root, **few, shard=Shard(number, 2))
    merge_shards(root, 130)
    assert [index for index, attempt in enumerate(attempts) if attempt] == [129]
    assert contents(root.questions) == contents(whole.questions)


def read_all(root):
    from vmevalkit.runner.create_dataset import read_dataset_from_folders

    return read_dataset_from_folders(root.path)["pairs"]


def test_a_manifest_that_counts_what_is_there_is_left_alone(dataset):
    before = dataset.manifest.read_bytes()
    assert not merge_shards(dataset, read_header(dataset.manifest)["total_pairs"])
    assert dataset.manifest.read_bytes() == before


def test_shards_of_an_evaluation_score_every_run_once(dataset):
    run_models(dataset, EXPERIMENT, ["oracle", "static"], RunOptions())
    done = [evaluate_experiment(dataset, EXPERIMENT, "RuleEvaluator", shard=Shard(n, 3)) for n in (1, 2, 3)]
    assert [one.scored for one in done] == [8, 6, 6]
    assert sum(one.kept for one in done) == 0
    for key in dataset.iter_runs(EXPERIMENT):
        assert len(load_evaluation(dataset, EXPERIMENT, key.model, key.pair, "RuleEvaluator").records) == 1


@pytest.mark.parametrize("domains", [None, ["maze", "sudoku"]])
def test_a_shard_scores_what_the_same_shard_has_filmed(dataset, domains):
    for number in (1, 2, 3):
        shard = Shard(number, 3)
        filmed = run_models(dataset, EXPERIMENT, ["oracle", "static"], RunOptions(domains=domains, shard=shard))
        done = evaluate_experiment(dataset, EXPERIMENT, "RuleEvaluator", domains=domains, shard=shard)
        assert (done.scored, done.kept) == (filmed.succeeded, 0)
    assert evaluate_experiment(dataset, EXPERIMENT, "RuleEvaluator").scored == 0


def test_a_question_that_is_no_longer_there_belongs_to_one_shard(dataset):
    run_models(dataset, EXPERIMENT, ["static"], RunOptions(domains=["maze"]))
    for domain in dataset.domains():
        shutil.rmtree(dataset.domain_folder(domain))
    done = [evaluate_experiment(dataset, EXPERIMENT, "RuleEvaluator", shard=Shard(n, 3)) for n in (1, 2, 3)]
    assert sum(one.failed for one in done) == 2


def test_shards_of_one_number_work_at_the_same_time(root):
    with alone(root.lock("work"), "working", Shard(1, 2)), alone(root.lock("work"), "working", Shard(2, 2)):
        pass


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (None, None, "working"),
        (None, Shard(1, 2), "working"),
        (Shard(1, 2), None, "working"),
        (Shard(1, 2), Shard(1, 2), "working, part 1/2"),
        (Shard(1, 2), Shard(3, 3), "working, in 2 parts"),
    ],
)
def test_nobody_does_the_same_work_meanwhile(root, first, second, reason):
    with alone(root.lock("work"), "working", first):
        refused = []
        other = threading.Thread(target=lambda: refused.append(try_it(root, second)))
        other.start()
        other.join()
    assert refused == [f"another process is {reason}"]


def try_it(root, shard):
    try:
        with alone(root.lock("work"), "working", shard):
            return "done"
    except BusyError as error:
        return error.message


def test_other_work_goes_on(root):
    with alone(root.lock("work"), "working", Shard(1, 2)), alone(root.lock("work", "more"), "working", Shard(1, 3)):
        pass


@pytest.mark.parametrize("shard", [None, Shard(1, 2)])
def test_the_longest_names_can_be_locked(root, shard):
    locks = [root.lock("run", "e" * 128, f"{'m' * 127}{end}") for end in "12"]
    with alone(locks[0], "working", shard), alone(locks[1], "working", shard):
        assert sorted({lock.name for lock in locks}) == sorted(
            path.name for path in locks[0].parent.iterdir() if "~" not in path.name
        )
