"""Runway's own models and the guests that it hosts, through its client ``runwayml``.

Sizes and durations are those of the client's own types; prices: https://docs.dev.runwayml.com/guides/pricing/;
failures: .../errors/task-failures/ (as of November 2026). There is no idempotency key.
"""

import base64
from pathlib import Path
from typing import Any, Final

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

_KEY = "RUNWAYML_API_SECRET"
_GEN_4 = Limits(
    sizes=((1280, 720), (720, 1280), (1104, 832), (832, 1104), (960, 960), (1584, 672)),
    seconds=tuple(float(seconds) for seconds in range(2, 11)),
)
_VEO = Limits(sizes=((1280, 720), (720, 1280), (1920, 1080), (1080, 1920)), seconds=(4.0, 6.0, 8.0))

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="runway-gen-4.5",
        provider="runway",
        model_id="gen4.5",
        description="Runway Gen-4.5, its best; no sound",
        limits=_GEN_4,
        usd_per_second=0.12,
        needs=(_KEY,),
        extra="runway",
    ),
    ModelEntry(
        name="runway-gen-4-turbo",
        provider="runway",
        model_id="gen4_turbo",
        description="Runway Gen-4 Turbo, fast and cheap; no sound",
        limits=_GEN_4,
        usd_per_second=0.05,
        needs=(_KEY,),
        extra="runway",
    ),
    ModelEntry(
        name="runway-veo-3.1",
        provider="runway",
        model_id="veo3.1",
        description="Google Veo 3.1 at Runway, without sound, which would cost twice as much",
        limits=_VEO,
        usd_per_second=0.20,
        needs=(_KEY,),
        extra="runway",
        options={"audio": False},
    ),
    ModelEntry(
        name="runway-veo-3.1-fast",
        provider="runway",
        model_id="veo3.1_fast",
        description="Google Veo 3.1 Fast at Runway, without sound",
        limits=_VEO,
        usd_per_second=0.10,
        needs=(_KEY,),
        extra="runway",
        options={"audio": False},
    ),
)

SEEDED: Final = frozenset(
    {
        "gen4.5",
        "gen4_turbo",
        "veo3.1",
        "veo3.1_fast",
        "seedance2",
        "seedance2_fast",
        "seedance2_mini",
        "seedance2_5",
        "h3_max",
    }
)
"""The models that take a seed; the others refuse it."""

_USD_PER_CREDIT = 0.01


class RunwayProvider:
    """Runway; an entry's options go into the request, by the names that its documentation has."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Make the client.

        Args:
            entry: the model.
            api_key: of Runway's developer portal.
            base_url: of another server that speaks the same protocol.
            silence: how many seconds the server may stay silent.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            import runwayml
        except ImportError as error:
            raise UsageError(f"{entry.name} needs Runway's client", hint="pip install 'vmevalkit[runway]'") from error
        self._entry = entry
        self._silence = silence
        self._api_error = runwayml.APIError
        self._client = runwayml.AsyncRunwayML(api_key=api_key, base_url=base_url, timeout=silence, max_retries=0)

    async def submit(self, job: VideoJob) -> str:
        """Ask for a video; the first frame goes along as a data URI, of five megabytes at most."""
        request: dict[str, object] = {
            "model": self._entry.model_id,
            "prompt_text": job.prompt,
            "prompt_image": f"data:image/png;base64,{base64.b64encode(job.image).decode()}",
            "ratio": f"{job.width}:{job.height}",
            "duration": round(job.seconds),
        }
        if self._entry.model_id in SEEDED:
            request["seed"] = job.seed
        # The client has a signature for each model; which one it is, only the catalogue knows.
        create: Any = self._client.image_to_video.create
        try:
            task = await create(**request, extra_body=dict(self._entry.options))
        except self._api_error as error:
            raise translated(error, "runway") from error
        job_id: str | None = getattr(task, "id", None)
        if not job_id:
            raise UnavailableError("runway: the answer to the submission names no task")
        return job_id

    async def poll(self, job_id: str) -> JobStatus:
        """Ask how a task stands."""
        try:
            task = await self._client.tasks.retrieve(job_id)
        except self._api_error as error:
            if getattr(error, "status_code", None) == 404:
                raise JobLostError(f"runway: {said(error)}") from error
            raise translated(error, "runway") from error
        # Throttled: more tasks at a time than the account may run; it waits for its turn.
        if task.status in ("PENDING", "THROTTLED"):
            return JobStatus("queued")
        if task.status == "SUCCEEDED":
            if not task.output:
                raise JobFailedError("runway: the task has succeeded, but has no video")
            credits_charged: float | None = getattr(getattr(task, "cost", None), "credits", None)
            cost = None if credits_charged is None else round(credits_charged * _USD_PER_CREDIT, 4)
            return JobStatus("succeeded", task.output[0], cost)
        if task.status == "FAILED":
            raise _failure(task.failure or "the task failed", task.failure_code or "")
        if task.status == "CANCELLED":
            raise JobFailedError("runway: the task was cancelled")
        return JobStatus("running")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """Download the video; the link is signed, and good for a day."""
        await download(status.video, path, silence=self._silence)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _failure(reason: str, code: str) -> ProviderError:
    text = f"runway: {one_line(reason)}" + (f" ({code})" if code else "")
    if code.startswith("SAFETY"):
        return ContentRefusedError(text)
    if code.startswith("ASSET"):
        return RefusedRequestError(text)
    return JobFailedError(text)
