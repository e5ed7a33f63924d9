"""``/versions``: the version log, and on request what the remote holds and how two of its snapshots differ.

The copy of the log lies under the data root; the remote is asked only if the address says so, and not for long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from vmevalkit.dataroot import DataRoot, Version
from vmevalkit.errors import RecordError, RemoteError, UsageError, VMEvalError
from vmevalkit.web import formats
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages.query import Given, PageQuery
from vmevalkit.web.public import public_message, without_prefix
from vmevalkit.web.remote import RemoteReader, RemoteSnapshot, SnapshotDifference
from vmevalkit.web.rendering import EmptyState, render

_VERSIONS = 200
_SNAPSHOTS = 300
_PARTS = 100
_NOTE = 300

_Snapshot = Annotated[str, Field(max_length=140)]


class VersionsQuery(PageQuery):
    """What the page can be asked."""

    remote: Given[bool] = None
    """Ask the remote which snapshots there are."""
    old: Given[_Snapshot] = None
    new: Given[_Snapshot] = None


@dataclass(frozen=True)
class VersionRow:
    """An entry of the log."""

    version: str
    snapshot: str
    made_at: str
    files: int
    bytes: int
    questions: str
    """How many of each domain."""
    note: str


@dataclass(frozen=True)
class VersionsView:
    """For ``versions.html``."""

    query: VersionsQuery
    versions: tuple[VersionRow, ...]
    """Newest first."""
    is_cut: bool
    log_problem: str | None
    remote: str | None
    """The remote's address; `None` if none is configured."""
    ask: str
    """Where the remote is asked."""
    remote_problem: str | None
    remote_hint: str | None
    snapshots: tuple[RemoteSnapshot, ...] | None
    """Newest first; `None` if the remote was not asked, or did not answer."""
    names: tuple[tuple[str, str], ...]
    """The snapshots as options of a field."""
    snapshot_problems: tuple[str, ...]
    difference: SnapshotDifference | None
    is_difference_cut: bool
    """Whether more has changed than is shown."""
    parts: tuple[str, ...]
    """Those of the difference that are shown."""
    empty: EmptyState | None


def versions_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of the page."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    config = dashboard.config
    reader = RemoteReader(config.remote_url, config.settings)

    @router.get("/versions")
    def show_versions(request: Request, query: Annotated[VersionsQuery, Query()]) -> str:
        return render(request, "versions.html", _view(dashboard.root, reader, Links.of(request), query))

    return router


def _view(root: DataRoot, reader: RemoteReader, links: Links, query: VersionsQuery) -> VersionsView:
    log, log_problem = _log(root)
    snapshots: tuple[RemoteSnapshot, ...] | None = None
    problems: tuple[str, ...] = ()
    difference: SnapshotDifference | None = None
    failed: VMEvalError | None = None
    if reader.is_configured and (query.remote or (query.old and query.new)):
        try:
            found = reader.snapshots()
            snapshots = tuple(sorted(found.snapshots, key=lambda snapshot: snapshot.created_at, reverse=True))
            problems = tuple(without_prefix(root, problem) for problem in found.problems)
            if query.old and query.new:
                difference = reader.difference(_known("old", query.old, snapshots), _known("new", query.new, snapshots))
        except (RemoteError, RecordError, UsageError) as error:
            failed = error
    return VersionsView(
        query=query,
        versions=tuple(_row(root, version) for version in reversed(log[-_VERSIONS:])),
        is_cut=len(log) > _VERSIONS,
        log_problem=log_problem,
        remote=reader.name,
        ask=links.with_query(links.versions(), remote="true"),
        remote_problem=without_prefix(root, public_message(failed)) if failed else None,
        remote_hint=failed.hint if failed else None,
        snapshots=snapshots[:_SNAPSHOTS] if snapshots is not None else None,
        names=tuple((one.name, f"{one.name} (latest)" if one.is_latest else one.name) for one in snapshots or ())[
            :_SNAPSHOTS
        ],
        snapshot_problems=problems,
        difference=difference,
        is_difference_cut=difference is not None
        and len(difference.changes) < sum(amount.files for amount in difference.summary.total.values()),
        parts=tuple(difference.summary.parts)[:_PARTS] if difference else (),
        empty=None
        if log or log_problem
        else EmptyState(
            "No version yet",
            "Push the data root to a remote and give the snapshot a name:",
            ("vmevalkit push --remote file:///folder --log",),
        ),
    )


def _known(which: str, name: str, snapshots: tuple[RemoteSnapshot, ...]) -> str:
    if name not in {snapshot.name for snapshot in snapshots}:
        raise UsageError(f"{which}: there is no snapshot {name} on the remote", hint="choose two of the list")
    return name


def _log(root: DataRoot) -> tuple[tuple[Version, ...], str | None]:
    from vmevalkit.snapshots import read_mirror

    try:
        return read_mirror(root).versions, None
    except RecordError as problem:
        return (), None if problem.problem == "no such file" else public_message(problem)


def _row(root: DataRoot, version: Version) -> VersionRow:
    from vmevalkit.snapshots.names import split_data_uri

    try:
        _, snapshot = split_data_uri(version.s3_uri)
    except UsageError:
        snapshot = formats.UNKNOWN
    note = version.stats.get("change")
    return VersionRow(
        version=version.version,
        snapshot=snapshot,
        made_at=version.timestamp,
        files=version.files,
        bytes=round(version.size_mb * 1e6),
        questions=_questions(version.stats),
        note=formats.shortened(without_prefix(root, note), _NOTE) if isinstance(note, str) else "",
    )


def _questions(stats: Mapping[str, Any]) -> str:
    domains = stats.get("domains")
    if not isinstance(domains, Mapping):
        return formats.UNKNOWN
    found = [f"{name} {number}" for name, number in sorted(domains.items()) if isinstance(number, int)]
    return formats.shortened(", ".join(found), _NOTE) or formats.UNKNOWN
