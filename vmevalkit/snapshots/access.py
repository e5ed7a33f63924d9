"""Whether a remote can be used, found out by using it."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vmevalkit.errors import RemoteError, VMEvalError
from vmevalkit.snapshots.catalog import read_latest
from vmevalkit.snapshots.remote import Remote


@dataclass(frozen=True)
class AccessCheck:
    """One thing that was tried."""

    name: str
    passed: bool
    required: bool
    """Without it, snapshots do not work; otherwise they work with care."""
    detail: str
    """What was found, or what is missing and the way out."""


def check_access(remote: Remote) -> Iterator[AccessCheck]:
    """Try all that push, pull and gc do on a remote, with one small object that is removed again.

    It ends at the first thing that fails and that all others need.
    """
    key = f".vmevalkit/access-{secrets.token_hex(8)}"
    data = secrets.token_bytes(64)
    steps: list[tuple[str, Callable[[], str]]] = [
        ("remote_reachable", lambda: _latest(remote)),
        ("remote_list", lambda: f"{len(remote.folders())} folders at the top"),
        ("remote_write", lambda: _written(remote, key, data)),
        ("remote_read", lambda: _read_back(remote, key, data)),
        ("remote_delete", lambda: _deleted(remote, key)),
    ]
    for name, step in steps:
        try:
            detail = step()
        except VMEvalError as error:
            hint = f"; {error.hint}" if error.hint else ""
            yield AccessCheck(name, passed=False, required=True, detail=f"{error.message}{hint}")
            return
        yield AccessCheck(name, passed=True, required=True, detail=detail)
    yield _conditional_writes(remote)


def _latest(remote: Remote) -> str:
    latest = read_latest(remote)
    return f"{remote.url}, " + ("no snapshot yet" if latest is None else f"latest snapshot {latest.snapshot}")


def _written(remote: Remote, key: str, data: bytes) -> str:
    remote.write(key, data)
    return "objects can be written"


def _read_back(remote: Remote, key: str, data: bytes) -> str:
    if remote.read(key) != data:
        raise RemoteError(f"{remote.uri(key)} reads differently from what was written")
    return "and read back"


def _deleted(remote: Remote, key: str) -> str:
    remote.delete([key])
    if remote.exists(key):
        raise RemoteError(f"{remote.uri(key)} is still there after it was deleted")
    return "and deleted"


def _conditional_writes(remote: Remote) -> AccessCheck:
    found = remote.conditions
    one_writer = "two machines must not push or log at the same moment"
    if found.create and (found.update or remote.folder is not None):
        detail, passed = "of two writers at the same moment, one wins and the other is told", True
    elif found.create:
        detail, passed = f"objects can be created, but not replaced, on condition: {one_writer}", False
    else:
        detail, passed = f"the store ignores conditions: {one_writer}", False
    return AccessCheck("remote_conditional_writes", passed, required=False, detail=detail)
