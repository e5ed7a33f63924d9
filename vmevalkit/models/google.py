"""Google's Gemini Omni, through the Gemini API and its client ``google-genai``.

Google shut Veo down on this API on 22 October 2026; what it recommends instead, and what its client can still ask
for with an API key, is Gemini Omni by way of the Interactions API. A video is an interaction in the background: it has
an id at once, and is asked for until it is complete. There is no idempotency key and no seed.

Models: https://ai.google.dev/gemini-api/docs/omni; shutdowns: .../gemini-api/docs/deprecations (November 2026).
"""

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import said, translated
from vmevalkit.models._http import download
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import (
    ContentRefusedError,
    CredentialsError,
    DownloadError,
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
    from google.genai.interactions import Interaction

_SIZES = ((1280, 720), (720, 1280), (1920, 1080), (1080, 1920))

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="google-gemini-omni-1.2-flash",
        provider="google",
        model_id="gemini-omni-1.2-flash",
        description="Google Gemini Omni 1.2 Flash, with sound",
        limits=Limits(sizes=_SIZES, seconds=tuple(float(seconds) for seconds in range(3, 16)), fps=24),
        needs=("GEMINI_API_KEY",),
        extra="google",
    ),
    ModelEntry(
        name="google-gemini-omni-1.1-flash",
        provider="google",
        model_id="gemini-omni-1.1-flash",
        description="Google Gemini Omni 1.1 Flash, with sound",
        limits=Limits(sizes=_SIZES, seconds=tuple(float(seconds) for seconds in range(3, 11)), fps=24),
        usd_per_second=0.10,
        needs=("GEMINI_API_KEY",),
        extra="google",
    ),
)

_API = "https://generativelanguage.googleapis.com"
_KEY_HEADER = "x-goog-api-key"
_LINES: Final = (720, 1080, 2160)
"""Resolutions by their shorter side. The fourth, 360p, is for drafts."""

_FAILED: Final = ("failed", "cancelled", "incomplete", "budget_exceeded", "requires_action")
_REFUSAL = re.compile(r"safety|prohibited|blocklist|spii|content policy|blocked", re.IGNORECASE)
_WRONG_KEY = re.compile(r"api[ _]key", re.IGNORECASE)


class GoogleProvider:
    """The Gemini API; an entry's options go into the request's ``response_format``."""

    idempotent = False

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Make the client.

        Args:
            entry: the model.
            api_key: of the Gemini API.
            base_url: of another server that speaks the same protocol.
            silence: how many seconds the server may stay silent.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            from google import genai
            from google.genai import errors, types

            # The only door to what interactions raise; the package keeps it open for those who catch it.
            from google.genai._interactions import APIError
        except ImportError as error:
            raise UsageError(f"{entry.name} needs Google's client", hint="pip install 'vmevalkit[google]'") from error
        self._entry = entry
        self._silence = silence
        self._home = httpx.URL(base_url or _API)
        self._interaction_error = APIError
        self._file_error = errors.APIError
        # Given, so that it does not depend on what else is installed which transport there is and what it raises.
        self._http = httpx.AsyncClient(
            timeout=silence, follow_redirects=True, event_hooks={"request": [self._keep_key_at_home]}
        )
        self._client = genai.Client(
            api_key=api_key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=round(silence * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_async_client=self._http,
            ),
        )
        # Importing it takes a second, which should not fall into the first request.
        self._interactions = self._client.aio.interactions

    async def submit(self, job: VideoJob) -> str:
        """Ask for a video; the first frame goes along in the request."""
        request: dict[str, Any] = {
            "model": self._entry.model_id,
            "background": True,
            "input": [
                {"type": "image", "data": base64.b64encode(job.image).decode(), "mime_type": "image/png"},
                {"type": "text", "text": job.prompt},
            ],
            # Said outright: left to itself, the model may take the picture for a mere likeness.
            "generation_config": {"video_config": {"task": "image_to_video"}},
            "response_format": {
                "type": "video",
                "delivery": "uri",
                "aspect_ratio": "16:9" if job.width >= job.height else "9:16",
                "resolution": nearest_resolution(job.width, job.height),
                "duration": f"{job.seconds:g}s",
                **self._entry.options,
            },
        }
        try:
            interaction = await self._interactions.create(**request)
        except self._interaction_error as error:
            raise _translated(error) from error
        job_id: str | None = interaction.id
        if not job_id:
            raise UnavailableError("google: the answer to the submission names no interaction")
        return job_id

    async def poll(self, job_id: str) -> JobStatus:
        """Ask how an interaction stands."""
        try:
            interaction = await self._interactions.get(job_id)
        except self._interaction_error as error:
            if error.status_code == 404 or "invalid interaction name" in str(error).lower():
                raise JobLostError(f"google: {said(error)}") from error
            problem = _translated(error)
            if isinstance(problem, RefusedRequestError):
                # Such a question cannot be wrong; Google is known to answer so when it has trouble with the key.
                problem = UnavailableError(problem.message)
            raise problem from error
        if interaction.status == "completed":
            return JobStatus("succeeded", _video_of(interaction))
        if interaction.status in _FAILED:
            raise _failure(interaction)
        return JobStatus("queued" if interaction.status == "queued" else "running")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """Download the video; from the Files API with the key, from anywhere else without."""
        link = status.video or ""
        name = re.search(r"files/[a-z0-9]+", link)
        if name is None:
            await download(link, path, silence=self._silence)
            return
        try:
            await self._client.aio.files.download(file=name.group(), destination=path)
        except self._file_error as error:
            if error.code >= 500:
                raise UnavailableError(f"google: the download failed with status {error.code}") from error
            raise DownloadError(f"google: the video is not there any more (status {error.code})") from error
        except httpx.HTTPError as error:
            raise DownloadError(f"google: the download broke off: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aio.aclose()
        await self._http.aclose()
        self._client.close()

    async def _keep_key_at_home(self, request: httpx.Request) -> None:
        # Downloads may be redirected to a storage server, and headers follow a redirect.
        if (request.url.host, request.url.port) != (self._home.host, self._home.port):
            request.headers.pop(_KEY_HEADER, None)


def nearest_resolution(width: int, height: int) -> str:
    """Return the resolution that Gemini Omni offers next to the shorter side of a picture, such as ``720p``."""
    lines = min(_LINES, key=lambda lines: abs(lines - min(width, height)))
    return "4k" if lines == 2160 else f"{lines}p"


def _translated(error: Exception) -> ProviderError:
    # A wrong key is a status of 400 here, like a wrong parameter.
    if getattr(error, "status_code", None) == 400 and _WRONG_KEY.search(said(error)):
        return CredentialsError(f"google: {said(error)}")
    return translated(error, "google")


def _video_of(interaction: "Interaction") -> str:
    if interaction.output_video is not None and interaction.output_video.uri:
        return interaction.output_video.uri
    if interaction.output_text:
        # It answers in words when it does not want to film.
        raise ContentRefusedError(f"google: {one_line(interaction.output_text)}")
    raise JobFailedError("google: the interaction is completed, but has no video")


def _failure(interaction: "Interaction") -> ProviderError:
    told = [
        f"{error.message or ''} ({error.code})" if error.code else error.message for error in interaction.errors or ()
    ]
    text = f"google: the interaction is {interaction.status}" + "".join(f": {one_line(each)}" for each in told if each)
    return ContentRefusedError(text) if _REFUSAL.search(text) else JobFailedError(text)
