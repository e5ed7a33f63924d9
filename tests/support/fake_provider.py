"""A provider on loopback: a real HTTP server that speaks the documented protocol of one provider.

What goes wrong is decided here, once for all providers; a subclass says how its provider puts it on the wire.
"""

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from vmevalkit.models.provider import Provider

Answer = TypeVar("Answer")

KEY = "sk-planted-key-0123456789"
"""What the fakes take for a good key."""


class Scenario(StrEnum):
    """What happens to the jobs of a fake provider."""

    SUCCESS = "success"
    QUEUED = "queued for a while"
    REFUSED_AT_ONCE = "content refused at submission"
    REFUSED_LATER = "content refused while running"
    RATE_LIMITED = "429 with Retry-After, twice"
    SUBMIT_500 = "500 at every submission"
    POLL_500 = "500 at the first two polls"
    POLL_RATE_LIMITED = "429 at the first poll"
    FAILED = "the job fails"
    LOST = "the job is lost"
    TRUNCATED_ONCE = "the first download is cut off"
    TRUNCATED = "every download is cut off"
    EXPIRED_ONCE = "the first link has expired"
    DOWNLOAD_500 = "500 at the first download"
    RUBBISH = "the video is no video"
    WRONG_KEY = "the key is wrong"
    BAD_REQUEST = "the request is refused"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""

    @classmethod
    def of(cls, value, status=200, **headers) -> "Response":
        """Answer with JSON."""
        return cls(status, json.dumps(value).encode(), {"content-type": "application/json", **headers})


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_) -> None:
        """Say nothing: clients that are killed break off their requests."""


class FakeProvider(ABC):
    """Use it as a context manager; ``url`` is its address."""

    def __init__(self, scenario: Scenario, video: bytes) -> None:
        self.scenario = scenario
        self.accepted: list[Request] = []
        """Submissions that made a job: what is paid for."""
        self.asked: list[Request] = []
        """Submissions, whatever became of them."""
        self.requests: list[Request] = []
        self._video = video
        self._polls: dict[str, int] = {}
        self._downloads = 0
        self._lock = threading.Lock()

    # For subclasses

    @abstractmethod
    def respond(self, request: Request) -> Response:
        """Answer a request; called from several threads, one at a time."""

    def submission(self, request: Request) -> str:
        """Take note of a submission; returns ``accepted``, ``refused``, ``rate limited``, ``failed``, ``wrong key`` or
        ``bad request``. If it is ``accepted``, the new job's id is `job_id`.
        """
        self.asked.append(request)
        answer = {
            Scenario.REFUSED_AT_ONCE: "refused",
            Scenario.RATE_LIMITED: "rate limited" if len(self.asked) <= 2 else "accepted",
            Scenario.SUBMIT_500: "failed",
            Scenario.WRONG_KEY: "wrong key",
            Scenario.BAD_REQUEST: "bad request",
        }.get(self.scenario, "accepted")
        if answer == "accepted":
            self.accepted.append(request)
        return answer

    @property
    def job_id(self) -> str:
        """The id of the job that was accepted last."""
        return f"job-{len(self.accepted)}"

    def state(self, job_id: str) -> str:
        """Say how a job stands: ``queued``, ``running``, ``succeeded``, ``failed``, ``refused``, ``lost``, ``rate
        limited`` or ``down``. Every question brings a job further.
        """
        known = [f"job-{number + 1}" for number in range(len(self.accepted))]
        if job_id not in known:
            return "lost"
        self._polls[job_id] = polls = self._polls.get(job_id, 0) + 1
        match self.scenario:
            case Scenario.QUEUED:
                return "queued" if polls <= 3 else "running" if polls <= 5 else "succeeded"
            case Scenario.REFUSED_LATER:
                return "running" if polls == 1 else "refused"
            case Scenario.FAILED:
                return "running" if polls == 1 else "failed"
            case Scenario.LOST:
                return "running" if polls == 1 else "lost"
            case Scenario.POLL_500:
                return "down" if polls <= 2 else "succeeded"
            case Scenario.POLL_RATE_LIMITED:
                return "rate limited" if polls == 1 else "succeeded"
        return "running" if polls == 1 else "succeeded"

    def download(self) -> Response:
        """Answer a request for the video."""
        self._downloads += 1
        first = self._downloads == 1
        kind = {"content-type": "video/mp4"}
        match self.scenario:
            case Scenario.TRUNCATED:
                return Response(200, self._video, kind, cut_after=len(self._video) // 2)
            case Scenario.TRUNCATED_ONCE if first:
                return Response(200, self._video, kind, cut_after=len(self._video) // 2)
            case Scenario.EXPIRED_ONCE if first:
                return Response(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
            case Scenario.DOWNLOAD_500 if first:
                return Response(500, b"internal error")
            case Scenario.RUBBISH:
                return Response(200, b"this is no video", kind)
        return Response(200, self._video, kind)

    # The server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                """Say nothing."""

            def answer(self) -> None:
                parts = urlsplit(self.path)
                body = self._body()
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, parts.path, parse_qs(parts.query), headers, body)
                with fake._lock:
                    fake.requests.append(request)
                    response = fake.respond(request)
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(response.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(response.body[: response.cut_after])
                if response.cut_after is not None:
                    self.close_connection = True

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding", "").lower() == "chunked":
                    found = b""
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        found += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return found
                return self.rfile.read(int(self.headers.get("content-length", 0)))

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - the names are the library's

        return Handler


def ask(adapter: Provider, question: Callable[[Provider], Awaitable[Answer]]) -> Answer:
    """Ask an adapter one thing, and close it."""

    async def whole() -> Answer:
        try:
            return await question(adapter)
        finally:
            await adapter.close()

    return asyncio.run(whole())
