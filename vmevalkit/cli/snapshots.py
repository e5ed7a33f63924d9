"""``vmevalkit push``, ``pull``, ``versions`` and ``snapshots``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import AsJson, DataDir, data_root, print_json, print_table

if TYPE_CHECKING:
    from vmevalkit.dataroot import Version, VersionLog
    from vmevalkit.snapshots import PushResult, Remote, Tree

RemoteUrl = Annotated[
    str | None,
    typer.Option(
        "--remote",
        help="Where snapshots are: s3://bucket, gs://, az:// or file:///folder.  "
        "[default: VMEVAL_REMOTE, or the bucket S3_BUCKET]",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(push)
    app.command()(pull)
    app.command()(versions)
    app.command("snapshots")(list_them)


def push(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            help="The data root, or a folder in it.  [default: VMEVAL_DATA_DIR, or ./data]",
            show_default=False,
        ),
    ] = None,
    remote: RemoteUrl = None,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            help="Name of the snapshot: YYYYMMDD, YYYYMMDDHHMM or archive/NAME.  [default: this minute, UTC]",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make a snapshot even if nothing has changed.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Give the snapshot the next number in the version log.")] = False,
    log_as: Annotated[
        str | None, typer.Option("--log-as", metavar="VERSION", help="Log it under this name, such as 1.1-pre.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", metavar="TEXT", help="What has changed, for the version log.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Push the data root as a new snapshot.

    Only what has changed since the latest snapshot goes over the wire. The snapshot is a whole folder all the same,
    and nobody sees it before it is complete.
    """
    from vmevalkit.errors import UsageError
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import chosen_tree, describe, open_remote, upload_shown
    from vmevalkit.snapshots import push as push_tree

    wants_version = log or log_as is not None
    if message is not None and not wants_version:
        raise UsageError("--message goes into the version log", hint="add --log")
    settings = load_settings()
    tree = chosen_tree(data_dir, settings.data_dir)
    store = open_remote(remote or settings.remote_url, settings, create=True)
    with upload_shown() as progress:
        result = push_tree(store, tree, name=date, force=force, progress=progress)
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    if not as_json:
        print(describe(result))
        print(f"   {result.s3_uri}{'' if result.is_latest or not result.created else ' (not the latest)'}")
    version = _log(store, tree, result, log_as, message) if wants_version else None
    if as_json:
        print_json({**asdict(result), "version": None if version is None else version.version})
    elif version is not None:
        print(f"   logged as v{version.version}")


def _log(
    remote: "Remote", tree: "Tree", result: "PushResult", log_as: str | None, message: str | None
) -> "Version | None":
    """Log a snapshot, unless nothing has changed and it has a version already."""
    from vmevalkit.snapshots import add_version, read_log

    known = read_log(remote).versions
    if not result.created and log_as is None:
        for version in known:
            if version.s3_uri == result.s3_uri:
                typer.echo(f"note: it is in the version log as v{version.version} already", err=True)
                return None
    change = f"{result.uploaded} files uploaded, {result.removed} removed" if known else "Initial dataset"
    return add_version(remote, result.snapshot, version=log_as, stats={"change": message or change}, mirror=tree.root)


def pull(
    to: Annotated[Path, typer.Option("--to", help="The folder to write to, such as data.")],
    snapshot: Annotated[
        str, typer.Argument(help="A snapshot (202501151030), a version (1.0), archive/NAME, or latest.")
    ] = "latest",
    path: Annotated[
        str, typer.Option("--path", help="Only this part, such as questions/chess_task.", show_default=False)
    ] = "",
    remote: RemoteUrl = None,
    as_json: AsJson = False,
) -> None:
    """Bring a snapshot back into a folder.

    Every file is compared with its sha256. Files that are there already are not fetched again; files that the
    snapshot does not have are left alone.
    """
    from vmevalkit.progress import shown
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import open_remote, resolve
    from vmevalkit.snapshots import pull as pull_snapshot

    settings = load_settings()
    store = open_remote(remote or settings.remote_url, settings)
    with shown("download") as progress:
        result = pull_snapshot(store, resolve(store, snapshot), to, below=path, progress=progress)
    if as_json:
        print_json(asdict(result))
    else:
        print(
            f"{result.snapshot}: {result.written} files written ({result.written_bytes / 1e6:.1f} MB), "
            f"{result.skipped} there already, {result.failed} failed"
        )
    for failure in result.failures:
        typer.echo(f"error: {failure}", err=True)
    if result.failed > len(result.failures):
        typer.echo(f"error: and {result.failed - len(result.failures)} more", err=True)
    if result.failed:
        raise typer.Exit(1)


def versions(
    remote: RemoteUrl = None,
    local: Annotated[bool, typer.Option("--local", help="Show the copy under the data root; asks no server.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the version log."""
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import open_remote, read_log, read_mirror

    if local:
        log = read_mirror(data_root(data_dir))
    else:
        settings = load_settings()
        log = read_log(open_remote(remote or settings.remote_url, settings))
    if as_json:
        print_json(log.to_json())
    else:
        print_log(log)


def print_log(log: "VersionLog") -> None:
    """Print a version log, two lines an entry."""
    print("📊 Dataset Versions")
    print("=" * 40)
    for version in log.versions:
        print(f"v{version.version} ({version.date}) → {version.s3_uri}")
        print(f"  {version.size_mb:.1f}MB, {version.files} files")


def list_them(remote: RemoteUrl = None, as_json: AsJson = False) -> None:
    """List the snapshots of a remote."""
    from rich.table import Table

    from vmevalkit.errors import RecordError
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import list_snapshots, open_remote, read_latest, read_log

    settings = load_settings()
    store = open_remote(remote or settings.remote_url, settings)
    pointer = read_latest(store)
    latest = pointer.snapshot if pointer is not None else None
    named: dict[str, list[str]] = {}
    for version in read_log(store).versions:
        named.setdefault(version.s3_uri, []).append(version.version)
    found = list(list_snapshots(store))
    errors = [item for item in found if isinstance(item, RecordError)]
    table = Table("snapshot", "files", "MB", "part", "versions", "", box=None)
    rows = []
    for item in found:
        if isinstance(item, RecordError):
            continue
        header, is_latest, names = item.header, item.snapshot == latest, named.get(item.uri, [])
        rows.append(
            {
                "snapshot": item.snapshot,
                "s3_uri": item.uri,
                "files": header.files,
                "bytes": header.bytes,
                "scope": header.scope,
                "versions": names,
                "latest": is_latest,
            }
        )
        size = f"{header.bytes / 1e6:.1f}"
        table.add_row(
            item.snapshot,
            str(header.files),
            size,
            header.scope or "all",
            ", ".join(names),
            "latest" if is_latest else "",
        )
    if as_json:
        print_json(rows)
    else:
        print_table(table)
    for error in errors:
        typer.echo(f"error: {error.message}", err=True)
    if errors:
        raise typer.Exit(1)
