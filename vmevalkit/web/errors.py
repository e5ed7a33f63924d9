"""How errors look from outside: one JSON shape for programs, one page for people."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from vmevalkit.errors import UnknownNameError, UnsafePathError, UsageError, VMEvalError
from vmevalkit.web.results import public_message
from vmevalkit.web.templating import ErrorView, render

_log = logging.getLogger(__name__)
_JSON_PREFIXES = ("/api/", "/media/", "/openapi.json")
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    416: "range_not_satisfiable",
    422: "invalid_parameter",
    500: "internal_error",
}
_UNEXPECTED_HINT = "the server's log has the details"


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

    error: ErrorDetail


class NotFoundError(VMEvalError):
    """There is nothing at this address."""


def error_response(
    path: str, status: int, message: str, hint: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Answer with an error: as JSON below ``/api`` and ``/media``, as a page elsewhere."""
    if path.startswith(_JSON_PREFIXES):
        body = ErrorBody(error=ErrorDetail(code=_CODES.get(status, f"http_{status}"), message=message, hint=hint))
        return JSONResponse(body.model_dump(), status, headers)
    view = ErrorView(status=status, title=HTTPStatus(status).phrase, message=message, hint=hint)
    return HTMLResponse(render("error.html", view), status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make an application answer every error in our form."""
    app.add_exception_handler(VMEvalError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, VMEvalError):
        raise error
    status = 500
    if isinstance(error, NotFoundError | UnknownNameError):
        status = 404
    elif isinstance(error, UnsafePathError | UsageError):
        status = 400
    return error_response(request.url.path, status, public_message(error), error.hint)


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    name = first["loc"][-1] if first["loc"] else "request"
    return error_response(request.url.path, 422, f"{name}: {first['msg']}")


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message, hint = error.detail, None
    if error.status_code == 404:
        message, hint = "there is nothing at this address", "start from the results page at /"
    return error_response(request.url.path, error.status_code, message, hint, dict(error.headers or {}))


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error at %s", request.url.path, exc_info=error)
    return error_response(request.url.path, 500, "something went wrong in the dashboard", _UNEXPECTED_HINT)
