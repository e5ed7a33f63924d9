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
        str,
        typer.Option("--host", help="The address to listen at; 0.0.0.0 lets the whole network in, and needs --token."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at; 0 takes any free one.")] = 5000,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            help="A secret that everybody has to know.  [default: VMEVAL_DASHBOARD_TOKEN, or none]",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PREFIX", help="What a proxy puts before every path: /vmeval.")
    ] = "",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host",
            metavar="NAME",
            help="Another name that browsers know this host by; give it once per name.",
            show_default=False,
        ),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the default browser on it.")] = False,
) -> None:
    """Look at questions, videos and scores in a browser. Ctrl-C ends it."""
    from vmevalkit.settings import load_settings, secrets
    from vmevalkit.web import DashboardConfig, serve
    from vmevalkit.web.config import TOKEN_VARIABLE, checked_root_path, checked_token, host_names

    config = DashboardConfig(
        data_root(data_dir).existing(),
        allowed_hosts=host_names(allowed_host),
        token=checked_token(token or secrets().get(TOKEN_VARIABLE)),
        root_path=checked_root_path(root_path),
        settings=load_settings(),
    )
    serve(config, host, port, open_browser=open_browser, announce=_announce)


def _announce(url: str) -> None:
    print(f"dashboard at {url} (Ctrl-C ends it)", flush=True)
