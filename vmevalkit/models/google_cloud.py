"""Google's Veo, through the Agent Platform of Google Cloud (once Vertex AI) and the client ``google-genai``.

Since 22 October 2026 Veo is to be had there only, with a project of Google Cloud and its credentials; a key of the
Gemini API does not open it. There is no idempotency key. The video comes within the answer, unless one pays for a
bucket, so that it is asked for twice: once to learn that it is there, once to keep it.

Models: https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/veo/3-1-generate (November 2026).
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import from_answer
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import (
    ContentRefusedError,
    CredentialsError,
    DownloadError,
    JobFailedError,
    JobLostError,
    JobStatus,
    ProviderError,
    UnavailableError,
    UnreachableError,
    VideoJob,
)
from vmevalkit.replies import one_line

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.genai.types import GenerateVideosOperation, Video

_LOCATION = "us-central1"
"""The only region that has all of Veo 3.1."""

_LIMITS = Limits(
    sizes=((1280, 720), (720, 1280), (1920, 1080), (1080, 1920)),
    seconds=(4.0, 6.0, 8.0),
    fps=24,
)
_NEEDS = ("GOOGLE_CLOUD_PROJECT",)

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="google-veo-3.1",
        provider="google-cloud",
        model_id="veo-3.1-generate-001",
        description="Google Veo 3.1 in your Google Cloud project, without sound, which costs extra",
        limits=_LIMITS,
        needs=_NEEDS,
        extra="google",
        options={"generate_audio": False},
    ),
    ModelEntry(
        name="google-veo-3.1-fast",
        provider="google-cloud",
        model_id="veo-3.1-fast-generate-001",
        description="Google Veo 3.1 Fast in your Google Cloud project, without sound, which costs extra",
        limits=_LIMITS,
        needs=_NEEDS,
        extra="google",
        options={"generate_audio": False},
    ),
)


class GoogleCloudProvider:
    """The Agent Platform; an entry's options are fields of the client's ``GenerateVideosConfig``.

    It goes by the credentials that the machine has: those of ``gcloud auth application-default login``, of the file
    that GOOGLE_APPLICATION_CREDENTIALS names, or of the virtual machine.
    """

    idempotent = False

    def __init__(
        self,
        entry: ModelEntry,
        project: str,
        *,
        base_url: str | None = None,
        silence: float = 60.0,
        credentials: "Credentials | None" = None,
    ) -> None:
        """Make the client.

        Args:
            entry: the model.
            project: of Google Cloud, which pays.
            base_url: of another server that speaks the same protocol.
            silence: how many seconds the server may stay silent.
            credentials: to go by, instead of those of the machine.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            from google import genai
            from google.auth import exceptions
            from google.genai import errors, types
        except ImportError as error:
            raise UsageError(f"{entry.name} needs Google's client", hint="pip install 'vmevalkit[google]'") from error
        self._entry = entry
        self._types = types
        self._api_error = errors.APIError
        self._login_error = exceptions.GoogleAuthError
        self._no_connection = (httpx.ConnectError, httpx.ConnectTimeout, exceptions.TransportError)
        self._http = httpx.AsyncClient(timeout=silence)
        self._client = genai.Client(
            vertexai=True,
            project=project,
            location=_LOCATION,
            credentials=credentials,
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=round(silence * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_async_client=self._http,
            ),
        )

    async def submit(self, job: VideoJob) -> str:
        """Ask for a video; the first frame goes along in the request."""
        settings = {
            "number_of_videos": 1,
            "duration_seconds": round(job.seconds),
            "seed": job.seed,
            "aspect_ratio": "16:9" if job.width >= job.height else "9:16",
            "resolution": "1080p" if min(job.width, job.height) > 900 else "720p",
            **self._entry.options,
        }
        image = self._types.Image(image_bytes=job.image, mime_type="image/png")
        try:
            operation = await self._client.aio.models.generate_videos(
                model=self._entry.model_id,
                source=self._types.GenerateVideosSource(prompt=job.prompt, image=image),
                config=self._types.GenerateVideosConfig.model_validate(settings),
            )
        except (self._api_error, self._login_error, httpx.HTTPError) as error:
            raise self._translated(error) from error
        if not operation.name:
            raise UnavailableError("google: the answer to the submission names no operation")
        return operation.name

    async def poll(self, job_id: str) -> JobStatus:
        """Ask how an operation stands."""
        try:
            operation = await self._operation(job_id)
        except (self._api_error, self._login_error, httpx.HTTPError) as error:
            if isinstance(error, self._api_error) and error.code == 404:
                raise JobLostError(f"google: {one_line(error.message or 'no reason given')}") from error
            raise self._translated(error) from error
        if not operation.done:
            return JobStatus("running")
        _video_of(operation)
        return JobStatus("succeeded", job_id)

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """Ask for the finished operation once more, and write the video in it."""
        try:
            video = _video_of(await self._operation(status.video or ""))
        except (self._api_error, self._login_error, httpx.HTTPError) as error:
            problem = self._translated(error)
            if isinstance(problem, UnavailableError) and isinstance(error, self._api_error):
                raise problem from error
            raise DownloadError(f"the video could not be had: {problem.message}") from error
        await asyncio.to_thread(path.write_bytes, video.video_bytes or b"")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aio.aclose()
        await self._http.aclose()
        self._client.close()

    async def _operation(self, name: str) -> "GenerateVideosOperation":
        return await self._client.aio.operations.get(self._types.GenerateVideosOperation.model_validate({"name": name}))

    def _translated(self, error: Exception) -> ProviderError:
        if isinstance(error, self._api_error):
            headers = getattr(error.response, "headers", {})
            return from_answer(error.code, f"google: {one_line(error.message or 'no reason given')}", headers)
        text = f"google: {one_line(str(error) or type(error).__name__)}"
        if isinstance(error, self._no_connection):
            return UnreachableError(text)
        if isinstance(error, self._login_error):
            return CredentialsError(text, hint="run: gcloud auth application-default login")
        return UnavailableError(text)


def _video_of(operation: "GenerateVideosOperation") -> "Video":
    if operation.error:
        text = f"google: {one_line(str(operation.error.get('message') or 'the operation failed'))}"
        refused = any(word in text.lower() for word in ("safety", "usage guidelines", "responsible ai", "sensitive"))
        raise ContentRefusedError(text) if refused else JobFailedError(text)
    answer = operation.response or operation.result
    for made in (answer and answer.generated_videos) or ():
        if made.video is not None and made.video.video_bytes:
            return made.video
    if answer and answer.rai_media_filtered_count:
        reasons = answer.rai_media_filtered_reasons or ["its filters do not let the video through"]
        raise ContentRefusedError(f"google: {one_line('; '.join(reasons))}")
    raise JobFailedError("google: the operation is done, but has no video")
