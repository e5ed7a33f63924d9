"""Places to push to, and folders of files, for the tests of snapshots."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from vmevalkit.settings import Settings
from vmevalkit.snapshots import Remote, open_remote

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"


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
        pages = _client(self.environment["AWS_ENDPOINT_URL"]).get_paginator("list_objects_v2")
        bucket = self.url.removeprefix("s3://")
        return sorted(o["Key"] for page in pages.paginate(Bucket=bucket) for o in page.get("Contents", ()))

    def fetch(self, key: str) -> bytes:
        """Read an object, without our own code where there is a server to ask."""
        if self.kind == "folder":
            return Path(self.url.removeprefix("file://"), key).read_bytes()
        client = _client(self.environment["AWS_ENDPOINT_URL"])
        return client.get_object(Bucket=self.url.removeprefix("s3://"), Key=key)["Body"].read()


@cache
def _client(endpoint: str):
    import boto3

    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )


_numbers = iter(range(1_000_000))


def bucket(kind: str, endpoint: str) -> Place:
    name = f"bucket-{next(_numbers)}"
    _client(endpoint).create_bucket(Bucket=name)
    return Place(
        kind,
        f"s3://{name}",
        {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": endpoint},
    )


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, but for our bookkeeping."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {path: data for path, data in found.items() if not path.startswith(".vmevalkit/")}
