"""Who may ask, with how much, and what a browser may do with the answer."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from dashboard_data import add_run, add_score, run_of, serving
from fastapi import Body
from fastapi.testclient import TestClient

from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig, create_app

LIMIT = 1000


@pytest.fixture
def small_client(own_root: DataRoot) -> Iterator[httpx.Client]:
    with (
        serving(DashboardConfig(own_root, max_body_bytes=LIMIT)) as served,
        httpx.Client(base_url=served.url, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/api/results", "/nothing", "/static/style.css", "/media/question/a/b/c", "/docs"]
)
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    for kind, sources in (("script", "'self'"), ("style", "'self'"), ("img", "'self' data:"), ("connect", "'self'")):
        assert f"{kind}-src {sources};" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[", "0.0.0.0"]
)
def test_a_foreign_host_name_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/api/health", headers={"Host": host})
    assert answer.status_code == 400
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "LOCALHOST", "127.0.0.1:80", "[::1]:5000"])
def test_the_names_of_this_machine_are_served(client: httpx.Client, host: str) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


def test_any_name_is_served_where_that_is_asked_for(own_root: DataRoot) -> None:
    with serving(DashboardConfig(own_root, allowed_hosts=("*",))) as served:
        answer = httpx.get(f"{served.url}/api/health", headers={"Host": "lab.example"}, trust_env=False)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 405),
        ({"Sec-Fetch-Site": "same-origin"}, 405),
        ({"Sec-Fetch-Site": "none"}, 405),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_our_own_pages_and_programs_may_write(client: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert client.post("/api/results", headers=headers).status_code == status


def test_scores_behind_a_link_that_leads_out_are_not_read(own_root: DataRoot, tmp_path: Path) -> None:
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="running")
    add_score(own_root, key, 5, "the secret")
    file = own_root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator")
    file.rename(tmp_path / "outside.json")
    file.symlink_to(tmp_path / "outside.json")
    answer = TestClient(create_app(DashboardConfig(own_root)), base_url="http://127.0.0.1").get("/api/results")
    [evaluation] = answer.json()["results"][0]["evaluations"]
    assert (evaluation["status"], evaluation["explanation"]) == (
        "error",
        "RuleEvaluator.json: does not lie in its own folder",
    )


@pytest.mark.parametrize("height", [0, 1, 2, 3])
@pytest.mark.parametrize("leads_out", [True, False])
def test_scores_in_a_linked_folder_are_read_if_it_lies_among_the_evaluations(
    own_root: DataRoot, tmp_path: Path, height: int, leads_out: bool
) -> None:
    keys = [run_of("oracle", f"maze_{number:04d}") for number in range(2)]
    for key in keys:
        add_run(own_root, key, status="running")
        add_score(own_root, key, 5, f"about {key.task_id}")
    linked = own_root.evaluation_file(keys[0].experiment, keys[0].model, keys[0].pair, "RuleEvaluator").parents[height]
    elsewhere = tmp_path / "outside" if leads_out else own_root.evaluations / "inside"
    linked.rename(elsewhere)
    linked.symlink_to(elsewhere)
    answer = TestClient(create_app(DashboardConfig(own_root)), base_url="http://127.0.0.1").get("/api/results")
    said = [result["evaluations"][0]["explanation"] for result in answer.json()["results"]]
    refused = "RuleEvaluator.json: does not lie in its own folder"
    assert said == [
        refused if leads_out else "about maze_0000",
        refused if leads_out and height > 0 else "about maze_0001",
    ]


def test_a_body_above_the_limit_is_refused(small_client: httpx.Client) -> None:
    assert small_client.post("/api/results", content=b"x" * LIMIT).status_code == 405
    answer = small_client.post("/api/results", content=b"x" * (LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


def test_a_body_without_a_length_is_counted_as_it_comes(own_root: DataRoot) -> None:
    app = create_app(DashboardConfig(own_root, max_body_bytes=LIMIT))

    @app.post("/api/echo")
    def echo(body: str = Body(media_type="text/plain")) -> int:
        return len(body)

    with serving(app) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
        sent = [client.post("/api/echo", content=iter([b'"', b"x" * (size - 2), b'"'])) for size in (LIMIT, LIMIT + 1)]
    assert [answer.status_code for answer in sent] == [200, 413]


def test_an_unexpected_error_tells_nothing_about_the_host(own_root: DataRoot, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(DashboardConfig(own_root))

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError(f"secret at {own_root.path}")

    with serving(app) as served:
        answer = httpx.get(f"{served.url}/api/broken", trust_env=False)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "secret" not in answer.text
    assert "secret" in caplog.text
