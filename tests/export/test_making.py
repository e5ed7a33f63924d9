"""Questions that are made straight into tar files on a remote."""

import json
import random
import signal
import subprocess
import sys
import tarfile
import time

import pytest
from support.folders import contents

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.export.making import stream_dataset
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.shards import Shard
from vmevalkit.settings import Settings
from vmevalkit.snapshots import open_remote
from vmevalkit.tasks import DOMAIN_REGISTRY
from vmevalkit.tasks.maze_task import MazeDomain

ASKED = {"pairs_per_domain": 7, "random_seed": 5, "domains": ["maze", "raven"], "size": 256, "questions_per_file": 3}
FILES = 6


@pytest.fixture(autouse=True)
def _one_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")


def remote_at(folder):
    return open_remote(folder.as_uri(), Settings(_env_file=None), create=True)


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streamed") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1750000000")
        done = stream_dataset(remote_at(folder), **ASKED)
    assert (done.files, done.questions, done.kept, done.missing) == (FILES, 14, 0, 0)
    assert done.bytes == sum(path.stat().st_size for path in folder.glob("*.tar"))
    return folder


def test_each_file_holds_its_range_of_a_domain(streamed):
    names = {}
    for path in sorted(streamed.glob("*.tar")):
        with tarfile.open(path) as tar:
            names[path.name] = list(dict.fromkeys(name.partition(".")[0] for name in tar.getnames()))
    assert list(names)[:3] == [f"questions-maze-{number:06d}.tar" for number in range(3)]
    assert list(names.values())[:3] == [
        ["maze_0000", "maze_0001", "maze_0002"],
        ["maze_0003", "maze_0004", "maze_0005"],
        ["maze_0006"],
    ]


def test_the_way_back_gives_what_create_makes(streamed, root, tmp_path):
    back, made = type(root)(tmp_path / "back"), type(root)(tmp_path / "made")
    create_dataset(made, **{name: value for name, value in ASKED.items() if name != "questions_per_file"})
    assert main(["migrate", str(streamed), "--data-dir", str(back.path), "--yes"]) == 0
    files = [file for file in made.questions.rglob("*") if file.is_file()]
    assert len(files) == 14 * 4 + 1
    for file in files:
        assert (back.questions / file.relative_to(made.questions)).read_bytes() == file.read_bytes()


def test_the_same_is_made_by_shards_in_any_order(streamed, tmp_path):
    left = []
    for number in (3, 1, 2):
        done = stream_dataset(remote_at(tmp_path / "set"), **ASKED, shard=Shard(number, 3))
        left.append(done.missing)
        assert (tmp_path / "set" / "export.json").exists() == (done.missing == 0)
    assert left == [4, 2, 0]
    assert contents(tmp_path / "set") == contents(streamed)


def test_what_is_there_is_not_made_again(streamed):
    before = {path.name: path.stat().st_mtime_ns for path in streamed.glob("questions-*")}
    done = stream_dataset(remote_at(streamed), **ASKED)
    assert (done.files, done.kept) == (0, FILES)
    assert {path.name: path.stat().st_mtime_ns for path in streamed.glob("questions-*")} == before


def test_killed_at_any_moment_and_repeated_it_ends_as_if_undisturbed(streamed, tmp_path):
    folder = tmp_path / "set"
    command = [sys.executable, "-m", "vmevalkit", "create", "--output", folder.as_uri(), "--workers", "1"]
    for name, value in ASKED.items():
        command += [f"--{name.replace('_', '-')}", ",".join(value) if isinstance(value, list) else str(value)]
    chance = random.Random(3)
    ends = []
    for done in (1, 2, 4):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        # Killed at work, however slow the machine is: when so many files are there, and a moment later.
        while process.poll() is None and len(list(folder.glob("questions-*.tar"))) < done:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        ends.append(process.wait())
    assert -signal.SIGKILL in ends
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert contents(folder) == contents(streamed)


@pytest.mark.parametrize(
    "change", [{"random_seed": 6}, {"size": 512}, {"questions_per_file": 4}, {"domains": ["maze"]}]
)
def test_another_data_set_does_not_go_into_the_same_place(streamed, change):
    with pytest.raises(UsageError, match=f"holds a data set with {next(iter(change))}"):
        stream_dataset(remote_at(streamed), **{**ASKED, **change})


def test_the_command_says_what_it_did(tmp_path, capsys):
    command = ["create", "--pairs-per-domain", "2", "--domain", "maze", "--size", "256", "--workers", "1"]
    assert main([*command, "--output", (tmp_path / "set").as_uri(), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["files"], said["questions"], said["missing"]) == (1, 2, 0)
    assert main([*command, "--format", "webdataset"]) == 2
    assert "--format goes with --output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "17"], "the size of frames must be even, from 256 to 2048, not 17"),
        (["--fps", "0"], "has 0 frames"),
        (["--videos", "--seconds", "nan"], "cannot be nan seconds long"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_before_anything_is_written(tmp_path, capsys, options, message):
    folder = tmp_path / "set"
    assert main(["create", "--pairs-per-domain", "2", "--output", folder.as_uri(), "--workers", "1", *options]) == 2
    assert message in capsys.readouterr().err
    assert not folder.exists()
    with pytest.raises(UsageError, match="must be even"):
        stream_dataset(remote_at(folder), **{**ASKED, "size": 17})
    assert contents(folder) == {}


class DottedMaze(MazeDomain):
    """A domain of somebody else, with a name that files can have."""

    name = "maze.two"


def test_the_samples_of_a_domain_with_a_dot_in_its_name_are_told_apart_as_in_an_export(tmp_path, monkeypatch):
    monkeypatch.setitem(DOMAIN_REGISTRY, "maze.two", {"module": __name__, "domain_class": "DottedMaze"})
    asked = {"pairs_per_domain": 2, "random_seed": 1, "domains": ["maze.two"], "size": 256}
    stream_dataset(remote_at(tmp_path / "set"), **asked)
    create_dataset(DataRoot(tmp_path / "data"), **asked)
    assert main(["export", "webdataset", str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]) == 0
    [streamed], [exported] = ((tmp_path / name).glob("questions*.tar") for name in ("set", "out"))
    with tarfile.open(streamed) as one, tarfile.open(exported) as other:
        assert one.getnames() == other.getnames()
        assert {name.partition(".")[0] for name in one.getnames()} == {"maze%2Etwo_0000", "maze%2Etwo_0001"}
