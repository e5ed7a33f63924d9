"""Many readers of a dashboard while runs are added: it answers, and neither memory nor handles grow."""

import itertools
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest
from fault_verbs import EXPERIMENT, VERBS
from support.long import LONG, longer

from vmevalkit.catalog import index_path
from vmevalkit.dataroot import RunKey, load_run, note_change

CLIENTS = 16
SECONDS, WARM_SECONDS = longer((5, 2.5), (120, 30))
"""Until all of the code is loaded, each thread has its connection, and the allocator has seen what there is."""
MORE_BYTES = 48 << 20
"""What the allocator may keep of 16 threads; a hundredth of what is sent in the long form."""
MORE_HANDLES = 24
ADDED_EVERY_SECONDS = 0.5
PAGES = ("/", "/data", "/api/health", "/api/results?limit=50", "/api/leaderboard", "/api/experiments", "/api/questions")


@contextmanager
def _dashboard(data: Path) -> Iterator[tuple[int, str]]:
    """Serve a data root from a process of its own; give its number and its address."""
    command = [sys.executable, "-m", "vmevalkit", "dashboard", "--data-dir", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            yield process.pid, found[0]
        finally:
            process.kill()


def _handles(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a count


def _memory(pid: int) -> int:
    (pages,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(pages) * 1024


def _add_run(site, number: int) -> None:
    """Add a run that is like another one."""
    key = next(site.root.iter_runs(EXPERIMENT, "static"))
    new = RunKey(key.experiment, key.model, key.domain, key.task_id, f"20300101T{number:06d}Z")
    run = load_run(site.root, key).model_copy(update={"run_id": new.run_id})
    folder = site.root.run_folder(new)
    (folder / "video").mkdir(parents=True)
    (folder / "video/model_output.mp4").symlink_to(site.root.run_folder(key) / "video/model_output.mp4")
    run.save(folder / "metadata.json")
    note_change(site.root, folder)


class _Crowd:
    """Clients that ask for one thing after the other until it is enough."""

    def __init__(self, url: str, films: list[str]) -> None:
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, films, seed)) for seed in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, url: str, films: list[str], seed: int) -> None:
        chance = random.Random(seed)
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not self._enough.is_set():
                if chance.random() < 0.4:
                    start = chance.randint(0, 400)
                    address, headers = (
                        chance.choice(films),
                        {"Range": f"bytes={start}-{start + chance.randint(0, 300)}"},
                    )
                else:
                    address, headers = chance.choice(PAGES), {}
                try:
                    status = client.get(address, headers=headers).status_code
                except httpx.HTTPError as error:
                    self.wrong.append(f"{address}: {error!r}")
                    return
                self.answers[status] += 1
                if status not in (200, 206):
                    self.wrong.append(f"{address}: {status}")


def _until(moment: float, work: Callable[[], object]) -> None:
    while time.monotonic() < moment:
        work()
        time.sleep(min(ADDED_EVERY_SECONDS, max(moment - time.monotonic(), 0)))


@pytest.mark.long
def test_a_dashboard_that_is_used_by_many_for_long_does_not_grow(workshop, capsys):
    site = workshop.site(VERBS["evaluate"])
    films = [
        f"/media/video/{run.model}/{run.domain}/{run.task_id}/{run.run_id}/model_output.mp4?experiment={EXPERIMENT}"
        for run in site.root.iter_runs(EXPERIMENT)
    ]
    numbers = itertools.count()
    with _dashboard(site.data) as (pid, url), _Crowd(url, films) as crowd:
        began = time.monotonic()
        _until(began + WARM_SECONDS, lambda: _add_run(site, next(numbers)))
        before = _memory(pid), _handles(pid)
        middle = began + (WARM_SECONDS + SECONDS) / 2
        _until(middle, lambda: _add_run(site, next(numbers)))
        index_path(site.root).unlink()
        _until(began + SECONDS, lambda: _add_run(site, next(numbers)))
        after = _memory(pid), _handles(pid)
    assert crowd.wrong == []
    assert crowd.answers[200] > CLIENTS < crowd.answers[206]
    if LONG:
        with capsys.disabled():
            sys.stdout.write(
                f"\nsoak: {dict(crowd.answers)} answers in {SECONDS} s; "
                f"memory {before[0] >> 20} -> {after[0] >> 20} MiB, handles {before[1]} -> {after[1]}\n"
            )
    assert after[0] - before[0] < MORE_BYTES
    assert after[1] - before[1] < MORE_HANDLES
