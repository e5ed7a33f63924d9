"""Print speed as a table of ratios, or as JSON with ``--json``.

``python -m benchmarks reading`` and ``python -m benchmarks memory`` are measurements of another kind, with options of
their own.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence

from benchmarks import create, memory, reading, startup
from benchmarks.measure import Ratio

SUITES: dict[str, Callable[[], Iterator[Ratio]]] = {"create": create.ratios, "startup": startup.ratios}
PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {"memory": memory.main, "reading": reading.main}


def main() -> None:
    """Run the program that is named first; otherwise measure the suites and print."""
    if sys.argv[1:] and sys.argv[1] in PROGRAMS:
        PROGRAMS[sys.argv[1]](sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"which of {', '.join(SUITES)}; all if none is named")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite: {', '.join(sorted(unknown))}")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows: list[Ratio] = []
    if not arguments.json:
        print(f"{machine}\n{'':<32} {'ours':>10} {'yardstick':>28} {'ratio':>7} {'target':>8}")
    for name in arguments.suites or SUITES:
        for row in SUITES[name]():
            rows.append(row)
            if not arguments.json:
                print(
                    f"{row.what:<32} {row.ours_ms:>7.2f} ms {row.yardstick_ms:>8.2f} ms {row.yardstick:>16} "
                    f"{row.value:>7.2f} {'<=':>3} {row.target:>4}",
                    flush=True,
                )
    if arguments.json:
        values = [{**vars(row), "ratio": row.value} for row in rows]
        json.dump({"machine": machine, "ratios": values}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
