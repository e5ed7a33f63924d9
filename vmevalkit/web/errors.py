"""How errors look from outside: one JSON shape for programs, one page for people."""

import logging
import sqlite3
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import (
    BusyError,
    ConflictError,
    RemoteError,
    UnknownNameError,
    UnsafePathError,
    UsageError,
    VMEvalError,
)
from vmevalkit.web.links import Links
from vmevalkit.web.public import public_message, without_prefix
from vmevalkit.web.rendering import ErrorView, render

_log = logging.getLogger(__name__)
_JSON_PREFIXES = ("/api/", "/media/", "/openapi.json")
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    416: "range_not_satisfiable",
    422: "invalid_parameter",
    500: "internal_error",
    502: "remote_failed",
    503: "busy",
}
_UNEXPECTED_HINT = "the server's log has the details"
_LONGEST = 1000  # characters of a message


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    """A word that stays the same, for programs."""
    message: str
    """A sentence, for people."""
    hint: str | None = None
    """The way out, where one is known."""


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "not_found",
                        "message": "unknown experiment: pilot",
                        "hint": "did you mean pilot_experiment?",
                    }
                }
            ]
        }
    )

    error: ErrorDetail


class NotFoundError(VMEvalError):
    """There is nothing at this address."""


def error_response(
    request: Request, status: int, message: str, hint: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Answer with an error: as JSON below ``/api`` and ``/media``, as a page elsewhere."""
    message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
    if _path(request).startswith(_JSON_PREFIXES):
        body = ErrorBody(error=ErrorDetail(code=_CODES.get(status, f"http_{status}"), message=message, hint=hint))
        return JSONResponse(body.model_dump(), status, headers)
    view = ErrorView(status=status, title=HTTPStatus(status).phrase, message=message, hint=hint)
    return HTMLResponse(render(request, "error.html", view), status, headers)


def install_error_handlers(app: FastAPI, root: DataRoot) -> None:
    """Make an application answer every error in our form.

    Args:
        app: the application.
        root: the data root, whose place on this host no message tells.

    """

    def ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, VMEvalError):
            raise error
        message = without_prefix(root, public_message(error))
        hint = without_prefix(root, error.hint) if error.hint else None
        return error_response(request, _status(error), message, hint)

    app.add_exception_handler(VMEvalError, ours)
    app.add_exception_handler(sqlite3.Error, _index)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _path(request: Request) -> str:
    """Return the path that was asked for, without the prefix of the proxy."""
    return str(request.scope["path"]).removeprefix(Links.of(request).prefix)


def _status(error: VMEvalError) -> int:
    if isinstance(error, NotFoundError | UnknownNameError):
        return 404
    if isinstance(error, UnsafePathError | UsageError):
        return 400
    if isinstance(error, ConflictError):
        return 409
    if isinstance(error, RemoteError):
        return 502
    return 503 if isinstance(error, BusyError) else 500


def _index(request: Request, error: Exception) -> Response:
    _log.warning("the index cannot be read at %s: %s", request.url.path, error)
    return error_response(
        request, 503, "the index cannot be read just now", "try again; it may be deleted, and is built again"
    )


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = first["loc"][-1] if first["loc"] else "request"
    if first["type"] == "extra_forbidden":
        return error_response(
            request, 422, f"{name}: there is no such parameter", "the page /docs lists those there are"
        )
    return error_response(request, 422, f"{name}: {first['msg'].removeprefix('Value error, ')}")


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message, hint = error.detail, None
    if error.status_code == 404:
        message, hint = "there is nothing at this address", "start from the first page"
    return error_response(request, error.status_code, message, hint, dict(error.headers or {}))


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error at %s", request.url.path, exc_info=error)
    return error_response(request, 500, "something went wrong in the dashboard", _UNEXPECTED_HINT)
