"""How fast the dashboard answers, and how fast its index is made.

``python -m benchmarks dashboard`` fills an index with synthetic rows for each size, serves it, and asks every page and
every route of the API that reads it: one client after another, then many at once. Then it writes a tree of small files
and compares making its index with ``find``. Everything lies in a temporary folder that is removed in the end.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from http.client import HTTPConnection, RemoteDisconnected
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import dashboard_rows as rows
from benchmarks import dashboard_tree as tree
from benchmarks.measure import Ratio, alternate, show
from benchmarks.processes import Peaks
from vmevalkit.dataroot import DataRoot, RunKey, exclusive, note_change

_LISTENING = re.compile(r"http://127\.0\.0\.1:\d+")
_WAIT_SECONDS = 600.0
_WARM_UP = 3
_CPU_CLOCK = 2
"""What Linux calls the clock of the CPU time of a process: these three bits behind the process's number, inverted."""
_FEW_AND_MANY = (1_000, 1_000_000)
_ASKED_IN_SUITE = 40
_RATIO_TARGET, _MS_TARGET, _KB_TARGET = 2.0, 20.0, 200
_ELSEWHERE = ("/media/", "/api/rating/", "/api/snapshots")
"""What these answer comes from files and from the remote, and not from the index."""
Address = Callable[[int], str]
"""The address to ask for, given how often one has asked before: no answer is asked for twice in a row."""


_ASKED = {
    "/": "?experiment={experiment}",
    "/browse": "?model={model}",
    "/browse (filtered)": "?outcome={judged}&difficulty={difficulty}&domain={domain}",
    "/browse (newest, table)": "?view=table&sort=newest&domain={domain}",
    "/question/{domain}/{task}": "?experiment={experiment}",
    "/compare": "?side={experiment}/{first}&side={experiment}/{second}",
    "/score": "",
    "/data": "?domain={domain}",
    "/versions": "",
    "/search": "?q={word}",
    "/docs": "",
    "/openapi.json": "",
    "/api/results": "?model={model}",
    "/api/results (filtered)": "?outcome={judged}&difficulty={difficulty}",
    "/api/results (narrow)": "?model={model}&domain={domain}&outcome={judged}&difficulty={difficulty}",
    "/api/results (errors)": "?model={model}&domain={domain}&outcome=error",
    "/api/results (newest)": "?sort=created&order=desc&model={model}",
    "/api/results (best)": "?sort=score&order=desc&domain={domain}",
    "/api/results (words)": "?q={word}",
    "/api/results (dates)": "?since={day}&domain={domain}",
    "/api/results/{experiment}/{model}/{domain}/{task}/{run}": "",
    "/api/evaluations": "?model={model}",
    "/api/questions": "?domain={domain}",
    "/api/questions (words)": "?q={word}",
    "/api/questions/{domain}/{task}": "",
    "/api/experiments": "",
    "/api/models": "?experiment={experiment}",
    "/api/domains": "",
    "/api/leaderboard": "?experiment={experiment}",
    "/api/compare": "?first={first}&second={second}&first_experiment={experiment}",
    "/api/agreement": "?experiment={experiment}",
    "/api/versions": "",
    "/api/search": "?q={domain}_{number}",
    "/api/health": "",
    "/api/problems": "",
}
"""Routes, each with what is asked of it; the same route is asked for several things.

Most fill a page at any size. Those that do not (narrow, errors, words, questions) give short answers at small sizes:
they are to be compared where the answers are of one size.
"""


@dataclass(frozen=True)
class Speed:
    """How one size of catalogue answers at one address: milliseconds, and the size of the answers in bytes."""

    route: str
    runs: int
    p50: float
    p95: float
    cpu: float
    """Of the server, for one answer: what a busy machine does not change much."""
    crowd_p50: float
    """With many clients at once, each waiting for all others on this machine."""
    crowd_p95: float
    mean_size: float
    largest_size: int


