"""Scoring videos."""

import json
import shutil
import threading
from dataclasses import dataclass, field

import pytest

from vmevalkit.analysis import leaderboard
from vmevalkit.dataroot import (
    Evaluation,
    JudgeTrace,
    RunFailure,
    exclusive,
    load_evaluation,
    load_pair,
    load_run,
)
from vmevalkit.errors import BusyError, UnknownNameError, UsageError
from vmevalkit.evaluators import Verdict
from vmevalkit.runner.evaluation import evaluate_experiment
from vmevalkit.runner.inference import RunOptions, run_models

EXPERIMENT = "pilot_experiment"
RULES = "RuleEvaluator"


def scores(root, model):
    for pair in root.iter_pairs():
        evaluation = load_evaluation(root, EXPERIMENT, model, pair, RULES)
        yield from evaluation.records if evaluation else ()


def test_the_file_has_the_documented_fields(scored):
    pair = next(scored.iter_pairs())
    value = json.loads(scored.evaluation_file(EXPERIMENT, "oracle", pair, RULES).read_text())
    assert list(value) == ["evaluator", "version", "experiment", "model", "domain", "task_id", "records"]
    (record,) = value["records"]
    assert {"run_id", "rater", "status", "score", "passed", "explanation", "dimensions", "created_at"} <= set(record)


@pytest.mark.parametrize(
    ("model", "passed"), [("oracle", True), ("crossfade", False), ("static", False), ("wrong", False)]
)
def test_what_is_known_beforehand_is_what_is_scored(scored, model, passed):
    records = list(scores(scored, model))
    assert len(records) == 10
    assert {record.status for record in records} == {"scored"}
    assert {record.passed for record in records} == {passed}
    assert all((record.score >= 4) == passed for record in records)
    assert all(record.explanation for record in records)


def test_noise_is_an_error_and_no_zero(scored):
    for record in scores(scored, "noise"):
        assert (record.status, record.score, record.passed) == ("error", None, None)
        assert "unreadable" in record.explanation


def test_a_second_call_scores_nothing(scored):
    done = evaluate_experiment(scored, EXPERIMENT, RULES)
    assert (done.scored, done.errors, done.kept) == (0, 0, 50)


def test_a_record_of_another_rater_survives(scored):
    pair = next(scored.iter_pairs())
    path = scored.evaluation_file(EXPERIMENT, "oracle", pair, RULES)
    before = Evaluation.load(path)
    other = before.records[0].model_copy(update={"rater": "someone"})
    before.with_score(other, before.version).save(path)
    evaluate_experiment(scored, EXPERIMENT, RULES, force=True)
    assert [record.rater for record in Evaluation.load(path).records] == [RULES, "someone"]


def test_a_video_that_changed_is_scored_again(scored):
    key = next(scored.iter_runs(EXPERIMENT, "oracle"))
    run = load_run(scored, key)
    run.model_copy(update={"video_sha256": "0" * 64}).save(scored.run_folder(key) / "metadata.json")
    assert evaluate_experiment(scored, EXPERIMENT, RULES).scored == 1


def test_a_video_that_was_damaged_is_scored_again_once_it_is_whole(scored):
    video = next(scored.outputs.glob(f"{EXPERIMENT}/oracle/maze_task/*/*/video/model_output.mp4"))
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 3])
    done = evaluate_experiment(scored, EXPERIMENT, RULES, models=["oracle"], domains=["maze"], force=True)
    assert (done.scored, done.errors) == (1, 1)
    video.write_bytes(whole)
    done = evaluate_experiment(scored, EXPERIMENT, RULES, models=["oracle"], domains=["maze"])
    assert (done.scored, done.errors, done.kept) == (1, 0, 1)


