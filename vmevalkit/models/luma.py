"""Luma's Ray, through the Luma Agents API and its client ``luma-agents``.

Models and limits: https://docs.agents.lumalabs.ai/guides/videos/generation/; prices: .../guides/pricing/; errors:
.../guides/errors/ (as of November 2026). There is no idempotency key and no seed.
"""

import base64
import math
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import said, translated
from vmevalkit.models._http import download
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import (
    ContentRefusedError,
    JobFailedError,
    JobLostError,
    JobStatus,
    ProviderError,
    RefusedRequestError,
    UnavailableError,
    VideoJob,
)
from vmevalkit.replies import one_line

if TYPE_CHECKING:
    from luma_agents.types import Generation, Model, VideoOptionsParam

AspectRatio = Literal["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"]

_RATIOS: Final[dict[AspectRatio, tuple[int, int]]] = {
    "21:9": (21, 9),
    "16:9": (16, 9),
    "4:3": (4, 3),
    "1:1": (1, 1),
    "3:4": (3, 4),
    "9:16": (9, 16),
}
_LINES: Final = (540, 720, 1080)
"""Resolutions by their shorter side. The fourth, 360p, is for drafts: it is had by ``resolution`` in the options."""


def _frame(lines: int, ratio: tuple[int, int]) -> tuple[int, int]:
    """Return a first frame's width and height; Luma is asked for a shape and a resolution, and this has both."""
    width, height = ratio
    return lines * width // min(ratio), lines * height // min(ratio)


_USD_AT_540: Final = {5.0: 0.15, 10.0: 0.45}
_DEARER: Final = {540: 1, 720: 2, 1080: 8}

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="luma-ray-3.2",
        provider="luma",
        model_id="ray-3.2",
        description="Luma Ray 3.2; no sound",
        limits=Limits(
            sizes=tuple(_frame(lines, ratio) for lines in _LINES for ratio in _RATIOS.values()),
            seconds=(5.0, 10.0),
            fps=24,
        ),
        usd_per_video={
            (*_frame(lines, ratio), seconds): usd * _DEARER[lines]
            for lines in _LINES
            for ratio in _RATIOS.values()
            for seconds, usd in _USD_AT_540.items()
        },
        needs=("LUMA_AGENTS_API_KEY",),
        extra="luma",
    ),
    ModelEntry(
        name="luma-ray-2",
        provider="luma",
        model_id="ray-2",
        description="Luma Ray 2.",
        retired="it belongs to Luma's former API; luma-ray-3.2 has taken its place",
        needs=("LUMA_AGENTS_API_KEY",),
        extra="luma",
    ),
)

_NEVER_ACCEPTABLE = ("image_too_large", "unsupported_format", "corrupt_input", "invalid_request")


class LumaProvider:
    """Luma; an entry's options go into the request's ``video``."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Make the client.

        Args:
            entry: the model.
            api_key: of the Luma Agents API.
            base_url: of another server that speaks the same protocol, with its version: ``.../v1``.
            silence: how many seconds the server may stay silent.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            import luma_agents
        except ImportError as error:
            raise UsageError(f"{entry.name} needs Luma's client", hint="pip install 'vmevalkit[luma]'") from error
        self._entry = entry
        self._silence = silence
        self._api_error = luma_agents.APIError
        self._client = luma_agents.AsyncLuma(auth_token=api_key, base_url=base_url, timeout=silence, max_retries=0)

    async def submit(self, job: VideoJob) -> str:
        """Ask for a video; the first frame goes along in the request, and is pinned to the video's first."""
        frame = {"data": base64.b64encode(job.image).decode(), "media_type": "image/png"}
        # Not `start_frame`, which Luma takes for videos of five seconds only.
        video = {
            "resolution": nearest_resolution(job.width, job.height),
            "duration": f"{job.seconds:g}s",
            "keyframes": [frame],
            "keyframe_indexes": [0],
            **self._entry.options,
        }
        try:
            generation = await self._client.generations.create(
                model=cast("Model", self._entry.model_id),
                type="video",
                prompt=job.prompt,
                aspect_ratio=nearest_ratio(job.width, job.height),
                video=cast("VideoOptionsParam", video),
            )
        except self._api_error as error:
            raise translated(error, "luma") from error
        job_id: str | None = getattr(generation, "id", None)
        if not job_id:
            raise UnavailableError("luma: the answer to the submission names no generation")
        return job_id

    async def poll(self, job_id: str) -> JobStatus:
        """Ask how a generation stands."""
        try:
            generation = await self._client.generations.get(job_id)
        except self._api_error as error:
            if getattr(error, "status_code", None) == 404:
                raise JobLostError(f"luma: {said(error)}") from error
            raise translated(error, "luma") from error
        match getattr(generation, "state", None):
            case "queued":
                return JobStatus("queued")
            case "completed":
                return JobStatus("succeeded", _video_of(generation))
            case "failed":
                raise _failure(generation)
            case None:
                raise UnavailableError("luma: the answer does not say how the generation stands")
        return JobStatus("running")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """Download the video; the link is signed, and good for an hour."""
        await download(status.video, path, silence=self._silence)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def nearest_ratio(width: int, height: int) -> AspectRatio:
    """Return the aspect ratio that Luma offers next to that of a picture."""
    return min(_RATIOS, key=lambda name: abs(math.log(_RATIOS[name][0] * height / (_RATIOS[name][1] * width))))


def nearest_resolution(width: int, height: int) -> str:
    """Return the resolution that Luma offers next to the shorter side of a picture, such as ``720p``."""
    return f"{min(_LINES, key=lambda lines: abs(lines - min(width, height)))}p"


def _video_of(generation: "Generation") -> str:
    for output in generation.output or ():
        if output.type == "video":
            return output.url
    raise JobFailedError("luma: the generation is completed, but has no video")


def _failure(generation: "Generation") -> ProviderError:
    text = f"luma: {one_line(generation.failure_reason or generation.failure_code or 'the generation failed')}"
    if generation.failure_code == "content_moderated":
        return ContentRefusedError(text)
    if generation.failure_code in _NEVER_ACCEPTABLE:
        return RefusedRequestError(text)
    return JobFailedError(text)
