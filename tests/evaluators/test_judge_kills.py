"""A command that is killed again and again pays each answer once and loses none."""

import random
import signal
import subprocess
import sys

import pytest
from support.fake_chat_server import FakeChatServer, answer
from support.long import longer
from support.waiting import until

from vmevalkit.dataroot import DataRoot, load_evaluation
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.inference import RunOptions, run_models

EXPERIMENT = "pilot_experiment"
NAME = "lab-judge"
PER_DOMAIN, KILLS = longer((6, 3), (60, 20))
AT_ONCE = 4


def filmed(path):
    root = DataRoot(path / "data")
    create_dataset(root, pairs_per_domain=PER_DOMAIN)
    run_models(root, EXPERIMENT, ["static"], RunOptions(seconds=0.25))
    return root


def killed_at(command, cwd, server, requests):
    """Start a command and kill it while it waits for that answer; those under way are billed all the same."""
    server.held_from = len(server.asked) + requests
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: len(server.asked) >= server.held_from)
        process.kill()
    server.held_from = None
    assert process.returncode == -signal.SIGKILL


@pytest.mark.long
def test_a_command_that_is_killed_pays_each_answer_once_and_loses_none(tmp_path):
    root = filmed(tmp_path)
    items = 5 * PER_DOMAIN
    rng = random.Random(6)
    with FakeChatServer(answers=lambda asked, number: answer(1 + number % 5), seconds=0.03) as server:
        (tmp_path / "vmevalkit.toml").write_text(
            f'[evaluators.{NAME}]\nmodel = "fake-vl"\nbase_url = "{server.url}"\nconcurrency = {AT_ONCE}\nframes = 2\n'
            "usd_per_million_input = 1\nusd_per_million_output = 1\n"
        )
        command = [sys.executable, "-m", "vmevalkit", "evaluate", "--experiment", EXPERIMENT, "--evaluator", NAME]
        for _ in range(KILLS):
            # So few that there is work left for all kills.
            killed_at(command, tmp_path, server, rng.randint(1, items // (KILLS + 1) - AT_ONCE))
        assert len(server.billed) < items
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert len(server.billed) == items
        assert len(server.asked) <= items + KILLS * AT_ONCE
        asked = len(server.asked)
        again = subprocess.run([*command, "--force"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert len(server.asked) == asked

    said = {completion["choices"][0]["message"]["content"] for completion in server.billed.values()}
    found = []
    for pair in root.iter_pairs():
        (score,) = load_evaluation(root, EXPERIMENT, "static", pair, NAME).records
        assert (score.status, score.cost_usd) == ("scored", 0.0)  # of the second run, which knew them all
        assert set(score.judge.answers) <= said
        found.append(score.score)
    assert sorted(found) == sorted(1 + number % 5 for number in range(items))
