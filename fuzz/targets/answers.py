"""What judges and providers answer."""

import asyncio
import json
from functools import cache
from pathlib import Path

import httpx

from fuzz.target import Target
from fuzz.targets.records import as_json
from vmevalkit.evaluators._chat import Reply, _reply
from vmevalkit.evaluators.answers import AnswerError, parse_answer
from vmevalkit.models._errors import from_answer, spoken
from vmevalkit.models._transport import HttpFailure, OneAttempt
from vmevalkit.replies import retry_after
from vmevalkit.settings import without_key

_ANSWER = {"explanation": "It is.", "solution": 5, "givens": 5, "way": 4, "score": 5, "confidence": 0.9}
_CHOICE = {"index": 0, "message": {"role": "assistant", "content": "{}", "refusal": None}, "finish_reason": "stop"}
_CHAT = {"model": "vl", "choices": [_CHOICE], "usage": {"prompt_tokens": 10, "completion_tokens": 1}}
_KEPT = {"text": "", "refusal": "", "finish_reason": "stop", "model": "", "input_tokens": 1, "output_tokens": None}
_KEY = "sk-0123456789"


def _judge(data: bytes, _folder: Path) -> object:
    return parse_answer(data.decode(errors="replace"))


def _chat(data: bytes, _folder: Path) -> object:
    """Read a completion, and what is kept of one."""
    text = data.decode(errors="replace")
    Reply.from_text(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the client's own business
        return None
    reply = _reply(value, _KEY)
    return reply and Reply.from_text(reply.to_text())


def _refusal(data: bytes, _folder: Path) -> object:
    """Read a refusal: the first line is the header that says when to try again."""
    head, _, body = data.partition(b"\n")
    headers = httpx.Headers([(b"retry-after", head.strip())])
    text = spoken(body.decode(errors="replace"))
    if "\n" in text or len(text) > 500:
        raise AssertionError(f"not one line: {text!r}")
    return retry_after(headers), [from_answer(status, text, headers) for status in (200, 400, 401, 404, 422, 429, 500)]


def _hidden(data: bytes, _folder: Path) -> object:
    """Take a key out of a text; the first line is the key."""
    key, _, text = data.decode(errors="replace").partition("\n")
    shown = without_key(text, key)
    if len(key) > len("[key]") and key not in "[key]" * 3 and key in shown.replace("[key]", "\n"):
        raise AssertionError(f"{key!r} is in {shown!r}")
    return shown


class _Saying(httpx.AsyncBaseTransport):
    """Answers every request with the same bytes."""

    def __init__(self, status: int, body: bytes) -> None:
        self._status, self._body = status, body

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(self._status, content=self._body, headers={"content-type": "application/json"})


def _transport(data: bytes, _folder: Path) -> object:
    """Send a request whose answer's status is the first byte, and whose body is the rest."""
    status = 200 + (data[0] % 8) * 50 if data else 200

    transport = _one_attempt()
    transport._client._transport = _Saying(status, data[1:])  # noqa: SLF001 - the network is what is replaced
    return asyncio.run(transport.handle_async_request(httpx.Request("GET", "http://x/")))


@cache
def _one_attempt() -> OneAttempt:
    return OneAttempt("fal", key=_KEY, silence=1.0)


TARGETS = (
    Target(
        "judge-answer",
        _judge,
        (as_json(_ANSWER), b"<think>{}</think>```json\n" + as_json(_ANSWER) + b"\n```"),
        (b'"score":', b"{", b"}", b"</think>", b"9" * 30, b"[" * 30),
        errors=(AnswerError,),
    ),
    Target("chat", _chat, (as_json(_CHAT), as_json(_KEPT)), (b'"choices":', b'"message":', b'"usage":', b"[[", b"{}")),
    Target(
        "refusal",
        _refusal,
        (b'7\n{"error": {"message": "no", "code": "x"}}', b"Fri, 31 Dec 1999 23:59:59 GMT\nslow down"),
        (b'{"detail":[', b'"message":', b"-1", b"nan", b"inf", b"1e400", b"[" * 40),
    ),
    Target("key-in-text", _hidden, (b"sk-0123456789\nwrong: sk-01234567 c2stMDEyMzQ1Njc4OQ==",), (b"[key]", b"%2B")),
    Target(
        "transport",
        _transport,
        (b'\0{"request_id": "1"}',),
        (b'{"', b'"detail":', b"[" * 40, b"\xff"),
        errors=(HttpFailure,),
    ),
)
