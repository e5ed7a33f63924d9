"""What all tests share."""

import os

import pytest
from hypothesis import settings

from vmevalkit.dataroot import DataRoot

# The time that an example takes says nothing on a busy machine; a CI run must be repeatable.
settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

pytest_plugins = ["support.stores"]

_OURS = ("VMEVAL_", "AWS_", "S3_", "SOURCE_DATE_EPOCH", "OUTPUT_DIR", "QUESTIONS_DIR", "MAX_CONTENT_LENGTH")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Keep the developer's own settings out of the tests."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name != "AWS_CA_BUNDLE":
            monkeypatch.delenv(name)
    # Without keys, AWS's library would ask the network what role this machine has.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def root(tmp_path) -> DataRoot:
    return DataRoot(tmp_path / "data")
