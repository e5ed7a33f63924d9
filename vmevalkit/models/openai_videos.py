"""Servers with OpenAI's ``/v1/videos`` interface, by base URL.

OpenAI's own video service ended on 2026-09-24; vLLM-Omni and others speak its language. The client's methods for it
are deprecated since, and go with one of its next versions, so that its general requests are used here.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from vmevalkit.errors import UsageError
from vmevalkit.models._errors import from_answer, from_job, said, translated
from vmevalkit.models._http import download
from vmevalkit.models._inputs import whole
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import (
    CredentialsError,
    JobLostError,
    JobStatus,
    ProviderError,
    UnavailableError,
    VideoJob,
)
from vmevalkit.replies import one_line
from vmevalkit.settings import without_key

if TYPE_CHECKING:
    import openai

ENTRIES = (
    ModelEntry(
        name="openai-sora-2",
        provider="openai",
        model_id="sora-2",
        description="OpenAI Sora 2.",
        retired="OpenAI ended the service on 2026-09-24",
        limits=Limits(sizes=((720, 1280), (1280, 720)), seconds=(4, 8, 12)),
        needs=("OPENAI_API_KEY",),
        extra="openai",
    ),
)

_OPENAI = "https://api.openai.com/v1"


class OpenAIVideosProvider:
    """A model behind a ``/v1/videos`` server; the base URL ends in ``/v1``."""

    def __init__(self, entry: ModelEntry, api_key: str, *, base_url: str | None = None, silence: float = 60.0) -> None:
        """Prepare the client; an empty key is for a server that asks for none.

        Raises:
            UsageError: the client is not installed.

        """
        try:
            from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient
        except ImportError as error:
            raise UsageError(
                f"{entry.name} needs OpenAI's client", hint=f"pip install 'vmevalkit[{entry.extra or 'openai'}]'"
            ) from error
        self.idempotent = entry.idempotent
        self._entry, self._key, self._silence = entry, api_key, silence
        self._failure = APIError
        self._base = (base_url or _OPENAI).rstrip("/")
        self._client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=self._base,
            max_retries=0,
            timeout=silence,
            http_client=DefaultAsyncHttpxClient(event_hooks={"request": [_in_one_piece]}),
        )

    async def submit(self, job: VideoJob) -> str:
        """See `Provider.submit`."""
        fields: dict[str, object] = {
            "model": self._entry.model_id,
            "prompt": job.prompt,
            "seconds": str(whole(job.seconds)),
            "size": f"{job.width}x{job.height}",
        }
        if self._base != _OPENAI:
            fields["seed"] = str(job.seed)  # which OpenAI's own server refused
        try:
            answer = await self._client.post(
                "/videos",
                cast_to=object,
                body=fields | dict(self._entry.options),
                files=[("input_reference", ("first_frame.png", job.image, "image/png"))],
                options={"headers": {"Content-Type": "multipart/form-data", "Idempotency-Key": job.key}},
            )
        except ValueError as error:
            raise _strange() from error
        except self._failure as error:
            raise self._translated(error) from error
        return _text(answer, "id")

    async def poll(self, job_id: str) -> JobStatus:
        """See `Provider.poll`."""
        path = f"/videos/{quote(job_id, safe='')}"
        try:
            answer = await self._client.get(path, cast_to=object)
        except ValueError as error:
            raise _strange() from error
        except self._failure as error:
            if getattr(error, "status_code", None) == 404:
                raise JobLostError(f"openai: no video job {job_id}") from error
            raise self._translated(error) from error
        match _text(answer, "status"):
            case "completed":
                return JobStatus("succeeded", f"{self._base}{path}/content")
            case "queued":
                return JobStatus("queued")
            case "failed" | "cancelled" | "expired" as state:
                raise from_job(self._hidden(f"openai: {_why(answer) or state}"))
        return JobStatus("running")

    async def fetch(self, status: JobStatus, path: Path) -> None:
        """See `Provider.fetch`."""
        await download(
            status.video, path, silence=self._silence, headers={"Authorization": f"Bearer {self._client.api_key}"}
        )

    async def close(self) -> None:
        """See `Provider.close`."""
        await self._client.close()

    def _translated(self, error: "openai.APIError") -> ProviderError:
        response = getattr(error, "response", None)
        if response is None:
            return translated(error, "openai")
        text = self._hidden(f"openai: {' '.join(filter(None, (error.code, said(error))))}")
        if error.code == "insufficient_quota":  # a status of 429, but no waiting helps
            return CredentialsError(text)
        return from_answer(response.status_code, text, response.headers)

    def _hidden(self, text: str) -> str:
        return without_key(text, self._key)


async def _in_one_piece(request: httpx.Request) -> None:
    """Put a form's parts together, which would go out one by one."""
    await request.aread()


def _text(answer: object, field: str) -> str:
    value = answer.get(field) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise _strange()
    return value


def _strange() -> UnavailableError:
    return UnavailableError("openai: an answer that is not understood")


def _why(answer: object) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        return one_line(" ".join(str(error[field]) for field in ("code", "message") if error.get(field)))
    return one_line(str(error or ""))
