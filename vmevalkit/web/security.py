"""Walls around the application: who may call it by what name, with how much, and what a browser may then do."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vmevalkit.web.errors import error_response

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Walls:
    """Middleware that refuses foreign host names and large bodies, and adds the security headers to every answer.

    Checking the name keeps a web page from reaching a dashboard on loopback through a DNS name of its own.

    Args:
        app: the application.
        allowed_hosts: host names without ports; ``*`` allows any.
        max_body_bytes: the largest request body.

    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str], max_body_bytes: int) -> None:
        self._app, self._hosts, self._limit = app, frozenset(allowed_hosts), max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        if not self._knows(headers.get("host", "")):
            refusal = error_response(
                scope["path"], 400, "this host name is not served", "use the address that the command printed"
            )
            await refusal(scope, receive, send_secured)
        elif declared.isdecimal() and int(declared) > self._limit:
            await error_response(scope["path"], 413, self._too_large)(scope, receive, send_secured)
        else:
            await self._app(scope, self._counted(receive), send_secured)

    @property
    def _too_large(self) -> str:
        return f"the request body is larger than {self._limit} bytes"

    def _knows(self, host: str) -> bool:
        if "*" in self._hosts:
            return True
        try:
            return urlsplit(f"//{host}").hostname in self._hosts
        except ValueError:
            return False

    def _counted(self, receive: Receive) -> Receive:
        """Watch a body that comes without its length."""
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, self._too_large)
            return message

        return counting
