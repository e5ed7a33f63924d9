"""Downloads for providers that hand out a link."""

import ssl
from functools import cache
from pathlib import Path

import httpx

from vmevalkit.models.provider import DownloadError, UnavailableError


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom to trust; finding out takes tens of milliseconds, in which nothing else would happen."""
    return httpx.create_ssl_context()


async def download(url: str | None, path: Path, *, silence: float, headers: dict[str, str] | None = None) -> None:
    """Stream what is behind a link to a file.

    Args:
        url: the link; a job without a video has none.
        path: the file; what is there is replaced.
        silence: how many seconds the server may stay silent.
        headers: what to send along, such as a key.

    Raises:
        DownloadError: there is no link, it is not good any more, or the download broke off.
        UnavailableError: the server fails.

    """
    if url is None:
        raise DownloadError("there is no link to a video")
    try:
        async with (
            httpx.AsyncClient(timeout=silence, follow_redirects=True, verify=_trusted()) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code >= 500:
                raise UnavailableError(f"the download failed with status {response.status_code}")
            if response.status_code >= 400:
                raise DownloadError(f"the link to the video is not good any more (status {response.status_code})")
            with path.open("wb") as out:
                async for chunk in response.aiter_bytes(1 << 20):
                    out.write(chunk)
    except httpx.HTTPError as error:
        raise DownloadError(f"the download broke off: {error or type(error).__name__}") from error
