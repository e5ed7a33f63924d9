"""axe-core finds nothing to complain about on any page, light and dark, wide and narrow."""

from importlib.resources import files

import pytest
from browsing import visiting
from dashboard_data import EXPERIMENT, Served
from playwright.sync_api import Browser

pytest.importorskip("axe_playwright_python", reason="the package that brings axe-core is not installed")
pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/browse",
    "/browse?view=table&model=oracle&domain=maze",
    "/browse?model=nobody",
    "/question/chess/chess_0000",
    f"/compare?side={EXPERIMENT}/oracle,{EXPERIMENT}/wrong,{EXPERIMENT}/lazy",
    "/score",
    "/data",
    "/versions",
    "/search?q=maze",
    "/docs",
)
_COMPLAINTS = """async () => (await axe.run()).violations.map(
    (found) => `${found.impact} ${found.id}: ${found.help}; ${found.nodes[0].html}`)"""


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")], ids=["light", "dark", "phone"]
)
def test_axe_finds_nothing(browser: Browser, served: Served, width: int, scheme: str) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    for visit in visiting(browser, served, viewport={"width": width, "height": 844}, color_scheme=scheme):
        for address in PAGES:
            visit.go(address)
            visit.page.evaluate(axe)
            assert visit.page.evaluate(_COMPLAINTS) == [], address


def test_axe_finds_nothing_in_the_search(browser: Browser, served: Served) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    for visit in visiting(browser, served):
        visit.go("/")
        visit.page.keyboard.press("Control+k")
        visit.page.keyboard.type("maze")
        visit.page.locator("#palette [role=option]").first.wait_for()
        visit.page.evaluate(axe)
        assert visit.page.evaluate(_COMPLAINTS) == []
