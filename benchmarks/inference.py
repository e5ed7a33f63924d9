"""How near ``vmevalkit run`` comes to what a hosted model allows, and whether its memory grows with the questions.

The model is a server on loopback whose every answer to a submission takes the latency, and whose videos are done by
then. So many jobs at once, each of that length, make the ideal: concurrency / latency runs per second. Time to start
is taken off. Several sizes (``--questions 1000 10000``) show whether memory stays flat.

The server's work, and the disk's, are done on the same machine, and are part of what is measured.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.processes import wait
from benchmarks.sync_tools import last_words, own_environment

_DOMAINS = ("maze", "raven")
_MADE = 50
"""Questions of each domain that are really made; the others are made of their files."""
_SIDE = 256
_STARTS = 3
_START_SECONDS, _STOP_SECONDS = 30.0, 3.0
_METADATA = "question_metadata.json"


class BenchmarkError(Exception):
    """A command failed or took too long; the message is a line that says which and what."""


@dataclass(frozen=True)
class Usage:
    """What a process took, and what it printed."""

    seconds: float
    """Wall time."""
    cpu_seconds: float
    peak_mib: float
    output: bytes


@dataclass(frozen=True)
class Row:
    """One run of the command with one model."""

    questions: int
    concurrency: int
    submissions: int
    """Counted by the server."""
    per_second: float
    """Runs; start-up aside."""
    ideal_per_second: float
    cpu_ms: float
    """CPU time of the command for each run; start-up aside."""
    peak_mib: float

    @property
    def ratio(self) -> float:
        """How much of the ideal was reached; 1 is all of it."""
        return self.per_second / self.ideal_per_second


@dataclass(frozen=True)
class _Server:
    process: "subprocess.Popen[bytes]"
    port: int

    def submissions(self) -> int:
        """Ask how many submissions there were."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_START_SECONDS)
        try:
            connection.request("GET", "/submissions")
            return int(connection.getresponse().read())
        except OSError as error:
            raise BenchmarkError(f"the video server does not answer: {error}") from error
        finally:
            connection.close()


@contextmanager
def _video_server(latency: float) -> Iterator[_Server]:
    """Run the server in a process of its own until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, descriptor = listening.getsockname()[1], listening.fileno()
        command = [sys.executable, "-m", "benchmarks.video_server", str(descriptor), str(latency)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[descriptor], env=own_environment())
    try:
        server = _Server(process, port)
        server.submissions()  # Who has asked before the server runs, waits until it does.
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class _Command:
    """Runs ``vmevalkit`` in a folder, a fresh process each time."""

    folder: Path
    """Holds ``vmevalkit.toml`` and the data roots."""
    limit: float
    """Seconds that a command may take."""

    def run(self, *arguments: str) -> Usage:
        """Run it to its end; `BenchmarkError` if that is no good one."""
        environment = {**own_environment(), "VMEVAL_POLL_SECONDS": "0.001", "BENCHMARK_KEY": "none"}
        with (self.folder / "stdout").open("w+b") as stdout, (self.folder / "stderr").open("w+b") as stderr:
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "vmevalkit", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=environment,
                cwd=self.folder,
            )
            ended = wait(process, self.limit)
            seconds = time.perf_counter() - began
            stdout.seek(0)
            stderr.seek(0)
            if ended.status:
                said = last_words(stderr.read())
                raise BenchmarkError(f"{arguments[0]} ended with {ended.status} after {seconds:.0f} s: {said}")
            return Usage(seconds, ended.cpu_seconds, ended.peak_mib, stdout.read())


def _model(concurrency: int) -> str:
    return f"benchmark-{concurrency}"


def _write_settings(folder: Path, port: int, concurrency: Sequence[int]) -> None:
    tables = (
        f'[models.{_model(number)}]\ntype = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        f'key = "BENCHMARK_KEY"\nconcurrency = {number}\n'
        for number in concurrency
    )
    (folder / "vmevalkit.toml").write_text("\n".join(tables))


def _make_questions(command: _Command, root: Path, count: int) -> None:
    """Make a data root of ``count`` questions, most of them copies under ids of their own."""
    made = min(_MADE, count // len(_DOMAINS))
    command.run(
        *("create", "--data-dir", str(root), "--domains", ",".join(_DOMAINS)),
        *("--pairs-per-domain", str(made), "--size", str(_SIDE)),
    )
    for number, domain in enumerate(_DOMAINS):
        share = count // len(_DOMAINS) + (number < count % len(_DOMAINS))
        for index in range(made, share):
            folder = root / "questions" / f"{domain}_task"
            _copy_question(folder / f"{domain}_{index % made:04d}", folder / f"{domain}_{index:04d}")


def _copy_question(source: Path, target: Path) -> None:
    """Make a question of the same files, whose metadata say where it lies."""
    target.mkdir()
    for file in source.iterdir():
        if file.name == _METADATA:
            # Its name is in its metadata as its id, and in the paths of its images.
            (target / _METADATA).write_text(file.read_text().replace(source.name, target.name))
        else:
            os.link(file, target / file.name)


def measure(sizes: Sequence[int], concurrency: Sequence[int], latency: float) -> Iterator[Row]:
    """Measure each size with each concurrency, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as name, _video_server(latency) as server:
        folder = Path(name)
        _write_settings(folder, server.port, concurrency)
        for size in sizes:
            root = folder / f"data-{size}"
            command = _Command(folder, limit=120 + size / 10)
            _make_questions(command, root, size)
            for number in concurrency:
                yield _films(command, server, root, size, number, number / latency)
            shutil.rmtree(root)


