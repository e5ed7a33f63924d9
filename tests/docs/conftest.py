"""What the tests of the documentation stand on: the generator, an S3 server, a judge, and a small lab."""

import importlib.util
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[1]
sys.path += [
    str(_TESTS.parent / "docs"),
    *(str(_TESTS / name) for name in ("snapshots", "web", "evaluators", "migration")),
]
_spec = importlib.util.spec_from_file_location("snapshots_conftest", _TESTS / "snapshots" / "conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

moto_url = _fixtures.moto_url


@pytest.fixture(scope="session")
def judge_url():
    from fake_chat_server import FakeChatServer

    with FakeChatServer() as server:
        yield server.url


@pytest.fixture(scope="session")
def lab(tmp_path_factory, moto_url, judge_url):
    """The sandbox that all others are copies of."""
    from sandbox import Sandbox

    return Sandbox.lab(tmp_path_factory.mktemp("lab"), endpoint=moto_url, judge=judge_url)
