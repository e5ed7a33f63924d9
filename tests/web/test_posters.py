"""Small pictures of videos and frames: right, made once, bounded, and never of anything outside."""

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from dashboard_data import EXPERIMENT, FRAMES, RUN_ID, add_question, add_run, film, picture, run_of, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support import odd_videos

from vmevalkit.dataroot import FIRST_FRAME_NAME, DataRoot, PairKey, RunKey
from vmevalkit.media import last_frame, read_frames
from vmevalkit.web import DashboardConfig
from vmevalkit.web import posters as posters_module
from vmevalkit.web.links import Links
from vmevalkit.web.posters import POSTER, STRIP, THUMBNAIL, Kind, NoPictureError, Posters

RUN = run_of("oracle", "maze_0001")
QUESTION = PairKey("maze", "maze_0001")
ADDRESSES = [Links().poster(RUN), Links().strip(RUN), Links().thumbnail(QUESTION)]


def video_of(root: DataRoot, key: RunKey) -> Path:
    return root.run_folder(key) / "video" / "model_output.mp4"


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture
def posters(tmp_path: Path) -> Posters:
    return Posters(tmp_path / "posters")


@pytest.fixture
def one_run(own_root: DataRoot) -> DataRoot:
    add_question(own_root, QUESTION)
    add_run(own_root, RUN)
    return own_root


def kept_files(root: DataRoot) -> list[Path]:
    return [path for path in (root.state / "posters").rglob("*") if path.is_file()]


# What they show


def test_a_poster_is_the_last_frame(filled_root: DataRoot, client: httpx.Client) -> None:
    answer = client.get(ADDRESSES[0])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert difference(pixels(answer.content), last_frame(video_of(filled_root, RUN))) < 4


def test_a_strip_shows_eight_frames_from_the_first_to_the_last(filled_root: DataRoot, client: httpx.Client) -> None:
    answer = client.get(ADDRESSES[1])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    seen = pixels(answer.content)
    frames = list(read_frames(video_of(filled_root, RUN)))
    side = frames[0].shape[0]
    assert seen.shape == (side, 8 * side + 7 * 2, 3)
    tiles = [seen[:, left : left + side] for left in range(0, seen.shape[1], side + 2)]
    shown = [min(range(FRAMES), key=lambda number: difference(frames[number], tile)) for tile in tiles]
    assert shown == pytest.approx(np.linspace(0, FRAMES - 1, 8), abs=0.51)
    assert (shown[0], shown[-1]) == (0, FRAMES - 1)


def test_a_thumbnail_is_a_small_first_frame_in_few_colours(one_run: DataRoot, own_client: httpx.Client) -> None:
    large = picture(QUESTION, 0).resize((512, 512))
    large.save(one_run.pair_folder(QUESTION) / FIRST_FRAME_NAME)
    answer = own_client.get(ADDRESSES[2])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    shown = Image.open(io.BytesIO(answer.content))
    assert (shown.size, shown.mode) == ((160, 160), "P")
    assert difference(pixels(answer.content), np.asarray(large.resize((160, 160), Image.Resampling.LANCZOS))) < 3
    assert len(answer.content) < 8000


