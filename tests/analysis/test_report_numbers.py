"""What a report says: who differs, how hard things are, how many questions are enough, who agrees."""

import subprocess
import sys

import pytest

from vmevalkit.analysis.comparison import compare
from vmevalkit.analysis.curves import convergences, difficulty_curves, score_distributions
from vmevalkit.analysis.report import build_report
from vmevalkit.analysis.results import read_results
from vmevalkit.analysis.statistics import mcnemar, questions_needed, wilson
from vmevalkit.dataroot import HUMAN_EVALUATION
from vmevalkit.errors import UnknownNameError, UsageError

EXPERIMENT = "pilot_experiment"
RULES = "RuleEvaluator"
JUDGE = "GPT4OEvaluator"


@pytest.fixture
def results(small):
    return read_results(small.root, EXPERIMENT)


def test_models_are_compared_on_the_questions_that_both_have_answered(results):
    (found,) = compare(results, RULES, [("good", "poor")])
    # The question with the error and the skipped one are not common.
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 2, 0, 1)
    assert (found.questions, found.difference) == (4, 0.5)
    assert found.p_exact == mcnemar(2, 0).exact == 0.5
    assert found.interval.low < 0.5 < found.interval.high


def test_a_comparison_turns_round_with_its_models(results):
    one, other = compare(results, RULES, [("good", "poor"), ("poor", "good")])
    assert one.difference == -other.difference
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    assert one.p_exact == other.p_exact


def test_models_without_a_common_question_are_not_compared_and_correct_nothing(results):
    found = {(c.first, c.second): c for c in compare(results, RULES)}
    assert found["good", "idle"].difference is None
    assert found["good", "poor"].p_holm == found["good", "poor"].p_exact


def test_each_comparison_is_corrected_for_all(lab):
    keys = lab.ask("maze", 12)
    lab.rate_all("best", keys, [5] * 12)
    lab.rate_all("middle", keys, [5] * 5 + [1] * 7)
    lab.rate_all("worst", keys, [1] * 12)
    found = {(c.first, c.second): c for c in compare(read_results(lab.root, EXPERIMENT), RULES)}
    assert found["best", "worst"].p_holm == pytest.approx(3 * mcnemar(12, 0).exact)
    assert found["best", "middle"].p_holm == pytest.approx(2 * mcnemar(7, 0).exact)


def test_wrong_pairs_are_refused(results):
    with pytest.raises(UnknownNameError, match="unknown model: nobody"):
        compare(results, RULES, [("good", "nobody")])
    with pytest.raises(UsageError, match="itself"):
        compare(results, RULES, [("good", "good")])


def test_difficulties_go_from_easy_to_hard_and_then_by_name(lab):
    keys = lab.ask("maze", 5, difficulties=("hard", "zen", "easy", "medium", "baffling"))
    lab.rate_all("model", keys, [1, 1, 5, "error", None])
    (curve,) = difficulty_curves(read_results(lab.root, EXPERIMENT), RULES)
    assert [name for name, _ in curve.points] == ["easy", "medium", "hard", "baffling", "zen"]
    assert [(cell.passed, cell.scored, cell.errors) for _, cell in curve.points] == [
        (1, 1, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 0, 0),
        (0, 1, 0),
    ]


def test_scores_are_counted_and_what_has_none_is_not_zero(results):
    good, idle, poor = score_distributions(results, RULES)
    assert (good.counts, good.mean) == ((0, 1, 0, 1, 4), 26 / 6)
    assert (idle.counts, idle.mean, idle.interval) == ((0, 0, 0, 0, 0), None, None)
    assert (poor.counts, poor.mean) == ((2, 1, 0, 1, 0), 2.0)


def test_the_rate_settles_as_questions_are_added(lab):
    keys = lab.ask("maze", 60)
    lab.rate_all("model", keys, [5, 1, 1] * 20)
    (curve,) = convergences(read_results(lab.root, EXPERIMENT), RULES)
    first, last = curve.points[0], curve.points[-1]
    assert (first.questions, first.low, first.high) == (1, 0.0, 1.0)
    assert (last.questions, last.low, last.high) == (60, 1 / 3, 1 / 3)
    assert last.interval == wilson(20, 60)
    widths = [point.interval.half_width for point in curve.points]
    assert widths == sorted(widths, reverse=True)
    assert curve.needed == questions_needed(1 / 3, 0.05)


