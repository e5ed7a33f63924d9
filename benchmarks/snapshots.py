"""Pushes and pulls, against the fastest tools that keep a folder and a bucket in step, on the same server.

``python -m benchmarks snapshots --files 100000`` is the measurement at scale; it takes long.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from benchmarks.measure import Ratio, show
from benchmarks.sample_tree import SampleTree
from benchmarks.servers import s3_server
from benchmarks.sync_tools import (
    FIRST,
    INCREMENTAL,
    OPERATIONS,
    OURS,
    RCLONE,
    S5CMD,
    UNCHANGED,
    YARDSTICKS,
    Bench,
    Tool,
    ToolError,
    find,
)

_FILES, _ROUNDS = 1300, 5
_BYTES, _SMALL_BYTES = 88_000, 1_000
_SMALL_FROM = 10_000
_START, _STARTS = "start-up", 3

_TARGETS = {FIRST: 1.0, INCREMENTAL: 0.5}
_ASIDE_TARGETS = {UNCHANGED: 0.3, INCREMENTAL: 0.5}
"""For what is left when the start-up of both is taken off."""

Times = dict[str, dict[str, list[float]]]
"""Seconds, by operation and tool."""


def ratios(
    files: int = _FILES, rounds: int = _ROUNDS, yardsticks: Iterable[Tool] = YARDSTICKS, *, verbose: bool = False
) -> Iterator[Ratio]:
    """Measure all operations, a round after the other, and give the medians."""
    tools = (OURS, *_installed(yardsticks))
    times: Times = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        work = Path(folder)
        for number in range(rounds):
            for tool in tools:
                (work / "served" / _bucket(tool, number)).mkdir(parents=True)
        with s3_server(find(RCLONE), work / "served", work / "server.log") as endpoint:
            tree = SampleTree(work / "data", files, _SMALL_BYTES if files >= _SMALL_FROM else _BYTES)
            tree.make()
            session = _Session(Bench(endpoint, work, limit=60 + files / 40), tree, times, verbose)
            for number in range(rounds):
                for _ in range(_STARTS):
                    session.start(tools)
                # Whoever comes first finds the server at rest; so each one does at times.
                turn = number % len(tools)
                session.round(number, (*tools[turn:], *tools[:turn]))
                for tool in tools:
                    rmtree(work / "served" / _bucket(tool, number), ignore_errors=True)
    yield from _rows(times, tools[1:], files)


def _installed(tools: Iterable[Tool]) -> Iterator[Tool]:
    for tool in tools:
        try:
            find(tool)
        except ToolError as error:
            print(f"note: left out: {error}", file=sys.stderr)
        else:
            yield tool


def _bucket(tool: Tool, number: int) -> str:
    return f"{tool.program}-{number}"


@dataclass
class _Session:
    bench: Bench
    tree: SampleTree
    times: Times
    verbose: bool
    _generation: int = 0

    def start(self, tools: Iterable[Tool]) -> None:
        """Measure how long each tool takes to start."""
        for tool in tools:
            self.times[_START][tool.name].append(self.bench.start(tool, self.tree))

    def round(self, number: int, tools: Sequence[Tool]) -> None:
        """Have every tool do every operation, on a bucket of its own."""
        self.tree.forget()
        failed: set[Tool] = set()
        for operation in OPERATIONS:
            if operation.changes:
                self._generation += 1
                self.tree.change(self.tree.files // 100, self._generation)
            for tool in tools:
                if tool in failed:
                    continue
                try:
                    seconds = self.bench.do(operation, tool, self.tree, _bucket(tool, number))
                except ToolError as error:
                    failed.add(tool)
                    print(f"note: {operation.name}: {error}", file=sys.stderr)
                    continue
                self.times[operation.name][tool.name].append(seconds)
                if self.verbose:
                    print(f"{number}: {operation.name}: {tool.name}: {seconds:.3f} s", file=sys.stderr)


def _rows(times: Times, yardsticks: Sequence[Tool], files: int) -> Iterator[Ratio]:
    medians = {
        (operation, tool): statistics.median(seconds) * 1000
        for operation, by_tool in times.items()
        for tool, seconds in by_tool.items()
    }

    def rows(what: str, operation: str, target: float | None, *, aside: bool = False) -> Iterator[Ratio]:
        for tool in yardsticks:
            if (operation, OURS.name) not in medians or (operation, tool.name) not in medians:
                continue
            ours, theirs = (
                medians[operation, name] - (medians[_START, name] if aside else 0) for name in (OURS.name, tool.name)
            )
            if min(ours, theirs) <= 0:
                print(f"note: {operation}: {tool.name}: too short to be told from start-up", file=sys.stderr)
            else:
                yield Ratio(what, ours, tool.name, theirs, target if tool is S5CMD else None)

    yield from rows("push, start-up alone", _START, None)
    for operation in OPERATIONS:
        changed = " (1 %)" if operation.changes else ""
        yield from rows(f"{operation.name}{changed}, {files} files", operation.name, _TARGETS.get(operation))
        if operation in _ASIDE_TARGETS:
            yield from rows("  the same, start-up aside", operation.name, _ASIDE_TARGETS[operation], aside=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    names = [tool.program for tool in YARDSTICKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks snapshots", description=__doc__)
    parser.add_argument(
        "--files",
        type=int,
        default=_FILES,
        help=f"size of the tree (default: {_FILES}); files have {_BYTES} bytes, from {_SMALL_FROM} on {_SMALL_BYTES}",
    )
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"medians of so many (default: {_ROUNDS})")
    parser.add_argument("--tools", nargs="+", choices=names, default=names, help="the yardsticks (default: all)")
    parser.add_argument("--verbose", action="store_true", help="print every single time on standard error")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.files < 100 or options.rounds < 1:
        parser.error("--files must be at least 100, --rounds at least 1")
    chosen = [tool for tool in YARDSTICKS if tool.program in options.tools]
    show(ratios(options.files, options.rounds, chosen, verbose=options.verbose), as_json=options.json)


if __name__ == "__main__":
    main()
