"""An HTTP transport for clients that try again by themselves and have no switch for it.

Such a client sees only answers that it can read: whatever fails is raised here, once, past the client's own retries. A
submission that a client repeats on its own account is paid twice.
"""

import json

import httpx

from vmevalkit.models._errors import from_answer, spoken
from vmevalkit.models.provider import ProviderError, UnavailableError, UnreachableError
from vmevalkit.replies import one_line
from vmevalkit.settings import without_key


class HttpFailure(Exception):  # noqa: N818 - an answer, which the adapter turns into one of our errors
    """An answer with a status of 400 or above."""

    def __init__(self, status: int, text: str, headers: httpx.Headers) -> None:
        self.status, self.text, self.headers = status, text, headers
        super().__init__(text)

    def error(self) -> ProviderError:
        """Return what it means, where the status says it all."""
        return from_answer(self.status, self.text, self.headers)


class OneAttempt(httpx.AsyncBaseTransport):
    """Sends each request once, to an API whose every answer is a JSON object."""

    def __init__(self, provider: str, *, key: str, silence: float, base_url: str | None = None) -> None:
        """Prepare connections.

        Args:
            provider: whose name the errors begin with.
            key: which must not appear in them.
            silence: how many seconds the server may stay silent; the clients' own limits are not used.
            base_url: where all requests go, whatever host the client names; `None` for the client's.

        """
        self._provider, self._key = provider, key
        self._base = None if base_url is None else httpx.URL(base_url)
        self._timeout = httpx.Timeout(silence, connect=min(silence, 10.0)).as_dict()
        # A whole client, for it knows the proxies in the environment; redirects are left to the client above.
        self._client = httpx.AsyncClient(follow_redirects=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            HttpFailure: the answer is a refusal or a failure.
            UnreachableError: there is no connection.
            UnavailableError: there is no answer, or none that can be read.

        """
        if self._base is not None:
            path = self._base.raw_path.rstrip(b"/") + request.url.raw_path
            request.url = self._base.copy_with(raw_path=path)
            request.headers["host"] = request.url.netloc.decode()
        request.extensions["timeout"] = self._timeout
        try:
            response = await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(self._said(error)) from error
        except httpx.HTTPError as error:
            raise UnavailableError(self._said(error)) from error
        if response.status_code >= 400:
            said = without_key(spoken(response.text), self._key) or response.reason_phrase
            text = f"{self._provider}: status {response.status_code}: {said}"
            raise HttpFailure(response.status_code, text, response.headers)
        if not _is_object(response.content):
            raise UnavailableError(f"{self._provider}: an answer that is not understood")
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _said(self, error: httpx.HTTPError) -> str:
        return f"{self._provider}: {one_line(str(error)) or type(error).__name__}"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False
