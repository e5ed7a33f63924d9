"""A browser for the tests, and tabs that remember what they complained about."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from dashboard_data import Served
from playwright.sync_api import Browser, Page, sync_playwright

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


def launched() -> Iterator[Browser]:
    """Run the browser of this machine."""
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
    """Open a tab for the length of a test; in the end nothing has been complained about, and nobody else asked."""
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