@pytest.mark.parametrize("content", [b"", b"no video", None])
def test_a_video_that_cannot_be_decoded_is_an_error(scored, content):
    key = next(scored.iter_runs(EXPERIMENT, "oracle"))
    video = scored.run_folder(key) / "video" / "model_output.mp4"
    video.write_bytes(video.read_bytes()[:2000] if content is None else content)
    done = evaluate_experiment(scored, EXPERIMENT, RULES, models=["oracle"], domains=[key.domain], force=True)
    assert (done.scored, done.errors) == (1, 1)
    evaluation = load_evaluation(scored, EXPERIMENT, "oracle", key.pair, RULES)
    assert evaluation.records[0].explanation.startswith("undecodable")


def test_a_failed_run_is_skipped_and_counts_as_missing(scored):
    key = next(scored.iter_runs(EXPERIMENT, "oracle"))
    failure = RunFailure(type="ModelError", message="refused", retryable=False)
    run = load_run(scored, key).model_copy(update={"status": "failed", "error": failure, "video_sha256": None})
    run.save(scored.run_folder(key) / "metadata.json")
    assert evaluate_experiment(scored, EXPERIMENT, RULES).skipped == 1
    row = next(row for row in leaderboard(scored, EXPERIMENT).rows if row.model == "oracle")
    assert (row.total.passed, row.total.scored, row.total.missing) == (9, 9, 1)


def test_a_malformed_record_is_named_and_the_rest_goes_on(scored):
    keys = list(scored.iter_runs(EXPERIMENT, "oracle"))
    (scored.run_folder(keys[0]) / "metadata.json").write_text("{")
    done = evaluate_experiment(scored, EXPERIMENT, RULES, models=["oracle"], force=True)
    assert done.scored == 9
    assert "metadata.json: malformed JSON" in done.failures[0]
    assert done.failed == len(done.failures) == 1


def damage(root, key):
    (root.run_folder(key) / "metadata.json").write_text("{")


def filmed_twice(root, model="oracle"):
    run_models(root, EXPERIMENT, [model], RunOptions(domains=["maze"], limit=1, runs=2))
    return list(root.iter_runs(EXPERIMENT, model))


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_run_does_not_lose_the_score_of_its_sibling(dataset, damaged):
    keys = filmed_twice(dataset)
    damage(dataset, keys[damaged])
    judge = Judge(Verdict("scored", 4, "", cost_usd=0.5))
    done = evaluate_experiment(dataset, EXPERIMENT, judge)
    assert (done.scored, done.failed, done.cost_usd) == (1, 1, 0.5)
    assert "metadata.json: malformed JSON" in done.failures[0]
    (score,) = load_evaluation(dataset, EXPERIMENT, "oracle", keys[0].pair, "Judge").records
    assert score.run_id == keys[1 - damaged].run_id


def test_what_was_scored_before_the_evaluator_gave_up_is_kept(dataset):
    class Expiring(Judge):
        def evaluate(self, item):
            if self.asked:
                raise UsageError("no credit")
            return super().evaluate(item)

    keys = filmed_twice(dataset)
    with pytest.raises(UsageError, match="no credit"):
        evaluate_experiment(dataset, EXPERIMENT, Expiring(Verdict("scored", 4, "", cost_usd=0.5)))
    assert len(load_evaluation(dataset, EXPERIMENT, "oracle", keys[0].pair, "Judge").records) == 1


def test_what_an_older_version_said_never_counts_as_what_the_newer_one_says(dataset):
    keys = filmed_twice(dataset)
    evaluate_experiment(dataset, EXPERIMENT, Judge(Verdict("scored", 4, "")))
    assert evaluate_experiment(dataset, EXPERIMENT, Judge(Verdict("scored", 2, ""), version="2")).scored == 2
    evaluation = load_evaluation(dataset, EXPERIMENT, "oracle", keys[0].pair, "Judge")
    assert (evaluation.version, [score.score for score in evaluation.records]) == ("2", [2, 2])


def test_a_domain_that_is_not_there_is_refused_with_near_matches(scored):
    with pytest.raises(UnknownNameError, match="unknown domain: mazes") as caught:
        evaluate_experiment(scored, EXPERIMENT, RULES, domains=["maze", "mazes"])
    assert caught.value.hint == "did you mean maze?"


