"""Print speed as a table of ratios, or as JSON with ``--json``.

``python -m benchmarks snapshots`` measures one suite with options of its own, and so do ``dashboard`` and ``validate``,
which show more than ratios. ``dashboard-streaming``, ``inference``, ``memory``, ``reading``, ``snapshot-memory``,
``snapshot-requests`` and ``timeline`` are measurements of another kind.
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from benchmarks.measure import Ratio, show

SUITES = ("cluster", "create", "dashboard", "peaks", "snapshots", "startup", "validate")
PROGRAMS = (
    "dashboard",
    "dashboard-streaming",
    "inference",
    "memory",
    "reading",
    "snapshot-memory",
    "snapshot-requests",
    "snapshots",
    "timeline",
    "validate",
)


def main() -> None:
    """Run the program that is named first; otherwise measure the suites and print."""
    # Servers are stopped and folders removed when somebody ends the measurement, by whatever means.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if sys.argv[1:] and sys.argv[1] in PROGRAMS:
        # Nothing else is loaded: a process that measures memory has to be a small one.
        import_module(f"benchmarks.{sys.argv[1].replace('-', '_')}").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"which of {', '.join(SUITES)}; all if none is named")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite: {', '.join(sorted(unknown))}")
    show(_rows(arguments.suites or SUITES), as_json=arguments.json)


def _rows(suites: Sequence[str]) -> Iterator[Ratio]:
    for name in suites:
        yield from import_module(f"benchmarks.{name}").ratios()


if __name__ == "__main__":
    main()
