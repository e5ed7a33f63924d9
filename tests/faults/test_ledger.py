"""The ledger and the checks behind it can fail: each loss that is planted is found."""

import os
import shutil
from dataclasses import replace

import pytest
from fault_invariants import broken_files, errors_of, losses_between, misconduct
from fault_kinds import killed
from fault_ledger import Ledger, Trial, table
from fault_sites import Said, state_of
from fault_verbs import EXPERIMENT, FIRST, VERBS

EVALUATE = VERBS["evaluate"]
SCORE = f"evaluations/{EXPERIMENT}/oracle/maze_task/maze_0001/RuleEvaluator.json"
FRAME = "questions/maze_task/maze_0001/first_frame.png"
RUNS = f"outputs/{EXPERIMENT}/static/maze_task/maze_0001"


@pytest.fixture
def site(workshop):
    return workshop.site(EVALUATE)


def trial(*losses: str) -> Trial:
    return Trial("push", "kill", "number 0", "killed", losses, 1.0)


def test_what_is_written_down_is_read_again_loss_by_loss(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert ledger.trials() == []
    for one in (trial(), trial("data: gone: a", "data: gone: b")):
        ledger.add(one)
    assert ledger.trials() == [trial(), trial("data: gone: a", "data: gone: b")]
    assert ledger.losses() == [
        "push, kill (number 0): data: gone: a",
        "push, kill (number 0): data: gone: b",
    ]


def test_the_table_counts_outcomes_and_losses_and_gives_the_reasons_of_what_was_not_tried():
    late = replace(trial("data: gone: a"), outcome="done before")
    assert table([trial(), trial(), late], {("clean", "network"): "needs none"}).splitlines() == [
        "| verb | fault | tried | ended | losses |",
        "| :-- | :-- | --: | :-- | --: |",
        "| push | kill | 3 | 1 done before, 2 killed | 1 |",
        "| clean | network | - | needs none | - |",
        "",
        "3 trials in 3 seconds, 1 losses",
    ]


def test_a_trial_with_a_planted_loss_is_a_loss_in_the_ledger(workshop, tmp_path, monkeypatch):
    """A repetition that does nothing leaves undone what the kill has prevented."""
    monkeypatch.setattr(workshop, "ledger", Ledger(tmp_path / "ledger.jsonl"))
    monkeypatch.setattr(workshop, "attempts", 0)
    verb = replace(VERBS["export"], again=("--help",))
    found = killed(workshop, verb, 0)
    assert found.outcome == "killed"
    assert "repeated: out: lost or different: out/exported/export.json" in found.losses
    assert workshop.ledger.trials() == [found]


def _lose(site):
    (site.data / SCORE).unlink()


def _change(site):
    path = site.data / FRAME
    shutil.copyfile(site.data / FRAME.replace("first", "final"), path)


def _double(site):
    (run,) = (site.data / RUNS).iterdir()
    shutil.copytree(run, run.with_name("20300101T000000Z"))


def _forget_the_snapshot(site):
    (site.remote / FIRST / "manifest.jsonl.gz").unlink()


def _lose_an_object(site):
    (site.remote / FIRST / "data" / FRAME).write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_lose, f"data: lost or different: {SCORE}"),
        (_change, f"data: doubled or different: {FRAME}"),
        (_double, f"data: doubled or different: {RUNS}/RUN/metadata.json"),
        (_forget_the_snapshot, f"snapshots: lost or different: {FIRST}/{FRAME}"),
        (_lose_an_object, f"snapshots: lost or different: {FIRST}/{FRAME}"),
    ],
)
def test_what_is_lost_doubled_or_different_at_the_end_is_named(site, harm, found):
    before = state_of(site)
    assert state_of(site).differences(before) == []
    harm(site)
    assert found in state_of(site).differences(before)


@pytest.mark.parametrize(
    ("harm", "found"),
    [(_lose, f"data: gone: {SCORE}"), (_change, f"data: neither old nor new: {FRAME}")],
)
def test_what_is_lost_or_half_in_between_is_named(site, harm, found):
    before = state_of(site)
    assert losses_between(before, state_of(site), before, moves=False) == []
    harm(site)
    assert losses_between(before, state_of(site), before, moves=False) == [found]


def test_what_a_snapshot_holds_may_go_and_nothing_else(site):
    before = state_of(site)
    shutil.rmtree(site.data / "outputs")
    shutil.rmtree(site.data / "evaluations")
    now = state_of(site)
    assert {loss.split("/")[2] for loss in losses_between(before, now, now, moves=True)} == {"static"}


@pytest.mark.parametrize(
    ("pattern", "harm"),
    [
        (SCORE, lambda path: os.truncate(path, 40)),
        (FRAME, lambda path: os.truncate(path, path.stat().st_size // 2)),
        (f"{RUNS}/*/video/model_output.mp4", lambda path: os.truncate(path, 800)),
    ],
)
def test_a_file_that_is_half_is_named(site, pattern, harm):
    assert broken_files(site.data) == []
    (path,) = site.data.glob(pattern)
    harm(path)
    (found,) = broken_files(site.data)
    assert path.name in found
    (error,) = errors_of(site, derived=True)[:1]
    assert str(path.relative_to(site.data)) in error or path.parent.parent.name in error


def test_an_end_without_words_and_one_with_a_traceback_are_misconduct():
    assert misconduct(Said(0, "", "")) == misconduct(Said(1, "", "error: no")) == misconduct(Said(-9, "", "")) == []
    for said in (Said(1, "", ""), Said(1, "", "Traceback (most recent call last):"), Said(3, "", "error")):
        assert len(misconduct(said)) == 1
