"""Videos and frames over HTTP."""

from pathlib import Path

import httpx
import pytest
from dashboard_data import EXPERIMENT, RUN_ID, add_run, film, run_of

from vmevalkit.dataroot import DataRoot, RunKey

VIDEO = f"/media/video/oracle/maze/maze_0001/{RUN_ID}/model_output.mp4"


@pytest.fixture(scope="module")
def data(filled_root: DataRoot) -> bytes:
    return video_file(filled_root, run_of("oracle", "maze_0001")).read_bytes()


def video_file(root: DataRoot, key: RunKey) -> Path:
    return root.run_folder(key) / "video" / "model_output.mp4"


def test_a_video_comes_whole_with_its_type_and_validators(client: httpx.Client, data: bytes) -> None:
    answer = client.get(VIDEO)
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].strip('"')
    assert answer.headers["last-modified"].endswith("GMT")


def test_the_domain_may_be_the_name_of_its_folder(client: httpx.Client, data: bytes) -> None:
    assert client.get(VIDEO.replace("/maze/", "/maze_task/")).content == data


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=0-", 0, None), ("bytes=100-199", 100, 200), ("bytes=-7", -7, None)],
)
def test_a_range_is_answered_with_these_bytes(
    client: httpx.Client, data: bytes, header: str, start: int, stop: int | None
) -> None:
    answer = client.get(VIDEO, headers={"Range": header})
    expected = data[start:stop]
    first = start % len(data)
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(data)}"
    assert answer.headers["content-length"] == str(len(expected))


def test_the_ranges_of_a_video_put_together_are_the_video(client: httpx.Client, data: bytes) -> None:
    parts = [client.get(VIDEO, headers={"Range": f"bytes={at}-{at + 999}"}).content for at in range(0, len(data), 1000)]
    assert b"".join(parts) == data


def test_a_range_behind_the_end_is_refused_with_the_size(client: httpx.Client, data: bytes) -> None:
    answer = client.get(VIDEO, headers={"Range": f"bytes={len(data)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(data)}"
    assert answer.json()["error"]["code"] == "range_not_satisfiable"


@pytest.mark.parametrize("header", ["bytes=1-0", "lines=0-1", "bytes=0-1,3-4", "nonsense"])
def test_a_range_that_makes_no_sense_is_ignored(client: httpx.Client, data: bytes, header: str) -> None:
    answer = client.get(VIDEO, headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, data)


def test_head_says_the_same_without_the_bytes(client: httpx.Client) -> None:
    got, headed = client.get(VIDEO), client.head(VIDEO)
    assert headed.content == b""
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert headed.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("validator", "condition"), [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")]
)
def test_an_unchanged_video_is_not_sent_again(client: httpx.Client, validator: str, condition: str) -> None:
    known = client.get(VIDEO).headers[validator]
    again = client.get(VIDEO, headers={condition: known})
    assert (again.status_code, again.content) == (304, b"")


def test_a_range_of_a_changed_video_is_answered_with_the_whole(client: httpx.Client, data: bytes) -> None:
    tag = client.get(VIDEO).headers["etag"]
    same = client.get(VIDEO, headers={"Range": "bytes=0-9", "If-Range": tag})
    other = client.get(VIDEO, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, len(same.content)) == (206, 10)
    assert (other.status_code, other.content) == (200, data)


def test_without_an_experiment_the_configured_one_comes_first(own_root: DataRoot, own_client: httpx.Client) -> None:
    for experiment, until in (("another", 0.2), (EXPERIMENT, 1.0)):
        key = run_of("oracle", "maze_0001", experiment=experiment)
        add_run(own_root, key)
        film(video_file(own_root, key), key.pair, until=until)
    here, there = (
        video_file(own_root, run_of("oracle", "maze_0001", experiment=e)).read_bytes() for e in (EXPERIMENT, "another")
    )
    assert own_client.get(VIDEO).content == here
    assert own_client.get(VIDEO, params={"experiment": "another"}).content == there
    assert here != there


def test_without_an_experiment_all_others_are_searched(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_run(own_root, run_of("oracle", "maze_0001", experiment="zebra"))
    assert own_client.get(VIDEO).status_code == 200
    assert own_client.get(VIDEO, params={"experiment": EXPERIMENT}).status_code == 404


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("first_frame.png", "image/png"), ("final_frame.png", "image/png"), ("ground_truth.mp4", "video/mp4")],
)
def test_a_question_has_its_frames_and_its_solution(
    filled_root: DataRoot, client: httpx.Client, name: str, content_type: str
) -> None:
    answer = client.get(f"/media/question/chess/chess_0002/{name}")
    assert answer.content == (filled_root.questions / "chess_task" / "chess_0002" / name).read_bytes()
    assert answer.headers["content-type"] == content_type


def test_nothing_else_of_a_question_is_served(client: httpx.Client) -> None:
    answer = client.get("/media/question/chess/chess_0002/question_metadata.json")
    assert answer.status_code == 404
    assert "first_frame.png" in answer.json()["error"]["hint"]


def test_an_unknown_kind_of_file_is_not_shown_by_a_browser(own_root: DataRoot, own_client: httpx.Client) -> None:
    key = run_of("oracle", "maze_0001")
    add_run(own_root, key)
    video_file(own_root, key).with_name("page.html").write_text("<script>alert(1)</script>")
    answer = own_client.get(VIDEO.replace("model_output.mp4", "page.html"))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_video_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    for path in (
        VIDEO.replace("oracle", "nobody"),
        VIDEO.replace("model_output", "other"),
        "/media/question/x/y/first_frame.png",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
