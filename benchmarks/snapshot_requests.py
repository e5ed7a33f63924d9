"""How many requests pushes and pulls make, and that their number follows the changes rather than the tree.

Each size has the same number of changed files, so what an operation costs per file of the tree shows as growth. The
server fails a few of many simultaneous writes to new folders (5xx); the tools repeat them.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.sample_tree import SampleTree
from benchmarks.servers import KINDS, Counts, counting_proxy, s3_server
from benchmarks.sync_tools import OPERATIONS, OURS, RCLONE, S5CMD, Bench, Tool, ToolError, find

_BYTES = 1_000
_CHANGED = 10
_LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Row:
    """The requests of one operation, by kind."""

    operation: str
    files: int
    tool: str
    requests: dict[str, int]


def measure(sizes: Sequence[int]) -> Iterator[Row]:
    """Count what we and s5cmd do, for each size on new buckets."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        work = Path(folder)
        for size in sizes:
            for tool in (OURS, S5CMD):
                (work / "served" / _bucket(tool, size)).mkdir(parents=True)
        with (
            s3_server(find(RCLONE), work / "served", work / "server.log") as endpoint,
            counting_proxy(endpoint) as (proxy, counts),
        ):
            bench = Bench(proxy, work, _LIMIT_SECONDS)
            for size in sizes:
                tree = SampleTree(work / f"data-{size}", size, _BYTES)
                tree.make()
                yield from _operations(bench, counts, tree)


def _operations(bench: Bench, counts: Counts, tree: SampleTree) -> Iterator[Row]:
    failed: set[Tool] = set()
    for number, operation in enumerate(OPERATIONS):
        what = operation.name
        if operation.changes:
            what += f" ({_CHANGED} files)"
            tree.change(_CHANGED, number)
        for tool in (OURS, S5CMD):
            if tool in failed:
                continue
            try:
                bench.do(operation, tool, tree, _bucket(tool, tree.files))
            except ToolError as error:
                failed.add(tool)
                counts.take()
                print(f"note: {what}: {error}", file=sys.stderr)
            else:
                yield Row(what, tree.files, tool.name, counts.take())


def _bucket(tool: Tool, size: int) -> str:
    return f"{tool.program}-{size}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks snapshot-requests", description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[300, 3000], help="sizes of the tree (300 3000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if min(options.files) < 100:
        parser.error("--files must be at least 100")
    rows: list[Row] = []
    if not options.json:
        print(f"{'requests':<27} {'files':>7} {'':<10} {' '.join(f'{kind:>6}' for kind in KINDS)} {'all':>6}")
    for row in measure(options.files):
        rows.append(row)
        if not options.json:
            numbers = " ".join(f"{count:>6}" for count in (*row.requests.values(), sum(row.requests.values())))
            print(f"{row.operation:<27} {row.files:>7} {row.tool:<10} {numbers}", flush=True)
    if options.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=2)


if __name__ == "__main__":
    main()
