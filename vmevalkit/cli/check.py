"""``vmevalkit check``."""

from dataclasses import asdict

import typer

from vmevalkit.cli.options import AsJson, RemoteUrl, opened_remote, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(remote: RemoteUrl = None, as_json: AsJson = False) -> None:
    """Check that the remote can be reached, listed, written, read and cleaned up."""
    from vmevalkit.snapshots import check_access

    failed = False
    checks = []
    for found in check_access(opened_remote(remote, create=True)):
        failed |= found.required and not found.passed
        checks.append(asdict(found))
        if not as_json:
            mark = "✅" if found.passed else "❌" if found.required else "⚠️ "
            print(f"{mark} {found.name:<26} {found.detail}", flush=True)
    if as_json:
        print_json({"passed": not failed, "checks": checks})
    if failed:
        raise typer.Exit(1)
