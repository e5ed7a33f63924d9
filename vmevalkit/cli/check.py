"""``vmevalkit check``."""

from dataclasses import asdict
from typing import Annotated

import typer

from vmevalkit.cli.options import AsJson, DataDir, Models, RemoteUrl, data_root, print_json, split


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    model: Models = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only these groups: dataset, remote, disk, models.", show_default=False),
    ] = None,
    remote: RemoteUrl = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check before an experiment that all is there: questions, prompts, the remote, disk space, keys and models.

    The remote is tried with a small object: it is listed, written, read and cleaned up.
    """
    from vmevalkit.errors import UnknownNameError
    from vmevalkit.runner.preflight import GROUPS, line, run_checks
    from vmevalkit.settings import load_settings, secrets

    groups = split(only) or list(GROUPS)
    for group in groups:
        if group not in GROUPS:
            raise UnknownNameError("group of checks", group, GROUPS)
    found = []
    for one in run_checks(
        data_root(data_dir), load_settings(), secrets(), groups=groups, models=split(model), remote=remote
    ):
        found.append(one)
        if not as_json:
            print(line(one), flush=True)
    passed = all(one.passed or not one.required for one in found)
    if as_json:
        print_json({"passed": passed, "checks": [asdict(one) for one in found]})
    if not passed:
        raise typer.Exit(1)
