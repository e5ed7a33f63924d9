"""Long videos: only what is asked for is read and sent, and who watches takes nothing from the others.

With ``VMEVAL_LONG=1`` the video has 200 MB, otherwise 50.
"""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from dashboard_data import Served, add_run, run_of, serving
from playwright.sync_api import Browser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.long import longer
from support.waiting import until

from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig, create_app
from vmevalkit.web.links import Links

LEVELS, SIDE, FPS = 32, 512, 8
MEGABYTES = longer(50, 200)
RUN = run_of("oracle", "maze_0001")
ADDRESS = Links().video(RUN)
_PATIENCE_SECONDS = 60.0


def level(number: int) -> int:
    return 40 + 5 * number


def noise() -> list[av.Packet]:
    """Frames of noise around levels of grey that rise, each compressed by itself and hardly at all."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = SIDE, SIDE, "gray"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.options = {"g": "1", "crf": "3", "preset": "ultrafast"}
    rng = np.random.default_rng(7)
    packets = []
    for number in range(LEVELS):
        picture = rng.integers(level(number) - 30, level(number) + 31, (SIDE, SIDE), np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="gray")
        frame.pts = number
        packets += context.encode(frame)
    return packets + context.encode()


@dataclass(frozen=True)
class Film:
    """A video whose level of grey tells where one is."""

    path: Path
    seconds: float

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def level_at(self, seconds: float) -> float:
        """Return the level of grey that is shown at a time, 0 to 255."""
        stored = level(int(seconds / self.seconds * LEVELS))
        return (stored - 16) * 255 / 219  # what is black and white in a video


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """The same few frames over and over, so that a large video is made in a moment."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    packets = noise()
    times = round(MEGABYTES * 1e6 / sum(packet.size for packet in packets))
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "gray"
        stream.codec_context.options = {"g": "1", "crf": "3", "preset": "ultrafast"}
        stream.codec_context.open()
        for number in range(LEVELS * times):
            packet = av.Packet(bytes(packets[number // times]))
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, FPS), True
            packet.pts = packet.dts = number
            packet.duration = 1
            file.mux(packet)
    return Film(path, LEVELS * times / FPS)


@dataclass
class Counts:
    """What the server has sent of videos."""

    answers: list[int] = field(default_factory=list)
    """Bytes, answer by answer."""

    @property
    def total(self) -> int:
        return sum(self.answers)


class Counting:
    """Middleware that counts the bytes of videos once the server has taken them."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/media/video/"):
            await self._app(scope, receive, send)
            return
        number = len(self._counts.answers)
        self._counts.answers.append(0)

        async def counting(message: Message) -> None:
            await send(message)
            self._counts.answers[number] += len(message.get("body", b""))

        await self._app(scope, receive, counting)


@pytest.fixture(scope="module")
def root(film: Film, tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    root = DataRoot(tmp_path_factory.mktemp("streaming") / "data")
    add_run(root, RUN, video=film.path)
    return root


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def served_film(root: DataRoot, counts: Counts) -> Iterator[Served]:
    app = create_app(DashboardConfig(root))
    app.add_middleware(Counting, counts=counts)
    with serving(app) as served:
        yield served


_SEEK = """
async ([address, at]) => {
  const video = document.createElement("video");
  const happened = name => new Promise((done, failed) => {
    video.addEventListener(name, done, {once: true});
    video.addEventListener("error", () => failed(video.error.message), {once: true});
  });
  const ready = happened("loadedmetadata");
  Object.assign(video, {muted: true, preload: "metadata", src: address});
  document.body.append(video);
  await ready;
  const sought = happened("seeked");
  video.currentTime = at * video.duration;
  await sought;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 64, 64);
  const {data} = pen.getImageData(0, 0, 64, 64);
  const level = data.filter((_, at) => at % 4 === 0).reduce((sum, value) => sum + value, 0) / 64 / 64;
  const told = {duration: video.duration, time: video.currentTime, level};
  video.removeAttribute("src");
  video.load();
  return told;
}
"""


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_browser_that_seeks_is_sent_that_part_of_a_long_video(
    browser: Browser,
    served_film: Served,
    film: Film,
    counts: Counts,
    share: float,
) -> None:
    page = browser.new_page(base_url=served_film.url)
    page.goto("/api/health")
    told = page.evaluate(_SEEK, [ADDRESS, share])
    page.close()
    assert told["duration"] == pytest.approx(film.seconds, rel=0.01)
    assert told["time"] == pytest.approx(share * film.seconds, rel=0.01)
    assert told["level"] == pytest.approx(film.level_at(share * film.seconds), abs=4)
    assert len(counts.answers) > 1
    assert counts.total < film.size / 2


@pytest.fixture(scope="module")
def digest(film: Film) -> str:
    return sha256(film.path.read_bytes()).hexdigest()


@pytest.mark.long
def test_16_who_watch_at_once_get_every_byte_and_the_api_answers_meanwhile(served_film: Served, digest: str) -> None:
    def watch(_: int) -> str:
        seen = sha256()
        with httpx.stream("GET", f"{served_film.url}{ADDRESS}", timeout=_PATIENCE_SECONDS) as answer:
            for chunk in answer.iter_raw():
                seen.update(chunk)
        return seen.hexdigest()

    with ThreadPoolExecutor(16) as pool:
        watchers = [pool.submit(watch, number) for number in range(16)]
        asked = 0
        while asked < 5 or not all(watcher.done() for watcher in watchers):
            answer = httpx.get(f"{served_film.url}/api/results", timeout=_PATIENCE_SECONDS)
            assert (answer.status_code, answer.json()["total"]) == (200, 1)
            asked += 1
    assert {watcher.result() for watcher in watchers} == {digest}


@pytest.mark.long
def test_many_who_have_stopped_watching_take_no_place_from_the_api(served_film: Served) -> None:
    # More than the server has threads for routes.
    with ExitStack() as stack:
        for _ in range(48):
            answer = stack.enter_context(httpx.stream("GET", f"{served_film.url}{ADDRESS}", timeout=_PATIENCE_SECONDS))
            assert answer.status_code == 200
        for _ in range(5):
            assert httpx.get(f"{served_film.url}/api/results", timeout=_PATIENCE_SECONDS).status_code == 200


def open_files(path: Path) -> int:
    """Count how often this process, which the server runs in, has a file open."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += entry.readlink() == path
        except FileNotFoundError:
            continue
    return found


@pytest.mark.long
def test_to_who_does_not_read_on_no_more_is_sent_and_who_leaves_is_forgotten(
    root: DataRoot, served_film: Served, film: Film, counts: Counts
) -> None:
    path = (root.run_folder(RUN) / "video" / "model_output.mp4").resolve()
    with socket.create_connection(("127.0.0.1", served_film.port)) as watcher:
        watcher.sendall(f"GET {ADDRESS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert watcher.recv(1000)
        sent = -1
        while sent != counts.total:
            sent = counts.total
            time.sleep(0.3)
        assert 0 < sent < film.size / 2
        assert open_files(path) == 1
    until(lambda: open_files(path) == 0)


@pytest.mark.long
def test_the_parts_of_a_long_video_put_together_are_the_video(served_film: Served, film: Film, digest: str) -> None:
    part = 7_000_003
    seen = sha256()
    with httpx.Client(base_url=served_film.url, trust_env=False) as client:
        for start in range(0, film.size, part):
            answer = client.get(ADDRESS, headers={"Range": f"bytes={start}-{start + part - 1}"})
            assert answer.status_code == 206
            seen.update(answer.content)
    assert seen.hexdigest() == digest
