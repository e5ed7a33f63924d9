"""Models on fal."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import from_job
from vmevalkit.models._http import download
from vmevalkit.models._inputs import inputs
from vmevalkit.models._transport import HttpFailure, OneAttempt
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import JobFailedError, JobLostError, JobStatus, UnavailableError, VideoJob
from vmevalkit.replies import one_line

if TYPE_CHECKING:
    import fal_client

_KEY = ("FAL_KEY",)
_SEEDANCE_2: dict[str, object] = {
    "duration": "{seconds!s}",
    "resolution": "720p",
    "generate_audio": False,
    "seed": "{seed}",
}

ENTRIES = (
    ModelEntry(
        name="fal-wan-2.7",
        provider="fal",
        model_id="fal-ai/wan/v2.7/image-to-video",
        description="Alibaba Wan 2.7 at 720p, with its prompt rewriter off.",
        limits=Limits(seconds=tuple(range(2, 16))),
        usd_per_second=0.10,
        needs=_KEY,
        extra="fal",
        options={
            "duration": "{seconds}",
            "resolution": "720p",
            "enable_prompt_expansion": False,
            "seed": "{seed}",
        },
    ),
    ModelEntry(
        name="fal-seedance-1.0-pro-fast",
        provider="fal",
        model_id="fal-ai/bytedance/seedance/v1/pro/fast/image-to-video",
        description="ByteDance Seedance 1.0 Pro Fast at 720p.",
        limits=Limits(seconds=tuple(range(2, 13))),
        usd_per_second=0.0216,
        needs=_KEY,
        extra="fal",
        options={"duration": "{seconds!s}", "resolution": "720p"},
    ),
    ModelEntry(
        name="fal-seedance-2.0",
        provider="fal",
        model_id="bytedance/seedance-2.0/image-to-video",
        description="ByteDance Seedance 2.0 at 720p, without sound.",
        limits=Limits(seconds=tuple(range(4, 16))),
        usd_per_second=0.3024,
        needs=_KEY,
        extra="fal",
        options=_SEEDANCE_2,
    ),
    ModelEntry(
        name="fal-seedance-2.0-fast",
        provider="fal",
        model_id="bytedance/seedance-2.0/fast/image-to-video",
        description="ByteDance Seedance 2.0 Fast at 720p, without sound.",
        limits=Limits(seconds=tuple(range(4, 16))),
        usd_per_second=0.2419,
        needs=_KEY,
        extra="fal",
        options=_SEEDANCE_2,
    ),
    ModelEntry(
        name="fal-kling-4",
        provider="fal",
        model_id="fal-ai/kling-video/v4/image-to-video",
        description="Kling 4; wants a first frame of 300 pixels or more each way, and takes no seed.",
        limits=Limits(seconds=tuple(range(3, 31))),
        usd_per_second=0.157,
        needs=_KEY,
        extra="fal",
        options={"start_image_url": "{image}", "duration": "{seconds}"},
    ),
)


class FalProvider:
    """A model on fal, by its queue."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Prepare the client.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            import fal_client
        except ImportError as error:
            raise UsageError(
                f"{entry.name} needs fal's client", hint=f"pip install 'vmevalkit[{entry.extra or 'fal'}]'"
            ) from error
        self._entry, self._silence = entry, silence
        self._http = httpx.AsyncClient(
            transport=OneAttempt("fal", key=api_key, silence=silence, base_url=base_url),
            headers={"Authorization": f"Key {api_key}"},
        )
        self._client = _client(self._http)
        self._queued, self._completed = fal_client.Queued, fal_client.Completed
        self._data_uri = fal_client.encode

    async def submit(self, job: VideoJob) -> str:
        """See `Provider.submit`."""
        image = self._data_uri(job.image, "image/png")
        fields = inputs(self._entry.options, job, image, image_name="image_url")
        try:
            return (await self._client.submit(self._entry.model_id, fields)).request_id
        except HttpFailure as failure:
            raise failure.error() from failure
        except (ValueError, KeyError) as error:
            raise _strange(error) from error

    async def poll(self, job_id: str) -> JobStatus:
        """See `Provider.poll`."""
        handle = await self._client.get_handle(self._entry.model_id, job_id)
        try:
            status = await handle.status()
            if isinstance(status, self._completed):
                return JobStatus("succeeded", await self._video(handle, status.error))
        except HttpFailure as failure:
            if failure.status == 404:
                raise JobLostError(f"fal: no request {job_id}") from failure
            raise failure.error() from failure
        except (ValueError, KeyError) as error:
            raise _strange(error) from error
        return JobStatus("queued" if isinstance(status, self._queued) else "running")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """See `Provider.fetch`."""
        await download(status.video, path, silence=self._silence)

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._http.aclose()

    async def _video(self, handle: "fal_client.AsyncRequestHandle", error: str | None) -> str:
        # The result of a job that failed is the answer that the model gave, with its HTTP status.
        try:
            result = await handle.get()
        except HttpFailure as failure:
            if error is None and failure.status != 422:
                raise
            raise from_job(failure.text) from failure
        video = result.get("video")
        url = video.get("url") if isinstance(video, dict) else None
        if not isinstance(url, str):
            raise JobFailedError("fal: a result without a video")
        return url


def _client(http: httpx.AsyncClient) -> "fal_client.AsyncClient":
    """Return fal's client on our connections: its own send a submission up to ten times, and cannot be told not to."""
    from fal_client import AsyncClient

    class Client(AsyncClient):
        @property
        def _client(self) -> Awaitable[httpx.AsyncClient]:
            async def ready() -> httpx.AsyncClient:
                return http

            return ready()

    return Client()


def _strange(error: ValueError | KeyError) -> UnavailableError:
    return UnavailableError(f"fal: an answer that is not understood: {one_line(repr(error))}")