def addresses(size: int) -> dict[str, Address]:
    """Return what is asked of a catalogue of so many runs, by the name of the route."""
    questions = size // rows.FEWEST_RUNS

    def address(template: str, n: int) -> str:
        domain = rows.DOMAINS[n % len(rows.DOMAINS)]
        return template.format(
            experiment=rows.EXPERIMENTS[n % len(rows.EXPERIMENTS)],
            model=rows.MODELS[n % len(rows.MODELS)],
            first=rows.MODELS[n % 5],
            second=rows.MODELS[5 + n % 4],
            domain=domain,
            task=rows.task_id(domain, n * 7919 % questions),
            run=rows.RUN_ID,
            difficulty=("easy", "medium", "hard")[n % 3],
            judged=("passed", "failed")[n // 3 % 2],
            day=f"2026-11-{1 + n % 10:02d}",
            number=f"{n % 10:06d}",
            word=f"word{n % 97}",
        )

    return {name: partial(address, name.partition(" ")[0] + query) for name, query in _ASKED.items()}


def ratios() -> Iterator[Ratio]:
    """Ask a dashboard of a thousand runs and one of a million, in turn; one client."""
    largest = ("", 0)
    for few, many in speeds(_FEW_AND_MANY, asked=_ASKED_IN_SUITE, clients=1, only=None):
        if many.route == "/api/results (filtered)":
            yield Ratio("results of 10^6 runs, filtered, p95", many.p95, "of 10^3", few.p95, _RATIO_TARGET)
            yield Ratio("the same", many.p95, "limit", _MS_TARGET, 1.0)
        elif many.route in ("/", "/compare"):
            name = "overview" if many.route == "/" else "compare"
            yield Ratio(f"{name}, 10^6 runs, CPU", many.cpu, "of 10^3", few.cpu, None)
        if not many.route.startswith(("/api/", "/openapi")):
            largest = max(largest, (many.route, many.largest_size), key=lambda found: found[1])
    yield Ratio(f"largest page, 10^6 runs: {largest[0]}"[:35], largest[1] / 1000, "limit", _KB_TARGET, 1.0, "kB")


class Client:
    """One connection that is kept open, and opened again where the server has closed it for want of questions."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=_WAIT_SECONDS)

    def get(self, address: str) -> bytes:
        """Return the body; `RuntimeError` if it is no success."""
        try:
            return self._get(address)
        except (RemoteDisconnected, ConnectionError):
            self._connection.close()
            return self._get(address)

    def _get(self, address: str) -> bytes:
        self._connection.request("GET", address)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status} {body[:300].decode(errors='replace')}")
        return body


@contextmanager
def served(root: DataRoot) -> Iterator[tuple[str, int]]:
    """Run ``vmevalkit dashboard`` on a data root; yields its address and its process."""
    command = [sys.executable, "-m", "vmevalkit", "dashboard", "--data-dir", str(root.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            found = _LISTENING.search(line)
            if not found:
                raise RuntimeError(f"the dashboard did not start: {line}")
            yield found[0], server.pid
        finally:
            server.terminate()


# Answers


@dataclass(frozen=True)
class _Server:
    """A running dashboard with a catalogue."""

    url: str
    pid: int
    addresses: Mapping[str, Address]

    def cpu_seconds(self) -> float:
        """Return what the process has used so far, in all of its threads."""
        return time.clock_gettime(~self.pid << 3 | _CPU_CLOCK)


def speeds(sizes: Sequence[int], asked: int, clients: int, only: str | None) -> Iterator[list[Speed]]:
    """Yield how fast each address is answered: one list for each, with a speed for each size."""
    with ExitStack() as stack:
        servers = {}
        for size in sizes:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vmevalkit-"))) / "data"
            folder.mkdir()
            root = DataRoot(folder)
            rows.fill(root, size)
            # There are no files behind the rows: nobody may look for them.
            stack.enter_context(exclusive(root.lock("index"), "measuring"))
            servers[size] = _Server(*stack.enter_context(served(root)), addresses(size))
        _tell_unknown(Client(servers[sizes[0]].url))
        for route in _ASKED:
            if only is None or only in route:
                try:
                    yield _speeds(route, servers, asked, clients)
                except RuntimeError as error:
                    print(f"{route}: {error}", file=sys.stderr)


def _tell_unknown(client: Client) -> None:
    """Say which routes of the API are not asked; others add some from time to time."""
    paths = json.loads(client.get("/openapi.json"))["paths"]
    known = {_shape(name.partition(" ")[0]) for name in _ASKED}
    reading = [path for path, ways in paths.items() if "get" in ways and not path.startswith(_ELSEWHERE)]
    missing = [path for path in reading if _shape(path) not in known]
    if missing:
        print(f"not measured: {', '.join(missing)}", file=sys.stderr)


def _shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _speeds(route: str, servers: Mapping[int, _Server], asked: int, clients: int) -> list[Speed]:
    """Ask each size in turn, so that a machine whose speed drifts favours none."""
    alone: dict[int, list[float]] = {size: [] for size in servers}
    spent = dict.fromkeys(servers, 0.0)
    sizes: dict[int, list[int]] = {size: [] for size in servers}
    connections = {size: Client(server.url) for size, server in servers.items()}
    for number in range(-_WARM_UP, asked):
        for size, server in servers.items():
            used, began = server.cpu_seconds(), time.perf_counter()
            body = connections[size].get(server.addresses[route](number + _WARM_UP))
            if number >= 0:
                alone[size].append(time.perf_counter() - began)
                spent[size] += server.cpu_seconds() - used
                sizes[size].append(len(body))
    crowd = {size: _crowd(server.url, server.addresses[route], asked, clients) for size, server in servers.items()}
    return [
        Speed(
            route,
            size,
            *_percentiles(alone[size]),
            1000 * spent[size] / asked,
            *_percentiles(crowd[size]),
            statistics.mean(sizes[size]),
            max(sizes[size]),
        )
        for size in servers
    ]


def _crowd(url: str, address: Address, asked: int, clients: int) -> list[float]:
    """Ask from many connections at once; return how long each answer took."""
    numbers = count()

    def ask(_: int) -> list[float]:
        client = Client(url)
        times = []
        for _ in range(max(asked // clients, 2)):
            began = time.perf_counter()
            client.get(address(next(numbers)))
            times.append(time.perf_counter() - began)
        return times

    with ThreadPoolExecutor(clients) as pool:
        return [seconds for times in pool.map(ask, range(clients)) for seconds in times]


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(1000 * second for second in seconds)
    return statistics.median(ordered), ordered[min(len(ordered) * 95 // 100, len(ordered) - 1)]


def _print_speeds(sizes: Sequence[int], found: Iterator[list[Speed]], clients: int) -> list[Speed]:
    print(
        "milliseconds: median and 95th percentile of one client; the server's CPU for an answer; the 95th percentile"
        f" of {clients} clients at once"
    )
    print(
        f"{'':<30}" + "".join(f"{size:>20,} runs  " for size in sizes) + "    p95    cpu    kB: of each size, largest"
    )
    everything: list[Speed] = []
    for line in found:
        everything += line
        cells = "".join(f"{s.p50:>7.1f}{s.p95:>7.1f}{s.cpu:>6.1f}{s.crowd_p95:>6.0f} " for s in line)
        name = line[0].route.replace("/{experiment}/{model}/{domain}/{task}/{run}", "/{...}")
        slower, dearer = line[-1].p95 / line[0].p95, line[-1].cpu / line[0].cpu
        means = "".join(f"{s.mean_size / 1000:>6.0f}" for s in line)
        largest = max(s.largest_size for s in line) / 1000
        print(f"{name:<30}{cells}{slower:>7.2f}{dearer:>7.2f}{means}{largest:>6.0f}", flush=True)
    print(
        f"the last columns: the 95th percentile and the CPU at {sizes[-1]:,} runs in units of those at {sizes[0]:,}"
        f" (target: {_RATIO_TARGET:g}; where the answers are about as large), and the mean and the largest answers"
        f"\ntargets at any size: a filtered page of results {_MS_TARGET:g} ms, a page {_KB_TARGET} kB"
    )
    return everything


# A tree


def tree_ratios(runs: int, rounds: int, notes: list[str]) -> Iterator[Ratio]:
    """Make a tree of small files, and compare the work on its index with ``find``."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as name:
        root = DataRoot(Path(name) / "data")
        tree.make(root, runs)
        entries = len(_find(root).splitlines())
        notes.append(f"the tree has {runs:,} runs, {entries:,} files and folders")

        def measured(what: str, work: Callable[[], object], target: float | None) -> Ratio:
            ours, yardstick = alternate(work, lambda: _find(root), rounds=rounds, clock=time.perf_counter)
            return Ratio(what, 1000 * ours, "find", 1000 * yardstick, target)

        peaks: list[float] = []
        yield measured("build the index", lambda: peaks.append(_index(root, "--rebuild")), 3.0)
        notes.append(f"peak memory of building: {max(peaks):.0f} MiB")
        yield measured("refresh, nothing changed", lambda: peaks.append(_index(root)), None)
        yield from _new_runs(root, rounds, notes)


def _find(root: DataRoot) -> bytes:
    return subprocess.run(["find", str(root.path)], stdout=subprocess.PIPE, check=True).stdout


def _index(root: DataRoot, *options: str) -> float:
    """Bring the index up to date in a process of its own; return its peak memory in MiB."""
    command = [sys.executable, "-m", "vmevalkit", "index", "--data-dir", str(root.path), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peaks = Peaks(process.pid)
        while process.poll() is None:
            peaks.poll()
            time.sleep(0.2)
    if process.returncode:
        raise RuntimeError(f"index ended with {process.returncode}")
    return peaks.parent_mib


def _new_runs(root: DataRoot, rounds: int, notes: list[str]) -> Iterator[Ratio]:
    """Write runs while the dashboard is served, and wait until the API shows them."""
    with served(root) as (url, pid):
        client = Client(url)
        until = time.monotonic() + _WAIT_SECONDS
        while not json.loads(client.get("/api/results?limit=1"))["results"] and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1.0)
        waits, steps = [], []
        for number in range(max(rounds, 5)):
            key = RunKey(
                "bench_experiment", rows.MODELS[number % 10], "maze", rows.task_id("maze", number), rows.RUN_ID
            )
            folder = tree.add_run(root, key)
            began = time.perf_counter()
            note_change(root, folder)
            address = f"/api/results/{key.experiment}/{key.model}/{key.domain}/{key.task_id}/{key.run_id}"
            while not _is_there(client, address):
                time.sleep(0.02)
            waits.append(time.perf_counter() - began)
            steps.append(f"{waits[-1]:.2f}")
            time.sleep(0.7)
        notes.append(f"a new run was shown after {', '.join(steps)} s; the server held {_resident(pid):.0f} MiB")
        yield Ratio("a new run is shown", 1000 * statistics.median(waits), "2 seconds", 2000.0, 1.0)


def _is_there(client: Client, address: str) -> bool:
    try:
        client.get(address)
    except RuntimeError as error:
        if ": 404 " not in str(error):
            raise
        return False
    return True


def _resident(pid: int) -> float:
    """Return the peak memory of a process in MiB."""
    peaks = Peaks(pid)
    peaks.poll()
    return peaks.parent_mib


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks dashboard", description=__doc__)
    parser.add_argument(
        "--runs", type=int, nargs="*", default=[1000, 10_000, 100_000, 1_000_000], help="sizes of the catalogues"
    )
    parser.add_argument("--tree", type=int, default=100_000, help="runs of the tree; 0 makes none (default: 100000)")
    parser.add_argument("--asked", type=int, default=200, help="how often each address is asked for (default: 200)")
    parser.add_argument("--clients", type=int, default=16, help="how many at once (default: 16)")
    parser.add_argument("--rounds", type=int, default=3, help="how often the tree is measured (default: 3)")
    parser.add_argument("--only", help="only routes that have this in their name")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if any(size < 10 * rows.FEWEST_RUNS or size % rows.FEWEST_RUNS for size in options.runs):
        parser.error(f"sizes are multiples of {rows.FEWEST_RUNS}, and at least {10 * rows.FEWEST_RUNS}")
    found: list[Speed] = []
    notes: list[str] = []
    if not options.json:
        print(f"load of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.runs:
        lines = speeds(sorted(options.runs), options.asked, options.clients, options.only)
        if options.json:
            found = [speed for line in lines for speed in line]
        else:
            found = _print_speeds(sorted(options.runs), lines, options.clients)
    ratios = tree_ratios(options.tree, options.rounds, notes) if options.tree else iter(())
    if options.json:
        values = [{**vars(row), "ratio": row.value} for row in ratios]
        json.dump(
            {"speeds": [asdict(speed) for speed in found], "ratios": values, "notes": notes}, sys.stdout, indent=2
        )
    elif options.tree:
        show(ratios, as_json=False)
        print("\n".join(notes))


if __name__ == "__main__":
    main()
