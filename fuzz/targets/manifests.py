"""What lies on a remote beside the data: manifests, the pointer, the version log, the marks of pushes."""

import gzip
import io
import json
from pathlib import Path

from fuzz.target import Target
from fuzz.targets.records import VERSION, as_json
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, open_remote, read_log
from vmevalkit.snapshots.catalog import read_latest
from vmevalkit.snapshots.claim import token_of
from vmevalkit.snapshots.manifest import Header, Row, read_header, read_rows, write_manifest
from vmevalkit.snapshots.names import LATEST_KEY, VERSIONS_KEY

_NAME = "202501151030"


def _packed() -> bytes:
    rows = [
        Row(f"questions/maze_task/maze_{n:04}/prompt.txt", 3, f"{n:064x}", f"{_NAME}/data/questions/{n}", "0" * 32)
        for n in range(3)
    ]
    link = Row("questions/newest", 0, "", "", link="maze_task/maze_0002")
    out = io.BytesIO()
    write_manifest(out, Header(_NAME, "2025-01-15T10:30:00Z", 4, 9), [*rows, link])
    return out.getvalue()


def _read_packed(data: bytes, _folder: Path) -> object:
    header = read_header(io.BytesIO(data), "manifest")
    return header, sum(row.size for row in read_rows(io.BytesIO(data), "manifest"))


def _read_plain(data: bytes, folder: Path) -> object:
    """Read lines as they are inside of the packed file, which random changes would break."""
    return _read_packed(gzip.compress(data, 1), folder)


_REMOTES: list[Remote] = []


def _document(data: bytes, _folder: Path) -> object:
    """Read the pointer, or the version log, as the first byte says; and what a push leaves as its mark."""
    if not _REMOTES:
        _REMOTES.append(open_remote("memory://", Settings(_env_file=None)))
    (remote,) = _REMOTES
    token_of(data[1:])
    if data[:1] == b"\0":
        remote.write(LATEST_KEY, data[1:])
        return read_latest(remote)
    remote.write(VERSIONS_KEY, data[1:])
    return read_log(remote)


_POINTER = {
    "snapshot": _NAME,
    "created_at": "2025-01-15T10:30:00Z",
    "s3_uri": f"s3://bucket/{_NAME}/data",
    "manifest": f"{_NAME}/manifest.jsonl.gz",
    "files": 3,
    "bytes": 9,
}
_MARK = {"token": "0" * 32, "snapshot": _NAME, "remote": "s3://bucket", "scope": "", "started_at": "2025"}

TARGETS = (
    Target("manifest-file", _read_packed, (_packed(),)),
    Target(
        "manifest",
        _read_plain,
        (gzip.decompress(_packed()),),
        (b'{"path":', b'"size":', b'"sha256":', b'"key":', b'"link":', b'"../x"', b"\n", b'"format":1', b"/data/"),
    ),
    Target(
        "remote-document",
        _document,
        (b"\0" + as_json(_POINTER), b"\1" + as_json({"versions": [VERSION]}), b"\1" + json.dumps(_MARK).encode()),
        (b'"versions":', b'"snapshot":', b'"token":', b"[" * 40),
    ),
)
