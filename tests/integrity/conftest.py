"""A small data root for each test."""

import shutil

import pytest
from damaged_tree import age, make_tree

from vmevalkit.dataroot import DataRoot


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> DataRoot:
    """A small data root in which all is well; not to be changed."""
    return make_tree(tmp_path_factory.mktemp("whole") / "data", of_the_domain=3, of_others=1)


@pytest.fixture
def tree(whole, tmp_path) -> DataRoot:
    """A copy of it, whose files are old enough to be remembered."""
    root = DataRoot(tmp_path / "data")
    shutil.copytree(whole.path, root.path)
    age(root)
    return root
