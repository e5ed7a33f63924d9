"""``vmevalkit report`` as a user meets it."""

import csv
import io
import json

import pytest

from vmevalkit.cli import main
from vmevalkit.dataroot import PASS_SCORE, Evaluation, Pair, PairKey, Score

EXPERIMENT = "pilot_experiment"
RULES = "RuleEvaluator"
CREATED = "2025-01-15T10:00:00Z"
SCORES = {"good": [5, 5, 4, 1], "poor": [1, 4, None, 1]}


@pytest.fixture
def data_dir(root):
    """Two models on four questions; one evaluation is an error."""
    for i in range(4):
        key = PairKey("maze", f"maze_{i:04d}")
        Pair(
            id=key.task_id,
            domain="maze",
            difficulty=("easy", "hard")[i % 2],
            first_image_path="first_frame.png",
            final_image_path="final_frame.png",
            prompt="Solve it.",
            created_at=CREATED,
        ).save(root.pair_folder(key) / "question_metadata.json")
        for model, scores in SCORES.items():
            (root.outputs / EXPERIMENT / model).mkdir(parents=True, exist_ok=True)
            for evaluator in (RULES, "GPT4OEvaluator"):
                write(root, model, key, scores[i], evaluator)
    return root.path


def write(root, model, key, score, evaluator):
    record = Score(
        run_id="20250115_100000",
        rater=evaluator,
        status="error" if score is None else "scored",
        score=score,
        passed=None if score is None else score >= PASS_SCORE,
        created_at=CREATED,
    )
    Evaluation(
        evaluator=evaluator,
        version="1",
        experiment=EXPERIMENT,
        model=model,
        domain=key.domain,
        task_id=key.task_id,
        records=(record,),
    ).save(root.evaluation_file(EXPERIMENT, model, key, evaluator))


@pytest.fixture
def report(data_dir, capsys):
    def call(*arguments, status=0):
        assert main(["report", "--data-dir", str(data_dir), *map(str, arguments)]) == status
        return capsys.readouterr()

    return call


def test_the_terminal_gets_a_leaderboard_per_evaluator(report):
    seen = report()
    assert seen.err == ""
    assert seen.out.count("scored by") == 2
    assert "3 of 4" in seen.out
    assert "1 of 3" in seen.out
    assert "Models compared" not in seen.out


def test_full_shows_everything(report):
    seen = report("--full", "--evaluator", RULES)
    assert seen.out.count("scored by GPT4OEvaluator") == 0
    for title in ("Models compared", "Difficulty", "Scores", "Sample size"):
        assert title in seen.out


def test_compare_shows_those_two_models(report):
    seen = report("--compare", "good,poor", "--json")
    value = json.loads(seen.out)
    (comparison,) = value["comparisons"]
    assert (comparison["first"], comparison["second"], comparison["questions"]) == ("good", "poor", 3)
    assert "Models compared" in report("--compare", "good,poor").out


def test_json_and_the_json_format_are_the_same(report):
    assert report("--json").out == report("--format", "json").out


def test_json_keeps_the_keys_of_a_leaderboard(report):
    value = json.loads(report("--json", "--evaluator", RULES).out)
    assert (value["experiment"], value["evaluator"]) == (EXPERIMENT, RULES)
    totals = {row["model"]: row["total"] for row in value["models"]}
    assert (totals["poor"]["passed"], totals["poor"]["scored"], totals["poor"]["errors"]) == (1, 3, 1)
    assert totals["good"]["rate"] == 0.75


def test_a_report_goes_to_a_file(report, tmp_path):
    for form in ("text", "md", "html", "csv", "json"):
        seen = report("--format", form, "--output", tmp_path / "new" / f"report.{form}")
        assert seen.out == ""
        assert seen.err == f"written: {tmp_path}/new/report.{form}\n"
    assert len(list(csv.DictReader(io.StringIO((tmp_path / "new/report.csv").read_text())))) == 4
    assert (tmp_path / "new/report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "new/report.md").read_text().startswith("## pilot_experiment")
    json.loads((tmp_path / "new/report.json").read_text())


def test_what_is_printed_is_what_is_written(report, tmp_path):
    report("--format", "md", "--output", tmp_path / "report.md")
    assert report("--format", "md").out == (tmp_path / "report.md").read_text()


def test_figures_are_written_in_both_forms_and_markdown_points_to_them(report, tmp_path):
    seen = report(
        "--format",
        "md",
        "--output",
        tmp_path / "text/report.md",
        "--figures",
        tmp_path / "figures",
        "--evaluator",
        RULES,
    )
    names = ("rates", "domains", "difficulty", "scores", "comparison", "sample-size")
    written = {path.relative_to(tmp_path / "figures").as_posix() for path in (tmp_path / "figures").rglob("*.*")}
    assert written == {f"{EXPERIMENT}/{RULES}/{name}.{ending}" for name in names for ending in ("png", "svg")}
    assert f"](../figures/{EXPERIMENT}/{RULES}/rates.svg)" in (tmp_path / "text/report.md").read_text()
    assert "written: 6 figures" in seen.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment", "pilot_experimemt"], "error: unknown experiment: pilot_experimemt\nhint: did you mean pilot"),
        (["--evaluator", "RuleEvaluater"], "error: unknown evaluator: RuleEvaluater\nhint: did you mean RuleEvaluator"),
        (["--compare", "good,pour"], "error: unknown model: pour\nhint: did you mean poor"),
        (["--compare", "good"], "error: --compare takes two models, not 'good'"),
        (["--compare", "good,good"], "error: --compare takes two models, not 'good,good'"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_near_match(report, arguments, message):
    seen = report(*arguments, status=2)
    assert seen.out == ""
    assert seen.err.startswith(message)


def test_people_and_evaluators_without_a_score_may_be_asked_for(report):
    assert report("--evaluator", RULES).out.count("scored by") == 1


def test_a_broken_evaluation_is_named_and_the_rest_goes_on(report, root):
    path = root.evaluation_file(EXPERIMENT, "good", PairKey("maze", "maze_0000"), RULES)
    path.write_text("{")
    seen = report(status=1)
    assert seen.err.startswith(f"error: {path}: malformed JSON")
    assert "2 of 3" in seen.out


def test_an_experiment_that_nobody_has_scored_is_all_missing(report, root):
    (root.outputs / "second" / "good").mkdir(parents=True)
    (row,) = json.loads(report("--experiment", "second", "--json").out)["models"]
    assert (row["total"]["missing"], row["total"]["rate"]) == (4, None)
