"""The stores of the tests of snapshots, and small data roots with faked ages."""

import importlib.util
import sys
from pathlib import Path

import pytest

_SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
sys.path.append(str(_SNAPSHOTS))
_spec = importlib.util.spec_from_file_location("snapshots_conftest", _SNAPSHOTS / "conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

no_machine_role = _fixtures.no_machine_role
moto_url = _fixtures.moto_url
moto_place = _fixtures.moto_place
folder_place = _fixtures.folder_place


@pytest.fixture(params=["moto", "folder"])
def place(request):
    """An empty place on a real S3 server, and in a folder."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def remote(place):
    return place.open()


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Keep the settings of the folder that the tests are started in out of them."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
