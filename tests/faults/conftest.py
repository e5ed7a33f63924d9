"""What the trials share in a session: where they are made, and the ledger."""

from collections.abc import Iterator

import pytest
from fault_disk import small_disk
from fault_ledger import Ledger
from fault_trials import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("faults")
    with small_disk(folder / "disk") as disk:
        yield Workshop(folder, disk, Ledger(folder / "ledger.jsonl"))
