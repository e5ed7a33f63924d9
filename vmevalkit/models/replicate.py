"""Models on Replicate.

What Replicate keeps of a prediction, its video included, is deleted an hour after it is done.
"""

import io
from pathlib import Path

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import from_job
from vmevalkit.models._http import download
from vmevalkit.models._inputs import inputs
from vmevalkit.models._transport import HttpFailure, OneAttempt
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import JobLostError, JobStatus, UnavailableError, UnreachableError, VideoJob
from vmevalkit.replies import one_line
from vmevalkit.settings import without_key

_KEY = ("REPLICATE_API_TOKEN",)
_SEEDANCE_2: dict[str, object] = {
    "duration": "{seconds}",
    "resolution": "720p",
    "aspect_ratio": "adaptive",
    "generate_audio": False,
    "seed": "{seed}",
}

ENTRIES = (
    ModelEntry(
        name="replicate-wan-2.2-i2v-fast",
        provider="replicate",
        model_id="wan-video/wan-2.2-i2v-fast",
        description="Wan 2.2 image-to-video, accelerated: 81 frames at 480p.",
        limits=Limits(seconds=(5,), fps=16),
        needs=_KEY,
        extra="replicate",
        options={"num_frames": 81, "frames_per_second": 16, "resolution": "480p", "seed": "{seed}"},
    ),
    ModelEntry(
        name="replicate-seedance-2.0",
        provider="replicate",
        model_id="bytedance/seedance-2.0",
        description="ByteDance Seedance 2.0 at 720p, without sound.",
        limits=Limits(seconds=tuple(range(4, 16))),
        needs=_KEY,
        extra="replicate",
        options=_SEEDANCE_2,
    ),
    ModelEntry(
        name="replicate-seedance-2.0-fast",
        provider="replicate",
        model_id="bytedance/seedance-2.0-fast",
        description="ByteDance Seedance 2.0 Fast at 720p, without sound.",
        limits=Limits(seconds=tuple(range(4, 16))),
        needs=_KEY,
        extra="replicate",
        options=_SEEDANCE_2,
    ),
    ModelEntry(
        name="replicate-kling-2.6",
        provider="replicate",
        model_id="kwaivgi/kling-v2.6",
        description="Kling 2.6, without sound; takes no seed.",
        limits=Limits(seconds=(5, 10)),
        needs=_KEY,
        extra="replicate",
        options={"start_image": "{image}", "duration": "{seconds}", "generate_audio": False},
    ),
)


class ReplicateProvider:
    """A model on Replicate."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Prepare the client.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            from replicate.client import Client
        except ImportError as error:
            raise UsageError(
                f"{entry.name} needs Replicate's client", hint=f"pip install 'vmevalkit[{entry.extra or 'replicate'}]'"
            ) from error
        self._entry, self._key, self._silence = entry, api_key, silence
        # The client repeats polls, and sets no time limit for a submission at all.
        self._transport = OneAttempt("replicate", key=api_key, silence=silence)
        self._client = Client(api_token=api_key, base_url=base_url, transport=self._transport)

    async def submit(self, job: VideoJob) -> str:
        """See `Provider.submit`."""
        image = await self._uploaded(job.image)
        fields = inputs(self._entry.options, job, image, image_name="image")
        try:
            prediction = await self._client.models.predictions.async_create(self._entry.model_id, fields)
        except HttpFailure as failure:
            raise failure.error() from failure
        except ValueError as error:
            raise _strange(error) from error
        return prediction.id

    async def poll(self, job_id: str) -> JobStatus:
        """See `Provider.poll`."""
        try:
            prediction = await self._client.predictions.async_get(job_id)
        except HttpFailure as failure:
            if failure.status == 404:
                raise JobLostError(f"replicate: no prediction {job_id}") from failure
            raise failure.error() from failure
        except ValueError as error:
            raise _strange(error) from error
        match prediction.status:
            case "starting":
                return JobStatus("queued")
            case "processing":
                return JobStatus("running")
            case "failed" | "canceled" as state:
                raise from_job(without_key(f"replicate: {one_line(prediction.error or state)}", self._key))
        output = prediction.output[0] if isinstance(prediction.output, list) else prediction.output
        if not isinstance(output, str):
            raise JobLostError(f"replicate: the video of prediction {job_id} has been deleted")
        return JobStatus("succeeded", output)

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """See `Provider.fetch`."""
        await download(status.video, path, silence=self._silence)

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._transport.aclose()

    async def _uploaded(self, image: bytes) -> str:
        # Data URIs are for 256 kB at most.
        try:
            file = await self._client.files.async_create(
                io.BytesIO(image), filename="first_frame.png", content_type="image/png"
            )
            return file.urls["get"]
        except HttpFailure as failure:
            error = failure.error()
            if isinstance(error, UnavailableError):
                raise UnreachableError(error.message) from failure
            raise error from failure
        except (UnavailableError, ValueError, KeyError) as error:
            # Nothing has been submitted yet, so that trying again costs nothing.
            raise UnreachableError(
                f"replicate: the first frame could not be uploaded: {one_line(str(error))}"
            ) from error


def _strange(error: ValueError) -> UnavailableError:
    return UnavailableError(f"replicate: an answer that is not understood: {one_line(str(error))}")