@pytest.mark.parametrize(
    ("size", "shown"), [((1280, 720), (256, 144)), ((720, 1280), (256, 455)), ((64, 64), (64, 64))]
)
def test_a_poster_keeps_the_shape_of_its_video(
    posters: Posters, tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    video = odd_videos.encoded(tmp_path / "a.mp4", odd_videos.pictures(3, *size))
    data = posters.make(POSTER, video, posters.tag(POSTER, video))
    assert Image.open(io.BytesIO(data)).size == shown
    assert len(data) < 20_000


def test_what_is_transparent_is_white_in_a_thumbnail(posters: Posters, tmp_path: Path) -> None:
    frame = tmp_path / "frame.png"
    Image.new("RGBA", (32, 32), (200, 0, 0, 0)).save(frame)
    assert pixels(posters.make(THUMBNAIL, frame, "0" * 32)).min() == 255


# Made once


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_picture_is_made_once_and_kept(one_run: DataRoot, own_client: httpx.Client, address: str) -> None:
    first = own_client.get(address)
    (kept,) = kept_files(one_run)
    before = kept.stat()
    again = own_client.get(address)
    assert again.content == first.content == kept.read_bytes()
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_browser_that_has_it_is_told_so(client: httpx.Client, address: str) -> None:
    first = client.get(address)
    assert first.headers["cache-control"] == "private, max-age=60"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_video_that_was_replaced_has_another_poster(one_run: DataRoot, own_client: httpx.Client) -> None:
    before = own_client.get(ADDRESSES[0])
    film(video_of(one_run, RUN), QUESTION, until=0.3)
    after = own_client.get(ADDRESSES[0], headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert difference(pixels(after.content), last_frame(video_of(one_run, RUN))) < 4


def test_the_pictures_can_be_deleted_at_any_time(one_run: DataRoot, own_client: httpx.Client) -> None:
    before = own_client.get(ADDRESSES[0]).content
    for path in kept_files(one_run):
        path.unlink()
    assert own_client.get(ADDRESSES[0]).content == before


def test_many_who_ask_at_once_get_the_same(one_run: DataRoot) -> None:
    with serving(DashboardConfig(one_run)) as served, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{served.url}{ADDRESSES[1]}", timeout=60), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(kept_files(one_run)) == 1


def test_two_servers_share_what_they_have_made(one_run: DataRoot, own_client: httpx.Client) -> None:
    with serving(DashboardConfig(one_run)) as other, httpx.Client(base_url=other.url, trust_env=False) as client:
        assert client.get(ADDRESSES[0]).content == own_client.get(ADDRESSES[0]).content
        assert client.get(ADDRESSES[0]).headers["etag"] == own_client.get(ADDRESSES[0]).headers["etag"]
    assert len(kept_files(one_run)) == 1


def test_where_nothing_can_be_kept_a_picture_is_made_each_time(one_run: DataRoot, own_client: httpx.Client) -> None:
    one_run.state.mkdir(exist_ok=True)
    (one_run.state / "posters").write_text("in the way")
    assert [own_client.get(ADDRESSES[0]).status_code for _ in range(2)] == [200, 200]


# Bounded


def draws(size: int) -> Kind:
    return Kind("test", "image/png", lambda _: os.urandom(size))


def test_the_oldest_pictures_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmevalkit.web.posters._LOOK_AFTER", 1)
    folder = tmp_path / "posters"
    posters = Posters(folder, most_bytes=100_000)
    for number in range(30):
        posters.make(draws(10_000), tmp_path, f"{number:032x}")
        for path in folder.rglob(f"{number:032x}*"):
            os.utime(path, (number, number))
    left = sorted(int(path.stem, 16) for path in folder.rglob("*.picture"))
    assert 7 <= len(left) <= 10
    assert left == list(range(30 - len(left), 30))


def test_what_a_crash_left_half_written_is_removed_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmevalkit.web.posters._LOOK_AFTER", 1)
    posters = Posters(tmp_path / "posters")
    posters.make(draws(10), tmp_path, "0" * 32)
    old, new = (tmp_path / "posters" / "00" / f".{name}.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    posters.make(draws(10), tmp_path, "1" * 32)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_page_full_of_posters_leaves_the_rest_of_the_server_free(
    own_root: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(own_root, RUN)
    keys = [RUN, *(run_of("oracle", f"maze_{number:04d}") for number in range(100, 160))]
    for key in keys[1:]:
        add_run(own_root, key, video=video_of(own_root, RUN))
    released = threading.Event()
    draw = posters_module.glimpses

    def slowly(*given: object, **named: object) -> object:
        assert released.wait(60)
        return draw(*given, **named)

    monkeypatch.setattr(posters_module, "glimpses", slowly)
    with serving(DashboardConfig(own_root)) as served, ThreadPoolExecutor(len(keys)) as pool:
        pictures = [pool.submit(httpx.get, f"{served.url}{Links().poster(key)}", timeout=60) for key in keys]
        # No picture can be finished before the API has answered.
        assert httpx.get(f"{served.url}/api/results", timeout=60).status_code == 200
        released.set()
        assert {picture.result().status_code for picture in pictures} == {200}


# What cannot be shown


@pytest.mark.parametrize("make", odd_videos.NO_VIDEOS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", [POSTER, STRIP], ids=lambda kind: kind.name)
def test_of_what_is_no_whole_video_there_is_no_picture(posters: Posters, tmp_path: Path, make, kind: Kind) -> None:
    video = make(tmp_path)
    with pytest.raises(NoPictureError):
        posters.make(kind, video, posters.tag(kind, video))


@pytest.mark.parametrize(
    "make", [make for make in odd_videos.VIDEOS if make is not odd_videos.four_k], ids=lambda make: make.__name__
)
@pytest.mark.parametrize("kind", [POSTER, STRIP], ids=lambda kind: kind.name)
def test_of_every_video_there_is_a_picture(posters: Posters, tmp_path: Path, make, kind: Kind) -> None:
    video = make(tmp_path)
    assert Image.open(io.BytesIO(posters.make(kind, video, posters.tag(kind, video)))).format == "JPEG"


def test_a_video_that_cannot_be_decoded_is_not_found_and_not_tried_again(
    one_run: DataRoot, own_client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_of(one_run, RUN).write_bytes(b"no video")
    answer = own_client.get(ADDRESSES[0])
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert str(one_run.path) not in answer.text
    assert answer.headers["cache-control"] == "private, max-age=300"
    monkeypatch.setattr("vmevalkit.web.posters.glimpses", None)  # it would be an error of the server to call it
    assert own_client.get(ADDRESSES[0]).status_code == 404


def test_a_video_that_could_not_be_decoded_is_tried_again_when_it_is_replaced_or_much_later(
    one_run: DataRoot, own_client: httpx.Client
) -> None:
    video = video_of(one_run, RUN)
    good = video.read_bytes()
    video.write_bytes(b"no video")
    assert own_client.get(ADDRESSES[0]).status_code == 404
    (mark,) = kept_files(one_run)
    long_ago = time.time() - 7200
    os.utime(mark, (long_ago, long_ago))
    assert own_client.get(ADDRESSES[0]).status_code == 404
    assert mark.stat().st_mtime > long_ago
    video.write_bytes(good)
    assert own_client.get(ADDRESSES[0]).status_code == 200


def test_a_frame_that_would_be_too_large_in_memory_is_not_opened(
    posters: Posters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = tmp_path / "frame.png"
    Image.new("1", (1000, 1000)).save(frame)
    posters.make(THUMBNAIL, frame, "0" * 32)
    monkeypatch.setattr("vmevalkit.web.posters._MOST_PIXELS", 999_999)
    with pytest.raises(NoPictureError):
        posters.make(THUMBNAIL, frame, "1" * 32)


def test_a_frame_that_is_no_png_is_not_opened(posters: Posters, tmp_path: Path) -> None:
    for number, kind in enumerate(("JPEG", "GIF", "TIFF", "BMP")):
        frame = tmp_path / "frame.png"
        Image.new("RGB", (8, 8)).save(frame, format=kind)
        with pytest.raises(NoPictureError):
            posters.make(THUMBNAIL, frame, f"{number:032x}")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400), at=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_frame_is_shown_or_refused(tmp_path: Path, cut: int, at: int, value: int) -> None:
    out = io.BytesIO()
    picture(QUESTION, 0).quantize(16).resize((40, 40)).save(out, "PNG")
    data = bytearray(out.getvalue()[: len(out.getvalue()) - cut])
    if at < len(data):
        data[at] = value
    frame = tmp_path / "frame.png"
    frame.write_bytes(bytes(data))
    try:
        shown = THUMBNAIL.draw(frame)
    except NoPictureError:
        return
    assert Image.open(io.BytesIO(shown)).format == "PNG"


# Doors


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_does_not_exist_is_not_found(client: httpx.Client, address: str) -> None:
    answer = client.get(address.replace("maze_0001", "maze_9999"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert client.get(address.replace(".jpg", ".gif").replace(".png", ".gif")).status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "a%00b", "%5c..", "-x", "a b"])
def test_a_name_that_could_lead_elsewhere_is_refused(client: httpx.Client, address: str, name: str) -> None:
    for part in ("maze_0001", "maze/", RUN_ID, EXPERIMENT):
        if part in address:
            replaced = address.replace(part, name + ("/" if part.endswith("/") else ""))
            assert client.get(replaced).status_code in (400, 404)


@pytest.mark.parametrize("level", ["file", "folder", "run", "task"])
def test_a_link_out_of_the_data_root_is_not_followed(one_run: DataRoot, own_client: httpx.Client, level: str) -> None:
    video = video_of(one_run, RUN)
    inside = {"file": video, "folder": video.parent, "run": video.parents[1], "task": video.parents[2]}[level]
    outside = one_run.path.parent / "outside"
    inside.rename(outside)
    inside.symlink_to(outside)
    for address in ADDRESSES[:2]:
        answer = own_client.get(address)
        assert answer.status_code == 400
        assert str(one_run.path.parent) not in answer.text
    assert kept_files(one_run) == []


def test_head_says_the_same_without_the_bytes(client: httpx.Client) -> None:
    for address in ADDRESSES:
        got, headed = client.get(address), client.head(address)
        assert headed.content == b""
        assert all(headed.headers[name] == got.headers[name] for name in ("content-type", "content-length", "etag"))
