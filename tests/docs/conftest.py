"""What the tests of the documentation stand on: the generator, an S3 server, a judge, and a small lab."""

import sys
from pathlib import Path

import pytest
from sandbox import Sandbox
from support.fake_chat_server import FakeChatServer

sys.path.append(str(Path(__file__).parents[2] / "docs"))  # the generator of the reference, `_generate`


@pytest.fixture(scope="session")
def judge_url():
    with FakeChatServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def lab(tmp_path_factory, moto_url, judge_url):
    """The sandbox that all others are copies of."""
    return Sandbox.lab(tmp_path_factory.mktemp("lab"), endpoint=moto_url, judge=judge_url)
