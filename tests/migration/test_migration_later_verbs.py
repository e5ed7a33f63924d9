"""What was migrated works in every later verb, although nobody here knows its domains."""

import json

import pytest
from fastapi.testclient import TestClient
from support.folders import hashes
from support.layouts import TREES, picture, put

from vmevalkit.catalog import Catalog
from vmevalkit.cli import main
from vmevalkit.dataroot import PairKey, RunKey, load_evaluation, load_run
from vmevalkit.evaluators import Verdict
from vmevalkit.migration import migrate
from vmevalkit.runner.evaluation import evaluate_experiment
from vmevalkit.runner.inference import RunOptions, run_models
from vmevalkit.runner.rating import RatingStudy
from vmevalkit.web import DashboardConfig, create_app


class Judge:
    """An evaluator that says 4 to everything that it is shown in full."""

    name, version, description, at_once = "Judge", "1", "says 4", 1

    def evaluate(self, item):
        assert item.question.first_frame.is_file()
        assert item.question.final_frame.is_file()
        assert item.video.is_file()
        return Verdict("scored", 4, f"about {item.question.prompt}")


@pytest.fixture
def migrated(root, tmp_path):
    made = TREES["vbvr"](tmp_path / "source", 2)
    migrate(tmp_path / "source", root)
    return root, made


def test_run_evaluate_rate_report_and_index_take_a_foreign_domain(migrated, capsys):
    root, made = migrated
    done = run_models(root, "migrated", ["static", "crossfade"], RunOptions())
    assert (done.succeeded, done.failed) == (4, 0)
    rules = evaluate_experiment(root, "migrated", "RuleEvaluator")
    assert (rules.scored, rules.skipped, rules.errors, rules.failures) == (0, 6, 0, ())
    key = RunKey(*min(made.videos))
    (record,) = load_evaluation(root, key.experiment, key.model, key.pair, "RuleEvaluator").records
    assert (record.status, record.explanation) == ("skipped", "the question's domain has no rules")
    judged = evaluate_experiment(root, "migrated", Judge())
    assert (judged.scored, judged.passed, judged.failures) == (6, 6, ())
    with RatingStudy(root, "migrated") as study:
        turn = study.next("Ada")
        study.score("Ada", turn.items[0].item, 5)
    for command in (["report", "--experiment", "migrated"], ["index"], ["validate"]):
        assert main([*command, "--data-dir", str(root.path)]) == 0
    shown = capsys.readouterr().out
    assert "shape_scaling" in shown
    assert "wan-2.2" in shown


def test_the_dashboard_shows_the_questions_videos_and_scores(migrated):
    root, made = migrated
    evaluate_experiment(root, "migrated", Judge())
    client = TestClient(create_app(DashboardConfig(root)), base_url="http://127.0.0.1")
    for (domain, name), prompt in made.prompts.items():
        page = client.get(f"/question/{domain}/{name}")
        assert page.status_code == 200
        assert prompt in page.text
        assert "model_output.mp4" in page.text
        assert f"about {prompt}" in page.text
    for page in ("/", "/browse", "/compare", "/data", "/search?q=scale", "/score", "/versions"):
        assert client.get(page).status_code == 200, page
    results = client.get("/api/results", params={"domain": "shape_scaling"}).json()
    assert results["total"] == 1
    (result,) = results["results"]
    video = client.get(result["video_url"])
    assert video.status_code == 200
    assert video.content == made.videos["migrated", "wan-2.2", "shape_scaling", "shape_scaling_00000000", "migrated"]


def test_it_is_pushed_and_comes_back_bit_by_bit(migrated, tmp_path):
    root, _ = migrated
    remote, back = f"file://{tmp_path}/remote", tmp_path / "back"
    (tmp_path / "remote").mkdir()
    assert main(["push", "--data-dir", str(root.path), "--remote", remote]) == 0
    assert main(["pull", "--to", str(back), "--remote", remote]) == 0
    assert hashes(back) == hashes(root.path)


def test_odd_sizes_and_transparency_can_be_filmed_and_scored(root, tmp_path):
    made = TREES["vmevalkit"](tmp_path / "source", 2)
    migrate(tmp_path / "source", root)
    done = run_models(root, "pilot_experiment", ["static", "crossfade"], RunOptions())
    assert (done.succeeded, done.failed) == (2 * len(made.questions), 0)
    run = load_run(root, next(root.iter_runs("pilot_experiment", "static")))
    assert (run.video.width, run.video.height) == (72, 54)
    assert evaluate_experiment(root, "pilot_experiment", Judge()).scored == 4 * len(made.questions)


def test_scores_of_an_older_tree_are_in_the_index_and_in_the_report(root, tmp_path, capsys):
    TREES["vmevalkit"](tmp_path / "source", 4)
    migrate(tmp_path / "source", root)
    Catalog(root).refresh()
    assert main(["report", "--data-dir", str(root.path)]) == 0
    shown = capsys.readouterr().out
    assert "scored by gpt4o-eval" in shown
    assert "scored by human-eval" in shown


def test_a_question_of_a_known_domain_that_says_something_else_of_its_puzzle_has_no_rules(root, tmp_path):
    record = {"id": "maze_0000", "domain": "maze", "prompt": "p", "first_image": "a.png", "final_image": "b.png"}
    put(tmp_path / "source/maze.json", {**record, "metadata": {"grid": [[0, 1], [1, 0]]}})
    for number, name in enumerate(("a", "b")):
        put(tmp_path / f"source/{name}.png", picture(number, size=(64, 64)))
    assert migrate(tmp_path / "source", root).problems == ()
    run_models(root, "pilot", ["static"], RunOptions())
    assert evaluate_experiment(root, "pilot", "RuleEvaluator").skipped == 1
    evaluation = load_evaluation(root, "pilot", "static", PairKey("maze", "maze_0000"), "RuleEvaluator")
    assert evaluation.records[0].explanation == "the question's domain has no rules"


def test_the_command_plans_first_and_says_what_it_did(root, tmp_path, capsys):
    TREES["vbvr"](tmp_path / "source", 2)
    command = ["migrate", str(tmp_path / "source"), "--data-dir", str(root.path)]
    assert main(command) == 0
    assert "Nothing was done: --yes does it." in capsys.readouterr().out
    assert not root.path.exists()
    assert main([*command, "--yes", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["done"], done["layout"], done["problems"]) == (True, "vbvr", [])
    assert done["questions"] == [
        {"domain": "shape_scaling", "new": 1, "there": 0, "conflicts": 0},
        {"domain": "sliding", "new": 1, "there": 0, "conflicts": 0},
    ]
    assert main([*command, "--yes"]) == 0
    assert "Nothing left to bring along." in capsys.readouterr().out


def test_the_command_names_what_it_does_not_understand_and_exits_with_1(root, tmp_path, capsys):
    put(tmp_path / "source/a.json", "{")
    assert main(["migrate", str(tmp_path / "source"), "--data-dir", str(root.path)]) == 1
    assert "not understood: a.json: malformed JSON" in capsys.readouterr().err


def test_the_command_without_a_source_looks_for_old_structure(root, capsys):
    assert main(["migrate", "--data-dir", str(root.path)]) == 2
    assert "old_structure" in capsys.readouterr().err
    TREES["json"](root.path / "old_structure", 2)
    assert main(["migrate", "--data-dir", str(root.path), "--yes"]) == 0
