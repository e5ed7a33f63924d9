"""A migration that is killed at any moment, and then simply run again."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from migration_checks import check_all_there, hashes
from trees import TREES, Made

from vmevalkit.dataroot import DataRoot, is_temporary

LONG = "VMEVAL_LONG" in os.environ
KILLS = 50 if LONG else 3
COUNT = 40 if LONG else 6
EPOCH = {"SOURCE_DATE_EPOCH": "1760000000"}


def start(source: Path, data: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vmevalkit", "migrate", str(source), "--data-dir", str(data), "--yes", *options]
    return subprocess.Popen(command, env={**os.environ, **EPOCH}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("kind", ["vmevalkit", "vbvr"])
def test_killed_at_random_moments_and_run_again_it_equals_an_undisturbed_one(kind, tmp_path):
    source, quiet, disturbed = tmp_path / "source", tmp_path / "quiet", tmp_path / "disturbed"
    made = TREES[kind](source, COUNT)
    with start(source, quiet) as process:
        begun = _began(process, quiet)
        process.wait()
        seconds = time.monotonic() - begun
    assert process.returncode == 0
    check_all_there(DataRoot(quiet), made)
    moments = random.Random(7)
    interrupted = 0
    for _ in range(KILLS):
        with start(source, disturbed) as process:
            _began(process, disturbed)
            time.sleep(seconds * moments.random() / KILLS * 2)
            interrupted += process.poll() is None
            process.kill()
        _check_nothing_is_half(disturbed, made)
    with start(source, disturbed) as process:
        process.wait()
    assert process.returncode == 0
    assert hashes(disturbed) == hashes(quiet)
    # How many kills come in time depends on the machine; a process that is always done before would show nothing.
    assert interrupted or not LONG


def _began(process: subprocess.Popen[bytes], data: Path) -> float:
    """Wait until a process writes, and return when that was."""
    while process.poll() is None and not (data / ".vmevalkit/locks/create.lock").exists():
        time.sleep(0.002)
    return time.monotonic()


def _check_nothing_is_half(data: Path, made: Made) -> None:
    """Whatever has its name is whole."""
    for path in data.rglob("question_metadata.json"):
        if any(is_temporary(part) for part in path.relative_to(data).parts):
            continue
        key = path.parent.parent.name.removesuffix("_task"), path.parent.name
        files = {**made.questions[key], "prompt.txt": made.prompts[key].encode()}
        assert {name: (path.parent / name).read_bytes() for name in files} == files
    for (experiment, model, domain, task, run), video in made.videos.items():
        folder = data / "outputs" / experiment / model / f"{domain}_task" / task / run
        if folder.exists():
            assert (folder / "video/model_output.mp4").read_bytes() == video
            assert (folder / "metadata.json").is_file()
