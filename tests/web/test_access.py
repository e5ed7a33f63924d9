"""Where a token is asked for, and the ways to show it."""

import re
from pathlib import Path

import pytest
from dashboard_data import add_run, run_of
from fastapi.testclient import TestClient

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.web import DashboardConfig, create_app, serve
from vmevalkit.web.config import checked_root_path, checked_token, host_names

TOKEN = "open-sesame-&-more"


def guarded(root: DataRoot, **options: str) -> TestClient:
    app = create_app(DashboardConfig(root, token=TOKEN, **options))
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Somebody who does not know the token."""
    root = DataRoot(tmp_path_factory.mktemp("guarded"))
    add_run(root, run_of("oracle", "maze_0000"), status="running")
    return guarded(root)


PAGES = ("/", "/browse", "/compare", "/question/maze/maze_0000", "/score", "/data", "/versions", "/search", "/docs")


def test_every_route_needs_the_token(stranger: TestClient) -> None:
    described = stranger.app.openapi()["paths"]  # type: ignore[attr-defined]
    asked = [(method, path) for path, methods in described.items() for method in methods]
    assert {("get", "/api/health"), ("put", "/api/rating/{experiment}/plan")} < set(asked)
    asked += [("get", path) for path in (*PAGES, "/openapi.json", "/nothing", "/static")]
    for method, path in asked:
        answer = stranger.request(method, re.sub(r"{\w+}", "x", path))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "oracle" not in answer.text


def test_only_what_is_the_same_everywhere_needs_none(stranger: TestClient) -> None:
    assert stranger.get("/static/favicon.svg").status_code == 200
    for climb in ("/static/../api/results", "/static/%2e%2e/api/results", "/static/..%2fapi/results"):
        assert "oracle" not in stranger.get(climb).text


def test_a_page_says_what_to_do_and_the_api_says_it_in_its_shape(stranger: TestClient) -> None:
    page = stranger.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "token" in page.text
    error = stranger.get("/api/results").json()["error"]
    assert (error["code"], error["message"]) == ("unauthorized", "this dashboard needs a token")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_program_sends_the_token_in_a_header(stranger: TestClient, scheme: str) -> None:
    answer = stranger.get("/api/results", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.json()["total"] == 1


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}", b"Bearer \xe9"],
)
def test_another_header_is_refused(stranger: TestClient, value: str | bytes) -> None:
    assert stranger.get("/api/results", headers={"Authorization": value}).status_code == 401


def test_a_browser_shows_the_token_once_and_gets_a_cookie(stranger: TestClient) -> None:
    answer = stranger.get("/api/results", params={"limit": "1", "token": TOKEN, "model": "a b"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/api/results?limit=1&model=a+b")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    stranger.cookies.clear()
    with_cookie = stranger.get("/api/results", headers={"Cookie": f"other=1; {name}={value}"})
    assert with_cookie.status_code == 200
    assert stranger.get("/api/results", headers={"Cookie": f"{name}={value}x"}).status_code == 401
    stranger.cookies.clear()


def test_the_cookie_is_for_safe_ways_only_where_there_is_one(stranger: TestClient) -> None:
    address = f"https://127.0.0.1/?token={TOKEN.replace('&', '%26')}"
    assert "Secure" in stranger.get(address).headers["set-cookie"].split("; ")
    stranger.cookies.clear()


def test_the_wrong_token_in_an_address_is_refused_whatever_else_is_shown(stranger: TestClient) -> None:
    answer = stranger.get("/?token=wrong", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 401
    assert "not the token" in answer.text


def test_a_write_is_never_let_in_by_its_address(stranger: TestClient) -> None:
    answer = stranger.put("/api/rating/x/plan", params={"token": TOKEN}, json={})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


@pytest.mark.parametrize("path", ["//evil.example", "///evil.example/x", "/%5cevil.example", "/\\evil.example"])
def test_the_token_leads_to_no_other_host(stranger: TestClient, path: str) -> None:
    answer = stranger.get(f"http://127.0.0.1{path}", params={"token": TOKEN})
    stranger.cookies.clear()
    location = answer.headers["location"]
    assert location.startswith("/")
    assert location[1:2] not in ("/", "\\")


def test_another_site_cannot_write_with_the_cookie(stranger: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
    assert stranger.put("/api/rating/x/plan", json={}, headers=headers).status_code == 403


def test_two_dashboards_on_one_host_have_cookies_of_their_own(own_root: DataRoot) -> None:
    names = set()
    for token in (TOKEN, "another-secret"):
        client = TestClient(
            create_app(DashboardConfig(own_root, token=token)), base_url="http://127.0.0.1", follow_redirects=False
        )
        names.add(client.get("/", params={"token": token}).headers["set-cookie"].partition("=")[0])
    assert len(names) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_network_is_not_served_without_a_token(own_root: DataRoot, host: str) -> None:
    with pytest.raises(UsageError, match="there is no token") as caught:
        serve(DashboardConfig(own_root), host, port=0, announce=pytest.fail)
    assert caught.value.hint is not None
    assert "--token" in caught.value.hint
    assert "VMEVAL_DASHBOARD_TOKEN" in caught.value.hint


@pytest.mark.parametrize("token", ["short", "with space", "ümlaut-umlaut", "x" * 201, "tab\ttab-tab", "new\nline-line"])
def test_a_token_that_no_header_carries_or_anybody_guesses_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="token"):
        checked_token(token)


def test_no_token_is_none() -> None:
    assert checked_token(None) is checked_token("") is None


@pytest.mark.parametrize("path", ["vmeval", "/a//b", "/a b", "/../x?", "http://x", "/a%2fb", "/é"])
def test_a_prefix_that_cannot_be_one_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="prefix"):
        checked_root_path(path)


def test_a_prefix_may_end_with_a_slash() -> None:
    assert (checked_root_path("/lab/vmeval/"), checked_root_path("/"), checked_root_path("")) == ("/lab/vmeval", "", "")


@pytest.mark.parametrize("name", ["http://lab", "lab:80", "*", "", "lab/x", "la b"])
def test_a_name_that_no_host_has_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="name of a host"):
        host_names([name])


def test_given_names_are_served_beside_those_of_this_machine(tmp_path: Path) -> None:
    app = create_app(DashboardConfig(DataRoot(tmp_path), allowed_hosts=host_names(["Lab.Example", "fe80::1"])))
    client = TestClient(app, base_url="http://127.0.0.1")
    served = {host: client.get("/api/health", headers={"Host": host}).status_code for host in HOSTS}
    assert served == HOSTS


HOSTS = {"lab.example": 200, "LAB.example:8080": 200, "[fe80::1]": 200, "localhost": 200, "x.lab.example": 400}
