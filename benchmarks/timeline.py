"""Follow the memory and the progress of one long command, and draw several such runs as a figure.

``python -m benchmarks timeline record create.json -- vmevalkit create ...`` runs the command; ``python -m benchmarks
timeline draw memory.svg create.json validate.json`` draws what was recorded. Memory is that of the command and all its
descendants, read from ``/proc``, so that recording works on Linux only.
"""

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from benchmarks.processes import children_cpu, family_memory

_PROGRESS = re.compile(r"↳ ([\d,]+)")


@dataclass(frozen=True)
class Sample:
    """A moment: seconds since the start, items done so far, memory in MiB."""

    seconds: float
    done: int
    total_mib: float
    """What the command and its descendants hold together; pages that they share count once (PSS)."""
    largest_mib: float
    """The resident memory (RSS) of the largest of them."""


@dataclass(frozen=True)
class Timeline:
    """One command from its start to its end."""

    command: list[str]
    wall_seconds: float
    cpu_seconds: float
    status: int
    last_line: str
    samples: list[Sample]


def record(command: Sequence[str], every: float) -> Timeline:
    """Run the command, looking at it every so many seconds; what it says on standard error stays visible."""
    began, spent = time.perf_counter(), children_cpu()
    samples: list[Sample] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        errors, output = _Reader(process.stderr), _Reader(process.stdout)
        while process.poll() is None:
            total, largest = family_memory(process.pid)
            samples.append(Sample(time.perf_counter() - began, errors.done, total, largest))
            try:
                process.wait(every)
            except subprocess.TimeoutExpired:
                continue
        errors.thread.join()
        output.thread.join()
    wall = time.perf_counter() - began
    return Timeline(
        list(command),
        wall,
        children_cpu() - spent,
        process.returncode,
        output.last_line,
        [*samples, Sample(wall, errors.done, 0, 0)],
    )


class _Reader:
    """Reads one stream of the command to its end, and remembers its last line and the last count in it."""

    def __init__(self, stream: IO[str] | None) -> None:
        self.done = 0
        self.last_line = ""
        self._stream = stream or ()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        for line in self._stream:
            sys.stderr.write(line)
            self.last_line = line.strip() or self.last_line
            found = _PROGRESS.search(line)
            if found:
                self.done = int(found[1].replace(",", ""))


def draw(timelines: dict[str, Timeline], path: Path) -> None:
    """Draw memory over time, one panel below the other, each with a line for all processes and one for the largest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.6 * len(timelines) + 0.6), layout="constrained")
    panels = figure.subplots(len(timelines), 1, squeeze=False)[:, 0]
    for axes, (name, timeline) in zip(panels, timelines.items(), strict=True):
        samples = timeline.samples[:-1]
        minutes = [sample.seconds / 60 for sample in samples]
        axes.plot(minutes, [sample.total_mib for sample in samples], color="#2a5caa", label="all its processes")
        axes.plot(minutes, [sample.largest_mib for sample in samples], color="#c4661f", label="the largest of them")
        axes.axhline(300, color="#777777", linewidth=0.8, linestyle=":")
        axes.set_ylim(0, max(350, 1.1 * max(sample.total_mib for sample in samples)))
        axes.set_xlim(0, timeline.wall_seconds / 60)
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylabel("MiB")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8, ncols=2, loc="upper right")
    panels[-1].set_xlabel("minutes")
    figure.savefig(path)


def load(path: Path) -> Timeline:
    """Read what `record` has written."""
    value = json.loads(path.read_text())
    return Timeline(**{**value, "samples": [Sample(**sample) for sample in value["samples"]]})


def main(arguments: Sequence[str] | None = None) -> None:
    """Record or draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks timeline", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record", help="run a command and write its timeline as JSON")
    recording.add_argument("out", type=Path)
    recording.add_argument("--every", type=float, default=5, help="seconds between two looks (default: 5)")
    recording.add_argument("command", nargs="+", help="after --")
    drawing = verbs.add_parser("draw", help="draw timelines as one figure")
    drawing.add_argument("out", type=Path, help="an .svg or .png file")
    drawing.add_argument("timelines", type=Path, nargs="+", help="files of record; their names become the titles")
    options = parser.parse_args(arguments)
    if options.verb == "draw":
        draw({path.stem.replace("-", " "): load(path) for path in options.timelines}, options.out)
        return
    timeline = record(options.command, options.every)
    options.out.write_text(json.dumps(asdict(timeline), indent=1))
    peak = max((sample.total_mib for sample in timeline.samples), default=0)
    largest = max((sample.largest_mib for sample in timeline.samples), default=0)
    print(
        f"{timeline.wall_seconds:.1f} s, {timeline.cpu_seconds:.1f} s of CPU, at most {peak:.0f} MiB in all and "
        f"{largest:.0f} MiB in one process"
    )
    sys.exit(timeline.status)


if __name__ == "__main__":
    main()
