"""A chat-completions server on loopback, which counts what it is asked and bills what it answers.

It honours ``Idempotency-Key``: a request that it has seen is answered as before and not billed again.
"""

import base64
import io
import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from PIL import Image

KEY = "sk-made-up-for-tests"
MODEL = "fake-vl-2025-01-01"
INPUT_TOKENS, OUTPUT_TOKENS = 1000, 100


class Behaviour(StrEnum):
    """What the server does with a request."""

    GOOD = "a good answer"
    IN_PROSE = "a good answer with prose and a code fence around it"
    THINKING = "a good answer after thoughts that hold another one"
    WRONG_JSON = "JSON with a score of 7"
    TEXT = "no JSON at all"
    TWO = "two answers"
    CUT_OFF = "an answer that ends in its middle"
    REFUSAL = "the model's refusal"
    FILTERED = "an answer that a content filter has cut off"
    FILTERED_REQUEST = "400: a content filter has stopped the request"
    RATE_LIMITED = "429 with Retry-After: 0"
    RATE_LIMITED_30 = "429 with Retry-After: 30"
    RATE_LIMITED_LONG = "429 with Retry-After: 7200"
    NO_CREDIT = "429: the account is empty"
    DOWN = "500"
    OVERLOADED = "503"
    SLOW = "no answer for longer than the client waits"
    DISCONNECT = "the connection is closed"
    LOST = "the answer is billed, and the connection is closed"
    WRONG_KEY = "401 with the key in its message"
    FORBIDDEN = "403"
    UNKNOWN_MODEL = "404"
    NO_SCHEMA = "400: response_format is not known"
    NO_TEMPERATURE = "400: temperature is not known"
    BAD_PICTURE = "400: a picture cannot be used"
    NO_COMPLETION = "200 with a web page"


B = Behaviour


@dataclass(frozen=True)
class Asked:
    headers: dict[str, str]
    """Names in lower case."""
    body: dict

    @property
    def texts(self) -> list[str]:
        """All text, in its order."""
        return [part for part in _parts(self.body) if isinstance(part, str)]

    @property
    def images(self) -> list[Image.Image]:
        """All pictures, in their order; they must decode."""
        return [part for part in _parts(self.body) if isinstance(part, Image.Image)]


def _parts(body: dict) -> Iterable[str | Image.Image]:
    for message in body["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part["type"] == "text":
                yield part["text"]
            else:
                head, _, data = part["image_url"]["url"].partition(";base64,")
                image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
                image.load()
                if head != f"data:image/{image.format.lower()}":
                    raise ValueError(f"{head} is a {image.format}")
                yield image


def answer(score=5, *, confidence=0.9, **others) -> dict:
    """A good answer."""
    parts = {"solution": score, "givens": 5, "way": score}
    return {"explanation": f"It is a {score}.", **parts, "score": score, "confidence": confidence, **others}


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *_) -> None:
        """Say nothing: clients that are killed break off their requests."""


