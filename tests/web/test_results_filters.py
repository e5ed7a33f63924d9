"""How ``/api/results`` is narrowed, sorted and paged, and how much it says."""

import base64
import json
from typing import Any

import httpx
import pytest
from dashboard_data import RUN_ID, add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient

from vmevalkit.dataroot import DataRoot, PairKey, RunKey
from vmevalkit.web import DashboardConfig, create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """One model, five questions with scores from 1 to 5; the first was filmed twice."""
    root = DataRoot(tmp_path_factory.mktemp("filters"))
    for number in range(5):
        key = PairKey("maze", f"maze_{number:04d}")
        prompt = f"Find the {['red', 'reddish', 'green', 'blue', 'black'][number]} exit."
        add_question(root, key, ground_truth=False, prompt=prompt)
        run = RunKey("e", "m", "maze", key.task_id, f"2025011{number + 1}T103000Z")
        begin(root, run, f"2025-01-1{number + 1}T10:30:00.000000Z")
        add_score(root, run, number + 1, f"because of {number}", rater="ada")
    begin(root, RunKey("e", "m", "maze", "maze_0000", "20250120T103000Z"), "2025-01-20T10:30:00.000000Z")
    doubt(root, run_of("m", "maze_0002", experiment="e", run_id="20250113T103000Z"))
    return TestClient(create_app(DashboardConfig(root)), base_url="http://127.0.0.1")


def begin(root: DataRoot, key: RunKey, created_at: str) -> None:
    add_run(root, key, status="running")
    path = root.run_folder(key) / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created_at": created_at}))


def doubt(root: DataRoot, key: RunKey) -> None:
    path = root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator")
    value = json.loads(path.read_text())
    value["records"][0]["needs_review"] = True
    path.write_text(json.dumps(value))


def tasks(client: httpx.Client, query: str) -> list[int]:
    answer = client.get(f"/api/results?{query}")
    assert answer.status_code == 200, answer.text
    return [int(result["task_id"][-4:]) for result in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("score_from=4", [3, 4]),
        ("score_to=2", [0, 1]),
        ("score_from=2&score_to=3", [1, 2]),
        ("since=2025-01-14", [0, 3, 4]),
        ("since=2025-01-15T10:30:00Z", [0, 4]),
        ("since=2025-01-15T12:30:00%2B02:00", [0, 4]),
        ("since=2025-01-15T10:30:01Z", [0]),
        ("until=2025-01-12", [0]),
        ("since=2026", []),
        ("until=2026&last_only=true", [0, 1, 2, 3, 4]),
        ("q=red", [0, 0, 1]),
        ("q=exit+green", [2]),
        ("q=%3F%21", []),
        ("needs_review=true", [2]),
        ("difficulty=easy&task_id=maze_0003", [3]),
        ("difficulty=hard", []),
        ("status=running&outcome=passed", [3, 4]),
        ("sort=created&order=desc&limit=3", [0, 4, 3]),
        ("sort=score&order=desc", [4, 3, 2, 1, 0]),
        ("sort=score&limit=2", [0, 1]),
        ("order=desc&last_only=true&limit=2", [4, 3]),
    ],
)
def test_filters_and_orders_find_the_right_runs(client: TestClient, query: str, expected: list[int]) -> None:
    assert tasks(client, query) == expected


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["key", "created", "score"])
def test_before_leads_back_the_way_that_the_cursor_came(client: TestClient, sort: str, order: str) -> None:
    query = f"sort={sort}&order={order}&limit=2"
    forth, cursor = [], ""
    while cursor is not None:
        body = client.get(f"/api/results?{query}&cursor={cursor}").json()
        forth.append(body)
        cursor = body["next_cursor"]
    back = [forth[-1]]
    while back[-1]["previous_cursor"] is not None:
        back.append(client.get(f"/api/results?{query}&before={back[-1]['previous_cursor']}").json())
    assert [page["results"] for page in reversed(back)] == [page["results"] for page in forth]


def test_two_cursors_at_once_are_refused(client: TestClient) -> None:
    cursor = client.get("/api/results?limit=1").json()["next_cursor"]
    assert client.get(f"/api/results?cursor={cursor}&before={cursor}").status_code == 400


def forged(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("score", forged("key", "", "e", "m", "d", "t", "r")),
        ("score", forged("score", 10**30, "e", "m", "d", "t", "r")),
        ("score", forged("score", True, "e", "m", "d", "t", "r")),
        ("score", base64.urlsafe_b64encode(b'["score",NaN,"e","m","d","t","r"]').decode()),
        ("score", base64.urlsafe_b64encode(b'["score",1e999,"e","m","d","t","r"]').decode()),
        ("created", forged("created", "\ud800", "e", "m", "d", "t", "r")),
        ("key", forged("key", "", "e", "m", "d", "\ud800", "r")),
        ("key", forged("key", "", "e", "m", "d", "../..", "r")),
        ("key", forged("key", "", "e", "m", "d", "t")),
        ("key", forged("key", "", ["e"], "m", "d", "t", "r")),
        ("key", base64.urlsafe_b64encode(b"[" * 1400).decode()),
        ("key", "é"),
        ("key", "%00"),
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(client: TestClient, sort: str, cursor: str) -> None:
    answer = client.get(f"/api/results?sort={sort}&cursor={cursor}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "cursor is not one that was given out"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("none", []),
        ("summary", [("ada", 4, "")]),
        ("full", [("ada", 4, "because of 3")]),
    ],
)
def test_it_says_as_much_of_the_evaluations_as_is_asked_for(client: TestClient, detail: str, said: list[Any]) -> None:
    [result] = client.get(f"/api/results?task_id=maze_0003&evaluations={detail}").json()["results"]
    assert [(e["rater"], e["score"], e["explanation"]) for e in result["evaluations"]] == said
    assert (result["score"], result["raters"]) == (4.0, 1)


def test_one_run_is_returned_with_all_that_is_known_of_it(client: TestClient) -> None:
    answer = client.get("/api/results/e/m/maze_task/maze_0003/20250114T103000Z")
    assert answer.status_code == 200
    run = answer.json()
    assert (run["task_id"], run["outcome"], run["requested"]["width"]) == ("maze_0003", "passed", 96)
    [evaluation] = run["evaluations"]
    assert (evaluation["explanation"], evaluation["version"], evaluation["judge"]) == ("because of 3", "1", None)


@pytest.mark.parametrize("path", ["e/m/maze/maze_0003/other", "e/m/maze/other/x", "x/m/maze/maze_0003/x"])
def test_a_run_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/api/results/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["hint"] == "GET /api/results lists the runs that there are"


def test_a_page_of_evaluations_has_the_records_of_that_evaluator_only(
    own_root: DataRoot, own_client: TestClient
) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="running")
    for rater, score in (("ada", 5), ("bob", 2)):
        add_score(own_root, key, score, f"says {rater}", evaluator="human-eval", rater=rater)
    add_score(own_root, key, 1)
    add_run(own_root, run_of("oracle", "maze_0001"), status="running")
    body = own_client.get("/api/evaluations?evaluator=human-eval").json()
    assert (body["evaluator"], body["total"]) == ("human-eval", 1)
    [run] = body["evaluations"]
    assert (run["run_id"], run["score"], run["raters"]) == (RUN_ID, 2, 2)
    assert [(r["rater"], r["explanation"]) for r in run["records"]] == [("ada", "says ada"), ("bob", "says bob")]
