"""The dashboard on a filled data root, and on an empty one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from dashboard_data import Served, fill, serving

from vmevalkit.dataroot import DataRoot
from vmevalkit.web import DashboardConfig


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
def own_client(own_root: DataRoot) -> Iterator[httpx.Client]:
    with serving(DashboardConfig(own_root)) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
        yield client
