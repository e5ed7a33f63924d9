"""Scoring in a real browser: by keyboard, by touch, without scripts, and with a network that comes and goes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browsing import Visit, visiting
from dashboard_data import EXPERIMENT, FPS, Served, add_question, add_run, film, run_of, serving
from playwright.sync_api import Browser, Page, Route, expect

from vmevalkit.dataroot import DataRoot, PairKey, RunKey, Score, load_evaluation
from vmevalkit.runner.rating import RatingPlan, save_plan
from vmevalkit.web import DashboardConfig

pytestmark = pytest.mark.browser
tab = contextmanager(visiting)

PAGE = f"/score/{EXPERIMENT}?rater=Ana"
ITEMS = 12
SCORES = [4, 5, 1, 2, 3, 4, 4, 5, 1, 2]


RUNS = [run_of("zebra", f"maze_{number:04d}") for number in range(ITEMS)]


@pytest.fixture(scope="module")
def unrated(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """Videos that nobody has scored; each test has its copy."""
    root = DataRoot(tmp_path_factory.mktemp("unrated"))
    path = root.state / "film.mp4"
    film(path, PairKey("maze", "maze_0000"))
    for key in RUNS:
        add_question(root, key.pair, ground_truth=False)
        add_run(root, key, video=path)
    save_plan(root, EXPERIMENT, RatingPlan(overlap=0))
    return root


@pytest.fixture
def runs(own_root: DataRoot, unrated: DataRoot) -> list[RunKey]:
    shutil.copytree(unrated.path, own_root.path, dirs_exist_ok=True)
    return RUNS


@pytest.fixture
def study(own_root: DataRoot, runs: list[RunKey]) -> Iterator[Served]:
    with serving(DashboardConfig(own_root)) as served:
        yield served


@pytest.fixture
def desk(browser: Browser, study: Served) -> Iterator[Visit]:
    with tab(browser, study, viewport={"width": 1280, "height": 900}) as visit:
        visit.page.goto(PAGE)
        wait_until_ready(visit.page)
        yield visit


def wait_until_ready(page: Page) -> None:
    page.wait_for_function(
        "() => !document.querySelector('[data-rating]').hasAttribute('aria-busy')"
        " && document.querySelector('[data-screen] video')?.readyState >= 2"
    )


def shown(page: Page) -> str:
    return str(page.locator("[data-rating]").get_attribute("data-item"))


def press(page: Page, key: str) -> None:
    """Press a key that leads to another video, and wait for that."""
    before = shown(page)
    page.keyboard.press(key)
    page.wait_for_function("before => document.querySelector('[data-rating]').dataset.item !== before", arg=before)
    wait_until_ready(page)


def too_wide_by(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def words(root: DataRoot, runs: list[RunKey]) -> list[Score]:
    """Return what the files say that people have said, in the order in which it was said."""
    found = [load_evaluation(root, EXPERIMENT, run.model, run.pair, "human-eval") for run in runs]
    said = [score for evaluation in found if evaluation for score in evaluation.records]
    return sorted(said, key=lambda score: score.created_at)


def test_ten_videos_are_scored_by_keyboard(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    for score in SCORES:
        press(desk.page, str(score))
    assert [word.score for word in words(own_root, runs)] == SCORES
    expect(desk.page.locator("[data-progress]")).to_have_text("10 scored, 2 to go")
    expect(desk.page.locator("[data-say]")).to_contain_text("Saved: 2.")


def test_a_name_is_typed_once(browser: Browser, study: Served) -> None:
    with tab(browser, study) as visit:
        visit.page.goto(f"/score/{EXPERIMENT}")
        visit.page.get_by_label("Your name").fill("Ana")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**?rater=Ana")
        visit.page.goto(f"/score/{EXPERIMENT}")
        expect(visit.page.get_by_label("Your name")).to_have_value("Ana")


def test_undo_brings_the_last_video_back_with_what_was_said(
    own_root: DataRoot, desk: Visit, runs: list[RunKey]
) -> None:
    first = shown(desk.page)
    desk.page.get_by_label("Comment").fill("a flicker")
    desk.page.keyboard.press("Escape")
    press(desk.page, "4")
    expect(desk.page.get_by_label("Comment")).to_have_value("")
    press(desk.page, "u")
    assert shown(desk.page) == first
    assert words(own_root, runs) == []
    expect(desk.page.get_by_label("Comment")).to_have_value("a flicker")
    press(desk.page, "5")
    assert [(word.score, word.explanation) for word in words(own_root, runs)] == [(5, "a flicker")]


def test_a_skip_gives_its_reason(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    desk.page.keyboard.press("s")
    press(desk.page, "Enter")
    (word,) = words(own_root, runs)
    assert (word.status, word.explanation) == ("skipped", "The video does not play")


def test_digits_in_a_comment_are_no_scores(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    desk.page.keyboard.press("c")
    desk.page.keyboard.type("row 5 u s")
    expect(desk.page.get_by_label("Comment")).to_have_value("row 5 u s")
    assert words(own_root, runs) == []


def test_the_video_loops_pauses_and_steps_by_frame(desk: Visit) -> None:
    video = desk.page.locator("[data-screen] video")
    assert video.evaluate("v => v.loop && v.muted && !v.paused")
    desk.page.keyboard.press(" ")
    desk.page.wait_for_function("() => document.querySelector('[data-screen] video').paused")
    desk.page.keyboard.press("Home")
    for frame in (1, 2):
        desk.page.keyboard.press("ArrowRight")
        desk.page.wait_for_function(
            "wanted => Math.abs(document.querySelector('[data-screen] video').currentTime - wanted) < 1e-4",
            arg=(frame + 0.5) / FPS,
        )


def test_space_never_repeats_a_score(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    before = shown(desk.page)
    desk.page.get_by_role("button", name="4 Solved").click()
    desk.page.wait_for_function("before => document.querySelector('[data-rating]').dataset.item !== before", arg=before)
    wait_until_ready(desk.page)
    desk.page.keyboard.press(" ")
    desk.page.wait_for_function("() => document.querySelector('[data-screen] video').paused")
    assert len(words(own_root, runs)) == 1


def test_the_next_video_is_loaded_early(browser: Browser, study: Served) -> None:
    with tab(browser, study) as visit:
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        visit.page.goto(PAGE)
        wait_until_ready(visit.page)
        visit.page.wait_for_load_state("networkidle")
        early = list(asked)
        press(visit.page, "3")
        assert any(f"{shown(visit.page)}/video" in address for address in early)


def test_a_score_outlives_a_network_that_is_away(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    page, before = desk.page, shown(desk.page)
    away = "**/api/rating/*/scores"

    def drop(route: Route) -> None:
        route.abort("connectionrefused")

    page.route(away, drop)
    page.keyboard.press("4")
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet; it is kept in this browser.")
    page.keyboard.press("2")  # is not heard: the first one is still to be saved
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
    page.unroute(away, drop)
    page.get_by_role("button", name="Try now").click()
    page.wait_for_function("before => document.querySelector('[data-rating]').dataset.item !== before", arg=before)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert [word.score for word in words(own_root, runs)] == [4]
    assert desk.complaints
    assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in desk.complaints)
    desk.complaints.clear()


def test_two_tabs_do_not_ask_twice(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    other = desk.page.context.new_page()
    other.goto(PAGE)
    wait_until_ready(other)
    assert shown(other) == shown(desk.page)
    press(desk.page, "4")
    expect(other.locator("[data-flash]")).to_contain_text("scored in another tab")
    assert shown(other) == shown(desk.page)
    press(other, "2")
    assert [word.score for word in words(own_root, runs)] == [4, 2]


def test_the_end_says_so(own_root: DataRoot, desk: Visit, runs: list[RunKey]) -> None:
    for _ in range(ITEMS - 1):
        press(desk.page, "5")
    desk.page.keyboard.press("5")
    expect(desk.page.get_by_role("heading", name="All done")).to_be_visible()
    assert len(words(own_root, runs)) == ITEMS


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone_and_the_scores_are_at_hand(
    browser: Browser, study: Served, own_root: DataRoot, runs: list[RunKey], width: int
) -> None:
    options = {"viewport": {"width": width, "height": 700}, "is_mobile": True, "has_touch": True}
    with tab(browser, study, **options) as visit:
        visit.page.goto(f"/score/{EXPERIMENT}")
        assert too_wide_by(visit.page) == 0
        visit.page.goto(PAGE)
        wait_until_ready(visit.page)
        assert too_wide_by(visit.page) == 0
        button = visit.page.get_by_role("button", name="3 Right end")
        box = button.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 700
        assert min(box["width"], box["height"]) >= 44
        before = shown(visit.page)
        button.tap()
        visit.page.wait_for_function(
            "before => document.querySelector('[data-rating]').dataset.item !== before", arg=before
        )
    assert [word.score for word in words(own_root, runs)] == [3]


def test_without_scripts_forms_do_the_same(
    browser: Browser, study: Served, own_root: DataRoot, runs: list[RunKey]
) -> None:
    with tab(browser, study, java_script_enabled=False) as visit:
        page = visit.page
        page.goto("/score")
        page.get_by_role("link", name=EXPERIMENT).click()
        page.get_by_label("Your name").fill("Ana")
        page.get_by_role("button", name="Start").click()
        page.get_by_label("Comment").fill("well done")
        page.get_by_role("button", name="5 Solved").click()
        expect(page.get_by_text("1 scored, 11 to go")).to_be_visible()
        page.get_by_text("I cannot judge it").click()
        page.get_by_role("button", name="The question is unclear").click()
        expect(page.get_by_text("1 scored, 1 skipped, 10 to go")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Taken back: here")).to_be_visible()
    assert [(word.score, word.explanation) for word in words(own_root, runs)] == [(5, "well done")]
