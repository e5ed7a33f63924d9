"""The daily backup: two never overlap, and its exit status is one that monitoring can use."""

import os
import subprocess
import sys

import pytest
from aged import add_experiment

from vmevalkit.cli import main
from vmevalkit.dataroot import exclusive
from vmevalkit.snapshots import list_snapshots


@pytest.fixture
def backup(root, folder_place, monkeypatch):
    """Run the backup as cron does."""
    add_experiment(root)
    monkeypatch.setenv("VMEVAL_DATA_DIR", str(root.path))
    monkeypatch.setenv("VMEVAL_REMOTE", folder_place.url)
    return lambda: main(["push", "--log"])


def test_it_is_0_when_something_was_pushed_and_when_nothing_has_changed(backup, folder_place):
    assert [backup(), backup()] == [0, 0]
    assert len(list(list_snapshots(folder_place.open()))) == 1


def test_it_is_1_while_another_one_is_going_on_and_nothing_is_written(backup, root, folder_place, capsys):
    with exclusive(root.lock("push"), "pushing this data root"):
        assert backup() == 1
    assert capsys.readouterr().err.startswith("error: another process is pushing this data root\n")
    assert list(list_snapshots(folder_place.open())) == []
    assert backup() == 0


def test_it_is_1_when_a_file_cannot_be_pushed_and_2_when_a_setting_is_wrong(backup, root, monkeypatch):
    os.mkfifo(root.questions / "pipe")
    assert backup() == 1
    (root.questions / "pipe").unlink()
    monkeypatch.setenv("VMEVAL_REMOTE", "nonsense")
    assert backup() == 2


def test_of_two_that_begin_at_once_both_end_well_or_one_is_told_and_the_data_is_there(backup, folder_place):
    command = [sys.executable, "-m", "vmevalkit", "push", "--log"]
    started = [subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in started]
    assert {code for _, code in ends} <= {0, 1}
    assert any(code == 0 for _, code in ends)
    assert all("pushing this data root" in said for said, code in ends if code)
    assert len(list(list_snapshots(folder_place.open()))) == 1
