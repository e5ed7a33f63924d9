"""What the API says about experiments, models, domains, questions, agreement and itself."""

import json
from typing import Any

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient

from vmevalkit import __version__
from vmevalkit.analysis.statistics import wilson
from vmevalkit.dataroot import METADATA_NAME, DataRoot, PairKey


def get(client: httpx.Client, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_experiments_are_listed_in_numbers(client: httpx.Client) -> None:
    body = get(client, "/api/experiments")
    assert body["default"] == EXPERIMENT
    first, second = body["experiments"]
    assert (first["name"], first["models"], first["runs"], first["failed"]) == (EXPERIMENT, 5, 25, 1)
    assert (second["name"], second["runs"]) == ("second", 1)


def test_models_are_listed_for_one_experiment_or_all(client: httpx.Client) -> None:
    everywhere = [(m["experiment"], m["model"]) for m in get(client, "/api/models")["models"]]
    assert ("second", "oracle") in everywhere
    assert (EXPERIMENT, "oracle") in everywhere
    [model] = get(client, "/api/models?experiment=second")["models"]
    assert (model["questions"], model["unscored"], model["domains"]) == (1, 1, ["maze"])


def test_domains_are_listed_with_their_questions(client: httpx.Client) -> None:
    body = get(client, "/api/domains")
    assert body == {
        "domains": [{"domain": "chess", "questions": 3}, {"domain": "maze", "questions": 3}],
        "difficulties": ["easy"],
    }


def test_the_leaderboard_counts_what_each_model_solved(client: httpx.Client) -> None:
    body = get(client, "/api/leaderboard")
    assert (body["experiment"], body["evaluator"], body["domains"]) == (EXPERIMENT, "RuleEvaluator", ["chess", "maze"])
    totals = {row["model"]: row["total"] for row in body["models"]}
    assert next(iter(totals)) == "oracle"
    interval = wilson(6, 6)
    assert interval is not None
    assert totals["oracle"] == {
        "questions": 6,
        "scored": 6,
        "passed": 6,
        "errors": 0,
        "unscored": 0,
        "missing": 0,
        "rate": 1.0,
        "interval": {"low": interval.low, "high": interval.high},
        "coverage": 1.0,
    }
    counts = {model: [cell[k] for k in ("scored", "errors", "unscored", "missing")] for model, cell in totals.items()}
    assert counts == {
        "oracle": [6, 0, 0, 0],
        "wrong": [6, 0, 0, 0],
        "noise": [0, 6, 0, 0],
        "static": [0, 1, 5, 0],
        "lazy": [0, 0, 1, 5],
    }
    assert (totals["noise"]["rate"], totals["noise"]["interval"], totals["noise"]["coverage"]) == (None, None, 0.0)


def test_the_totals_of_the_leaderboard_are_the_sums_of_its_domains(client: httpx.Client) -> None:
    for row in get(client, "/api/leaderboard")["models"]:
        for name in ("questions", "scored", "passed", "errors", "unscored", "missing"):
            assert row["total"][name] == sum(cell[name] for cell in row["domains"].values())


def test_a_comparison_counts_and_lists_where_two_models_differ(client: httpx.Client) -> None:
    body = get(client, "/api/compare?first=oracle&second=wrong&limit=4")
    total = body["total"]
    assert [total[k] for k in ("both", "only_first", "only_second", "neither", "difference")] == [0, 6, 0, 0, 1.0]
    assert 0 < total["p_value"] < 0.05
    assert total["interval"]["low"] < 1 == total["interval"]["high"]
    more = get(client, f"/api/compare?first=oracle&second=wrong&limit=4&cursor={body['next_cursor']}")
    found = [q["task_id"] for q in (*body["questions"], *more["questions"])]
    assert found == [f"{domain}_{n:04d}" for domain in ("chess", "maze") for n in range(3)]
    assert (more["questions"][0]["first"]["outcome"], more["questions"][0]["second"]["outcome"]) == ("passed", "failed")
    assert get(client, "/api/compare?first=oracle&second=wrong&kind=both&domain=maze_task")["questions"] == []


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("/api/leaderboard?experiment=pilot_experimnt", f"did you mean {EXPERIMENT}?"),
        ("/api/leaderboard?evaluator=RuleEvaluater", "did you mean RuleEvaluator?"),
        ("/api/models?experiment=secnd", "did you mean second?"),
        ("/api/agreement?experiment=secnd", "did you mean second?"),
        ("/api/compare?first=orakle&second=wrong", "did you mean oracle?"),
        ("/api/compare?first=oracle&second=wrong&second_experiment=secnd", "did you mean second?"),
        ("/api/questions/maze/maze_0009", "GET /api/questions lists those that there are"),
    ],
)
def test_an_unknown_name_is_not_found_and_near_ones_are_told(client: httpx.Client, address: str, hint: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["error"]["hint"] == hint


@pytest.mark.parametrize(
    "address",
    [
        "/api/compare",
        "/api/compare?first=oracle",
        "/api/compare?first=oracle&second=wrong&kind=some",
        "/api/questions?limit=0",
        "/api/search?limit=51",
        "/api/search?q=" + "x" * 201,
        "/api/problems?limit=many",
        "/api/versions?remote=perhaps",
        "/api/leaderboard?order=asc",
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_parameter"


def test_questions_are_filtered_and_paged(client: httpx.Client) -> None:
    first = get(client, "/api/questions?domain=maze&limit=2")
    assert [q["task_id"] for q in first["questions"]] == ["maze_0000", "maze_0001"]
    assert first["total"] == 3
    second = get(client, f"/api/questions?domain=maze&limit=2&cursor={first['next_cursor']}")
    assert [q["task_id"] for q in second["questions"]] == ["maze_0002"]
    back = get(client, f"/api/questions?domain=maze&limit=2&before={second['previous_cursor']}")
    assert back["questions"] == first["questions"]
    assert get(client, "/api/questions?q=corner+chess_0001")["total"] == 1


def test_one_question_is_returned_with_what_its_domain_knows(client: httpx.Client) -> None:
    question = get(client, "/api/questions/maze_task/maze_0000")
    assert question["metadata"]["seed"] == 42
    assert question["previous"] == {"domain": "chess", "task_id": "chess_0002"}
    assert question["next"] == {"domain": "maze", "task_id": "maze_0001"}
    for name in ("first_frame_url", "final_frame_url", "ground_truth_url"):
        assert client.get(question[name]).status_code == 200


def test_a_question_that_cannot_be_read_says_why(own_root: DataRoot, own_client: TestClient) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    (own_root.pair_folder(key) / METADATA_NAME).write_text('{"id": ')
    [question] = get(own_client, "/api/questions")["questions"]
    assert question["problem"].startswith("malformed JSON")
    assert get(own_client, "/api/questions/maze/maze_0000")["metadata"] == {}
    body = get(own_client, "/api/problems")
    assert [(p["path"], p["reason"][:14]) for p in body["problems"]] == [
        (f"questions/maze_task/maze_0000/{METADATA_NAME}", "malformed JSON")
    ]
    assert (body["total"], get(own_client, "/api/health")["problems"]) == (1, 1)


@pytest.mark.parametrize(
    "metadata",
    [
        '{"value": NaN, "list": [Infinity]}',
        '{"text": "\\ud800", "\\udc00": 1}',
        '{"deep": ' + "[" * 200 + "]" * 200 + "}",
        '{"number": 1' + "0" * 400 + "}",
    ],
)
def test_any_metadata_can_be_sent(own_root: DataRoot, own_client: TestClient, metadata: str) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    path = own_root.pair_folder(key) / METADATA_NAME
    value = json.loads(path.read_text())
    path.write_text(json.dumps(value | {"metadata": 0}).replace('"metadata": 0', f'"metadata": {metadata}'))
    assert set(get(own_client, "/api/questions/maze/maze_0000")["metadata"]) != {"generator", "seed", "solution"}


def test_a_number_too_long_to_read_is_a_problem_of_its_file(own_root: DataRoot, own_client: TestClient) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="running")
    add_score(own_root, key, 5)
    path = own_root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator")
    path.write_text(path.read_text().replace('"score": 5', '"score": 1' + "0" * 5000))
    [run] = get(own_client, "/api/results")["results"]
    assert run["outcome"] == "error"
    assert "RuleEvaluator.json: malformed JSON" in run["evaluations"][0]["explanation"]


def test_agreement_is_between_evaluators_and_between_raters(own_root: DataRoot, own_client: TestClient) -> None:
    for number, (rule, ada, bob) in enumerate([(5, 5, 4), (1, 2, 1), (5, 4, 4), (2, 1, 5)]):
        key = run_of("oracle", f"maze_{number:04d}")
        add_run(own_root, key, status="running")
        add_score(own_root, key, rule)
        add_score(own_root, key, ada, evaluator="human-eval", rater="ada")
        add_score(own_root, key, bob, evaluator="human-eval", rater="bob")
    alone = run_of("oracle", "maze_0004")
    add_run(own_root, alone, status="running")
    add_score(own_root, alone, 5)
    body = get(own_client, "/api/agreement")
    assert (body["experiment"], body["runs_read"], body["is_complete"]) == (EXPERIMENT, 4, True)
    [between] = body["evaluators"]
    assert (between["first"], between["second"], between["runs"]) == ("RuleEvaluator", "human-eval", 4)
    assert (between["same_verdict"]["value"], between["kappa"]["value"]) == (1.0, 1.0)
    [raters] = body["raters"]
    assert (raters["evaluator"], raters["raters"]) == ("human-eval", ["ada", "bob"])
    assert (raters["alpha"]["items"], raters["pairs"][0]["same_verdict"]["value"]) == (4, 0.75)


def test_without_two_words_on_a_run_there_is_no_agreement(client: httpx.Client) -> None:
    body = get(client, "/api/agreement")
    assert (body["runs_read"], body["is_complete"], body["evaluators"], body["raters"]) == (0, True, [], [])


def test_a_search_finds_names_and_prompts_and_leads_to_their_pages(client: httpx.Client) -> None:
    hits = {(hit["kind"], hit["name"]): hit for hit in get(client, "/api/search?q=maze")["hits"]}
    assert hits["domain", "maze"]["url"] == "/browse?domain=maze"
    assert hits["question", "maze_0001"]["url"] == "/question/maze/maze_0001"
    assert hits["question", "maze_0001"]["detail"] == "Move the dot of maze_0001 to the lower right corner."
    assert get(client, "/api/search?q=pilot")["hits"][0]["url"] == f"/?experiment={EXPERIMENT}"
    assert len(get(client, "/api/search?q=dot&limit=2")["hits"]) == 2
    for query in ("", "q=", "q=%20", "q=%00", "q=%22%27*", "q=%ff%fe", "q=zzz"):
        assert get(client, f"/api/search?{query}")["hits"] == []


def test_health_tells_the_version_and_how_the_index_is(client: httpx.Client) -> None:
    body = get(client, "/api/health")
    assert (body["status"], body["version"], body["problems"]) == ("ok", __version__, 0)
    assert body["index"]["is_building"] is False
    assert body["index"]["refreshed_at"].endswith("Z")
    assert body["index"]["changes"] > 0
