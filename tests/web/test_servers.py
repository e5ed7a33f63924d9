"""Several servers on one data root, and servers that are killed: the files are the truth, and nothing is lost."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from support.waiting import until

from vmevalkit.catalog import index_path
from vmevalkit.dataroot import DataRoot, PairKey, note_change

RUNS = 40
_URL = re.compile(r"http://\S+")
_PATIENCE = 60.0


@contextmanager
def server(root: DataRoot) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A dashboard in a process of its own."""
    command = [sys.executable, "-m", "vmevalkit", "dashboard", "--data-dir", str(root.path), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = _URL.search(process.stdout.readline())
        assert url
        with httpx.Client(base_url=url[0], trust_env=False, timeout=_PATIENCE) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def root(own_root: DataRoot) -> DataRoot:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    for number in range(RUNS):
        add_scored_run(own_root, number)
    return own_root


def add_scored_run(root: DataRoot, number: int) -> None:
    key = run_of(f"model-{number % 4}", "maze_0000", run_id=f"run-{number:04d}")
    add_run(root, key, status="running")
    add_score(root, key, 1 + number % 5, f"scored {number}")


def everything(client: httpx.Client) -> dict[str, Any]:
    """All that the server knows, once it has looked everywhere."""
    until(lambda: not client.get("/api/health").json()["index"]["is_building"])
    answers = {address: client.get(address) for address in ADDRESSES}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {address: answer.json() for address, answer in answers.items()}


ADDRESSES = ("/api/results?limit=1000", "/api/leaderboard", "/api/experiments", "/api/questions", "/api/problems")


def until_it_knows(client: httpx.Client, total: int) -> None:
    until(lambda: client.get("/api/results?limit=1").json()["total"] == total)


def test_two_servers_on_one_data_root_agree(root: DataRoot) -> None:
    with server(root) as (_, first), server(root) as (_, second):
        assert everything(first) == everything(second)
        for number in range(RUNS, RUNS + 3):
            add_scored_run(root, number)
            note_change(root, root.run_folder(run_of(f"model-{number % 4}", "maze_0000", run_id=f"run-{number:04d}")))
        for client in (first, second):
            until_it_knows(client, RUNS + 3)
        index_path(root).unlink()
        for client in (first, second):
            until_it_knows(client, RUNS + 3)
        assert [r["score"] for r in everything(first)["/api/results?limit=1000"]["results"]][-1] is not None


def test_a_server_that_is_killed_at_any_moment_loses_nothing(root: DataRoot) -> None:
    with server(root) as (_, client):
        expected = everything(client)
    for seed in range(3):
        moment = random.Random(seed).uniform(0.0, 0.25)
        if seed % 2:
            index_path(root).unlink(missing_ok=True)
        with server(root) as (process, _):
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
    with server(root) as (_, client):
        assert everything(client) == expected


def test_one_server_goes_on_where_the_other_was_killed(root: DataRoot) -> None:
    with server(root) as (first, one), server(root) as (_, two):
        everything(one)
        first.send_signal(signal.SIGKILL)
        first.wait()
        add_scored_run(root, RUNS)
        until_it_knows(two, RUNS + 1)


def test_an_index_that_is_deleted_or_spoilt_while_it_is_asked_comes_back(root: DataRoot) -> None:
    with server(root) as (_, client):
        expected = everything(client)
        index_path(root).unlink()
        until_it_knows(client, RUNS)
        assert everything(client) == expected
        os.truncate(index_path(root), 5000)
        statuses = set()
        deadline = time.monotonic() + _PATIENCE
        while statuses != {200}:
            assert time.monotonic() < deadline
            answer = client.get(f"/api/results?experiment={EXPERIMENT}&limit=1")
            statuses = {answer.status_code}
            assert statuses <= {200, 503}, answer.text
        until_it_knows(client, RUNS)
        assert everything(client) == expected
