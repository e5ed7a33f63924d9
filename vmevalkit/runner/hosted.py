"""Taking one job through a hosted model: submitted once, waited for, fetched and checked."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from vmevalkit import media
from vmevalkit.errors import VideoError
from vmevalkit.models.provider import (
    DownloadError,
    JobStatus,
    Provider,
    ProviderError,
    RateLimitError,
    UnavailableError,
    UnreachableError,
    VideoJob,
)

Result = TypeVar("Result")
Note = Callable[[str], Awaitable[None]]

_LONGEST_ASKED_WAIT = 900.0
"""Seconds; a provider that asks for more is asked again before that."""


@dataclass(frozen=True)
class Patience:
    """How often to ask, and when to give up."""

    poll_seconds: float = 5.0
    """Between two questions how a job stands."""
    job_seconds: float = 3600.0
    """From the first question on; a job that is not done by then is given up."""
    attempts: int = 8
    """Of a request that fails in a way that may pass."""
    longest_wait: float = 60.0
    """Seconds between two attempts, unless the provider asks for more."""


@dataclass(frozen=True)
class Filmed:
    """A video that is on disk and decodes."""

    status: JobStatus
    video: media.VideoInfo


async def film(
    provider: Provider,
    job: VideoJob,
    path: Path,
    *,
    job_id: str | None,
    note: Note,
    patience: Patience,
) -> Filmed:
    """Have a video made, or take up a job that was submitted before.

    Args:
        provider: who makes it.
        job: what is asked for.
        path: a temporary path for the video.
        job_id: of a job that was submitted for the same run; `None` if there is none.
        note: is given the job's id before anything else happens, and must have it on disk when it returns.
        patience: how often to ask, and when to give up.

    Raises:
        ProviderError: there is no video; the class says why.

    """
    if job_id is None:
        job_id = await _submitted(provider, job, note, patience)
    for attempt in range(1, patience.attempts + 1):
        # Asked anew each time: links to videos last for minutes or hours, and the status has a new one.
        status = await _done(provider, job_id, patience)
        try:
            await provider.fetch(status, path)
            return Filmed(status, await asyncio.to_thread(media.probe, path))
        except (DownloadError, UnavailableError, UnreachableError, VideoError) as error:
            if attempt == patience.attempts:
                raise DownloadError(f"the video could not be fetched: {error}") from error
            await asyncio.sleep(min(0.25 * 2**attempt, patience.longest_wait))
    raise ValueError("patience for no attempt at all")


async def _submitted(provider: Provider, job: VideoJob, note: Note, patience: Patience) -> str:
    async def once() -> str:
        job_id = await provider.submit(job)
        if not job_id.isprintable():  # half a character, say, which no file takes
            raise UnavailableError("an answer that is not understood: the job's id cannot be written down")
        await note(job_id)
        return job_id

    # A submission that may have been heard is only repeated where that makes no second job.
    passing: tuple[type[ProviderError], ...] = (RateLimitError, UnreachableError)
    if provider.idempotent:
        passing += (UnavailableError,)
    return await _persistently(lambda: _undisturbed(once()), patience, passing)


async def _undisturbed(work: Coroutine[None, None, Result]) -> Result:
    """Finish what is being paid, and write it down, before Ctrl-C is obeyed."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def _done(provider: Provider, job_id: str, patience: Patience) -> JobStatus:
    give_up = time.monotonic() + patience.job_seconds
    passing = (RateLimitError, UnreachableError, UnavailableError)
    while True:
        try:
            status = await _persistently(lambda: provider.poll(job_id), patience, passing)
        except passing:
            # An outage of the provider costs time, not the job.
            if time.monotonic() > give_up:
                raise
            continue
        if status.state == "succeeded":
            return status
        if time.monotonic() > give_up:
            raise UnavailableError(f"job {job_id} is still {status.state} after {patience.job_seconds:.0f} s")
        await asyncio.sleep(patience.poll_seconds)


async def _persistently(
    ask: Callable[[], Awaitable[Result]], patience: Patience, passing: tuple[type[ProviderError], ...]
) -> Result:
    backoff = wait_random_exponential(multiplier=0.5, max=patience.longest_wait)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after if isinstance(error, RateLimitError) and error.retry_after is not None else 0.0
        return max(backoff(state), min(asked, _LONGEST_ASKED_WAIT))

    attempts = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, passing)),
        stop=stop_after_attempt(patience.attempts),
        wait=wait,
        reraise=True,
    )

    async def asked() -> Result:  # tenacity awaits what is declared as a coroutine, not what turns out to be one
        return await ask()

    return await attempts(asked)
