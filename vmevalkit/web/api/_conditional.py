"""Answers that need not be sent again: ``ETag`` and ``If-None-Match``."""

from hashlib import sha256
from typing import Any

from fastapi import Depends, Request, Response

from vmevalkit import __version__
from vmevalkit.catalog import Catalog
from vmevalkit.web._ranges import lists_tag


class NotModifiedError(Exception):
    """Who asked has the answer already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("not modified")
        self.headers = headers


def not_modified(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the signature is starlette's
    """Answer with 304."""
    if not isinstance(error, NotModifiedError):
        raise error
    return Response(status_code=304, headers=error.headers)


def conditional(catalog: Catalog) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Return a dependency for answers that only change when the index does, or the address."""

    def check(request: Request, response: Response) -> None:
        # Looked up before the answer is made: a change in between makes the answer newer than its tag, never older.
        address = f"{request.scope.get('root_path', '')} {request.url.path}?{request.url.query}"
        state = f"{__version__} {catalog.changes()} {address}"
        tag = f'"{sha256(state.encode()).hexdigest()[:24]}"'
        headers = {"ETag": f"W/{tag}", "Cache-Control": "no-cache"}
        if lists_tag(request.headers.get("if-none-match", ""), tag):
            raise NotModifiedError(headers)
        response.headers.update(headers)

    return Depends(check)
