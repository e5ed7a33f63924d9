"""Spreading work over processes."""

import os
import signal
import subprocess
import sys
import time
from itertools import count, islice
from pathlib import Path

import pytest

from vmevalkit.runner.executors import map_ordered


def slow_first(number):
    time.sleep(0.2 if number == 0 else 0)
    return number, os.getpid()


def fails_at_three(number):
    if number == 3:
        raise ValueError("three")
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    results = list(map_ordered(slow_first, range(20), workers))
    assert [number for number, _ in results] == list(range(20))
    assert (os.getpid() in {pid for _, pid in results}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_items_are_taken_as_results_are(workers):
    taken = count()

    def items():
        for number in range(10**9):
            next(taken)
            yield number

    assert [number for number, _ in islice(map_ordered(slow_first, items(), workers), 5)] == [0, 1, 2, 3, 4]
    assert next(taken) < 50


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller(workers):
    with pytest.raises(ValueError, match="three"):
        list(map_ordered(fails_at_three, range(10), workers))


def test_workers_do_not_outlive_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\n"
        "from vmevalkit.runner.executors import map_ordered\n"
        "def work(number):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    list(map_ordered(work, range(2), 2))\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as parent:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        for _ in range(100):
            if not any(Path(f"/proc/{pid}").exists() and _is_alive(pid) for pid in workers):
                break
            time.sleep(0.1)
        else:
            pytest.fail("the workers are still there after ten seconds")


def _is_alive(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
