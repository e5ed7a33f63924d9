"""Behind a proxy that puts a prefix before every path, whether it cuts the prefix off or not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig, create_app

PREFIX = "/lab/vmeval"
PAGES = ["/", "/browse", "/api/results", "/static/favicon.svg", "/openapi.json", "/nothing", "/static/nothing"]


@pytest.fixture(scope="module")
def client(filled_root: DataRoot) -> TestClient:
    app = create_app(DashboardConfig(filled_root, root_path=PREFIX))
    return TestClient(app, base_url="http://127.0.0.1", root_path="", raise_server_exceptions=False)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_the_same_whether_the_proxy_cuts_the_prefix_off(client: TestClient, page: str) -> None:
    whole, cut = client.get(f"{PREFIX}{page}"), client.get(page)
    assert whole.status_code == cut.status_code == (404 if "nothing" in page else 200)
    assert whole.content == cut.content


@pytest.mark.parametrize("page", ["/", "/browse", "/nothing", "/static/nothing", "/question/maze/maze_0001"])
def test_every_address_of_a_page_begins_with_the_prefix(client: TestClient, page: str) -> None:
    found = re.findall(r'(?:href|src|action|poster|data-[a-z-]+)="(/[^"]*)"', client.get(f"{PREFIX}{page}").text)
    assert found
    assert [address for address in found if not address.startswith(f"{PREFIX}/")] == []


def addresses(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name.endswith("url") and isinstance(part, str):
                yield part
            yield from addresses(part)
    elif isinstance(value, list):
        for part in value:
            yield from addresses(part)


@pytest.mark.parametrize(
    "path",
    ["/api/results?limit=3", "/api/questions", "/api/search?q=maze", "/api/compare?first=oracle&second=wrong"],
)
def test_every_address_of_an_answer_begins_with_the_prefix(client: TestClient, path: str) -> None:
    found = list(addresses(client.get(path).json()))
    assert found
    assert all(address.startswith(f"{PREFIX}/") for address in found)


def test_addresses_that_are_given_out_lead_somewhere(client: TestClient) -> None:
    [result] = client.get(f"{PREFIX}/api/results?model=oracle&task_id=chess_0001").json()["results"]
    assert client.get(result["video_url"]).status_code == client.get(result["first_frame_url"]).status_code == 200


def test_the_description_names_the_prefix(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/openapi.json").json()["servers"] == [{"url": PREFIX}]


@pytest.mark.parametrize("header", ["X-Forwarded-Prefix", "X-Script-Name", "X-Forwarded-Host"])
def test_a_stranger_cannot_say_what_the_prefix_is(filled_root: DataRoot, header: str) -> None:
    client = TestClient(create_app(DashboardConfig(filled_root)), base_url="http://127.0.0.1")
    assert client.get("/", headers={header: "/evil.example"}).text == client.get("/").text


def test_the_cookie_is_for_the_prefix_only(filled_root: DataRoot) -> None:
    app = create_app(DashboardConfig(filled_root, root_path=PREFIX, token="a-good-secret"))
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    for path in (f"{PREFIX}/browse", "/browse"):
        answer = client.get(f"{path}?token=a-good-secret")
        assert answer.headers["location"] == f"{PREFIX}/browse"
        assert f"Path={PREFIX}" in answer.headers["set-cookie"].split("; ")


def test_a_path_that_only_begins_like_the_prefix_is_another(client: TestClient) -> None:
    assert client.get(f"{PREFIX}x/api/results").status_code == 404
