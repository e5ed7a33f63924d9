"""Versions and snapshots: the local copy of the log, and a remote that is asked with patience, but not for ever."""

import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from vmevalkit.dataroot import DataRoot, VersionLog, write_json, write_text
from vmevalkit.errors import RemoteError, UnknownNameError, UsageError
from vmevalkit.settings import Settings
from vmevalkit.snapshots import add_version, open_remote, push, tree_at
from vmevalkit.snapshots.remote import DamagedError
from vmevalkit.web import DashboardConfig, create_app
from vmevalkit.web.remote import RemoteReader


def asking(root: DataRoot, settings: Settings | None = None) -> TestClient:
    app = create_app(DashboardConfig(root, settings=settings))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture
def settings(own_root: DataRoot, tmp_path: Path) -> Settings:
    """A remote in a folder, with one snapshot that has a name."""
    settings = Settings(_env_file=None, remote=(tmp_path / "backup").as_uri())
    remote = open_remote(settings.remote_url, settings, create=True)
    write_text(own_root.questions / "maze_task" / "maze_0000" / "prompt.txt", "Move.")
    result = push(remote, tree_at(own_root.path), name="202501151030")
    add_version(remote, result.snapshot, stats={"change": "first"}, mirror=own_root)
    return settings


def test_without_a_log_there_are_no_versions(own_client: TestClient) -> None:
    body = own_client.get("/api/versions").json()
    assert body == {
        "has_remote": False,
        "remote": None,
        "logs": [{"source": "local", "versions": [], "problem": None}],
    }


def test_a_damaged_log_says_so(own_root: DataRoot, own_client: TestClient) -> None:
    write_text(own_root.state / "versions.json", "{")
    [log] = own_client.get("/api/versions").json()["logs"]
    assert log["problem"].startswith("versions.json: malformed JSON")


def test_the_local_log_is_read_without_asking_anybody(own_root: DataRoot, settings: Settings) -> None:
    body = asking(own_root).get("/api/versions?remote=1").json()
    assert body["has_remote"] is False
    [log] = body["logs"]
    [version] = log["versions"]
    assert (log["source"], version["version"], version["stats"]["change"]) == ("local", "1.0", "first")


def test_the_remote_is_asked_only_if_somebody_says_so(own_root: DataRoot, settings: Settings) -> None:
    write_json(own_root.state / "versions.json", VersionLog().to_json())
    client = asking(own_root, settings)
    assert [log["source"] for log in client.get("/api/versions").json()["logs"]] == ["local"]
    local, remote = client.get("/api/versions?remote=true").json()["logs"]
    assert (len(local["versions"]), len(remote["versions"]), remote["source"]) == (0, 1, "remote")


def test_the_snapshots_of_the_remote_are_listed(own_root: DataRoot, settings: Settings) -> None:
    body = asking(own_root, settings).get("/api/snapshots").json()
    [snapshot] = body["snapshots"]
    assert (snapshot["name"], snapshot["files"], snapshot["is_latest"]) == ("202501151030", 1, True)
    assert (body["remote"], snapshot["uri"]) == ("file:///…/backup", "file:///…/backup/202501151030/data")


def test_no_answer_tells_where_the_remote_lies_on_this_host(own_root: DataRoot, settings: Settings) -> None:
    client = asking(own_root, settings)
    addresses = ("/api/versions?remote=1", "/api/snapshots", "/api/versions")
    texts = [client.get(address).text for address in addresses]
    gone = settings.model_copy(update={"remote": f"{settings.remote}-gone"})
    texts += [asking(own_root, gone).get(address).text for address in addresses]
    assert all(str(own_root.path.parent) not in text for text in texts)


def test_without_a_remote_there_are_no_snapshots_to_list(own_client: TestClient) -> None:
    answer = own_client.get("/api/snapshots")
    assert answer.status_code == 404
    assert "VMEVAL_REMOTE" in answer.json()["error"]["hint"]


def test_a_default_bucket_that_nobody_chose_is_no_remote(own_root: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VMEVAL_REMOTE", "S3_BUCKET"):
        monkeypatch.delenv(name, raising=False)
    assert DashboardConfig(own_root, settings=Settings(_env_file=None)).remote_url is None
    chosen = Settings(_env_file=None, s3_bucket="mine")
    assert DashboardConfig(own_root, settings=chosen).remote_url == "s3://mine"


def test_a_remote_that_is_gone_is_a_clear_error(own_root: DataRoot, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, remote=(tmp_path / "nowhere").as_uri())
    answer = asking(own_root, settings).get("/api/snapshots")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "file:///…/nowhere: no such folder"


class _SlowReader(RemoteReader):
    """A remote that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__("s3://slow", Settings(_env_file=None), patience=0.05)
        self.may_answer, self.asked = threading.Event(), 0

    def _read_log(self) -> VersionLog:
        self.asked += 1
        self.may_answer.wait(30)
        return VersionLog()


def test_a_remote_that_does_not_answer_holds_nobody_up_and_is_asked_once() -> None:
    reader = _SlowReader()
    for _ in range(3):
        with pytest.raises(RemoteError, match="s3://slow has not answered"):
            reader.log()
    reader.may_answer.set()
    while True:
        try:
            assert reader.log() == VersionLog()
            break
        except RemoteError:
            time.sleep(0.01)
    assert reader.asked == 1


class _FailingReader(RemoteReader):
    def __init__(self, *errors: Exception) -> None:
        super().__init__("file:///srv/backup", Settings(_env_file=None))
        self.errors = list(errors)

    def _read_log(self) -> VersionLog:
        raise self.errors.pop(0)


def test_a_remote_that_has_failed_is_asked_again() -> None:
    reader = _FailingReader(UsageError("no 1"), UsageError("no 2"))
    for number in (1, 2):
        with pytest.raises(UsageError, match=f"no {number}"):
            reader.log()


def test_an_error_is_told_with_all_it_carries_but_not_with_where_the_remote_lies() -> None:
    damaged = DamagedError("file:///srv/backup/1: reads differently every time")
    unknown = UnknownNameError("snapshot", "file:///srv/backup/2", [])
    reader = _FailingReader(damaged, unknown)
    with pytest.raises(DamagedError) as told:
        reader.log()
    assert str(told.value) == told.value.message == "file:///…/backup/1: reads differently every time"
    assert (told.value.retryable, told.value.hint) == (True, damaged.hint)
    with pytest.raises(UnknownNameError, match="unknown snapshot: file:///…/backup/2"):
        reader.log()
    assert damaged.message.startswith("file:///srv/backup")


def test_a_mistake_of_ours_is_told_at_once_and_the_remote_is_asked_again() -> None:
    reader = _FailingReader(ValueError("one"), ValueError("two"))
    for word in ("one", "two"):
        with pytest.raises(ValueError, match=word):
            reader.log()
