"""Snapshots that are written object by object, for what no push would make."""

import hashlib
import io
import json
from collections.abc import Iterable

from vmevalkit.snapshots import Remote
from vmevalkit.snapshots.manifest import Header, Row, write_manifest
from vmevalkit.snapshots.names import claim_key, data_prefix, manifest_key


def row(path: str, data: bytes, snapshot: str, **changes) -> Row:
    """Return the row of a file whose object lies in a snapshot."""
    made = Row(path, len(data), hashlib.sha256(data).hexdigest(), f"{data_prefix(snapshot)}/{path}")
    return made._replace(**changes)


def put_manifest(remote: Remote, snapshot: str, rows: Iterable[Row], scope: str = "") -> None:
    kept = sorted(rows, key=lambda one: one.path)
    out = io.BytesIO()
    header = Header(snapshot, "2025-01-15T10:30:00.000000Z", len(kept), sum(one.size for one in kept), scope)
    write_manifest(out, header, kept)
    remote.write(manifest_key(snapshot), out.getvalue())


def put_snapshot(remote: Remote, snapshot: str, files: dict[str, bytes]) -> None:
    """Put a manifest and the objects that it names."""
    put_manifest(remote, snapshot, [row(path, data, snapshot) for path, data in files.items()])
    for path, data in files.items():
        remote.write(f"{data_prefix(snapshot)}/{path}", data)


def put_abandoned(remote: Remote, snapshot: str, files: dict[str, bytes]) -> None:
    """Put what a push leaves that dies before it is done: its mark and some objects."""
    mark = {"token": "0123456789abcdef", "snapshot": snapshot, "remote": remote.url, "scope": "", "started_at": ""}
    remote.write(claim_key(snapshot), json.dumps(mark).encode())
    for path, data in files.items():
        remote.write(f"{data_prefix(snapshot)}/{path}", data)
