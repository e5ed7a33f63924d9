"""The peak memory of the commands that go through a whole data set, against the 300 MB that none may need.

That it stays flat up to a million files is for ``python -m benchmarks memory``, ``snapshot-memory`` and ``timeline``
to show, which take longer.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Ratio
from benchmarks.processes import Peaks

_PER_DOMAIN = 500
_LIMIT_MIB = 300e6 / (1 << 20)
_POLL_SECONDS = 0.05


def ratios() -> Iterator[Ratio]:
    """Measure each command on the same data root, one after the other; the largest of its processes counts."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        data, remote, pulled = (str(Path(folder, name)) for name in ("data", "remote", "pulled"))
        Path(remote).mkdir()
        here, there = ["--data-dir", data], ["--remote", f"file://{remote}"]
        for command, *arguments in (
            ["create", *here, "--pairs-per-domain", str(_PER_DOMAIN), "--size", "256"],
            ["validate", *here, "--deep"],
            ["index", *here],
            ["push", *here, *there, "--date", "20250101"],
            ["push", *here, *there, "--date", "20250102", "--incremental"],
            ["diff", "20250101", "20250102", *there],
            ["pull", "20250102", *there, "--to", pulled],
        ):
            yield Ratio(f"{command}, peak memory", _peak_mib([command, *arguments]), "limit", _LIMIT_MIB, 1.0, "MiB")


def _peak_mib(arguments: list[str]) -> float:
    command = [sys.executable, "-m", "vmevalkit", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peaks = Peaks(process.pid)
        while process.poll() is None:
            peaks.poll()
            time.sleep(_POLL_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
    return max(peaks.parent_mib, peaks.worker_mib or 0)
