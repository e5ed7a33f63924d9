"""A token that everybody has to know who asks anything, and the ways to show it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

_PARAMETER = "token"


class Token:
    """One secret, known to all who may use the dashboard.

    A program sends it as ``Authorization: Bearer``. A browser is given it once in the address and from then on sends a
    cookie, which holds what follows from the token and not the token itself.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._seal = hmac.digest(self._token, b"vmevalkit dashboard", sha256).hex()
        # Cookies do not know about ports: two dashboards on one host have different tokens.
        self._cookie = f"vmevalkit-{sha256(self._seal.encode()).hexdigest()[:12]}"

    def is_shown(self, headers: Headers) -> bool:
        """Tell whether a request has the token in a header, or the cookie."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _are_equal(given.strip(), self._token.decode())
        return _are_equal(cookie_parser(headers.get("cookie", "")).get(self._cookie, ""), self._seal)

    def is_given(self, query: str) -> bool | None:
        """Tell whether an address has the token among its parameters; `None` if it has no such parameter."""
        given = [value for name, value in _parameters(query) if name == _PARAMETER]
        return any(_are_equal(value, self._token.decode()) for value in given) if given else None

    def cookie(self, path: str, *, is_secure: bool) -> str:
        """Return the header that makes a browser keep the cookie."""
        secure = "; Secure" if is_secure else ""
        return f"{self._cookie}={self._seal}; Path={path or '/'}; HttpOnly; SameSite=Strict{secure}"


def with_token(url: str, token: str) -> str:
    """Return an address that shows the token."""
    return f"{url}/?{urlencode({_PARAMETER: token})}"


def without_token(path: str, query: str) -> str:
    """Return an address on this host without the token in it."""
    # Two slashes at its beginning, or what browsers take for them, would lead to another host.
    path = "/" + path.replace("\\", "%5C").lstrip("/")
    rest = [(name, value) for name, value in _parameters(query) if name != _PARAMETER]
    return f"{path}?{urlencode(rest)}" if rest else path


def _parameters(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _are_equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


CHALLENGE: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="vmevalkit"'}