def test_a_domain_that_has_runs_and_no_more_questions_is_known(scored):
    shutil.rmtree(scored.domain_folder("maze"))
    assert evaluate_experiment(scored, EXPERIMENT, RULES, models=["oracle"], domains=["maze"]).failed == 2


def test_unknown_names_are_refused(scored):
    with pytest.raises(UnknownNameError, match="unknown evaluator: Rule"):
        evaluate_experiment(scored, EXPERIMENT, "Rule")
    with pytest.raises(UnknownNameError, match="unknown experiment: pilot"):
        evaluate_experiment(scored, "pilot", RULES)
    with pytest.raises(UnknownNameError, match="unknown model: orakel"):
        evaluate_experiment(scored, EXPERIMENT, RULES, models=["orakel"])


def test_an_empty_root_says_what_to_do(root):
    root.path.mkdir()
    with pytest.raises(UsageError, match="no experiments"):
        evaluate_experiment(root, EXPERIMENT, RULES)


def test_two_evaluations_at_once_do_not_mix(scored):
    with exclusive(scored.lock("evaluate", EXPERIMENT, RULES), "holding"), pytest.raises(BusyError):
        evaluate_experiment(scored, EXPERIMENT, RULES)


def test_the_leaderboard_ranks_by_share_of_scored_and_keeps_errors_apart(scored):
    board = leaderboard(scored, EXPERIMENT)
    totals = {row.model: row.total for row in board.rows}
    assert board.rows[0].model == "oracle"
    assert (totals["oracle"].passed, totals["oracle"].rate) == (10, 1.0)
    assert (totals["static"].passed, totals["static"].rate) == (0, 0.0)
    assert (totals["noise"].errors, totals["noise"].rate, totals["noise"].missing) == (10, None, 0)


def test_questions_that_nobody_filmed_are_missing(dataset):
    run_models(dataset, EXPERIMENT, ["oracle"], RunOptions(domains=["maze"]))
    evaluate_experiment(dataset, EXPERIMENT, RULES)
    (row,) = leaderboard(dataset, EXPERIMENT).rows
    assert (row.total.questions, row.total.passed, row.total.missing) == (10, 2, 8)


def test_a_broken_evaluation_is_named_counts_as_an_error_and_the_rest_goes_on(scored):
    pair = next(scored.iter_pairs())
    path = scored.evaluation_file(EXPERIMENT, "oracle", pair, RULES)
    path.write_text("{")
    board = leaderboard(scored, EXPERIMENT)
    row = next(row for row in board.rows if row.model == "oracle")
    assert (row.total.passed, row.total.scored, row.total.errors) == (9, 9, 1)
    assert [problem.path for problem in board.problems] == [path]


@dataclass
class Judge:
    """An evaluator that waits, says what it is told to, and remembers what it was asked."""

    verdict: Verdict
    version: str = "1"
    asked: list = field(default_factory=list)
    name = "Judge"
    description = "for tests"
    at_once = 4

    def evaluate(self, item):
        self.asked.append(item)
        return self.verdict


def test_a_judge_is_shown_the_question_with_its_frames(scored):
    judge = Judge(Verdict("scored", 4, "well done"))
    evaluate_experiment(scored, EXPERIMENT, judge, models=["oracle"], domains=["maze"])
    pair = load_pair(scored, next(scored.iter_pairs(["maze"])))
    (question,) = (item.question for item in judge.asked if item.question.task_id == pair.id)
    assert (question.task_id, question.prompt) == (pair.id, pair.prompt)
    assert (question.first_frame.name, question.final_frame.name) == ("first_frame.png", "final_frame.png")
    assert question.first_frame.is_file()
    assert question.final_frame.is_file()


