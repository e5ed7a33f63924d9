"""``vmevalkit versions``: the version log."""

from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import AsJson, DataDir, RemoteUrl, Snapshot, Yes, data_root, opened_remote, print_json

if TYPE_CHECKING:
    from vmevalkit.dataroot import VersionLog

_Name = Annotated[str, typer.Argument(metavar="VERSION", help="The name in the log, such as 1.0.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Show the version log; give snapshots names, or take them back.")
    group.callback(invoke_without_command=True)(show)
    group.command("add")(add)
    group.command("remove")(remove)
    app.add_typer(group, name="versions")


def show(
    context: typer.Context,
    remote: RemoteUrl = None,
    local: Annotated[bool, typer.Option("--local", help="Show the copy under the data root; asks no server.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the version log; give snapshots names, or take them back."""
    from vmevalkit.snapshots import read_log, read_mirror

    if context.invoked_subcommand is not None:
        return
    log = read_mirror(data_root(data_dir)) if local else read_log(opened_remote(remote))
    if as_json:
        print_json(log.to_json())
    else:
        print_log(log)


def add(
    snapshot: Snapshot = "latest",
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="VERSION", help="The name.  [default: the next number]", show_default=False),
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", metavar="TEXT", help="What has changed.", show_default=False)
    ] = None,
    remote: RemoteUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Give a snapshot a name in the log."""
    from vmevalkit.cli.options import remote_and_snapshot
    from vmevalkit.snapshots import add_version

    store, found = remote_and_snapshot(remote, snapshot)
    stats = {"change": message} if message is not None else {}
    version = add_version(store, found, version=name, stats=stats, mirror=data_root(data_dir))
    print(f"logged {version.s3_uri} as v{version.version}")


def remove(name: _Name, remote: RemoteUrl = None, data_dir: DataDir = None, yes: Yes = False) -> None:
    """Take a name out of the log, so that it can be given anew. The snapshot itself stays."""
    from vmevalkit.snapshots import find_version, read_log, remove_version

    store = opened_remote(remote)
    if not yes:
        version = find_version(read_log(store), name)
        print(f"v{version.version} ({version.date}) → {version.s3_uri}")
        print("Nothing was done: --yes takes this name out of the log; the snapshot stays.")
        return
    version = remove_version(store, name, mirror=data_root(data_dir))
    print(f"removed v{version.version} from the log; {version.s3_uri} stays")


def print_log(log: "VersionLog") -> None:
    """Print a version log, two lines an entry."""
    print("📊 Dataset Versions")
    print("=" * 40)
    for version in log.versions:
        print(f"v{version.version} ({version.date}) → {version.s3_uri}")
        print(f"  {version.size_mb:.1f}MB, {version.files} files")
