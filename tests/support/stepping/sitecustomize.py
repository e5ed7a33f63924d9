"""What a victim of a fault brings along: Python imports this module by its name when it starts.

The variable ``FAULT`` holds a JSON object. ``folder`` is where the victim works; each time that it opens or changes
something in there is a step, and faults come at steps: a process can so be killed between any two of them, on a fast
machine and on a slow one.
"""

import atexit
import itertools
import json
import os
import resource
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

FAULT = json.loads(os.environ.get("FAULT", "{}"))
FOLDER = FAULT.get("folder", "")
CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "sqlite3.connect"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PATIENCE_SECONDS = 30

_steps, _writes = itertools.count(1), itertools.count(1)
_seen = {"steps": 0, "writes": 0, "address_space": 0}


def _address_space(name: str) -> int:
    """Return a size of this process in bytes: ``VmSize`` is what it has, ``VmPeak`` the most that it had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _is_inside(event: str, args: tuple) -> bool:
    if event in ("os.remove", "os.rmdir") and args[-1] != -1:  # a tree is removed from the inside
        return True
    path = args[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    elif isinstance(path, os.PathLike):
        path = os.fspath(path)
    return isinstance(path, str) and path.removeprefix("file:").startswith(FOLDER)


def _watch(event: str, args: tuple) -> None:
    if event == "open":
        writes = bool(args[2] & WRITING)
    elif event in CHANGES:
        writes = True
    else:
        return
    if not _is_inside(event, args):
        return
    step = _seen["steps"] = next(_steps)
    if step == 1:
        _begin()
    _maybe_kill("steps", step)
    _maybe_jump(step)
    if writes:
        write = _seen["writes"] = next(_writes)
        if write == 1:
            _wait_for_the_other()
        _maybe_kill("writes", write)


def _begin() -> None:
    _seen["address_space"] = _address_space("VmSize")
    if "memory" in FAULT:
        limit = _seen["address_space"] + FAULT["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _maybe_kill(among: str, count: int) -> None:
    kill = FAULT.get("kill", {})
    if (kill.get("among"), kill.get("at")) != (among, count):
        return
    if kill.get("all"):
        os.killpg(0, signal.SIGKILL)
    elif kill["delay"]:  # What is under way outside Python has no steps.
        threading.Timer(kill["delay"], os.kill, (os.getpid(), signal.SIGKILL)).start()
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_the_other() -> None:
    """Hold two processes until both are about to write."""
    if "barrier" not in FAULT:
        return
    place = Path(FAULT["barrier"])
    place.joinpath(str(os.getpid())).touch()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(os.listdir(place)) < 2 and time.monotonic() < deadline:  # noqa: PTH208 - lighter
        time.sleep(0.0005)


_offset = 0.0


def _maybe_jump(step: int) -> None:
    global _offset  # noqa: PLW0603 - the clock is one
    if "clock" in FAULT and step == FAULT["clock"]["at"]:
        _offset = FAULT["clock"]["seconds"]


def _shift_clock() -> None:
    """Put a clock into this process that is wrong; the kernel's, which dates files, stays right."""
    from vmevalkit import clock

    real_now, real_time, real_time_ns = clock.now, time.time, time.time_ns
    clock.now = lambda: real_now() + timedelta(seconds=_offset)
    time.time = lambda: real_time() + _offset
    time.time_ns = lambda: real_time_ns() + int(_offset * 1e9)


def _report() -> None:
    grown = _address_space("VmPeak") - _seen["address_space"] if _seen["address_space"] else 0
    text = json.dumps({"steps": _seen["steps"], "writes": _seen["writes"], "grown": grown})
    Path(FAULT["report"]).write_text(text)


if FAULT:
    if "clock" in FAULT:
        _shift_clock()
        _maybe_jump(0)
    if "file_size" in FAULT:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FAULT["file_size"], FAULT["file_size"]))
    if "report" in FAULT:
        atexit.register(_report)
    sys.addaudithook(_watch)
