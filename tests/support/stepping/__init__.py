"""Commands that are killed at a counted step, on a fast machine as on a slow one: see ``sitecustomize.py`` beside this.

A step is whatever opens or changes something in the folder that is watched.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PRELOAD = Path(__file__).parent
"""What a victim has as its ``PYTHONPATH``."""


def steps_of(command: Sequence[str], folder: Path) -> int:
    """Run ``vmevalkit`` with some words to its good end, and count its steps in a folder."""
    with tempfile.NamedTemporaryFile() as report:
        code, said = _run(command, {"folder": str(folder), "report": report.name})
        assert code == 0, said
        return json.loads(Path(report.name).read_text())["steps"]


def killed_at_step(command: Sequence[str], folder: Path, step: int) -> bool:
    """Run ``vmevalkit`` with some words, and kill it before a step; tell whether it came so far.

    Args:
        command: the words.
        folder: whatever happens in there is a step.
        step: which one, from 1. Of several processes each counts its own, and all are killed by the first to get there.

    """
    fault = {"folder": str(folder), "kill": {"among": "steps", "at": step, "delay": 0, "all": True}}
    code, said = _run(command, fault)
    assert code in (0, -signal.SIGKILL), said
    return code != 0


def spread(steps: int, kills: int) -> Iterator[int]:
    """Yield steps at which to kill a command that goes on each time where it was: so that each of them comes.

    Before a step there were as many as its number less one; so much less is left for the next time, and no more.
    """
    chance = random.Random(7)
    for to_come in range(kills, 0, -1):
        step = chance.randint(1, max(1, min(steps, 2 * steps // to_come)))
        yield step
        steps -= step - 1


def _run(words: Sequence[str], fault: Mapping[str, object]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "vmevalkit", *map(str, words)],
        env={**os.environ, "FAULT": json.dumps(fault), "PYTHONPATH": str(PRELOAD)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stderr
