"""What an object store says when it refuses, in a sentence that a person can act on.

The stores report most refusals as text: the HTTP status and S3's XML error code are the only stable parts of it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, InvalidPathError, NotSupportedError

from vmevalkit.errors import RemoteError, UsageError, VMEvalError

_CODE = re.compile(r"<Code>([A-Za-z0-9]+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,200})</Message>")
_STATUS = re.compile(r"status code: ([0-9]{3})")

_KEY_HINT = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (environment or .env) to a valid pair"
_REGION_HINT = "set AWS_REGION to the region of the bucket"

_SETTINGS_AT_FAULT = {
    "NoSuchBucket": ("no such bucket", "make the bucket, or name another one with S3_BUCKET or --remote"),
    "InvalidBucketName": ("not a valid bucket name", "name another one with S3_BUCKET or --remote"),
    "InvalidAccessKeyId": ("the access key is not known there", _KEY_HINT),
    "SignatureDoesNotMatch": ("the secret does not belong to the access key", _KEY_HINT),
    "InvalidToken": ("the session token is not valid", "renew AWS_SESSION_TOKEN, or leave it away"),
    "ExpiredToken": ("the session token has expired", "renew AWS_SESSION_TOKEN and the keys that came with it"),
    "PermanentRedirect": ("the bucket lies in another region", _REGION_HINT),
    "AuthorizationHeaderMalformed": ("the bucket lies in another region", _REGION_HINT),
    "RequestTimeTooSkewed": ("the clock of this machine is wrong", "set the clock, then try again"),
}


_DAMAGED_ON_THE_WAY = frozenset(
    {"BadDigest", "IncompleteBody", "InvalidDigest", "MalformedXML", "RequestTimeout", "XAmzContentSHA256Mismatch"}
)
"""Refusals of a request that has changed on its way: sent again, it may arrive as it is."""


class MissingObjectError(RemoteError):
    """There is no object of that name."""


class DamagedError(RemoteError):
    """Bytes that are not those that were sent or stored; another attempt may bring the right ones."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="check the network and the server, then try again", retryable=True)


@contextmanager
def explained(url: str, key: str) -> Iterator[None]:
    """Turn what the store raises in the block into our errors; ``url`` and ``key`` say what was asked for."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise explain(error, url, key) from error


def explain(error: Exception, url: str, key: str) -> VMEvalError:
    """Return the error to raise instead of the store's own."""
    text = str(error)
    code = _first(_CODE, text)
    if code in _SETTINGS_AT_FAULT:
        problem, hint = _SETTINGS_AT_FAULT[code]
        return UsageError(f"{url}: {problem}", hint=hint)
    if isinstance(error, FileNotFoundError):
        return MissingObjectError(f"{url}/{key}: no such object")
    status = _first(_STATUS, text)
    if status in ("401", "403") or "Permission denied" in text:
        return RemoteError(
            f"{url}/{key}: permission denied{_detail(code, text)}",
            hint="check that the account may list, read and write there, and AWS_ACCESS_KEY_ID in the settings",
        )
    if status is None and ("error sending request" in text or "HTTP error" in text):
        return RemoteError(
            f"{url}: the server cannot be reached",
            hint="check the network, AWS_ENDPOINT_URL and --remote",
            # The store's client has tried to connect for a while; a connection that broke off is another matter.
            retryable="tcp connect error" not in text and "dns error" not in text,
        )
    if "No space left" in text:
        return RemoteError(f"{url}: no space left", hint="make room there, then push again")
    return RemoteError(f"{url}/{key}: {_summary(text)}{_detail(code, text)}", retryable=_may_pass(error, status, code))


def _may_pass(error: Exception, status: str | None, code: str | None) -> bool:
    """Tell whether the same request may succeed a moment later."""
    if isinstance(error, InvalidPathError | NotSupportedError):
        return False
    if status is None or code in _DAMAGED_ON_THE_WAY:
        return True
    return status in ("408", "429") or (status.startswith("5") and status != "501")


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _detail(code: str | None, text: str) -> str:
    said = ": ".join(part for part in (code, _first(_MESSAGE, text)) if part)
    return f" ({said})" if said else ""


def _summary(text: str) -> str:
    """Return the first line without the server's XML and the library's dump of its own data."""
    return (text.splitlines() or ["the store gave no reason"])[0].split("<?xml")[0].strip(" :")[:300]
