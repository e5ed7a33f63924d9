"""Lists that have not changed are not sent again."""

import shutil

import httpx
import pytest
from dashboard_data import add_run, run_of
from fastapi.testclient import TestClient

from vmevalkit.catalog import index_path
from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig, create_app

LISTS = [
    "/api/results?limit=2",
    "/api/results/pilot_experiment/oracle/maze/maze_0001/20250115T103000Z",
    "/api/evaluations",
    "/api/questions",
    "/api/questions/maze/maze_0001",
    "/api/experiments",
    "/api/models",
    "/api/domains",
    "/api/leaderboard",
    "/api/compare?first=oracle&second=wrong",
    "/api/search?q=maze",
    "/api/problems",
]


@pytest.mark.parametrize("address", LISTS)
def test_an_unchanged_list_is_not_sent_again(client: httpx.Client, address: str) -> None:
    first = client.get(address)
    assert first.status_code == 200, first.text
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = client.get(address, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-security-policy" in again.headers
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_address_has_a_tag_of_its_own(client: httpx.Client) -> None:
    tags = {client.get(address).headers["etag"] for address in LISTS}
    assert len(tags) == len(LISTS)


def test_an_error_has_no_tag(client: httpx.Client) -> None:
    for address in ("/api/results?limit=0", "/api/results?cursor=x", "/api/leaderboard?experiment=x", "/api/health"):
        assert "etag" not in client.get(address).headers


def asking(root: DataRoot) -> TestClient:
    """A dashboard that looks at the folders anew when it is asked."""
    return TestClient(create_app(DashboardConfig(root)), base_url="http://127.0.0.1")


def test_a_new_run_changes_the_tag(own_root: DataRoot) -> None:
    tags = []
    for number in range(3):
        add_run(own_root, run_of("oracle", f"maze_{number:04d}"), status="running")
        answer = asking(own_root).get("/api/results", headers={"If-None-Match": ", ".join(tags)})
        assert len(answer.json()["results"]) == number + 1
        tags.append(answer.headers["etag"])


def test_an_index_that_was_built_anew_never_passes_for_an_older_one(own_root: DataRoot) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"), status="running")
    tag = asking(own_root).get("/api/results").headers["etag"]
    index_path(own_root).unlink()
    shutil.rmtree(own_root.run_folder(run_of("oracle", "maze_0000")))
    add_run(own_root, run_of("wrong", "maze_0000"), status="running")
    answer = asking(own_root).get("/api/results", headers={"If-None-Match": tag})
    assert [result["model"] for result in answer.json()["results"]] == ["wrong"]
