"""Places for archives, and a folder to work in."""

import pytest


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
