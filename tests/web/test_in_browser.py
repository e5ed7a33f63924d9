"""The pages in a real browser: they filter, play, seek, fit a phone, and load nothing from elsewhere."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from dashboard_data import FPS, FRAMES, Served
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

QUESTION = "/question/chess/chess_0000"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        pytest.fail("these tests drive a browser and there is none: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()


@dataclass
class Visit:
    """A tab, and what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        self.page.goto(address, wait_until="load")


def visiting(browser: Browser, served: Served, **options: object) -> Iterator[Visit]:
    context = browser.new_context(base_url=served.url, **options)
    visit = Visit(context.new_page())
    page = visit.page
    page.on("console", lambda m: visit.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))

    def check(address: str) -> None:
        if urlsplit(address).netloc != f"127.0.0.1:{served.port}":
            visit.complaints.append(f"asked for {address}")

    page.on("request", lambda request: check(request.url))
    yield visit
    context.close()
    assert visit.complaints == []


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Visit]:
    """A wide screen with a mouse."""
    yield from visiting(browser, served, viewport={"width": 1280, "height": 900})


@pytest.fixture(params=[320, 390])
def phone(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Visit]:
    yield from visiting(
        browser, served, viewport={"width": request.param, "height": 844}, is_mobile=True, has_touch=True
    )


@pytest.fixture
def plain(browser: Browser, served: Served) -> Iterator[Visit]:
    """A browser without JavaScript."""
    yield from visiting(browser, served, java_script_enabled=False)


def positions(page: Page) -> list[float]:
    """Return where each of the videos on the common timeline is, in seconds."""
    return page.locator("[data-sync-video]").evaluate_all("videos => videos.map(video => video.currentTime)")


def wait_until_loaded(page: Page) -> None:
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-sync-video]')].every(video => video.readyState >= 2)"
    )


def wait_until_all_at(page: Page, seconds: float, tolerance: float = 0.5 / FPS) -> None:
    page.wait_for_function(
        """([wanted, tolerance]) => [...document.querySelectorAll('[data-sync-video]')].every(
            video => !video.seeking && Math.abs(video.currentTime - wanted) <= tolerance)""",
        arg=[seconds, tolerance],
    )


@pytest.mark.parametrize("kind", ["desk", "plain"])
def test_results_are_filtered_by_model_domain_and_task(kind: str, request: pytest.FixtureRequest) -> None:
    page = request.getfixturevalue(kind).page
    page.goto("/")
    expect(page.locator(".question")).to_have_count(6)
    page.get_by_label("Domain").select_option("maze")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".question")).to_have_count(3)
    page.get_by_label("Model").select_option("wrong")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".question .badge")).to_have_text(["✗ Failed"] * 3)
    page.get_by_label("Question id").fill("maze_0002")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".question h3 a")).to_have_text(["maze_0002"])
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".question")).to_have_count(6)


def test_a_question_is_opened_and_left_by_its_links(desk: Visit) -> None:
    page = desk.page
    page.goto("/")
    page.get_by_role("link", name="chess_0001").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("chess_0001")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("chess_0002")
    page.get_by_role("link", name="Previous").click()
    page.get_by_role("link", name="All questions").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("pilot_experiment")


