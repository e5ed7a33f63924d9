"""The dashboard on a filled data root, and on an empty one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browsing import launched
from dashboard_data import Served, fill, serving
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig, create_app


@pytest.fixture(scope="session")
def filled_root(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """The filled data root; tests that change something make their own."""
    root = DataRoot(tmp_path_factory.mktemp("dashboard") / "data")
    fill(root)
    return root


@pytest.fixture(scope="session")
def served(filled_root: DataRoot) -> Iterator[Served]:
    """The dashboard on the filled data root."""
    with serving(DashboardConfig(filled_root)) as served:
        yield served


@pytest.fixture(scope="session")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client


@pytest.fixture
def own_root(tmp_path: Path) -> DataRoot:
    """An empty data root of the test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    return DataRoot(folder)


@pytest.fixture
def own_client(own_root: DataRoot) -> TestClient:
    """The dashboard on that data root; it first looks at the folders when it is first asked something."""
    app = create_app(DashboardConfig(own_root))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser. Of a module, because as long as it runs nothing else can have an event loop in this thread."""
    yield from launched()
