"""The pages in a real browser: by keyboard, on a phone, in the dark, without scripts, and kept up to date."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Visit, visiting
from dashboard_data import EXPERIMENT, Served, add_question, add_run, run_of, serving
from playwright.sync_api import Browser, expect

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web import DashboardConfig

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/browse",
    "/browse?view=table",
    "/browse?model=nobody",
    "/compare?side=pilot_experiment/oracle,pilot_experiment/wrong,pilot_experiment/lazy",
    "/data",
    "/versions",
    "/search?q=maze",
    "/docs",
)


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Visit]:
    """A wide screen with a mouse."""
    yield from visiting(browser, served, viewport={"width": 1280, "height": 900})


@pytest.fixture
def plain(browser: Browser, served: Served) -> Iterator[Visit]:
    """A browser without JavaScript."""
    yield from visiting(browser, served, java_script_enabled=False)


# Filters


def test_a_choice_filters_at_once(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse")
    page.get_by_label("Domain").select_option("maze")
    page.wait_for_url("**/browse?*domain=maze*")
    page.get_by_label("Model").select_option("wrong")
    page.wait_for_url("**model=wrong*")
    expect(page.locator(".run-card .badge")).to_have_text(["✗Failed"] * 3)
    expect(page.get_by_role("button", name="Apply")).to_be_hidden()
    page.get_by_role("link", name="domain maze").click()
    expect(page.locator(".run-card")).to_have_count(6)


def test_what_says_nothing_stays_out_of_the_address(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse")
    page.get_by_label("Domain").select_option("maze")
    page.wait_for_url("**domain=maze*")
    assert page.url.endswith("/browse?domain=maze")


def test_without_javascript_a_button_filters(plain: Visit) -> None:
    page = plain.page
    plain.go("/browse")
    page.get_by_label("Model").select_option("wrong")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".run-card")).to_have_count(6)
    expect(page.locator("[data-theme-toggle]")).to_be_hidden()


def test_another_side_is_compared_at_once(desk: Visit) -> None:
    page = desk.page
    desk.go(f"/compare?side={EXPERIMENT}/oracle,{EXPERIMENT}/wrong")
    page.locator("select[name=side]").last.select_option(label="lazy")
    expect(page.get_by_role("heading", name="Every two")).to_be_visible()


# Search


def test_ctrl_k_searches_by_keyboard_alone(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search")
    expect(field).to_be_focused()
    page.keyboard.type("maze_000")
    expect(page.locator("#palette [role=option]")).to_have_count(3)
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("maze_0000")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(chosen).to_contain_text("maze_0001")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/question/maze/maze_0001")


def test_the_search_keeps_the_focus_and_gives_it_back(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse")
    before = page.get_by_label("Domain")
    before.focus()
    page.keyboard.press("Control+k")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#palette')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(before).to_be_focused()


def test_a_search_that_finds_nothing_says_so(desk: Visit) -> None:
    page = desk.page
    desk.go("/")
    page.get_by_role("link", name="Search").click()
    page.keyboard.type("zebra")
    expect(page.locator("#palette [role=status]")).to_have_text("Nothing found")


def test_without_javascript_search_is_a_page(plain: Visit) -> None:
    page = plain.page
    plain.go("/")
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("chess_0001")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="chess_0001").click()
    page.wait_for_url("**/question/chess/chess_0001")


# Live


def test_progress_and_results_are_kept_up_to_date(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    root = DataRoot(tmp_path / "data")
    for number in range(2):
        add_question(root, PairKey("maze", f"maze_{number:04d}"), ground_truth=False)
    add_run(root, run_of("oracle", "maze_0000"), status="running")
    with serving(DashboardConfig(root)) as served:
        for visit in visiting(browser, served):
            page = visit.page
            visit.go("/")
            expect(page.locator("#progress")).to_contain_text("1 running")
            expect(page.locator("#failures")).not_to_contain_text("maze_0001")
            add_run(root, run_of("oracle", "maze_0001"), status="failed")
            expect(page.locator("#progress")).to_contain_text("1 failed", timeout=20_000)
            expect(page.locator("#failures")).to_contain_text("maze_0001")


# Looks


def test_the_theme_is_chosen_kept_and_given_up_again(desk: Visit) -> None:
    page = desk.page
    ground = "getComputedStyle(document.body).backgroundColor"
    desk.go("/")
    light = page.evaluate(ground)
    toggle = page.get_by_role("button", name="Theme: as the system")
    toggle.click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    dark = page.evaluate(ground)
    assert dark != light
    desk.go("/browse")
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Theme: dark").click()
    desk.go("/browse")
    assert page.evaluate(ground) == light


def test_a_picture_that_cannot_be_loaded_is_a_quiet_tile(desk: Visit) -> None:
    page = desk.page
    page.route("**/media/**", lambda route: route.fulfill(status=404))
    desk.go("/browse")
    tile = page.locator(".picture img").first
    assert "No picture yet" in tile.evaluate("image => getComputedStyle(image, '::after').content")
    desk.complaints.clear()  # the browser reports the refusals that were asked for


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse?model=wrong")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reached = set()
    for _ in range(28):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        reached.add(focused.evaluate("element => element.name || element.textContent.trim().split(/\\s+/)[0]"))
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    fields = {"experiment", "model", "domain", "difficulty", "outcome", "evaluator", "sort", "text", "last", "review"}
    assert {"Overview", "Versions", "Search", "Theme:", "Grid", "Table", *fields, "More", "wrong"} <= reached


def test_the_skip_link_leads_past_the_menu(desk: Visit) -> None:
    page = desk.page
    desk.go("/browse")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("element => !!element.closest('main')")


@pytest.mark.parametrize("width", [320, 390, 2560])
def test_no_page_needs_sideways_scrolling(browser: Browser, served: Served, width: int) -> None:
    for visit in visiting(browser, served, viewport={"width": width, "height": 844}):
        for address in PAGES:
            visit.go(address)
            assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address


def test_what_is_touched_on_a_phone_is_large_enough(browser: Browser, served: Served) -> None:
    for visit in visiting(browser, served, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True):
        for address in PAGES:
            visit.go(address)
            small = visit.page.locator("button, select, input, .button, .tool, .chip, .site-menu a").evaluate_all(
                """elements => elements.filter((element) => {
                    const box = (element.closest("label.check") ?? element).getBoundingClientRect();
                    return element.checkVisibility() && (box.height < 24 || box.width < 24);
                }).map((element) => element.outerHTML)"""
            )
            assert small == [], address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, served: Served, scheme: str) -> None:
    for visit in visiting(browser, served, color_scheme=scheme):
        for address in PAGES:
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
