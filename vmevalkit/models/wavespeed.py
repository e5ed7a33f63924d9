"""Models on WaveSpeed."""

import asyncio
import io
import re
from pathlib import Path

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import from_answer, from_job, spoken
from vmevalkit.models._http import download
from vmevalkit.models._inputs import inputs
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import (
    JobFailedError,
    JobLostError,
    JobStatus,
    ProviderError,
    UnavailableError,
    UnreachableError,
    VideoJob,
)
from vmevalkit.replies import one_line
from vmevalkit.settings import without_key

_KEY = ("WAVESPEED_API_KEY",)
_DURATION: dict[str, object] = {"duration": "{seconds}"}

ENTRIES = (
    ModelEntry(
        name="wavespeed-kling-2.6-std",
        provider="wavespeed",
        model_id="kwaivgi/kling-v2.6-std/image-to-video",
        description="Kling 2.6 Standard; takes no seed.",
        limits=Limits(seconds=(5, 10)),
        usd_per_second=0.042,
        needs=_KEY,
        extra="wavespeed",
        options=_DURATION,
    ),
    ModelEntry(
        name="wavespeed-kling-3.0-std",
        provider="wavespeed",
        model_id="kwaivgi/kling-v3.0-std/image-to-video",
        description="Kling 3.0 Standard, without sound; takes no seed.",
        limits=Limits(seconds=(5, 10)),
        needs=_KEY,
        extra="wavespeed",
        options=_DURATION,
    ),
    ModelEntry(
        name="wavespeed-kling-3-turbo-std",
        provider="wavespeed",
        model_id="kwaivgi/kling-v3-turbo-std/image-to-video",
        description="Kling 3 Turbo Standard at 720p; takes no seed.",
        limits=Limits(seconds=tuple(range(3, 16))),
        needs=_KEY,
        extra="wavespeed",
        options=_DURATION,
    ),
    ModelEntry(
        name="wavespeed-kling-o1-std",
        provider="wavespeed",
        model_id="kwaivgi/kling-video-o1-std/image-to-video",
        description="Kling Omni Video O1 Standard; takes no seed.",
        limits=Limits(seconds=(5, 10)),
        needs=_KEY,
        extra="wavespeed",
        options=_DURATION,
    ),
    ModelEntry(
        name="wavespeed-p-video-2",
        provider="wavespeed",
        model_id="pruna-ai/p-video-2/image-to-video",
        description="Pruna P-Video 2 at 720p.",
        limits=Limits(seconds=tuple(range(1, 21))),
        needs=_KEY,
        extra="wavespeed",
        options=_DURATION | {"resolution": "720p"},
    ),
)

_STATUS = re.compile(r"HTTP (\d{3}): ?(.*)", re.DOTALL)
"""What the client's errors say of an answer; they keep nothing else of it."""

_FAILURES = (RuntimeError, OSError, AttributeError)
"""What the client raises; the last for an answer that has another form than it expects."""

_MODERATION = 1200
"""WaveSpeed's own code for content that is not wanted."""


class _Png(io.BytesIO):
    name = "first_frame.png"


class WaveSpeedProvider:
    """A model on WaveSpeed. The client is not asynchronous, and works in threads."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Prepare the client.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            from wavespeed import Client
        except ImportError as error:
            raise UsageError(
                f"{entry.name} needs WaveSpeed's client", hint=f"pip install 'vmevalkit[{entry.extra or 'wavespeed'}]'"
            ) from error
        self._entry, self._key, self._silence = entry, api_key, silence
        self._client = Client(api_key=api_key, base_url=base_url, max_retries=0, max_connection_retries=0)

    async def submit(self, job: VideoJob) -> str:
        """See `Provider.submit`."""
        image = await self._uploaded(job.image)
        fields = inputs(self._entry.options, job, image, image_name="image")
        try:
            # The client's public calls submit and wait in one.
            job_id, _ = await asyncio.to_thread(
                self._client._submit,  # noqa: SLF001
                self._entry.model_id,
                fields,
                timeout=self._silence,
            )
        except _FAILURES as error:
            raise self._translated(error) from error
        return str(job_id)

    async def poll(self, job_id: str) -> JobStatus:
        """See `Provider.poll`."""
        try:
            answer = await asyncio.to_thread(self._client.get_result, job_id, timeout=self._silence)
        except _FAILURES as error:
            found = _STATUS.search(str(error))
            if found is not None and found[1] == "404":
                raise JobLostError(f"wavespeed: no task {job_id}") from error
            raise self._translated(error) from error
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise UnavailableError("wavespeed: an answer that is not understood")
        match data.get("status"):
            case "completed":
                outputs = data.get("outputs")
                if not outputs:
                    raise JobFailedError("wavespeed: a result without a video")
                return JobStatus("succeeded", str(outputs[0]))
            case "created":
                return JobStatus("queued")
            case "processing":
                return JobStatus("running")
            case "failed" | "cancelled" | "timeout" | "deleted" as state:
                code = "moderation: " if data.get("code") == _MODERATION else ""
                text = one_line(str(data.get("error") or state))
                raise from_job(without_key(f"wavespeed: {code}{text}", self._key))
        raise UnavailableError("wavespeed: an answer without a status that is known")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """See `Provider.fetch`."""
        await download(status.video, path, silence=self._silence)

    async def close(self) -> None:
        """See `Provider.close`."""

    async def _uploaded(self, image: bytes) -> str:
        try:
            return str(await asyncio.to_thread(self._client.upload, _Png(image), timeout=self._silence))
        except _FAILURES as error:
            found = self._translated(error)
            if isinstance(found, UnavailableError):
                # Nothing has been submitted yet, so that trying again costs nothing.
                raise UnreachableError(found.message) from error
            raise found from error

    def _translated(self, error: Exception) -> ProviderError:
        found = _STATUS.search(str(error))
        if found is None:
            return UnavailableError(without_key(f"wavespeed: {one_line(str(error.__cause__ or error))}", self._key))
        status, text = int(found[1]), without_key(spoken(found[2]), self._key)
        return from_answer(status, f"wavespeed: status {status}: {text}", {})
