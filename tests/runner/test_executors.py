"""Spreading work over processes."""

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import count, islice
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from support.folders import contents
from support.waiting import until

from vmevalkit.errors import WorkerError
from vmevalkit.runner.executors import map_ordered


def slow_first(number):
    time.sleep(0.2 if number == 0 else 0)
    return number, os.getpid()


def fails_at_three(number):
    if number == 3:
        raise ValueError("three")
    return number


def dies_once_at_three(marks, number):
    with (marks / f"{number}").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if number == 3 and len((marks / "3").read_text().splitlines()) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def dies_at_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
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


def test_what_a_killed_worker_had_is_done_by_another_and_each_result_comes_once(tmp_path):
    assert list(map_ordered(partial(dies_once_at_three, tmp_path), range(30), 2)) == list(range(30))
    assert len((tmp_path / "3").read_text().splitlines()) == 2


def test_workers_that_are_killed_again_and_again_are_given_up_in_one_line():
    results = map_ordered(dies_at_three, range(10), 2)
    assert list(islice(results, 3)) == [0, 1, 2]
    with pytest.raises(WorkerError, match="killed 5 times in a row") as failed:
        next(results)
    assert "fewer --workers" in failed.value.hint


def test_a_worker_that_is_killed_while_another_one_is_started_is_replaced(monkeypatch):
    processes = []

    def start(process, start=SpawnProcess.start):
        processes.append(process)
        if len(processes) == 2:
            processes[0].kill()
            calls, _results = process._args[:2]  # The executor takes the queue of calls down before it says a word.
            until(lambda: calls._reader.closed)
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", start)
    assert list(map_ordered(fails_at_three, range(3), 2)) == [0, 1, 2]
    assert len(processes) == 4


def test_a_process_that_the_system_cannot_start_is_an_error(monkeypatch):
    def start(_process):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(SpawnProcess, "start", start)
    with pytest.raises(BlockingIOError):
        list(map_ordered(fails_at_three, range(3), 2))


def test_create_makes_the_same_questions_when_one_of_its_workers_is_killed(tmp_path):
    quiet, disturbed = _create(tmp_path / "quiet"), _create(tmp_path / "disturbed")
    os.kill(_first_worker(disturbed), signal.SIGKILL)
    outputs = [process.communicate(timeout=60) for process in (quiet, disturbed)]
    assert [process.returncode for process in (quiet, disturbed)] == [0, 0], outputs
    assert contents(tmp_path / "quiet" / "questions") == contents(tmp_path / "disturbed" / "questions")


def _create(root):
    command = [sys.executable, "-m", "vmevalkit", "create", "--domains", "maze", "--pairs-per-domain", "12"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.Popen(
        [*command, "--workers", "2", "--data-dir", str(root)], env=environment, stdout=-1, stderr=-1
    )


def _first_worker(parent):
    """Return the first worker of a command as soon as there is one: it has not done anything then."""
    while parent.poll() is None:
        for pid in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("the command had no workers")


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
        until(lambda: not any(Path(f"/proc/{pid}").exists() and _is_alive(pid) for pid in workers))


def _is_alive(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
