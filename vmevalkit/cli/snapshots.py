"""``vmevalkit push``, ``pull`` and ``snapshots``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import (
    AsJson,
    RemoteUrl,
    Snapshot,
    Yes,
    opened_remote,
    print_json,
    print_table,
    remote_and_snapshot,
)

if TYPE_CHECKING:
    from vmevalkit.dataroot import Version
    from vmevalkit.snapshots import PushResult, Remote, Tree


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(push)
    app.command()(pull)
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
    incremental: Annotated[
        bool | None,
        typer.Option(
            "--incremental/--full",
            help="Leave unchanged files where older snapshots have them, or copy them, so that every snapshot is a "
            "whole folder.  [default: VMEVAL_SNAPSHOTS, or full]",
            show_default=False,
        ),
    ] = None,
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
    from vmevalkit.errors import UsageError, VMEvalError
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import chosen_tree, describe, open_remote, read_log, upload_shown
    from vmevalkit.snapshots import push as push_tree
    from vmevalkit.snapshots.versions import check_is_free, version_name

    wants_version = log or log_as is not None
    if message is not None and not wants_version:
        raise UsageError("--message goes into the version log", hint="add --log")
    if log_as is not None:
        log_as = version_name(log_as)
    settings = load_settings()
    tree = chosen_tree(data_dir, settings.data_dir)
    store = open_remote(remote or settings.remote_url, settings, create=True)
    if wants_version:
        known = read_log(store)  # Before anything is sent: a log that is damaged, or has this name already, ends it.
        if log_as is not None:
            check_is_free(known, log_as)
    with upload_shown() as progress:
        result = push_tree(
            store,
            tree,
            name=date,
            force=force,
            incremental=incremental if incremental is not None else settings.snapshots == "incremental",
            progress=progress,
        )
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    if not as_json:
        print(describe(result))
        print(f"   {result.s3_uri}{'' if result.is_latest or not result.created else ' (not the latest)'}")
    version: Version | None = None
    problem: VMEvalError | OSError | None = None
    try:
        version = _log(store, tree, result, log_as, message) if wants_version else None
    except (VMEvalError, OSError) as error:
        problem = error
    if as_json:
        print_json({**asdict(result), "version": None if version is None else version.version})
    elif version is not None:
        print(f"   logged as v{version.version}")
    if problem is not None:
        typer.echo(f"error: {result.snapshot} is on the remote, but could not be logged: {problem}", err=True)
        typer.echo(f"hint: log it with 'vmevalkit versions add {result.snapshot}'", err=True)
        raise typer.Exit(1)


def _log(
    remote: "Remote", tree: "Tree", result: "PushResult", log_as: str | None, message: str | None
) -> "Version | None":
    """Log a snapshot, unless nothing has changed and it has a version already."""
    from vmevalkit.snapshots import add_version, read_log
    from vmevalkit.snapshots.names import snapshots_meant

    known = read_log(remote).versions
    if not result.created and log_as is None:
        for version in known:
            if result.snapshot in snapshots_meant(version.s3_uri, remote.url):
                typer.echo(f"note: it is in the version log as v{version.version} already", err=True)
                return None
    change = f"{result.uploaded} files uploaded, {result.removed} removed" if known else "Initial dataset"
    return add_version(remote, result.snapshot, version=log_as, stats={"change": message or change}, mirror=tree.root)


def pull(
    to: Annotated[Path, typer.Option("--to", help="The folder to write to, such as data.")],
    snapshot: Snapshot = "latest",
    path: Annotated[
        str, typer.Option("--path", help="Only this part, such as questions/chess_task.", show_default=False)
    ] = "",
    remote: RemoteUrl = None,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete", help="Remove files that the snapshot does not have; lists them unless --yes is given."
        ),
    ] = False,
    max_delete: Annotated[
        int, typer.Option("--max-delete", min=1, help="Do nothing if --delete would remove more files than this.")
    ] = 100,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring a snapshot back into a folder.

    Every file is compared with its sha256. Files that are there already are not fetched again. Files that the snapshot
    does not have are left alone, unless --delete is given.
    """
    from vmevalkit.progress import shown
    from vmevalkit.snapshots import pull as pull_snapshot

    store, name = remote_and_snapshot(remote, snapshot)
    if delete and not yes:
        _show_removal(store, name, to, path, max_delete, as_json)
        return
    with shown("download") as progress:
        result = pull_snapshot(store, name, to, below=path, max_delete=max_delete if delete else 0, progress=progress)
    if as_json:
        print_json(asdict(result))
    else:
        removed = f"{result.removed} removed, " if delete else ""
        print(
            f"{result.snapshot}: {result.written} files written ({result.written_bytes / 1e6:.1f} MB), "
            f"{result.skipped} there already, {removed}{result.failed} failed"
        )
    for failure in result.failures:
        typer.echo(f"error: {failure}", err=True)
    if result.failed > len(result.failures):
        typer.echo(f"error: and {result.failed - len(result.failures)} more", err=True)
    if result.failed:
        raise typer.Exit(1)


def _show_removal(remote: "Remote", snapshot: str, target: Path, path: str, limit: int, as_json: bool) -> None:
    from vmevalkit.snapshots import files_to_remove

    paths = files_to_remove(remote, snapshot, target, below=path, limit=limit)
    if as_json:
        print_json({"snapshot": snapshot, "would_remove": paths})
        return
    for line in paths:
        print(f"- {line}")
    print(
        f"{len(paths)} files of {target} are not in {snapshot}. Nothing was done: --yes pulls, then removes them."
        if paths
        else f"All files of {target} are in {snapshot}. Nothing was done: --yes pulls."
    )


def list_them(remote: RemoteUrl = None, as_json: AsJson = False) -> None:
    """List the snapshots of a remote."""
    from rich.table import Table

    from vmevalkit.errors import RecordError
    from vmevalkit.snapshots import list_snapshots, read_latest, read_log
    from vmevalkit.snapshots.names import snapshots_meant

    store = opened_remote(remote)
    pointer = read_latest(store)
    latest = pointer.snapshot if pointer is not None else None
    named: dict[str, list[str]] = {}
    for version in read_log(store).versions:
        for snapshot in snapshots_meant(version.s3_uri, store.url):
            named.setdefault(snapshot, []).append(version.version)
    found = list(list_snapshots(store))
    errors = [item for item in found if isinstance(item, RecordError)]
    table = Table("snapshot", "files", "MB", "part", "versions", "", box=None)
    rows = []
    for item in found:
        if isinstance(item, RecordError):
            continue
        header, is_latest, names = item.header, item.snapshot == latest, named.get(item.snapshot, [])
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
