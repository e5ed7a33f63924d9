"""Walls around the application: who may call it by what name, with how much, and what a browser may then do."""

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vmevalkit.web.access import CHALLENGE, Token, without_token
from vmevalkit.web.errors import error_response

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, so that anybody may cause them."""
_STATIC = "/static/"
"""Styles and scripts of this program: the same everywhere, and a page that refuses somebody needs them too."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_MOST_DIGITS = 18
"""A length with more is too large; Python refuses to read numbers of thousands of digits."""


class Walls:
    """Middleware that refuses strangers and large bodies, and adds the security headers to every answer.

    Checking the host name keeps a web page from reaching a dashboard on loopback through a DNS name of its own.
    Whatever writes has to come from one of our own pages, or from a program that is no browser.

    Args:
        app: the application.
        allowed_hosts: host names without ports; ``*`` allows any.
        max_body_bytes: the largest request body.
        token: what everybody has to know; `None` if nobody needs to.
        root_path: what a proxy puts before every path; no header can say so.

    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: Collection[str],
        max_body_bytes: int,
        token: str | None = None,
        root_path: str = "",
    ) -> None:
        self._app, self._hosts, self._limit = app, frozenset(allowed_hosts), max_body_bytes
        self._root_path = root_path
        self._token = None if token is None else Token(token)

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

        # Bytes that belong into no address; what reads one below here would stumble over them.
        scope["query_string"] = _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), scope["query_string"])
        _complete_path(scope, self._root_path)
        answer = self._answer(Request(scope))
        if answer is not None:
            await answer(scope, receive, send_secured)
        else:
            await self._app(scope, self._counted(receive), send_secured)

    def _answer(self, request: Request) -> Response | None:
        """Return what is answered without asking the application."""
        headers = request.headers
        declared = headers.get("content-length", "0")
        if not self._knows(headers.get("host", "")):
            hint = "use the address that the command printed, or start it with --allowed-host"
            return error_response(request, 400, "this host name is not served", hint)
        if self._token is not None and not _is_static(request):
            answer = self._asked_for_token(request, self._token)
            if answer is not None:
                return answer
        if request.method not in _READING and not _is_our_own(headers):
            return error_response(request, 403, "another web site has asked for this", "use our own pages")
        if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > self._limit):
            return error_response(request, 413, self._too_large)
        return None

    def _asked_for_token(self, request: Request, token: Token) -> Response | None:
        is_given = token.is_given(request.url.query) if request.method in _READING else None
        if is_given:
            target = without_token(quote(request.scope["path"], safe="/~@+="), request.url.query)
            cookie = token.cookie(request.scope.get("root_path", ""), is_secure=request.url.scheme == "https")
            return Response(
                status_code=303, headers={"Location": target, "Set-Cookie": cookie, "Cache-Control": "no-store"}
            )
        if is_given is None and token.is_shown(request.headers):
            return None
        hint = "open the address that the command printed, or send the token as 'Authorization: Bearer TOKEN'"
        message = "this dashboard needs a token" if is_given is None else "this is not the token of this dashboard"
        return error_response(request, 401, message, hint, dict(CHALLENGE))

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


def _complete_path(scope: Scope, prefix: str) -> None:
    """Put the proxy's prefix before a path that comes without it: some proxies cut it off, some do not."""
    scope["root_path"] = prefix
    if prefix and not f"{scope['path']}/".startswith(f"{prefix}/"):
        scope["path"] = f"{prefix}{scope['path']}"
        scope["raw_path"] = prefix.encode() + scope.get("raw_path", b"")


def _is_static(request: Request) -> bool:
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", "")).startswith(_STATIC)


def _is_our_own(headers: Headers) -> bool:
    """Tell whether a request comes from one of our pages, or from no page at all.

    Every browser of today says which in ``Sec-Fetch-Site``, but only to addresses with TLS or on loopback. Elsewhere
    the ``Origin`` tells, which browsers send with everything that writes; programs send neither.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
