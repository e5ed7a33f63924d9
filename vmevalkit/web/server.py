"""Runs the dashboard: takes the port, tells the address, serves until Ctrl-C."""

import errno
import gc
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

import uvicorn

from vmevalkit.errors import UsageError
from vmevalkit.web.access import with_token
from vmevalkit.web.app import create_app
from vmevalkit.web.config import LOOPBACK_NAMES, TOKEN_VARIABLE, DashboardConfig

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
        host: the address to listen at; anything but loopback lets others on the network in, and needs a token.
        port: the port; 0 takes any free one.
        open_browser: whether to show the dashboard in the default browser.
        announce: told the dashboard's URL, with the token in it, once the port is taken.

    Raises:
        UsageError: the port or the host cannot be used, or the host needs a token.

    """
    with _listen(host, port, needs_loopback=config.token is None) as listener:
        url = _url(host, listener.getsockname()[1])
        app = create_app(replace(config, allowed_hosts=_names(config, host)))
        options = uvicorn.Config(
            app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=_GRACE_SECONDS
        )
        if config.token is not None:
            url = with_token(url, config.token)
        # What is there from the start stays: looking through all of it again and again would hold up answers.
        gc.collect()
        gc.freeze()
        announce(url)
        if open_browser:
            webbrowser.open(url)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(options).run(sockets=[listener])


def _names(config: DashboardConfig, host: str) -> tuple[str, ...]:
    """Return the names to answer to; at all addresses of this host any name, unless somebody has said which."""
    if host in _EVERYWHERE:
        return ("*",) if config.allowed_hosts == LOOPBACK_NAMES else config.allowed_hosts
    return (*config.allowed_hosts, host.lower())


def _listen(host: str, port: int, *, needs_loopback: bool) -> socket.socket:
    """Take the port here, so that a port in use is our one clear line and nobody can take it in between."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port} does not exist", hint="ports go from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot listen at {host}: {error}", hint="choose another address with --host") from error
    if needs_loopback and not ip_address(str(address[0]).partition("%")[0]).is_loopback:
        listener.close()
        raise UsageError(
            f"{host} lets everybody on the network see the data and write scores, and there is no token",
            hint=f"add --token SECRET (or set {TOKEN_VARIABLE}), or leave --host away to serve this machine only",
        )
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