def _films(command: _Command, server: _Server, root: Path, questions: int, concurrency: int, ideal: float) -> Row:
    arguments = ("run", "--model", _model(concurrency), "--data-dir", str(root), "--json")
    # Loads and opens all that a run needs.
    starts = [command.run(*arguments, "--dry-run", "--limit", "1") for _ in range(_STARTS)]
    before = server.submissions()
    os.sync()  # What was written before must not slow this down.
    used = command.run(*arguments)
    submissions = server.submissions() - before
    succeeded = json.loads(used.output)["succeeded"]
    if not succeeded == submissions == questions:
        raise BenchmarkError(f"{questions} questions, {submissions} submissions, {succeeded} runs succeeded")
    return Row(
        questions,
        concurrency,
        submissions,
        per_second=questions / (used.seconds - statistics.median(start.seconds for start in starts)),
        ideal_per_second=ideal,
        cpu_ms=(used.cpu_seconds - statistics.median(start.cpu_seconds for start in starts)) / questions * 1000,
        peak_mib=used.peak_mib,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks inference",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--questions", type=int, nargs="+", default=[1000], help="sizes of the data root (1000)")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[4, 16], help="jobs at once (4 16)")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that a submission takes (0.05)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if min(options.questions) < 100:
        parser.error("--questions must be at least 100")
    if min(options.concurrency) < 1 or options.latency <= 0:
        parser.error("--concurrency must be at least 1, and --latency more than 0")
    rows: list[Row] = []
    if not options.json:
        print(
            f"{'questions':>9} {'at once':>7} {'submissions':>11} {'runs per s':>10} {'ideal':>7} {'ratio':>6} "
            f"{'CPU each':>9} {'peak memory':>11}",
            flush=True,
        )
    try:
        for row in measure(options.questions, options.concurrency, options.latency):
            rows.append(row)
            if not options.json:
                print(
                    f"{row.questions:>9} {row.concurrency:>7} {row.submissions:>11} {row.per_second:>10.1f} "
                    f"{row.ideal_per_second:>7.1f} {row.ratio:>6.2f} {row.cpu_ms:>6.2f} ms {row.peak_mib:>7.1f} MiB",
                    flush=True,
                )
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
    if options.json:
        json.dump([{**asdict(row), "ratio": row.ratio} for row in rows], sys.stdout, indent=2)


if __name__ == "__main__":
    main()
