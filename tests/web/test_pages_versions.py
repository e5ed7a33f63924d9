"""The version log, the snapshots of the remote and their differences."""

from pathlib import Path

import pytest
from dashboard_data import add_question
from fastapi.testclient import TestClient
from page_reading import links, page, table, text

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.settings import Settings
from vmevalkit.snapshots import add_version, open_remote, push, tree_at
from vmevalkit.web import DashboardConfig, create_app

OLD, NEW = "202501151030", "202501161030"


def visitor(root: DataRoot, remote: str | None) -> TestClient:
    settings = Settings(remote=remote) if remote else None
    return TestClient(create_app(DashboardConfig(root, settings=settings)), base_url="http://127.0.0.1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secret-place" / "remote"


@pytest.fixture
def pushed(own_root: DataRoot, folder: Path) -> str:
    """A remote with two snapshots, the first of which has a name."""
    settings = Settings()
    remote = open_remote(folder.as_uri(), settings, create=True)
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    push(remote, tree_at(own_root.path), name=OLD)
    add_version(remote, OLD, stats={"change": "The first question"}, mirror=own_root)
    add_question(own_root, PairKey("chess", "chess_0000"), ground_truth=False)
    (own_root.pair_folder(PairKey("maze", "maze_0000")) / "prompt.txt").write_text("Another one.")
    push(remote, tree_at(own_root.path), name=NEW)
    return folder.as_uri()


@pytest.mark.usefixtures("pushed")
def test_the_log_is_read_from_the_copy_without_a_remote(own_root: DataRoot) -> None:
    html = page(visitor(own_root, None), "/versions")
    row = table(html, "log-head")["1.0"]
    assert (row[0], row[2], row[3], row[4]) == ("The first question", OLD, "maze 1", "4")
    assert "No remote is configured" in text(html)


def test_the_remote_is_only_asked_when_somebody_says_so(own_root: DataRoot, pushed: str) -> None:
    html = page(visitor(own_root, pushed), "/versions")
    assert NEW not in html
    assert links(html, "Ask the remote") == ["/versions?remote=true"]


def test_the_snapshots_are_listed_newest_first(own_root: DataRoot, pushed: str) -> None:
    rows = table(page(visitor(own_root, pushed), "/versions?remote=true"), "snapshots-head")
    assert list(rows) == [f"{NEW} latest", OLD]
    assert rows[OLD][1:3] == ["everything", "4"]


def test_two_snapshots_are_compared(own_root: DataRoot, pushed: str) -> None:
    html = page(visitor(own_root, pushed), f"/versions?old={OLD}&new={NEW}")
    assert "4 added, 1 changed, 0 removed, 0 moved, 3 the same." in text(html)
    difference = html.partition('id="difference"')[2]
    assert [cell.partition(" ")[0] for cell in table(difference)["questions/chess"]] == ["4", "0", "0", "0"]
    assert "changed questions/maze_task/maze_0000/prompt.txt" in text(difference)


def test_a_snapshot_and_itself_do_not_differ(own_root: DataRoot, pushed: str) -> None:
    assert "Nothing: 4 files are the same in both" in text(
        page(visitor(own_root, pushed), f"/versions?old={OLD}&new={OLD}")
    )


def test_no_page_tells_where_the_remotes_folder_lies(own_root: DataRoot, pushed: str) -> None:
    client = visitor(own_root, pushed)
    for address in ("/versions", "/versions?remote=true", f"/versions?old={OLD}&new={NEW}"):
        html = page(client, address)
        assert "secret-place" not in html
        assert str(own_root.path) not in html


@pytest.mark.parametrize("name", ["202501171030", "../..", "archive/nothing"])
def test_a_snapshot_that_is_not_there_is_a_message_beside_the_log(own_root: DataRoot, pushed: str, name: str) -> None:
    html = page(visitor(own_root, pushed), f"/versions?old={OLD}&new={name}")
    assert f"there is no snapshot {name} on the remote" in text(html)
    assert "1.0" in table(html, "log-head")


def test_a_remote_that_is_gone_is_a_message_beside_the_log(own_root: DataRoot, folder: Path, pushed: str) -> None:
    folder.rename(folder.with_name("away"))
    html = page(visitor(own_root, pushed), "/versions?remote=true")
    assert 'role="alert"' in html
    assert "Ask again" in text(html)
    assert "secret-place" not in html
    assert "1.0" in table(html, "log-head")


def test_without_a_log_the_page_says_how_to_begin_one(own_client: TestClient) -> None:
    assert "vmevalkit push" in text(page(own_client, "/versions"))


def test_a_damaged_log_is_named(own_root: DataRoot, own_client: TestClient) -> None:
    own_root.state.mkdir()
    (own_root.state / "versions.json").write_text("{")
    html = page(own_client, "/versions")
    assert "The log cannot be read: versions.json" in text(html)
    assert str(own_root.path) not in html


def test_an_empty_remote_says_how_to_fill_it(own_root: DataRoot, folder: Path) -> None:
    folder.mkdir(parents=True)
    html = page(visitor(own_root, folder.as_uri()), "/versions?remote=true")
    assert "There is no finished snapshot yet" in text(html)
