"""Archiving, bringing back and retention, killed at any moment: each file is here or safely there, and again completes.

What is on the remote is read without our own code where there is a server.
"""

import random
from pathlib import Path

import pytest
from aged import NAME, add_experiment, content, journal, push_all
from support.long import longer
from support.stepping import killed_at_step, steps_of
from support.stores import Place

from vmevalkit.dataroot import ARCHIVED_NAME, DataRoot, is_temporary
from vmevalkit.lifecycle import apply_retention_policies, archive, unarchive
from vmevalkit.snapshots import list_snapshots
from vmevalkit.snapshots.catalog import fetched_manifest

pytestmark = pytest.mark.s3

KILLS, TASKS = longer(3, 50), 20
STUB = f"outputs/{NAME}/{ARCHIVED_NAME}"


@pytest.fixture
def reached(root, place, monkeypatch) -> Place:
    """The place, which the settings name, and the data root as well."""
    for name, value in {"VMEVAL_DATA_DIR": root.path, "VMEVAL_REMOTE": place.url, **place.environment}.items():
        monkeypatch.setenv(name, str(value))
    root.lock("any").parent.mkdir(parents=True)  # Otherwise the first command has more steps than those after it.
    return place


def _here(root: DataRoot) -> dict[str, bytes]:
    """Return what all readers of a data root see of the experiment."""
    found = content(root, "outputs") | content(root, "evaluations")
    return {path: data for path, data in found.items() if path != STUB and not any(map(is_temporary, path.split("/")))}


def _stored(place: Place) -> dict[str, set[bytes]]:
    """Return what finished snapshots and archives hold, by path."""
    found: dict[str, set[bytes]] = {}
    for listed in list_snapshots(place.open()):
        with fetched_manifest(place.open(), listed.snapshot) as manifest:
            for row in manifest.rows():
                found.setdefault(row.path, set()).add(place.fetch(row.key))
    return found


def _assert_safe(root: DataRoot, place: Place, before: dict[str, bytes]) -> None:
    """Fail unless each file is here as it was, or there."""
    here = _here(root)
    assert here == {path: before[path] for path in here}
    missing = before.keys() - here.keys()
    if missing:
        there = _stored(place)
        assert [path for path in sorted(missing) if before[path] not in there.get(path, ())] == []


@pytest.mark.long
@pytest.mark.parametrize("place", longer(["folder"], ["moto", "folder"]), indirect=True)
def test_archiving_and_bringing_back_that_were_killed_lose_nothing_and_are_completed(root, reached):
    add_experiment(root, tasks=TASKS)
    before = _here(root)
    away, home = ("archive", NAME, "--yes"), ("unarchive", NAME, "--remove-remote", "--yes")
    leaving, returning = steps_of(away, root.path), steps_of(home, root.path)
    assert _here(root) == before
    chance = random.Random(7)
    for number in range(KILLS):
        assert killed_at_step(away, root.path, chance.randint(1, leaving))
        _assert_safe(root, reached, before)
        # A stub stands only for what is whole on the remote.
        assert not (root.path / STUB).exists() or _stored(reached).keys() >= before.keys()
        if _here(root):
            assert archive(root, reached.open(), NAME).failures == ()
        assert _here(root) == {}
        _assert_safe(root, reached, before)

        if number % 3 == 0:
            step = chance.randint(1, returning)
            # Folders are made by several threads, which come in each other's way: some steps more or fewer.
            assert killed_at_step(home, root.path, step) or step > 0.9 * returning
            assert (root.path / STUB).exists() or _here(root) == before
            _assert_safe(root, reached, before)
        if (root.path / STUB).exists():
            unarchive(root, reached.open(), NAME, remove_remote=True)
        assert _here(root) == before


@pytest.mark.long
@pytest.mark.parametrize("place", longer(["folder"], ["moto", "folder"]), indirect=True)
def test_retention_that_was_killed_loses_nothing_and_is_completed(root, reached):
    add_experiment(root, days=200, tasks=TASKS)
    before = _here(root)
    push_all(root, reached, "20250101")
    command = ("retain", "--yes")
    steps = steps_of(command, root.path)
    assert _here(root) == {}
    chance = random.Random(7)
    for _ in range(KILLS):
        add_experiment(root, days=200, tasks=TASKS)
        assert _here(root) == before
        assert killed_at_step(command, root.path, chance.randint(1, steps))
        _assert_safe(root, reached, before)
        noted = {file["path"] for line in journal(root) for file in line["files"]}
        assert before.keys() - _here(root).keys() <= noted
        done = apply_retention_policies(root, remote=reached.open())
        assert (done.failures, _here(root)) == ((), {})
        left = [path for path in Path(root.outputs).rglob("*") if path.is_file()]
        assert left == []
