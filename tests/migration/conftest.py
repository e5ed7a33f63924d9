"""A tree of each kind."""

import pytest
from support.layouts import TREES


@pytest.fixture(params=sorted(TREES))
def kind(request) -> str:
    return request.param


@pytest.fixture
def tree(kind, tmp_path):
    """A tree of some kind, and what is in it."""
    folder = tmp_path / "source"
    return folder, TREES[kind](folder, 4)