def test_what_a_judge_says_of_itself_is_kept_with_the_score(scored):
    trace = JudgeTrace(model="m", prompt_sha256="0" * 64, frames=("1" * 64,), answers=('{"score": 4}',), agreement=0.5)
    judge = Judge(Verdict("scored", 4, "well done", needs_review=True, cost_usd=0.25, judge=trace))
    done = evaluate_experiment(scored, EXPERIMENT, judge, models=["oracle"])
    assert (done.scored, done.needs_review, done.cost_usd) == (10, 10, 2.5)
    (score,) = load_evaluation(scored, EXPERIMENT, "oracle", next(scored.iter_pairs()), "Judge").records
    assert (score.judge, score.cost_usd, score.needs_review) == (trace, 0.25, True)


def test_an_error_that_may_pass_is_asked_again_and_others_are_not(scored):
    evaluate_experiment(scored, EXPERIMENT, Judge(Verdict("error", None, "down", retryable=True)), models=["oracle"])
    again = Judge(Verdict("error", None, "refused"))
    evaluate_experiment(scored, EXPERIMENT, again, models=["oracle"])
    assert len(again.asked) == 10
    assert evaluate_experiment(scored, EXPERIMENT, again, models=["oracle"]).kept == 10
    assert len(again.asked) == 10


def test_another_version_of_a_judge_scores_again(scored):
    evaluate_experiment(scored, EXPERIMENT, Judge(Verdict("scored", 4, "")), models=["oracle"])
    newer = Judge(Verdict("scored", 3, ""), version="2")
    assert evaluate_experiment(scored, EXPERIMENT, newer, models=["oracle"]).scored == 10


@pytest.mark.parametrize("at_once", [1, 4, 16])
def test_only_what_is_under_way_is_paid_once_the_budget_is_spent(scored, at_once):
    full = threading.Barrier(at_once)

    class Together(Judge):
        """Answers when as many wait as can: the worst that can happen to a budget."""

        def evaluate(self, item):
            full.wait(30)
            return super().evaluate(item)

    judge = Together(Verdict("scored", 4, "", cost_usd=1.0))
    judge.at_once = at_once
    done = evaluate_experiment(scored, EXPERIMENT, judge, budget=1)
    assert (done.over_budget, done.scored, done.cost_usd) == (True, at_once, at_once)


def test_the_budget_holds_between_the_runs_of_a_question(dataset):
    filmed_twice(dataset)
    judge = Judge(Verdict("scored", 4, "", cost_usd=1.0))
    done = evaluate_experiment(dataset, EXPERIMENT, judge, budget=1)
    assert (done.over_budget, done.scored, done.kept) == (True, 1, 0)
    rest = evaluate_experiment(dataset, EXPERIMENT, judge, budget=1)
    assert (rest.over_budget, rest.scored, rest.kept) == (False, 1, 1)


def test_a_budget_that_is_spent_by_the_last_video_is_not_passed(scored):
    judge = Judge(Verdict("scored", 4, "", cost_usd=1.0))
    done = evaluate_experiment(scored, EXPERIMENT, judge, models=["oracle"], domains=["maze"], budget=1.5)
    assert (done.over_budget, done.scored, done.cost_usd) == (False, 2, 2.0)


def test_an_evaluator_that_computes_has_a_budget_too(scored):
    judge = Judge(Verdict("scored", 4, "", cost_usd=1.0))
    judge.at_once = 0
    done = evaluate_experiment(scored, EXPERIMENT, judge, budget=3)
    assert (done.over_budget, done.scored, done.cost_usd) == (True, 3, 3.0)


def test_a_judge_that_cannot_score_anything_ends_the_command(scored):
    class Locked(Judge):
        def evaluate(self, item):
            raise UsageError("no key")

    with pytest.raises(UsageError, match="no key"):
        evaluate_experiment(scored, EXPERIMENT, Locked(Verdict("error", None, "")))


def test_people_are_no_command(scored):
    with pytest.raises(UsageError, match="what people say"):
        evaluate_experiment(scored, EXPERIMENT, "human-eval")
