"""The page of a question in a real browser: all videos on one timeline."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from browsing import Visit, visiting
from dashboard_data import FPS, FRAMES, SIDE, Served, add_question, add_run, film, picture, run_of, serving
from playwright.sync_api import Browser, Page, expect

from vmevalkit.dataroot import DataRoot, PairKey, VideoFacts, load_run
from vmevalkit.media import write_video
from vmevalkit.web import DashboardConfig

pytestmark = pytest.mark.browser
tab = contextmanager(visiting)

QUESTION = "/question/chess/chess_0000"
DESK = {"width": 1280, "height": 2000}


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Visit]:
    """A wide screen on which all videos are near."""
    with tab(browser, served, viewport=DESK) as visit:
        yield visit


@pytest.fixture
def question(desk: Visit) -> Page:
    """The page of a question with four videos and the ground truth, all loaded."""
    open_question(desk.page)
    return desk.page


def open_question(page: Page, address: str = QUESTION, videos: int = 5) -> None:
    page.goto(address)
    expect(page.locator("[data-player]")).to_be_visible()
    page.wait_for_function(
        """count => [...document.querySelectorAll('[data-video]')]
            .filter(video => video.readyState >= 2).length === count""",
        arg=videos,
    )


def positions(page: Page) -> list[float]:
    return page.locator("[data-video]").evaluate_all("videos => videos.map(video => video.currentTime)")


def wait_until_all_rest_at(page: Page, seconds: float) -> None:
    page.wait_for_function(
        """wanted => [...document.querySelectorAll('[data-video]')].every(
            video => video.paused && !video.seeking && Math.abs(video.currentTime - wanted) < 1e-4)""",
        arg=seconds,
    )


def too_wide_by(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def middle_of(frame: int) -> float:
    return (frame + 0.5) / FPS


def test_all_videos_play_together_and_rest_together(question: Page) -> None:
    question.get_by_role("button", name="Play all").click()
    question.wait_for_function(
        "() => [...document.querySelectorAll('[data-video]')].every(video => !video.paused && video.currentTime > 0.3)"
    )
    question.get_by_role("button", name="Pause all").click()
    question.wait_for_function(
        "() => [...document.querySelectorAll('[data-video]')].every(v => v.paused && !v.seeking)"
    )
    found = positions(question)
    assert max(found) - min(found) < 1e-4
    assert 0.3 < found[0] < FRAMES / FPS


def test_they_stop_at_their_last_frames_and_begin_anew(question: Page) -> None:
    question.get_by_label("Speed").select_option("2")
    question.get_by_role("button", name="Play all").click()
    wait_until_all_rest_at(question, middle_of(FRAMES - 1))
    question.get_by_role("button", name="Play all").click()
    question.wait_for_function("() => document.querySelector('[data-video]').currentTime < 1")


def test_keys_step_frame_by_frame(question: Page) -> None:
    for key, frame in ((".", 1), ("ArrowRight", 2), (",", 1), ("End", FRAMES - 1), ("ArrowLeft", FRAMES - 2)):
        question.keyboard.press(key)
        wait_until_all_rest_at(question, middle_of(frame))
    expect(question.locator("[data-time]")).to_contain_text(f"frame {FRAMES - 1} of {FRAMES}")
    question.keyboard.press("Home")
    wait_until_all_rest_at(question, 0)


def test_the_space_bar_plays_and_pauses(question: Page) -> None:
    question.keyboard.press(" ")
    question.wait_for_function("() => !document.querySelector('[data-video]').paused")
    question.keyboard.press(" ")
    question.wait_for_function("() => document.querySelector('[data-video]').paused")


def test_keys_can_be_switched_off(question: Page) -> None:
    question.get_by_label("Keys").uncheck()
    question.keyboard.press("End")
    question.get_by_role("button", name="One frame forward").click()
    wait_until_all_rest_at(question, middle_of(1))


def test_the_slider_moves_all_videos(question: Page) -> None:
    question.get_by_label("Position in all videos").fill("1.05")
    wait_until_all_rest_at(question, 1.05)


def test_a_hidden_model_is_out_of_the_way_and_the_address_says_so(question: Page) -> None:
    question.get_by_role("checkbox", name="wrong").uncheck()
    expect(question.get_by_role("article", name="wrong")).to_be_hidden()
    question.reload()
    expect(question.get_by_role("article", name="oracle")).to_be_visible()
    expect(question.get_by_role("article", name="wrong")).to_be_hidden()
    question.get_by_role("button", name="All", exact=True).click()
    expect(question.get_by_role("article", name="wrong")).to_be_visible()
    assert "show=" not in question.url


def test_videos_of_different_rates_and_lengths_share_one_time(browser: Browser, own_root: DataRoot) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    sorts = {"slow": (4, 4), "fast": (24, 48)}  # frames per second, frames: 1 s and 2 s
    for model, (fps, frames) in sorts.items():
        path = own_root.path / f"{model}.mp4"
        write_video(path, (np.asarray(picture(key, n / (frames - 1))) for n in range(frames)), fps=fps)
        run = run_of(model, key.task_id)
        add_run(own_root, run, video=path)
        facts = VideoFacts(width=SIDE, height=SIDE, fps=fps, frames=frames, duration=frames / fps)
        load_run(own_root, run).model_copy(update={"video": facts}).save(own_root.run_folder(run) / "metadata.json")
    with serving(DashboardConfig(own_root)) as served, tab(browser, served, viewport=DESK) as visit:
        open_question(visit.page, "/question/maze/maze_0000", videos=2)
        visit.page.keyboard.press(".")
        visit.page.wait_for_function(
            """wanted => [...document.querySelectorAll('[data-video]')]
                .every(video => Math.abs(video.currentTime - wanted) < 1e-4)""",
            arg=1.5 / 24,  # the finest frame decides
        )
        visit.page.keyboard.press("End")
        visit.page.wait_for_function(
            """() => { const [fast, slow] = [...document.querySelectorAll('[data-video]')].map(v => v.currentTime);
                return Math.abs(fast - 47.5 / 24) < 1e-4 && Math.abs(slow - 3.5 / 4) < 1e-4 }"""
        )


def test_only_videos_near_the_viewport_are_loaded(browser: Browser, own_root: DataRoot) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    path = own_root.path / "film.mp4"
    film(path, key)
    for number in range(40):
        add_run(own_root, run_of(f"model-{number:02d}", key.task_id), video=path)
    asked: list[str] = []
    with (
        serving(DashboardConfig(own_root)) as served,
        tab(browser, served, viewport={"width": 1280, "height": 800}) as visit,
    ):
        visit.page.on("request", lambda request: asked.append(request.url) if "/media/video/" in request.url else None)
        visit.page.goto("/question/maze/maze_0000")
        visit.page.wait_for_function("() => document.querySelector('[data-video]').readyState >= 1")
        assert 0 < len(set(asked)) < 20
        last = visit.page.get_by_role("article", name="model-39")
        expect(last.locator("video")).to_have_attribute("preload", "none")
        last.scroll_into_view_if_needed()
        visit.page.wait_for_function("() => [...document.querySelectorAll('[data-video]')].at(-1).readyState >= 1")


def test_without_scripts_every_video_has_its_own_controls(browser: Browser, served: Served) -> None:
    with tab(browser, served, java_script_enabled=False) as visit:
        visit.page.goto(QUESTION)
        expect(visit.page.locator("video[controls]")).to_have_count(5)
        expect(visit.page.locator("[data-player]")).to_be_hidden()
        visit.page.get_by_role("checkbox", name="wrong").uncheck()
        visit.page.get_by_role("button", name="Show these").click()
        expect(visit.page.get_by_role("article", name="wrong")).to_be_hidden()
        expect(visit.page.get_by_role("article", name="oracle")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(browser: Browser, served: Served, width: int) -> None:
    options = {"viewport": {"width": width, "height": 844}, "is_mobile": True, "has_touch": True}
    with tab(browser, served, **options) as visit:
        visit.page.goto(QUESTION)
        visit.page.locator("#videos").scroll_into_view_if_needed()
        expect(visit.page.locator("[data-player]")).to_be_visible()
        assert too_wide_by(visit.page) == 0
