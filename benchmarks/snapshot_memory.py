"""The peak memory of what handles manifests; flat memory means that it does not grow with their rows.

Up to ``--real`` rows a tree of small files is pushed to a folder, and everything is done with it. Beyond, where making
the files would take longer than all the rest, two manifests are written, and what reads manifests is run: their million
rows name the same hundred objects.
"""

import argparse
import hashlib
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import wait
from benchmarks.sample_tree import DOMAINS, NAMES, SampleTree
from benchmarks.sync_tools import last_words, own_environment

_BYTES = 64
_OBJECTS = 100
_TARGET_MIB = 300
_BEGAN = 1_735_689_600
"""2025-01-01, a minute before the first snapshot."""
_LOG_VERSION = "import sys; from vmevalkit.snapshots import log_version; log_version(None, sys.argv[1])"


@dataclass(frozen=True)
class Row:
    """One run of a command."""

    what: str
    rows: int
    """Of the manifests that it handled."""
    peak_mib: float
    seconds: float
    """Wall time."""


@dataclass
class _Commands:
    """Runs commands on one remote, a fresh process each."""

    folder: Path
    rows: int
    limit: float
    minute: int = 0
    """The snapshot that the next push makes."""

    @property
    def remote(self) -> Path:
        return self.folder / "remote"

    def next_minute(self) -> None:
        self.minute += 1

    def vmevalkit(self, what: str, command: str, *arguments: str) -> Iterator[Row]:
        """Run a command of ours and yield its row, or say why there is none."""
        yield from self.python(what, "-m", "vmevalkit", command, *arguments, "--remote", self.remote.as_uri())

    def python(self, what: str, *arguments: str) -> Iterator[Row]:
        environment = {
            **own_environment(),
            "SOURCE_DATE_EPOCH": str(_BEGAN + 60 * self.minute),
            "VMEVAL_DATA_DIR": str(self.folder / "data"),
        }
        with (self.folder / "stderr").open("w+b") as stderr:
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=environment,
                cwd=self.folder,
            )
            ended = wait(process, self.limit)
            seconds = time.perf_counter() - began
            stderr.seek(0)
            said = last_words(stderr.read())
        if ended.status:
            print(f"note: {what}, {self.rows} rows: ended with {ended.status}: {said}", file=sys.stderr)
        else:
            yield Row(what, self.rows, ended.peak_mib, seconds)


def _name(minute: int) -> str:
    return datetime.fromtimestamp(_BEGAN + 60 * minute, UTC).strftime("%Y%m%d%H%M")


def _real(run: _Commands) -> Iterator[Row]:
    """Push a tree of files and do everything with it."""
    tree = SampleTree(run.folder / "data", run.rows, _BYTES)
    tree.make()
    data = ("--data-dir", str(tree.root))
    run.next_minute()
    before = run.minute
    yield from run.vmevalkit("first push", "push", *data)
    run.next_minute()
    yield from run.vmevalkit("unchanged push", "push", *data)
    tree.change(run.rows // 100, 1)
    run.next_minute()
    yield from run.vmevalkit("incremental push (1 %)", "push", *data, "--incremental")
    yield from _reading(run, before, run.minute)
    yield from run.vmevalkit("pull", "pull", "latest", "--to", str(run.folder / "pulled"))
    yield from run.vmevalkit("pull again", "pull", "latest", "--to", str(run.folder / "pulled"))


def _generated(run: _Commands) -> Iterator[Row]:
    """Write two manifests, in another process, and do what needs no files."""
    writer = multiprocessing.get_context("spawn").Process(target=_write_snapshots, args=(run.remote, run.rows))
    writer.start()
    writer.join()
    if writer.exitcode:
        sys.exit(f"error: writing manifests of {run.rows} rows ended with {writer.exitcode}")
    yield from _reading(run, 1, 2)


def _reading(run: _Commands, before: int, after: int) -> Iterator[Row]:
    old, new = _name(before), _name(after)
    yield from run.vmevalkit("diff", "diff", old, new)
    yield from run.vmevalkit("verify", "verify", new)
    part = f"questions/{DOMAINS[0]}_task/{DOMAINS[0]}_000000"
    yield from run.vmevalkit("pull of one question", "pull", new, "--path", part, "--to", str(run.folder / "part"))
    yield from run.vmevalkit("gc, list only", "gc")
    yield from run.python("log a version", "-c", _LOG_VERSION, f"{run.remote.as_uri()}/{new}/data")


def _write_snapshots(remote: Path, count: int) -> None:
    """Write two snapshots of ``count`` rows, of which the second has 1 % of other ones."""
    from vmevalkit.snapshots.manifest import Header, Row, write_manifest

    contents = [random.Random(number).randbytes(_BYTES) for number in range(_OBJECTS)]
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    keys = [f"{_name(1)}/data/questions/object-{number}" for number in range(_OBJECTS)]
    for key, content in zip(keys, contents, strict=True):
        (remote / key).parent.mkdir(parents=True, exist_ok=True)
        (remote / key).write_bytes(content)

    def rows(shift: int) -> Iterator[Row]:
        for index, path in enumerate(_paths(count)):
            number = (index + (shift if index % 100 == 0 else 0)) % _OBJECTS
            yield Row(path=path, size=_BYTES, sha256=digests[number], key=keys[number])

    for minute in (1, 2):
        name = _name(minute)
        header = Header(name, "2025-01-01T00:00:00.000000Z", count, count * _BYTES)
        (remote / name).mkdir(exist_ok=True)
        with (remote / name / "manifest.jsonl.gz").open("wb") as out:
            write_manifest(out, header, rows(minute - 1))


def _paths(count: int) -> Iterator[str]:
    """Yield paths like those of a tree, in the order of a manifest."""
    per_domain, more = divmod(count, len(DOMAINS))
    for position, domain in enumerate(DOMAINS):
        for index in range(per_domain + (position < more)):
            number, name = divmod(index, len(NAMES))
            yield f"questions/{domain}_task/{domain}_{number:06d}/{NAMES[name]}"


def measure(sizes: Sequence[int], real: int) -> Iterator[Row]:
    """Measure each size in a temporary folder of its own."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
            run = _Commands(Path(folder), size, limit=120 + size / 100)
            yield from _real(run) if size <= real else _generated(run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks snapshot-memory", description=__doc__)
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        default=[10_000, 100_000, 1_000_000],
        help="sizes of the manifests (default: 10000 100000 1000000)",
    )
    parser.add_argument("--real", type=int, default=100_000, help="up to this size with files (default: 100000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if min(options.rows) < 100:
        parser.error("--rows must be at least 100")
    rows: list[Row] = []
    if not options.json:
        print(f"{'':<26} {'rows':>9} {'peak memory':>11} {'target':>11} {'wall':>10}")
    for row in measure(options.rows, options.real):
        rows.append(row)
        if not options.json:
            print(
                f"{row.what:<26} {row.rows:>9} {row.peak_mib:>7.1f} MiB {f'<= {_TARGET_MIB} MiB':>11} "
                f"{row.seconds:>8.2f} s",
                flush=True,
            )
    if options.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=2)


if __name__ == "__main__":
    main()
