"""``vmevalkit demo``: the whole pipeline in a folder of its own."""

from pathlib import Path
from typing import Annotated

import typer

from vmevalkit.cli.options import Workers


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo keeps its data and its remote.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard at the end.")] = True,
    port: Annotated[int, typer.Option("--port", help="The dashboard's port.")] = 5000,
    workers: Workers = None,
) -> None:
    """Make, film, score, push, version and show the standard 75 questions, offline.

    Run it twice and nothing is done twice.
    """
