"""``/api/versions`` and ``/api/snapshots``: which states of the data are kept, and by what names."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from pydantic import Field

from vmevalkit.dataroot import DataRoot, Version, VersionLog
from vmevalkit.errors import RecordError
from vmevalkit.web.api._bodies import RESPONSES, Body, example
from vmevalkit.web.api._parameters import Parameters
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.errors import ErrorBody, NotFoundError
from vmevalkit.web.public import public_message, public_uri, public_value, without_prefix
from vmevalkit.web.remote import RemoteReader

_RESPONSES: dict[int | str, dict[str, Any]] = {
    **RESPONSES,
    502: {"model": ErrorBody, "description": "The remote fails, or does not answer in time"},
}


class VersionParameters(Parameters):
    """What ``/api/versions`` can be asked."""

    remote: bool = Field(default=False, description="Also ask the remote, if one is configured")


class VersionBody(Body):
    """A name for a snapshot."""

    version: str
    date: str
    """``YYYYMMDD``."""
    s3_uri: str
    """The snapshot's data folder; of a folder on this host not where it lies."""
    size_mb: float
    files: int
    timestamp: str
    stats: dict[str, Any]

    @classmethod
    def of(cls, root: DataRoot, version: Version) -> Self:
        """Say it of an entry of the log."""
        values = public_value(root, version.model_dump(include=set(cls.model_fields) - {"s3_uri"}))
        return cls(**values, s3_uri=public_uri(version.s3_uri))


class LogBody(Body):
    """A version log."""

    source: Literal["local", "remote"]
    versions: list[VersionBody]
    problem: str | None
    """Why the log cannot be read."""


class VersionsBody(Body):
    """The version log: the data root's copy, and that of the remote if it was asked."""

    model_config = example(
        has_remote=True,
        remote="s3://vmevalkit",
        logs=[
            {
                "source": "local",
                "versions": [
                    {
                        "version": "1.0",
                        "date": "20250115",
                        "s3_uri": "s3://vmevalkit/202501151030/data",
                        "size_mb": 114.2,
                        "files": 1300,
                        "timestamp": "2025-01-15T10:31:00.000000",
                        "stats": {"domains": {"chess": 15, "maze": 15}},
                    }
                ],
                "problem": None,
            }
        ],
    )

    has_remote: bool
    """Whether a remote is configured."""
    remote: str | None
    logs: list[LogBody]


class SnapshotBody(Body):
    """A finished snapshot."""

    name: str
    uri: str
    created_at: str
    files: int
    bytes: int
    scope: str
    """The part of the data root that was pushed; empty for all of it."""
    is_latest: bool


class SnapshotsBody(Body):
    """The snapshots of the remote, oldest first, the archived ones last."""

    model_config = example(
        remote="s3://vmevalkit",
        snapshots=[
            {
                "name": "202501151030",
                "uri": "s3://vmevalkit/202501151030/data",
                "created_at": "2025-01-15T10:30:00Z",
                "files": 1300,
                "bytes": 114200000,
                "scope": "",
                "is_latest": True,
            }
        ],
        problems=[],
    )

    remote: str | None
    snapshots: list[SnapshotBody]
    problems: list[str]
    """Snapshots whose manifest cannot be read, and why."""


def versions_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes."""
    router = APIRouter()
    root = dashboard.root
    remote = RemoteReader(dashboard.config.remote_url, dashboard.config.settings)

    @router.get("/versions", responses=_RESPONSES)
    def list_versions(query: Annotated[VersionParameters, Query()]) -> VersionsBody:
        """List the names of snapshots; without ``remote`` from the copy under the data root, which asks no server."""
        logs = [_local(root)]
        if query.remote and remote.is_configured:
            logs.append(_log(root, "remote", remote.log()))
        return VersionsBody(has_remote=remote.is_configured, remote=remote.name, logs=logs)

    @router.get("/snapshots", responses=_RESPONSES)
    def list_snapshots() -> SnapshotsBody:
        """List the snapshots of the remote that is configured."""
        if not remote.is_configured:
            raise NotFoundError("no remote is configured", hint="set VMEVAL_REMOTE, then start the dashboard again")
        found = remote.snapshots()
        return SnapshotsBody(
            remote=remote.name,
            snapshots=[SnapshotBody(**vars(snapshot)) for snapshot in found.snapshots],
            problems=[without_prefix(root, problem) for problem in found.problems],
        )

    return router


def _local(root: DataRoot) -> LogBody:
    from vmevalkit.snapshots import read_mirror

    try:
        return _log(root, "local", read_mirror(root))
    except RecordError as problem:
        if problem.problem == "no such file":
            return LogBody(source="local", versions=[], problem=None)
        return LogBody(source="local", versions=[], problem=public_message(problem))


def _log(root: DataRoot, source: Literal["local", "remote"], log: VersionLog) -> LogBody:
    return LogBody(source=source, versions=[VersionBody.of(root, version) for version in log.versions], problem=None)
