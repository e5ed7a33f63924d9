"""How the API answers while videos are streamed: who watches must not stand in the way of the others.

``python -m benchmarks dashboard-streaming`` serves a video of 200 MB to many clients, each in a thread of another
process, and asks for a page of results meanwhile.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ctypes import Array, c_longlong
from pathlib import Path
from urllib.request import urlopen

from benchmarks import dashboard_tree as tree
from benchmarks.dashboard import Client, served
from benchmarks.dashboard_rows import MODELS, RUN_ID, task_id
from benchmarks.measure import Ratio, show
from vmevalkit.dataroot import VIDEO_NAME, DataRoot, RunKey

_KEY = RunKey(tree.EXPERIMENT, MODELS[0], "maze", task_id("maze", 0), RUN_ID)
_VIDEO = f"/media/video/{_KEY.model}/{_KEY.domain}/{_KEY.task_id}/{_KEY.run_id}/{VIDEO_NAME}"
_RESULTS = f"/api/results?experiment={_KEY.experiment}"
_MEBIBYTES = 200
_READ_BYTES = 1 << 18


def ratios(clients: int, asked: int, notes: list[str]) -> Iterator[Ratio]:
    """Compare how long an answer takes while many watch with how long it takes while nobody does."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as name:
        root = DataRoot(Path(name) / "data")
        folder = tree.add_run(root, _KEY)
        with (folder / "video" / VIDEO_NAME).open("wb") as video:
            for _ in range(_MEBIBYTES):
                video.write(os.urandom(1 << 20))
        with served(root) as (url, _):
            client = Client(url)
            alone = _times(client, asked)
            read = multiprocessing.RawArray("q", clients)
            watching = multiprocessing.Process(target=_watch, args=(f"{url}{_VIDEO}", read), daemon=True)
            watching.start()
            while not all(read):
                time.sleep(0.05)
            before, began = sum(read), time.perf_counter()
            crowded = _times(client, asked)
            rate = (sum(read) - before) / (time.perf_counter() - began)
            watching.kill()
            watching.join()
    notes.append(f"{clients} clients were sent {rate / 1e6:.0f} MB/s together")
    yield Ratio("an answer, median", statistics.median(crowded), "nobody watches", statistics.median(alone), None)
    yield Ratio("an answer, 95th percentile", _p95(crowded), "nobody watches", _p95(alone), None)


def _times(client: Client, asked: int) -> list[float]:
    """Ask again and again; return how many milliseconds each answer took."""
    times = []
    for _ in range(asked):
        began = time.perf_counter()
        client.get(_RESULTS)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[len(times) * 95 // 100]


def _watch(url: str, read: "Array[c_longlong]") -> None:
    """Stream a video again and again, once for each number in ``read``, which counts the bytes."""

    def watch(place: int) -> None:
        while True:
            with urlopen(url) as video:
                while chunk := video.read(_READ_BYTES):
                    read[place] += len(chunk)

    with ThreadPoolExecutor(len(read)) as pool:
        list(pool.map(watch, range(len(read))))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dashboard-streaming", description=__doc__)
    parser.add_argument("--clients", type=int, default=16, help="how many watch (default: 16)")
    parser.add_argument("--asked", type=int, default=200, help="how many answers are timed (default: 200)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    notes: list[str] = []
    show(ratios(options.clients, options.asked, notes), as_json=options.json)
    if not options.json:
        print("\n".join(notes))


if __name__ == "__main__":
    main()
