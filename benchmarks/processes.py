"""What other processes used: memory while they run, and in the end; CPU time.

Memory is read from ``/proc``, so that `Peaks` and `family_memory` work on Linux only.
"""

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Ended(NamedTuple):
    """What a process used until its end."""

    status: int
    """Its exit status; negative for a signal."""
    cpu_seconds: float
    peak_mib: float


def wait(process: "subprocess.Popen[bytes]", limit: float) -> Ended:
    """Wait for a process, but no more than ``limit`` seconds: then it is killed.

    The kernel counts in the memory that this process held when it started the other one, so this one has to be small.
    """
    timer = threading.Timer(limit, process.kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        timer.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()
    mib = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Ended(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / mib)


def children_cpu() -> float:
    """Return the CPU seconds of all ended descendants, start-up included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Peaks:
    """Follows the peak memory of a process and of its children, in KiB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        # The kernel's mark only rises, except that a child shows its parent's until it has become a program of its
        # own; so the last reading is the one that counts.
        self._peaks: dict[int, int] = {}

    def poll(self) -> None:
        """Read the marks of the process and of all its children that live now."""
        for pid in _pids():
            status = _fields(pid, "status")
            if (pid == self._pid or status.get("PPid") == str(self._pid)) and "VmHWM" in status:
                self._peaks[pid] = _kib(status["VmHWM"])

    @property
    def parent_mib(self) -> float:
        """The peak of the process itself."""
        return self._peaks.get(self._pid, 0) / 1024

    @property
    def worker_mib(self) -> float | None:
        """The peak of the largest child."""
        return max((peak / 1024 for pid, peak in self._peaks.items() if pid != self._pid), default=None)


def family_memory(pid: int) -> tuple[float, float]:
    """Return what a process and its descendants hold now, in MiB: together (PSS), and the largest of them (RSS)."""
    children: dict[int, list[int]] = {}
    for other in _pids():
        children.setdefault(int(_fields(other, "status").get("PPid", -1)), []).append(other)
    family, total, largest = [pid], 0, 0
    while family:
        member = family.pop()
        family += children.get(member, [])
        total += _kib(_fields(member, "smaps_rollup").get("Pss", "0"))
        largest = max(largest, _kib(_fields(member, "status").get("VmRSS", "0")))
    return total / 1024, largest / 1024


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]


def _fields(pid: int, file: str) -> dict[str, str]:
    """Return the fields of a file about a process; none where it has ended."""
    try:
        lines = (_PROC / str(pid) / file).read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _kib(value: str) -> int:
    return int(value.removesuffix(" kB"))
