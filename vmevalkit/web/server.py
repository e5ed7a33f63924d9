"""Runs the dashboard: takes the port, tells the address, serves until Ctrl-C."""

import errno
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import uvicorn

from vmevalkit.errors import UsageError
from vmevalkit.web.app import create_app
from vmevalkit.web.config import DashboardConfig

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 5000
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_GRACE_SECONDS = 2


def serve(
    config: DashboardConfig,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    *,
    open_browser: bool = False,
    announce: Callable[[str], None],
) -> None:
    """Serve the dashboard until it is interrupted.

    Args:
        config: what to show.
        host: the address to listen at; anything but loopback lets others on the network in.
        port: the port; 0 takes any free one.
        open_browser: whether to show the dashboard in the default browser.
        announce: told the dashboard's URL once the port is taken.

    Raises:
        UsageError: the port or the host cannot be used.

    """
    with _listen(host, port) as listener:
        url = _url(host, listener.getsockname()[1])
        names = ("*",) if host in _EVERYWHERE else (*config.allowed_hosts, host.lower())
        app = create_app(replace(config, allowed_hosts=names))
        options = uvicorn.Config(
            app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=_GRACE_SECONDS
        )
        announce(url)
        if open_browser:
            webbrowser.open(url)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(options).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port here, so that a port in use is our one clear line and nobody can take it in between."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port} does not exist", hint="ports go from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot listen at {host}: {error}", hint="choose another address with --host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        why = f"cannot be used at {host}: {error.strerror}"
        problem = "is already in use" if error.errno == errno.EADDRINUSE else why
        raise UsageError(f"port {port} {problem}", hint="choose another one with --port") from error
    return listener


def _url(host: str, port: int) -> str:
    shown = "localhost" if host in _EVERYWHERE else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
