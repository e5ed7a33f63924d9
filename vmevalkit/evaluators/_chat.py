"""Asks a server of the chat-completions shape, and says what its failures mean."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from vmevalkit.errors import UsageError, VMEvalError
from vmevalkit.evaluators._pace import Pace
from vmevalkit.evaluators._waiting import Waiting, WaitingEndedError
from vmevalkit.evaluators.options import JudgeOptions
from vmevalkit.replies import one_line, retry_after, writable
from vmevalkit.settings import without_key

if TYPE_CHECKING:
    import openai

_LONGEST_PAUSE: Final = 60.0
_LONGEST_ASKED_PAUSE: Final = 120.0
"""Seconds; a server that asks for more is left alone until the next command."""
_CONNECT_SECONDS: Final = 10.0
_FILTERS: Final = ("content_filter", "content_policy", "responsibleaipolicy")


class ChatError(VMEvalError):
    """A request that was not answered; ``retryable`` says whether another command may have it answered."""

    def __init__(self, message: str, *, retryable: bool, passing: bool = False, unreached: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.passing = passing
        """Whether this command asks again."""
        self.unreached = unreached
        """Whether there may be no such server at all."""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    text: str
    refusal: str
    """The model's own word of refusal, or empty."""
    finish_reason: str
    model: str
    """As the server names it."""
    input_tokens: int | None
    output_tokens: int | None

    def to_text(self) -> str:
        """Return it as it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Reply | None":
        """Take it back; `None` if another version has kept it."""
        try:
            kept: dict[str, Any] = dict(json.loads(text))
            kept |= {name: writable(value) for name, value in kept.items() if isinstance(value, str)}
            return cls(**kept)
        except (TypeError, ValueError, RecursionError):
            return None


class ChatServer:
    """A server, and the judge's manners towards it. Threads share one."""

    def __init__(self, name: str, options: JudgeOptions, key: str) -> None:
        self._name, self._options, self._key = name, options, key
        self._waiting = Waiting()
        self._pace = Pace(options.per_minute, self._waiting.sleep)
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None
        self._met = False
        self._end: UsageError | None = None

    def ask(self, body: Mapping[str, Any], idempotency_key: str) -> Reply:
        """Send a request until it is answered.

        Too many requests, failures of the server, time-outs and broken connections are tried again after growing
        pauses. A server that honours ``Idempotency-Key`` bills all of that once.

        Args:
            body: the request as it is sent.
            idempotency_key: the same for the same request, whenever it is sent.

        Raises:
            ChatError: there is no answer.
            UsageError: there will be none to any request: a wrong key, model, address or option; or it was closed.

        """
        attempts = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, ChatError) and error.passing),
            stop=stop_after_attempt(self._options.attempts),
            wait=wait_random_exponential(multiplier=self._options.backoff, max=_LONGEST_PAUSE),
            sleep=self._waiting.sleep,
            reraise=True,
        )
        try:
            return attempts(self._once, body, idempotency_key)
        except WaitingEndedError as error:
            raise UsageError(f"{self._name} was closed", hint="open it again") from error
        except UsageError as error:
            self._end = error
            raise
        except ChatError as error:
            if not error.unreached or self._met:
                raise
            self._end = UsageError(
                error.message,
                hint=f"is there a server at {_without_login(self._options.url)}? See base_url in {self._table}",
            )
            raise self._end from error

    def close(self) -> None:
        """Ask nothing more, and let nobody wait any longer for what has been asked."""
        self._waiting.end()

    @property
    def _table(self) -> str:
        return f"[evaluators.{self._name}]"

    def _once(self, body: Mapping[str, Any], idempotency_key: str) -> Reply:
        self._pace.wait()
        if self._end is not None:  # another thread has found out
            raise UsageError(self._end.message, hint=self._end.hint)
        client = self._connected()
        from openai import APIConnectionError, APIStatusError, OpenAIError

        try:
            answer = self._waiting.answer(
                lambda: client.post(
                    "/chat/completions",
                    cast_to=object,
                    body=dict(body),
                    options={"headers": {"Idempotency-Key": idempotency_key}},
                )
            )
        except APIStatusError as error:
            self._met = True
            raise self._refused(error) from error
        except APIConnectionError as error:
            raise self._unconnected(error) from error
        except (OpenAIError, ValueError) as error:
            raise self._strange() from error
        reply = _reply(answer, self._key)
        if reply is None:
            raise self._strange()
        self._met = True
        return reply

    def _connected(self) -> "openai.OpenAI":
        with self._lock:
            if self._client is None:
                from openai import OpenAI, Timeout

                seconds = self._options.timeout
                self._client = OpenAI(
                    api_key=self._key or "none",
                    base_url=self._options.url,
                    max_retries=0,
                    timeout=Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
                )
            return self._client

    def _strange(self) -> ChatError:
        return ChatError(
            f"{self._name}: an answer that is no chat completion", retryable=True, passing=True, unreached=True
        )

    def _unconnected(self, error: "openai.APIConnectionError") -> ChatError:
        kind = type(error.__cause__).__name__
        unreached = kind in ("ConnectError", "ConnectTimeout")
        problem = {"ReadTimeout": f"no answer within {self._options.timeout:g} s"}.get(kind, f"no connection ({kind})")
        return ChatError(f"{self._name}: {problem}", retryable=True, passing=True, unreached=unreached)

    def _refused(self, error: "openai.APIStatusError") -> ChatError | UsageError:
        """Say what an answer with an error's status means."""
        status = error.status_code
        detail = error.body if isinstance(error.body, dict) else {}
        said = _text(one_line(str(detail.get("message") or error.response.text or "no reason given")), self._key)
        problem = f"{self._name}: status {status}: {said}"
        code = str(detail.get("code") or "").lower()
        if status == 429 and code != "insufficient_quota":
            return self._limited(problem, error.response.headers)
        if status == 429 or status in (401, 402, 403):
            return UsageError(problem, hint=f"look after the key and its account; key in {self._table} names it")
        if status in (404, 405):
            return UsageError(problem, hint=f"see model and base_url in {self._table}")
        if status >= 500 or status in (408, 409):
            return ChatError(problem, retryable=True, passing=True)
        if any(word in code for word in _FILTERS):
            return ChatError(f"content filter: {said}", retryable=False)
        field = _text(str(detail.get("param") or ""), self._key).partition(".")[0]
        if field == "response_format" or "response_format" in said:
            return UsageError(problem, hint=f'set structured = "json_object" or "none" in {self._table}')
        if field and field != "messages":
            return UsageError(problem, hint=f'correct {field}, or set leave_out = ["{field}"], in {self._table}')
        return ChatError(problem, retryable=False)

    def _limited(self, problem: str, headers: Mapping[str, str]) -> ChatError:
        asked = retry_after(headers) or 0.0
        if asked > _LONGEST_ASKED_PAUSE:
            return ChatError(f"{problem}: again in {asked:.0f} s", retryable=True)
        self._pace.hold(asked)
        return ChatError(problem, retryable=True, passing=True)


def _reply(answer: object, key: str) -> Reply | None:
    """Return what matters of a chat completion, without the key; `None` if it is none."""
    match answer:
        case {"choices": [{"message": {**message}, **choice}, *_], **rest}:
            tokens = rest.get("usage")
            usage = tokens if isinstance(tokens, dict) else {}
            return Reply(
                text=_text(message.get("content"), key),
                refusal=_text(message.get("refusal"), key),
                finish_reason=_text(choice.get("finish_reason"), key),
                model=_text(rest.get("model"), key),
                input_tokens=_count(usage.get("prompt_tokens")),
                output_tokens=_count(usage.get("completion_tokens")),
            )
    return None


def _text(value: object, key: str) -> str:
    return without_key(writable(value), key) if isinstance(value, str) else ""


def _without_login(url: str) -> str:
    """Return an address without user, password and query: they may be secrets."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
