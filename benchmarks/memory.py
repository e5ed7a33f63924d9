"""How much memory making a data set takes, and how fast it is; flat memory means that the peaks do not grow.

``python -m benchmarks.memory`` runs ``vmevalkit create`` in a temporary folder, twice for each size: into an empty
folder, then again over the finished one. While it runs, the peak memory (``VmHWM``) of the command and of each of its
workers is read from ``/proc``, so that this works on Linux only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.processes import Peaks, children_cpu
from vmevalkit.tasks import Domain, domain_names, get_domain

_POLL_SECONDS = 0.05
_PROC = Path("/proc")


@dataclass(frozen=True)
class Row:
    """One run of the command: peak memory in MiB, questions per second of wall time, CPU milliseconds per question."""

    run: str
    questions: int
    parent_mib: float
    worker_mib: float | None
    """The largest worker's; `None` where the command started no worker."""
    per_second: float
    cpu_ms: float


def create(run: str, folder: Path, domains: Sequence[str], per_domain: int, workers: int) -> Row:
    """Run the command once and measure it; its progress stays visible on standard error."""
    command = [sys.executable, "-m", "vmevalkit", "create", "--data-dir", str(folder), "--workers", str(workers)]
    command += ["--pairs-per-domain", str(per_domain), "--domains", ",".join(domains)]
    cpu = children_cpu()
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        peaks = Peaks(process.pid)
        while process.poll() is None:
            peaks.poll()
            time.sleep(_POLL_SECONDS)
    wall = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"error: create ended with {process.returncode}")
    questions = per_domain * len(domains)
    spent = children_cpu() - cpu
    return Row(run, questions, peaks.parent_mib, peaks.worker_mib, questions / wall, spent / questions * 1000)


def measure(sizes: Sequence[int], domains: Sequence[str], workers: int) -> Iterator[Row]:
    """Make each size in a folder of its own, then ask for it again."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
            for run in ("create", "again"):
                yield create(run, Path(folder), domains, size // len(domains), workers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    solvable = [name for name in domain_names() if isinstance(get_domain(name), Domain)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument(
        "--pairs",
        type=int,
        nargs="+",
        default=[1000, 10000],
        help="how many questions in total, shared equally by the domains (default: 1000 10000)",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--domains", nargs="+", choices=solvable, default=solvable, help="default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if not _PROC.joinpath("self", "status").exists():
        parser.error("peak memory is read from /proc, which this system does not have")
    if min(options.pairs) < len(options.domains):
        parser.error(f"--pairs must be at least {len(options.domains)}, one question per domain")

    rows: list[Row] = []
    if not options.json:
        print(f"{'':<8} {'questions':>9} {'parent':>11} {'largest worker':>14} {'per second':>10} {'CPU each':>10}")
    for row in measure(options.pairs, options.domains, options.workers):
        rows.append(row)
        if not options.json:
            worker = "none" if row.worker_mib is None else f"{row.worker_mib:.1f} MiB"
            print(
                f"{row.run:<8} {row.questions:>9} {row.parent_mib:>7.1f} MiB {worker:>14} {row.per_second:>10.1f} "
                f"{row.cpu_ms:>7.2f} ms",
                flush=True,
            )
    if options.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=2)


if __name__ == "__main__":
    main()
