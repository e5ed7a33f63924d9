"""Real object stores on loopback, moto's S3 server, rclone's, and a folder: places to push to."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread

import pytest

from support.s3_server import KEY, SECRET, s3_server
from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, open_remote


@dataclass(frozen=True)
class Place:
    """An empty place for snapshots, and what a user sets to reach it."""

    kind: str
    url: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=None, **self.environment)

    def open(self) -> Remote:
        return open_remote(self.url, self.settings, create=True)

    def objects(self) -> list[str]:
        """List all objects, without our own code where there is a server to ask."""
        if self.kind == "folder":
            folder = Path(self.url.removeprefix("file://"))
            return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        pages = client(self.environment["AWS_ENDPOINT_URL"]).get_paginator("list_objects_v2")
        bucket = self.url.removeprefix("s3://")
        return sorted(o["Key"] for page in pages.paginate(Bucket=bucket) for o in page.get("Contents", ()))

    def fetch(self, key: str) -> bytes:
        """Read an object, without our own code where there is a server to ask."""
        if self.kind == "folder":
            return Path(self.url.removeprefix("file://"), key).read_bytes()
        s3 = client(self.environment["AWS_ENDPOINT_URL"])
        return s3.get_object(Bucket=self.url.removeprefix("s3://"), Key=key)["Body"].read()


@cache
def client(endpoint: str):
    """Return Amazon's own client of a server."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )


_numbers = iter(range(1_000_000))


def bucket(kind: str, endpoint: str) -> Place:
    """Make a bucket that nobody else has."""
    name = f"bucket-{next(_numbers)}"
    client(endpoint).create_bucket(Bucket=name)
    return Place(
        kind,
        f"s3://{name}",
        {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": endpoint},
    )


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Moto's S3."""
    with s3_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def rclone_folder(tmp_path_factory) -> Path:
    """Where rclone's S3 keeps its objects: a folder per bucket, a file per object."""
    return tmp_path_factory.mktemp("rclone")


@pytest.fixture(scope="session")
def rclone_url(rclone_folder) -> Iterator[str]:
    """rclone's S3: another implementation, which takes no notice of conditions."""
    command = [Path(sys.executable).with_name("rclone"), "serve", "s3", rclone_folder, "--addr", "127.0.0.1:0"]
    command += ["--auth-key", f"{KEY},{SECRET}", "--config", "/dev/null", "--vfs-cache-mode", "off"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        for line in server.stderr:
            if found := re.search(r"\[(http://127\.0\.0\.1:\d+)/\]", line):
                break
        else:
            pytest.fail("rclone did not start")
        log = Thread(target=server.stderr.read)  # A full pipe would stop the server.
        log.start()
        yield found[1]
        server.terminate()
        try:
            server.wait(timeout=1)
        except subprocess.TimeoutExpired:
            server.kill()  # It waits for open connections.
        log.join()


@pytest.fixture
def moto_place(moto_url) -> Place:
    return bucket("moto", moto_url)


@pytest.fixture
def folder_place(tmp_path) -> Place:
    return Place("folder", f"file://{tmp_path / 'remote'}")
