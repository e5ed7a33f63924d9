"""What a hosted model must be able to do: take a job, say how it stands, hand over the video.

An adapter speaks to one provider through its official client and does nothing twice by itself: whether a request is
repeated is decided in one place, `vmevalkit.runner.hosted`, because a repeated submission is paid twice.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from vmevalkit.models.base import ModelError


@dataclass(frozen=True)
class VideoJob:
    """One video to make, in a form that the model allows."""

    prompt: str
    image: bytes
    """The first frame: a PNG of ``width`` x ``height`` pixels."""
    width: int
    height: int
    seconds: float
    seed: int
    """For models that take one: 0 to 2**31 - 1."""
    key: str
    """The same for every submission of the same run, and different for any other: an idempotency key."""


@dataclass(frozen=True)
class JobStatus:
    """How a job stands."""

    state: Literal["queued", "running", "succeeded"]
    """A job that has failed raises instead."""
    video: str | None = None
    """Where the video is, as the provider says it: a URL or a file's name; for `Provider.fetch`."""
    cost_usd: float | None = None
    """What the provider says that the job has cost, if it does."""


class Provider(Protocol):
    """A hosted model behind its official client. Each method makes one request, and raises a `ProviderError`.

    All methods may be called for many jobs at the same time.
    """

    idempotent: bool
    """Whether the provider recognises a second submission with the same key, and makes no second job of it."""

    async def submit(self, job: VideoJob) -> str:
        """Ask for a video and return the job's id.

        Raises:
            RateLimitError, RefusedRequestError, CredentialsError, UnreachableError: there is no job.
            UnavailableError: nobody knows whether there is one.
            ContentRefusedError: the provider does not want to film this.

        """

    async def poll(self, job_id: str) -> JobStatus:
        """Ask how a job stands.

        Raises:
            JobFailedError, ContentRefusedError: it has come to nothing.
            JobLostError: the provider knows nothing of it.

        """

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """Write the video of a job that has succeeded to ``path``, replacing what is there.

        Raises:
            DownloadError: it broke off, or the link is no longer good; asking for the status may give a new one.

        """

    async def close(self) -> None:
        """Close the connections."""


class ProviderError(ModelError):
    """A provider that fails or refuses."""


class RateLimitError(ProviderError):
    """Too many requests, or too many jobs; nothing was accepted."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        """Seconds to wait, if the provider says so."""
        super().__init__(message, retryable=True)


class UnreachableError(ProviderError):
    """No connection; the request was not sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class UnavailableError(ProviderError):
    """The provider failed: a status of 500 or above, a time-out, a lost connection. It may have heard the request."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class RefusedRequestError(ProviderError):
    """The provider does not take such a request: a size, a duration, a model that it does not have."""


class CredentialsError(ProviderError):
    """The key is missing, wrong, or may not use the model, or the account is empty: no other job will fare better."""


class ContentRefusedError(ProviderError):
    """The provider's moderation does not want to film this."""


class JobFailedError(ProviderError):
    """The provider accepted the job and could not do it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class JobLostError(ProviderError):
    """The provider knows nothing of a job that it had accepted."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class DownloadError(ProviderError):
    """A download that broke off, or a link that is no longer good."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)
