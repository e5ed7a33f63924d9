"""What ``/api/results`` says."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from dashboard_data import EXPERIMENT, RUN_ID, add_question, add_run, add_score, run_of

from vmevalkit.dataroot import DataRoot, PairKey, RunKey


def results(client: httpx.Client, **query: str | int) -> list[dict[str, Any]]:
    answer = client.get("/api/results", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def names(found: list[dict[str, Any]], field: str) -> set[str]:
    return {result[field] for result in found}


def pages(client: httpx.Client, **query: str | int) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        body = client.get("/api/results", params={**query, "cursor": cursor}).json()
        yield body
        cursor = body["next_cursor"]
        if cursor is None:
            return


def test_a_result_holds_all_that_is_known_about_a_run(client: httpx.Client) -> None:
    [result] = results(client, model="wrong", task_id="maze_0001")
    assert result == {
        "experiment": EXPERIMENT,
        "model": "wrong",
        "domain": "maze",
        "task_id": "maze_0001",
        "run_id": RUN_ID,
        "status": "succeeded",
        "outcome": "failed",
        "score": 2.0,
        "raters": 1,
        "needs_review": False,
        "is_last": True,
        "prompt": "Move the dot of maze_0001 to the lower right corner.",
        "created_at": "2025-01-15T10:30:00.000000Z",
        "difficulty": "easy",
        "model_version": "1",
        "duration_seconds": 1.5,
        "cost_usd": None,
        "video": {"width": 96, "height": 96, "fps": 8.0, "frames": 16, "duration": 2.0},
        "error": None,
        "video_url": f"/media/video/wrong/maze/maze_0001/{RUN_ID}/model_output.mp4?experiment={EXPERIMENT}",
        "poster_url": f"/media/poster/{EXPERIMENT}/wrong/maze/maze_0001/{RUN_ID}.jpg",
        "first_frame_url": "/media/question/maze/maze_0001/first_frame.png",
        "final_frame_url": "/media/question/maze/maze_0001/final_frame.png",
        "evaluations": [
            {
                "evaluator": "RuleEvaluator",
                "rater": "RuleEvaluator",
                "status": "scored",
                "score": 2,
                "passed": False,
                "explanation": "The dot is in the centre, not in the corner.",
                "dimensions": {},
                "created_at": "2025-01-15T10:30:00.000000Z",
                "needs_review": False,
            }
        ],
    }


@pytest.mark.parametrize("field", ["video_url", "first_frame_url", "final_frame_url"])
def test_the_addresses_in_a_result_lead_to_the_files(client: httpx.Client, field: str) -> None:
    [result] = results(client, model="oracle", task_id="chess_0001")
    assert client.get(result[field]).status_code == 200


def test_without_filters_all_runs_of_all_experiments_are_there(client: httpx.Client) -> None:
    found = results(client)
    assert len(found) == 26
    assert names(found, "experiment") == {EXPERIMENT, "second"}


def test_results_are_sorted_by_experiment_model_domain_task_and_run(client: httpx.Client) -> None:
    keys = [tuple(r[f] for f in ("experiment", "model", "domain", "task_id", "run_id")) for r in results(client)]
    assert all(a < b for a, b in pairwise(keys))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"experiment": "second"}, 1),
        ({"model": "oracle"}, 7),
        ({"domain": "chess"}, 13),
        ({"domain": "chess_task"}, 13),
        ({"task_id": "maze_0001"}, 5),
        ({"status": "failed"}, 1),
        ({"outcome": "passed"}, 6),
        ({"outcome": "error"}, 7),
        ({"outcome": "unscored", "experiment": EXPERIMENT}, 6),
        ({"model": "oracle", "domain": "maze", "experiment": EXPERIMENT}, 3),
        ({"model": "", "domain": "", "status": "", "outcome": "", "evaluator": "", "cursor": ""}, 26),
        ({"model": "nobody"}, 0),
        ({"experiment": "nothing"}, 0),
    ],
)
def test_filters_narrow_the_results_and_total_counts_them(
    client: httpx.Client, query: dict[str, str], count: int
) -> None:
    body = client.get("/api/results", params=query).json()
    assert (len(body["results"]), body["total"], body["next_cursor"]) == (count, count, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("experiment", "second"),
        ("model", "wrong"),
        ("task_id", "maze_0001"),
        ("status", "failed"),
        ("outcome", "error"),
    ],
)
def test_a_filter_leaves_only_what_it_names(client: httpx.Client, field: str, value: str) -> None:
    assert names(results(client, **{field: value}), field) == {value}


@pytest.mark.parametrize("limit", [1, 5, 13, 25, 26])
@pytest.mark.parametrize("query", [{}, {"outcome": "failed"}, {"domain": "maze", "model": "oracle"}])
def test_pages_together_hold_each_result_once(client: httpx.Client, limit: int, query: dict[str, str]) -> None:
    whole = results(client, **query)
    read = list(pages(client, limit=limit, **query))
    assert [result for page in read for result in page["results"]] == whole
    assert {page["total"] for page in read} == {len(whole)}
    assert all(len(page["results"]) <= limit for page in read)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=-1", 422),
        ("limit=1001", 422),
        ("limit=many", 422),
        ("limit=99999999999999999999999", 422),
        ("status=nonsense", 422),
        ("outcome=nonsense", 422),
        ("sort=nonsense", 422),
        ("order=up", 422),
        ("evaluations=some", 422),
        ("needs_review=perhaps", 422),
        ("score_from=nan", 422),
        ("score_from=1e999", 422),
        ("score_to=6", 422),
        ("score_to=high", 422),
        ("since=yesterday", 422),
        ("since=2025-13", 422),
        ("until=2025-01-15T25:00", 422),
        ("until=2025-01-15T10:00%00", 422),
        ("q=" + "x" * 201, 422),
        ("cursor=" + "x" * 2001, 422),
        ("modle=oracle", 422),
        ("cursor=nonsense", 400),
        ("cursor=a/b/c/d", 400),
        ("cursor=a/b/c/d/..", 400),
        ("cursor=a/b/c/d/e/f", 400),
        ("model=a/b", 400),
        ("model=..", 400),
        ("experiment=%00", 400),
        ("task_id=..%2Fetc", 400),
        ("domain=%5C", 400),
        ("evaluator=a%2Fb", 400),
        ("model=" + "x" * 129, 400),
    ],
)
def test_a_malformed_query_is_refused_in_the_error_shape(client: httpx.Client, query: str, status: int) -> None:
    answer = client.get(f"/api/results?{query}")
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    assert error["code"] in {"bad_request", "invalid_parameter"}
    assert query.partition("=")[0] in error["message"]


def test_a_failed_run_says_why_and_has_no_video(client: httpx.Client) -> None:
    [result] = results(client, status="failed")
    assert result["error"] == {"type": "ModelError", "message": "the provider said no", "retryable": True}
    assert (result["video_url"], result["video"], result["outcome"]) == (None, None, "error")


def test_a_broken_run_record_is_named_and_hides_nothing_else(own_root: DataRoot, own_client: httpx.Client) -> None:
    for number in range(3):
        add_run(own_root, run_of("oracle", f"maze_{number:04d}"), status="running")
    (own_root.run_folder(run_of("oracle", "maze_0001")) / "metadata.json").write_text('{"experiment": ')
    found = results(own_client)
    assert [result["status"] for result in found] == ["running", "unreadable", "running"]
    assert found[1]["error"]["message"].startswith("metadata.json: malformed JSON")
    assert str(own_root.path) not in str(found)


def test_a_broken_evaluation_is_an_error_and_no_score(own_root: DataRoot, own_client: httpx.Client) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key)
    add_score(own_root, key, 5)
    own_root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator").write_text("[]")
    [result] = results(own_client)
    [evaluation] = result["evaluations"]
    assert (evaluation["status"], evaluation["score"], result["outcome"]) == ("error", None, "error")
    assert "RuleEvaluator.json: expected a JSON object" in evaluation["explanation"]


def test_a_run_whose_question_is_gone_is_still_a_result(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"))
    [result] = results(own_client)
    assert (result["difficulty"], result["first_frame_url"]) == (None, None)
    assert result["video_url"] is not None


def test_paths_of_the_host_are_cut_out_of_messages(own_root: DataRoot, own_client: httpx.Client) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="running")
    add_score(own_root, key, None, f"undecodable: {own_root.path}/outputs/x.mp4: no such file")
    [result] = results(own_client)
    assert result["evaluations"][0]["explanation"] == "undecodable: outputs/x.mp4: no such file"


@pytest.mark.parametrize(("scores", "outcome"), [((5, 4, 1), "passed"), ((5, 1), "failed"), ((None, 5), "passed")])
def test_several_raters_pass_a_run_by_majority(
    own_root: DataRoot, own_client: httpx.Client, scores: tuple[int | None, ...], outcome: str
) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key)
    for number, score in enumerate(scores):
        add_score(own_root, key, score, evaluator="human-eval", rater=f"rater-{number}")
    assert results(own_client, evaluator="human-eval")[0]["outcome"] == outcome
    assert results(own_client)[0]["outcome"] == "unscored"


def test_a_score_counts_for_its_own_run_only(own_root: DataRoot, own_client: httpx.Client) -> None:
    first, second = (run_of("oracle", "maze_0000", run_id=name) for name in ("run-1", "run-2"))
    for key in (first, second):
        add_run(own_root, key)
    add_score(own_root, first, 5)
    assert [result["outcome"] for result in results(own_client)] == ["passed", "unscored"]


def test_an_empty_data_root_has_no_results(own_client: httpx.Client) -> None:
    assert own_client.get("/api/results").json() == {
        "results": [],
        "total": 0,
        "total_is_exact": True,
        "next_cursor": None,
        "previous_cursor": None,
    }


def test_a_domain_with_an_underscore_is_found(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_question(own_root, PairKey("grid_world", "grid_world_0000"))
    add_run(own_root, RunKey("e", "m", "grid_world", "grid_world_0000", "r"))
    assert len(results(own_client, domain="grid_world")) == 1


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/api/x", "not_found"), ("POST", "/api/results", "method_not_allowed")]
)
def test_errors_of_the_router_have_the_same_shape(client: httpx.Client, method: str, path: str, code: str) -> None:
    assert client.request(method, path).json()["error"]["code"] == code
