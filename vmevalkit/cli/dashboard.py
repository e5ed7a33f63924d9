"""``vmevalkit dashboard``."""

from typing import Annotated

import typer

from vmevalkit.cli.options import DataDir, data_root


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dashboard)


def dashboard(
    data_dir: DataDir = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; 0.0.0.0 lets the whole network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at; 0 takes any free one.")] = 5000,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the default browser on it.")] = False,
) -> None:
    """Look at questions, videos and scores in a browser. Ctrl-C ends it."""
    from vmevalkit.web import DashboardConfig, serve

    config = DashboardConfig(data_root(data_dir).existing())
    serve(config, host, port, open_browser=open_browser, announce=_announce)


def _announce(url: str) -> None:
    print(f"dashboard at {url} (Ctrl-C ends it)", flush=True)
