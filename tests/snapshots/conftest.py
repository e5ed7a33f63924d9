"""Stores of each kind, and a small data root."""

from datetime import UTC, datetime

import pytest
from support.stores import Place, bucket, write_files

from vmevalkit.cli import main
from vmevalkit.snapshots import Remote, Tree, tree_at


@pytest.fixture(params=["moto", "rclone", "folder"])
def place(request, tmp_path) -> Place:
    """An empty place on each kind of store in turn."""
    if request.param == "folder":
        return Place("folder", f"file://{tmp_path / 'remote'}")
    return bucket(request.param, request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def remote(place) -> Remote:
    return place.open()


@pytest.fixture
def files() -> dict[str, bytes]:
    """A small data root: path and content."""
    found = {}
    for domain, number in [("chess", 0), ("chess", 1), ("maze", 0)]:
        folder = f"questions/{domain}_task/{domain}_{number:04d}"
        found[f"{folder}/first_frame.png"] = f"first {domain} {number}".encode() * 50
        found[f"{folder}/prompt.txt"] = f"Solve {domain} {number}.".encode()
    found["questions/vmeval_dataset.json"] = b"{}\n"
    found["outputs/pilot/model-1/chess_task/chess_0000/run-1/video/model_output.mp4"] = bytes(range(256)) * 40
    found["outputs/pilot/model-1/chess_task/chess_0000/run-1/metadata.json"] = b""
    found["evaluations/pilot/model-1/chess_task/chess_0000/human-eval.json"] = b'{"score": 4}\n'
    return found


@pytest.fixture
def tree(tmp_path, files) -> Tree:
    write_files(tmp_path / "data", files)
    return tree_at(tmp_path / "data")


@pytest.fixture
def at(monkeypatch):
    """Set the clock: ``at("202501151030")``."""

    def set_clock(moment: str) -> None:
        time = datetime.strptime(moment, "%Y%m%d%H%M").replace(tzinfo=UTC)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(time.timestamp())))

    return set_clock


@pytest.fixture
def user(place, monkeypatch, tmp_path) -> None:
    """Work in a folder of one's own, with settings that name the place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VMEVAL_REMOTE", place.url)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def vmevalkit(user, capsys):
    """Run a command in this process; return its exit status, standard output and standard error."""

    def command(*arguments):
        status = main(arguments)
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return command
