"""Which outcome a question gets, and what is read of an experiment."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.analysis import leaderboard
from vmevalkit.analysis.leaderboard import Cell, leaderboard_of
from vmevalkit.analysis.report import build_report
from vmevalkit.analysis.results import Outcome, last_answer, read_results, settled
from vmevalkit.dataroot import HUMAN_EVALUATION, PASS_SCORE, Evaluation, Score
from vmevalkit.errors import UnknownNameError, UsageError

EXPERIMENT = "pilot_experiment"
RULES = "RuleEvaluator"
JUDGE = "GPT4OEvaluator"


def said(verdict, rater="someone", run="1"):
    scored = isinstance(verdict, int)
    return Score(
        run_id=run,
        rater=rater,
        status="scored" if scored else verdict,
        score=verdict if scored else None,
        passed=verdict >= PASS_SCORE if scored else None,
        created_at="2025-01-15T10:00:00Z",
    )


@pytest.mark.parametrize(
    ("verdicts", "outcome", "score"),
    [
        ([], Outcome.MISSING, None),
        (["skipped"], Outcome.SKIPPED, None),
        (["error", "skipped"], Outcome.ERROR, None),
        ([5], Outcome.PASSED, 5),
        ([3], Outcome.FAILED, 3),
        ([5, "error"], Outcome.PASSED, 5),
        ([1, 4, 5], Outcome.PASSED, 4),
        ([1, 3, 5], Outcome.FAILED, 3),
        ([3, 4], Outcome.FAILED, 3),
        ([4, 5], Outcome.PASSED, 4),
    ],
)
def test_the_majority_of_the_raters_decides_and_a_tie_is_not_solved(verdicts, outcome, score):
    answer = settled([said(verdict, rater=f"rater{i}") for i, verdict in enumerate(verdicts)])
    assert (answer.outcome, answer.score) == (outcome, score)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=9))
def test_a_run_is_solved_if_and_only_if_its_score_passes(scores):
    answer = settled([said(score, rater=f"rater{i}") for i, score in enumerate(scores)])
    assert (answer.outcome is Outcome.PASSED) == (answer.score >= PASS_SCORE)


@given(st.lists(st.sampled_from([1, 2, 3, 4, 5, "error", "skipped"]), max_size=9), st.randoms(use_true_random=False))
def test_the_order_of_the_raters_does_not_matter(verdicts, rng):
    records = [said(verdict, rater=f"rater{i}") for i, verdict in enumerate(verdicts)]
    before = settled(records)
    rng.shuffle(records)
    assert settled(records) == before


def test_the_last_run_counts_whoever_has_rated_the_others():
    records = (said(5, "ann", "1"), said(5, "ben", "1"), said(1, "ann", "2"))
    evaluation = Evaluation(
        evaluator="x", version="1", experiment="e", model="m", domain="d", task_id="d_0", records=records
    )
    assert last_answer(evaluation).outcome is Outcome.FAILED


def test_what_was_read_is_what_was_written(small):
    results = read_results(small.root, EXPERIMENT)
    assert results.models == ("good", "idle", "poor")
    assert results.evaluators == (JUDGE, RULES, HUMAN_EVALUATION)
    assert results.difficulties == ("easy", "medium", "hard") * 2
    rules = results.evaluators.index(RULES)
    good, idle, poor = results.outcomes[rules]
    assert good.tolist() == [Outcome.PASSED] * 4 + [Outcome.FAILED, Outcome.PASSED]
    assert idle.tolist() == [Outcome.MISSING] * 6
    assert poor.tolist() == [
        Outcome.FAILED,
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.ERROR,
        Outcome.FAILED,
        Outcome.SKIPPED,
    ]
    assert results.scores[rules, 2].tolist() == [1, 4, 1, 0, 2, 0]
    assert len(results.ratings.score) == 6 + 4 + 6 + 3 + 6 + 5


def test_errors_and_missing_answers_are_counted_apart_and_never_as_failures(small):
    rows = {row.model: row.total for row in leaderboard_of(read_results(small.root, EXPERIMENT), RULES).rows}
    assert rows["good"] == Cell(questions=6, scored=6, passed=5)
    assert rows["poor"] == Cell(questions=6, scored=4, passed=1, errors=1, skipped=1)
    assert (rows["poor"].rate, rows["poor"].missing, rows["poor"].coverage) == (0.25, 1, 4 / 6)
    assert rows["idle"] == Cell(questions=6)
    assert (rows["idle"].rate, rows["idle"].interval, rows["idle"].missing) == (None, None, 6)


@pytest.mark.parametrize("evaluator", [RULES, JUDGE, HUMAN_EVALUATION, "nobody"])
def test_the_two_ways_to_a_leaderboard_agree(small, evaluator):
    results = read_results(small.root, EXPERIMENT, [evaluator])
    assert leaderboard_of(results, evaluator) == leaderboard(small.root, EXPERIMENT, evaluator)


def test_an_error_instead_of_a_score_changes_the_denominator_and_not_the_failures(lab):
    keys = lab.ask("maze", 10)
    lab.rate_all("model", keys, [5] * 5 + [1] * 5)
    before = leaderboard(lab.root, EXPERIMENT).rows[0].total
    lab.rate("model", keys[9], "error")
    after = leaderboard(lab.root, EXPERIMENT).rows[0].total
    assert (before.rate, after.rate) == (5 / 10, 5 / 9)
    assert after.errors == 1


def test_a_broken_evaluation_is_named_and_counts_as_an_error(small):
    path = small.root.evaluation_file(EXPERIMENT, "good", next(small.root.iter_pairs()), RULES)
    path.write_text("{")
    results = read_results(small.root, EXPERIMENT)
    assert [problem.path for problem in results.problems] == [path]
    assert results.outcomes[results.evaluators.index(RULES), 0, 0] == Outcome.ERROR
    assert results.outcomes[results.evaluators.index(JUDGE), 0, 0] == Outcome.PASSED


def test_an_evaluation_that_was_copied_to_another_model_is_not_believed(small):
    pair = next(small.root.iter_pairs())
    source = small.root.evaluation_file(EXPERIMENT, "good", pair, RULES)
    target = small.root.evaluation_file(EXPERIMENT, "idle", pair, RULES)
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())
    results = read_results(small.root, EXPERIMENT)
    assert "is by RuleEvaluator about good on chess_0000" in str(results.problems[0])
    board = leaderboard(small.root, EXPERIMENT)
    assert {row.model: row.total.passed for row in board.rows}["idle"] == 0


def test_a_broken_question_is_named_and_still_counts(small):
    pair = next(small.root.iter_pairs())
    (small.root.pair_folder(pair) / "question_metadata.json").write_text("")
    results = read_results(small.root, EXPERIMENT)
    assert results.difficulties[0] == "unknown"
    assert len(results.questions) == 6
    assert "malformed JSON" in str(results.problems[0])


def test_what_is_no_evaluation_is_left_alone(small):
    folder = small.root.evaluation_file(EXPERIMENT, "good", next(small.root.iter_pairs()), RULES).parent
    (folder / "notes.txt").write_text("x")
    (folder / "no name.json").write_text("x")
    (folder / ".Hidden.json.tmp").write_text("x")
    assert set(read_results(small.root, EXPERIMENT).evaluators) == {RULES, JUDGE, HUMAN_EVALUATION}


def test_earlier_runs_are_left_out_of_rates_and_kept_for_agreement(lab):
    (key,) = lab.ask("maze", 1)
    for run, score in (("20250101_000000", 1), ("20250102_000000", 5)):
        for evaluator in (RULES, JUDGE):
            lab.rate("model", key, score, evaluator=evaluator, run=run)
    report = build_report(lab.root, [EXPERIMENT])
    for section in report.sections:
        assert section.board.rows[0].total == Cell(questions=1, scored=1, passed=1)
        assert section.earlier_runs == 1
    assert report.agreements[0].evaluators[0].runs == 2


def test_runs_of_the_same_name_of_different_models_are_different_items(small):
    ratings = read_results(small.root, EXPERIMENT).ratings
    rules = ratings.raters.index((RULES, RULES))
    items = ratings.item[ratings.rater == rules]
    assert len(np.unique(items)) == len(items) == 10


def test_unknown_names_are_refused(small):
    with pytest.raises(UnknownNameError, match="unknown experiment: pilot"):
        build_report(small.root, ["pilot"])
    with pytest.raises(UnknownNameError, match="unknown evaluator: Rules") as refused:
        build_report(small.root, [EXPERIMENT], ["Rules"], registered=[RULES])
    assert RULES in refused.value.hint
    with pytest.raises(UnknownNameError, match="unknown model: goood"):
        build_report(small.root, [EXPERIMENT], compared=[("goood", "poor")])


def test_a_registered_evaluator_that_has_said_nothing_has_a_board_without_scores(small):
    (section,) = build_report(small.root, [EXPERIMENT], ["New"], registered=["New"]).sections
    assert all(row.total == Cell(questions=6) for row in section.board.rows)


def test_no_data_root_is_said(root):
    with pytest.raises(UsageError, match="no data root"):
        build_report(root, [EXPERIMENT])