class FakeChatServer:
    """Use it as a context manager; ``url`` is what belongs in ``base_url``."""

    def __init__(
        self,
        *plan: Behaviour,
        then: Behaviour = B.GOOD,
        answers: Callable[[Asked, int], dict] = lambda asked, number: answer(),
        seconds: float = 0.0,
        says: Mapping[str, str | None] | None = None,
    ) -> None:
        """Prepare a server.

        Args:
            plan: what it does with the first requests.
            then: what it does with all others.
            answers: makes the good answers, from the request and the number of answers before it.
            seconds: how long it thinks before an answer.
            says: fields of every answer's message that are to be others.

        """
        self._plan, self._then, self._answers, self._seconds = list(plan), then, answers, seconds
        self._says = dict(says or {})
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.asked: list[Asked] = []
        """All requests that were understood."""
        self.billed: dict[str, dict] = {}
        """Completions by Idempotency-Key: what has been paid for."""
        self.at_once = 0
        """The most requests that were under way at the same time."""
        self.held_from: int | None = None
        """From which request on, counted from 1, answers wait until this is `None` again."""
        self._under_way = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def then(self, behaviour: Behaviour) -> None:
        """Do something else with all requests from now on."""
        self._then = behaviour

    def respond(self, asked: Asked) -> "Response | None":
        """Return status, JSON and headers; `None` to close the connection."""
        if self._closing.is_set():
            return None
        with self._lock:
            self.asked.append(asked)
            number = len(self.asked)
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
            behaviour = self._plan.pop(0) if self._plan else self._then
        try:
            self._closing.wait(60.0 if behaviour == B.SLOW else self._seconds)
            while self.held_from is not None and number >= self.held_from:
                self._closing.wait(0.01)
            return self._response(behaviour, asked)
        finally:
            with self._lock:
                self._under_way -= 1

    def _response(self, behaviour: Behaviour, asked: Asked) -> "Response | None":
        if behaviour in _FAILURES:
            return _FAILURES[behaviour](asked)
        if behaviour in (B.DISCONNECT, B.SLOW):
            return None
        completion = self._bill(behaviour, asked)
        return None if behaviour == B.LOST else (200, completion, {})

    def _bill(self, behaviour: Behaviour, asked: Asked) -> dict:
        key = asked.headers["idempotency-key"]
        with self._lock:
            if key not in self.billed:
                good = json.dumps(self._answers(asked, len(self.billed)))
                self.billed[key] = _completion(behaviour, good, self._says)
            return self.billed[key]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                response = (404, {"error": {"message": "no such page"}}, {})
                if self.path == "/v1/chat/completions":
                    response = fake.respond(Asked(headers, body))
                if response is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, value, extra = response
                data = json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"content-type": "application/json", **extra}.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


Response = tuple[int, dict, dict[str, str]]
"""Status, JSON, headers."""


def _failure(status, code, message, *, param=None, **headers) -> Callable[[Asked], Response]:
    def response(asked: Asked) -> Response:
        said = message.format(key=asked.headers["authorization"], model=asked.body["model"])
        return status, {"error": {"message": said, "type": "error", "code": code, "param": param}}, headers

    return response


_FAILURES: dict[Behaviour, Callable[[Asked], Response]] = {
    B.RATE_LIMITED: _failure(429, "rate_limit_exceeded", "slow down", **{"Retry-After": "0"}),
    B.RATE_LIMITED_30: _failure(429, "rate_limit_exceeded", "slow down", **{"Retry-After": "30"}),
    B.RATE_LIMITED_LONG: _failure(429, "rate_limit_exceeded", "come back", **{"Retry-After": "7200"}),
    B.NO_CREDIT: _failure(429, "insufficient_quota", "You exceeded your current quota"),
    B.DOWN: _failure(500, None, "something broke"),
    B.OVERLOADED: _failure(503, None, "too much to do"),
    B.WRONG_KEY: _failure(401, "invalid_api_key", "Incorrect API key: {key}"),
    B.FORBIDDEN: _failure(403, None, "not for you"),
    B.UNKNOWN_MODEL: _failure(404, "model_not_found", "The model {model} does not exist"),
    B.NO_SCHEMA: _failure(400, None, "json_schema is not supported", param="response_format"),
    B.NO_TEMPERATURE: _failure(400, "unsupported_value", "only the default is supported", param="temperature"),
    B.BAD_PICTURE: _failure(400, "invalid_image", "You uploaded an unsupported image", param="messages.[1].content"),
    B.FILTERED_REQUEST: _failure(400, "content_filter", "The response was filtered"),
    B.NO_COMPLETION: lambda asked: (200, {"hello": "world"}, {}),
}


def _completion(behaviour: Behaviour, good: str, says: dict) -> dict:
    content, refusal, finish = good, None, "stop"
    match behaviour:
        case B.IN_PROSE:
            content = f"Here is my {{judgement}}:\n```json\n{good}\n```\nI hope it helps."
        case B.THINKING:
            content = f"<think>Perhaps {json.dumps(answer(1))}? No.</think>{good}"
        case B.WRONG_JSON:
            content = json.dumps(answer() | {"score": 7})
        case B.TEXT:
            content = "It looks good to me, I would give it a 5."
        case B.TWO:
            content = f"{good} or {json.dumps(answer(1))}"
        case B.CUT_OFF:
            content, finish = good[: len(good) // 2], "length"
        case B.REFUSAL:
            content, refusal = None, "I'm sorry, I can't help with that."
        case B.FILTERED:
            content, finish = good[:10], "content_filter"
    message = {"role": "assistant", "content": content, "refusal": refusal, **says}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": 1100},
    }
