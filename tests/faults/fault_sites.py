"""A place where a verb works: a data root, a remote, a source and a folder for what comes out; and what is in it."""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
from collections import Counter
from contextlib import chdir, closing, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from io import BytesIO, StringIO
from pathlib import Path
from unittest.mock import patch

from support.folders import contents
from support.stores import Place, client

from vmevalkit.catalog import index_path
from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, is_temporary
from vmevalkit.errors import VMEvalError
from vmevalkit.settings import Settings
from vmevalkit.snapshots import list_snapshots, open_remote, read_latest
from vmevalkit.snapshots.catalog import fetched_manifest

TEXTS = {".json", ".jsonl", ".txt", ".md", ".html", ".csv"}
JOURNAL = "retention.jsonl"
TABLES = ("question", "run", "verdict", "problem")
"""Of the index."""
_STAGED = re.compile(r".*#\d+")
"""How the client of a folder as remote calls a file that is not yet whole."""
_HASH = re.compile(rb'"[0-9a-f]{64}"')
_SNAPSHOT = re.compile(r"^(archive/)?[^/]+/")
_VARYING = [
    (re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?"), b"WHEN"),
    (re.compile(rb"\d{8}T\d{6}Z"), b"RUN"),
    (re.compile(rb"\b20\d{10}\b"), b"SNAPSHOT"),
    (re.compile(rb'("duration_seconds"): [\d.e-]+'), rb"\1: 0"),
    (re.compile(rb'("manifest_sha256"): "\w+"'), rb'\1: ""'),  # The manifest has its date in it.
]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Site:
    """The folders of one trial. The remote is a folder beside them unless a bucket is given."""

    folder: Path
    bucket: Place | None = None
    environment: dict[str, str] = field(default_factory=dict)
    """What a fault puts in the place of the bucket's own settings."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def remote(self) -> Path:
        return self.folder / "remote"

    @property
    def place(self) -> Place:
        return self.bucket or Place("folder", f"file://{self.remote}")

    @property
    def root(self) -> DataRoot:
        return DataRoot(self.data)

    def copy_to(self, folder: Path) -> "Site":
        """Copy all, times included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def moved_to(self, bucket: Place) -> "Site":
        """Put what the remote holds into a bucket."""
        for path in sorted(self.remote.rglob("*")):
            if path.is_file():
                _put(bucket, path.relative_to(self.remote).as_posix(), path.read_bytes())
        return replace(self, bucket=bucket)

    def variables(self) -> dict[str, str]:
        """Return the environment of the commands."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            "VMEVAL_DATA_DIR": str(self.data),
            "VMEVAL_REMOTE": self.place.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TMPDIR": str(temporary),
            "COLUMNS": "500",
            **self.place.environment,
            **self.environment,
        }

    def words(self, command: tuple[str, ...]) -> list[str]:
        """Fill in where the folders are."""
        return [word.format(site=self.folder, remote=self.place.url) for word in command]

    def do(self, *command: str) -> Said:
        """Run a command in this process, undisturbed."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        out, err = StringIO(), StringIO()
        with patch.dict(os.environ, self.variables()), chdir(work), redirect_stdout(out), redirect_stderr(err):
            code = main(self.words(command))
        return Said(code, out.getvalue(), err.getvalue())


def _put(bucket: Place, key: str, data: bytes) -> None:
    s3 = client(bucket.environment["AWS_ENDPOINT_URL"])
    s3.put_object(Bucket=bucket.url.removeprefix("s3://"), Key=key, Body=data)


def is_final(path: Path) -> bool:
    """Tell whether readers take a file for what its name says."""
    return not any(is_temporary(part) or _STAGED.fullmatch(part) for part in path.parts)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files with final names below a folder."""
    return {name: data for name, data in contents(folder, bookkeeping=True).items() if is_final(Path(name))}


def leftovers(folder: Path) -> list[str]:
    """Return what unfinished writes have left below a folder, the bookkeeping aside."""
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")))
    return [path.as_posix() for path in found if path.parts[0] != ".vmevalkit" and not is_final(path)]


@dataclass(frozen=True)
class State:
    """What is at a site: paths and hashes, without the times, run ids and places that differ from time to time."""

    data: Counter[tuple[str, str]]
    out: Counter[tuple[str, str]]
    snapshots: Counter[tuple[str, str]]
    """Of each finished snapshot every file, with the name of the snapshot before its path."""
    latest: str
    index: tuple[tuple[str, int], ...]
    """The tables of the index and how many rows they have."""

    @property
    def stored(self) -> set[tuple[str, str]]:
        """What finished snapshots hold, without their names."""
        return {(_SNAPSHOT.sub("", path), digest) for path, digest in self.snapshots}

    def differences(self, expected: "State") -> list[str]:
        """Say what is lost, doubled or different, a line each."""
        told = []
        for part in ("data", "out", "snapshots"):
            here, there = getattr(self, part), getattr(expected, part)
            told += [f"{part}: lost or different: {path}" for path, _ in sorted((there - here).elements())]
            told += [f"{part}: doubled or different: {path}" for path, _ in sorted((here - there).elements())]
        for part in ("latest", "index"):
            if getattr(self, part) != getattr(expected, part):
                told.append(f"{part}: {getattr(self, part)}, not {getattr(expected, part)}")
        return told


def state_of(site: Site, *, with_index: bool = False) -> State:
    """Read what is at a site."""
    remote = open_remote(site.place.url, Settings(_env_file=None, **site.place.environment), create=True)
    stored: Counter[tuple[str, str]] = Counter()
    for listed in list_snapshots(remote):
        if isinstance(listed, VMEvalError):
            stored["a listed snapshot cannot be read", listed.message] += 1
            continue
        with fetched_manifest(remote, listed.snapshot) as manifest:
            for row in manifest.rows():
                path = f"{listed.snapshot}/{row.path}"
                stored[_entry(site, path, site.place.fetch(row.key))] += 1
    latest = read_latest(remote)
    out = {f"out/{path}": data for path, data in files(site.folder / "out").items()}
    tars = [key for key in site.place.objects() if key.startswith("tars/") and is_final(Path(key))]
    out |= {key: site.place.fetch(key) for key in tars}
    return State(
        data=Counter(_entry(site, path, data) for path, data in files(site.data).items()),
        out=Counter(_entry(site, path, data) for path, data in out.items()),
        snapshots=stored,
        latest="" if latest is None else _plain(site, latest.snapshot.encode()).decode(),
        index=_rows(site) if with_index else (),
    )


def _entry(site: Site, path: str, data: bytes) -> tuple[str, str]:
    plain = data
    if Path(path).suffix in TEXTS:
        plain = _plain(site, data)
    if path.startswith("tars/"):  # The records in there have dates, and hashes cover them.
        plain = _members(site, data) if path.endswith(".tar") else _HASH.sub(b'""', plain)
    if Path(path).name == JOURNAL:  # What was about to go when the process died is noted again.
        plain = _plain(site, "\n".join(sorted(_noted(data))).encode())
    return _plain(site, path.encode()).decode(), hashlib.sha256(plain).hexdigest()


def _members(site: Site, data: bytes) -> bytes:
    """Return what is in a tar file, without the times."""
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        found = [(member.name, tar.extractfile(member).read()) for member in tar if member.isfile()]
    return b"".join(name.encode() + b"\0" + _plain(site, content) + b"\0" for name, content in found)


def _noted(journal: bytes) -> set[str]:
    """Return the files that a journal names; a line that could not be written to its end counts as nothing."""
    found: set[str] = set()
    for line in journal.splitlines():
        with suppress(json.JSONDecodeError):
            found |= {file["path"] for file in json.loads(line)["files"]}
    return found


def _plain(site: Site, text: bytes) -> bytes:
    for place in (site.place.url, f"file://{site.remote}", str(site.folder)):
        text = text.replace(place.encode(), b"PLACE")
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text


def _rows(site: Site) -> tuple[tuple[str, int], ...]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(index_path(site.root))) as index:
        return tuple((table, index.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in TABLES)  # noqa: S608
    return ()
