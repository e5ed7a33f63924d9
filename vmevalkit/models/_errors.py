"""What providers say when something goes wrong: as one of our errors, in one line that can be written down."""

import json
from collections.abc import Mapping

from vmevalkit.models.provider import (
    ContentRefusedError,
    CredentialsError,
    JobFailedError,
    ProviderError,
    RateLimitError,
    RefusedRequestError,
    UnavailableError,
    UnreachableError,
)
from vmevalkit.replies import one_line, retry_after

_FIELDS = ("code", "type", "message", "msg", "error", "detail", "title")
"""Where the providers keep their words, in the order in which they make a sentence."""

_REFUSALS = (
    "moderation",
    "moderated",
    "safety",
    "content policy",
    "content_policy",
    "content checker",
    "sensitive",
    "nsfw",
    "(e005)",
)


def spoken(body: str) -> str:
    """Return what the body of an answer says: the texts in its JSON, or the body itself."""
    try:
        words = _words(json.loads(body))
    except (ValueError, RecursionError):
        words = [body]
    return one_line(": ".join(words) or body)


def refused(text: str) -> bool:
    """Tell whether it is moderation that speaks."""
    return any(word in text.lower() for word in _REFUSALS)


def translated(error: Exception, provider: str) -> ProviderError:
    """Return our error for an ``APIError`` of a client that Stainless has generated: Luma's, Runway's, OpenAI's.

    A status of 404 is for the caller to see to, who knows what was asked for.
    """
    status: int | None = getattr(error, "status_code", None)
    text = f"{provider}: {said(error)}"
    if status is None:
        cause = error.__cause__
        refused = cause is not None and type(cause).__name__ in ("ConnectError", "ConnectTimeout")
        return UnreachableError(text) if refused else UnavailableError(text)
    return from_answer(status, text, getattr(getattr(error, "response", None), "headers", {}))


def from_answer(status: int, text: str, headers: Mapping[str, str]) -> ProviderError:
    """Return our error for an answer that is no use, by its HTTP status."""
    if status in (401, 402, 403):
        return CredentialsError(text)
    if status == 429:
        return RateLimitError(text, retry_after=retry_after(headers))
    if status >= 500 or status == 408 or status < 400:
        # Below 400: it was heard, and the answer cannot be read.
        return UnavailableError(text)
    return ContentRefusedError(text) if refused(text) else RefusedRequestError(text)


def from_job(text: str) -> ProviderError:
    """Return our error for a job that has failed."""
    return ContentRefusedError(text) if refused(text) else JobFailedError(text)


def said(error: Exception) -> str:
    """Return what the provider said, in one line."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        for field in ("message", "error", "detail", "failure"):
            value = body.get(field)
            if isinstance(value, dict):
                value = value.get("message")
            if isinstance(value, str) and value:
                return one_line(value)
    return one_line(str(error))


def _words(value: object) -> list[str]:
    if isinstance(value, str | int):
        return [str(value)] if value not in ("", None) else []
    if isinstance(value, dict):
        return [word for field in _FIELDS for word in _words(value.get(field))]
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return []