def test_every_frame_is_shown(desk: Visit) -> None:
    desk.go(QUESTION)
    widths = desk.page.locator("main img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths
    assert all(width == 96 for width in widths)


def test_videos_play(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    video = page.locator("[data-sync-video]").first
    video.evaluate("video => video.play()")
    page.wait_for_function("() => document.querySelector('[data-sync-video]').currentTime > 0.2")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [96, 96]


def test_a_video_seeks(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    video = page.locator("[data-sync-video]").first
    video.evaluate("video => { video.currentTime = 1.25 }")
    page.wait_for_function("() => !document.querySelector('[data-sync-video]').seeking")
    assert video.evaluate("video => video.currentTime") == pytest.approx(1.25, abs=0.01)
    assert video.evaluate("video => video.seekable.end(0)") == pytest.approx(FRAMES / FPS, abs=0.01)


def test_all_videos_play_and_pause_together(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    page.get_by_role("button", name="Play all").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-sync-video]')].every(video => video.currentTime > 0.3)"
    )
    page.get_by_role("button", name="Pause all").click()
    wait_until_all_at(page, positions(page)[0])
    assert page.locator("[data-sync-video]").evaluate_all("videos => videos.every(video => video.paused)")
    expect(page.get_by_role("button", name="Play all")).to_be_visible()


def test_playing_stops_at_the_last_frame_and_starts_over(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    last = (FRAMES - 0.5) / FPS
    page.get_by_role("button", name="Last frame").click()
    wait_until_all_at(page, last)
    page.get_by_role("button", name="Play all").click()
    expect(page.get_by_role("button", name="Pause all")).to_be_visible()
    assert max(positions(page)) < last
    expect(page.get_by_role("button", name="Play all")).to_be_visible(timeout=15_000)
    wait_until_all_at(page, last)


def test_all_videos_step_by_one_frame(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    forward = page.get_by_role("button", name="One frame forward")
    for frame in (1, 2, 3):
        forward.click()
        wait_until_all_at(page, (frame + 0.5) / FPS, tolerance=0.01)
    page.get_by_role("button", name="One frame back").click()
    wait_until_all_at(page, 2.5 / FPS, tolerance=0.01)


def test_the_slider_moves_all_videos(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    wait_until_loaded(page)
    page.get_by_role("slider", name="Position in all videos").evaluate(
        "slider => { slider.value = 1.5; slider.dispatchEvent(new Event('input')) }"
    )
    wait_until_all_at(page, 1.5, tolerance=0.01)
    expect(page.locator("[data-sync-time]")).to_contain_text("1.50 s")


def test_a_failed_video_shows_its_last_frame_beside_the_expected_one(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    seen = page.locator(".compare video")
    page.wait_for_function("() => document.querySelector('.compare video').currentTime > 0")
    assert seen.evaluate("video => video.currentTime") == pytest.approx((FRAMES - 0.5) / FPS, abs=0.01)
    assert seen.evaluate("video => video.paused")


def test_controls_do_not_cover_a_video_until_they_are_needed(desk: Visit) -> None:
    page = desk.page
    desk.go(QUESTION)
    video = page.locator("[data-sync-video]").first
    assert not video.evaluate("video => video.controls")
    video.hover()
    assert video.evaluate("video => video.controls")
    page.mouse.move(0, 0)
    assert not video.evaluate("video => video.controls")
    video.focus()
    assert video.evaluate("video => video.controls")


def test_without_javascript_videos_keep_their_controls(plain: Visit) -> None:
    page = plain.page
    page.goto(QUESTION)
    expect(page.locator("video[controls]")).to_have_count(5)
    expect(page.locator("[data-sync]")).to_be_hidden()


def test_the_keyboard_reaches_the_filters_and_the_focus_is_seen(desk: Visit) -> None:
    page = desk.page
    desk.go("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reached = set()
    for _ in range(13):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        reached.add(focused.evaluate("element => element.name || element.textContent.trim()"))
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    assert {"experiment", "model", "domain", "outcome", "task_id", "Apply", "chess_0000"} <= reached


def test_a_phone_needs_no_sideways_scrolling(phone: Visit) -> None:
    page = phone.page
    for address in ("/", QUESTION, "/docs", "/?model=nobody", "/?cursor=malformed"):
        phone.go(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        assert page.evaluate("window.innerWidth") == page.viewport_size["width"], address
    phone.complaints.clear()  # the browser reports the refusal that was asked for


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, served: Served, scheme: str) -> None:
    for visit in visiting(browser, served, color_scheme=scheme):
        for address in ("/", QUESTION, "/docs"):
            visit.go(address)
            assert visit.page.evaluate(_LOW_CONTRAST) == [], address


_LOW_CONTRAST = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${element.tagName} ${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return low;
}"""