def test_a_model_without_scores_settles_nowhere(results):
    idle = convergences(results, RULES)[1]
    assert (idle.rate, idle.points, idle.needed) == (None, (), None)


def test_evaluators_are_compared_on_the_runs_that_both_have_scored(small):
    (agreement,) = build_report(small.root, [EXPERIMENT]).agreements
    pairs = {(pair.first, pair.second): pair for pair in agreement.evaluators}
    pair = pairs[RULES, JUDGE]
    assert pair.runs == 9
    assert pair.same_verdict.value == pytest.approx(8 / 9)
    # By hand: eight of nine agree; chance (6/9)(5/9) + (3/9)(4/9).
    assert pair.kappa.value == pytest.approx((8 / 9 - 42 / 81) / (1 - 42 / 81))
    assert sum(map(sum, pair.confusion)) == 9
    assert pair.confusion[4] == (0, 0, 1, 1, 2)


def test_several_raters_are_compared_with_each_other_and_count_as_one_voice_outside(small):
    (agreement,) = build_report(small.root, [EXPERIMENT]).agreements
    (raters,) = agreement.raters
    assert (raters.evaluator, raters.raters, raters.runs) == (HUMAN_EVALUATION, ("ann", "ben"), 5)
    (pair,) = raters.pairs
    assert pair.same_verdict.value == pytest.approx(4 / 5)
    voices = {(pair.first, pair.second): pair for pair in agreement.evaluators}
    assert voices[RULES, HUMAN_EVALUATION].runs == 6
    # The rules give 5 5 4 5 2 5; the lower of ann's and ben's scores is 5 4 3 5 1 5.
    assert voices[RULES, HUMAN_EVALUATION].confusion[4] == (0, 0, 0, 1, 3)


def test_one_evaluator_with_one_voice_has_nobody_to_agree_with(lab):
    lab.rate_all("model", lab.ask("maze", 2), [5, 1])
    assert build_report(lab.root, [EXPERIMENT]).agreements == ()


def test_the_rules_come_first_and_several_experiments_follow_each_other(small):
    keys = list(small.root.iter_pairs())
    small.rate_all("good", keys, [1] * 6, experiment="second")
    sections = build_report(small.root, [EXPERIMENT, "second"]).sections
    assert [(s.board.experiment, s.board.evaluator) for s in sections] == [
        (EXPERIMENT, RULES),
        (EXPERIMENT, JUDGE),
        (EXPERIMENT, HUMAN_EVALUATION),
        ("second", RULES),
    ]


def test_every_part_has_the_models_in_the_order_of_the_board(small):
    for section in build_report(small.root, [EXPERIMENT]).sections:
        order = [row.model for row in section.board.rows]
        assert [curve.model for curve in section.difficulties] == order
        assert [scores.model for scores in section.scores] == order
        assert [curve.model for curve in section.convergences] == order


def test_scores_of_several_versions_are_told(lab):
    keys = lab.ask("maze", 2)
    lab.rate("model", keys[0], 5, version="1")
    lab.rate("model", keys[1], 5, version="2")
    (section,) = build_report(lab.root, [EXPERIMENT]).sections
    assert section.versions == ("1", "2")


def test_every_process_says_the_same(small):
    code = (
        "import json, sys; from pathlib import Path\n"
        "from vmevalkit.analysis.renderers import json_value; from vmevalkit.analysis.report import build_report\n"
        "from vmevalkit.dataroot import DataRoot\n"
        "print(json.dumps(json_value(build_report(DataRoot(Path(sys.argv[1])), ['pilot_experiment']))))"
    )
    command = [sys.executable, "-c", code, small.root.path]
    seen = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("0", "4711")
    }
    assert len(seen) == 1
