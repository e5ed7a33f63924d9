"""A command that is interrupted while a judge does not answer."""

import re
import signal
import subprocess
import sys

import pytest
from support.fake_chat_server import Behaviour, FakeChatServer
from support.waiting import PATIENCE_SECONDS, until

from vmevalkit.dataroot import DataRoot
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.inference import RunOptions, run_models

EXPERIMENT = "pilot_experiment"
QUESTIONS = 6


@pytest.fixture
def root(tmp_path):
    root = DataRoot(tmp_path / "data")
    create_dataset(root, pairs_per_domain=QUESTIONS, domains=["maze"])
    run_models(root, EXPERIMENT, ["static"], RunOptions(seconds=0.25))
    return root


@pytest.mark.parametrize("behaviour", [Behaviour.SLOW, Behaviour.DOWN, Behaviour.RATE_LIMITED_30])
def test_ctrl_c_ends_the_command_while_a_judge_does_not_answer_and_the_same_command_goes_on(root, tmp_path, behaviour):
    with FakeChatServer(Behaviour.GOOD, then=behaviour) as server:
        (tmp_path / "vmevalkit.toml").write_text(
            f'[evaluators.lab]\nbase_url = "{server.url}"\nframes = 2\nconcurrency = 2\n'
            "attempts = 100\nbackoff = 60\ntimeout = 86400\n"  # it would wait for days
        )
        command = [sys.executable, "-m", "vmevalkit", "evaluate", "--evaluator", "lab"]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ours:
            until(lambda: len(server.asked) >= 2)
            ours.send_signal(signal.SIGINT)
            try:
                said = ours.communicate(timeout=PATIENCE_SECONDS)[1]
            finally:
                ours.kill()
        assert (ours.returncode, said.splitlines()[-2:]) == (
            130,
            ["error: interrupted", "hint: the same command goes on where this one stopped"],
        )
        server.then(Behaviour.GOOD)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = re.match(r"(\d+) videos scored, .* (\d+) scored before", done.stdout)
        assert sum(map(int, found.groups())) == QUESTIONS
        assert len(server.billed) == QUESTIONS
