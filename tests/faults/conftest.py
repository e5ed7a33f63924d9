"""What the trials share in a session: where they are made, and the ledger."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for _neighbour in ("snapshots", "migration"):
    sys.path.append(str(Path(__file__).parents[1] / _neighbour))

from fault_disk import small_disk  # noqa: E402 - the neighbours' helpers had to be found first
from fault_ledger import Ledger  # noqa: E402
from fault_trials import Workshop  # noqa: E402

_spec = importlib.util.spec_from_file_location(
    "snapshots_conftest", Path(__file__).parents[1] / "snapshots/conftest.py"
)
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

no_machine_role = _fixtures.no_machine_role
moto_url = _fixtures.moto_url
moto_place = _fixtures.moto_place


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("faults")
    with small_disk(folder / "disk") as disk:
        yield Workshop(folder, disk, Ledger(folder / "ledger.jsonl"))
