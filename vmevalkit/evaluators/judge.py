"""The evaluator that asks a vision-language model: GPT-4o, or any model behind a chat-completions server."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

from PIL import Image

from vmevalkit.dataroot import JudgeTrace
from vmevalkit.errors import VideoError
from vmevalkit.evaluators import _prompts
from vmevalkit.evaluators._cache import AnswerCache
from vmevalkit.evaluators._chat import ChatError, ChatServer, Reply
from vmevalkit.evaluators._pictures import Picture, encode_picture, read_picture
from vmevalkit.evaluators._prompts import Message, Shown, Task
from vmevalkit.evaluators.answers import Answer, AnswerError, parse_answer
from vmevalkit.evaluators.base import Item, Question, Verdict
from vmevalkit.evaluators.frames import SampledFilm, sample_film
from vmevalkit.evaluators.options import JudgeOptions, find_key, read_options
from vmevalkit.evaluators.rubrics import GENERAL, PARTS, RUBRICS, rubric_of
from vmevalkit.evaluators.voting import Ballot, decide

_FORMAT: Final = 1
"""Raised when frames are chosen, or answers read, in another way than before."""


def open_judge(
    name: str, options: Mapping[str, Any], *, keys: Mapping[str, str], cache: Path | None
) -> "VisionLanguageJudge":
    """Make a judge ready for use; nobody is asked yet.

    Args:
        name: what its results are called.
        options: see `JudgeOptions`.
        keys: where its key is looked up.
        cache: a file for its answers, which may be deleted at any time; `None` to keep none.

    Raises:
        UsageError: an option is unknown or wrong, or the key is missing.

    """
    chosen = read_options(name, options)
    server = ChatServer(name, chosen, find_key(name, chosen, keys))
    return VisionLanguageJudge(name, chosen, server, None if cache is None else AnswerCache(cache))


@dataclass
class _Hearing:
    """What has been asked and said about one film so far."""

    frames: tuple[str, ...]
    """sha256 of the pictures that are sent, in their order."""
    seconds: tuple[float, ...]
    """When the frames are shown."""
    model: str
    said: list[str] = field(default_factory=list)
    """The text of all requests."""
    replies: list[str] = field(default_factory=list)
    """The raw text of each vote."""
    rejected: list[str] = field(default_factory=list)
    """What was said before that and could not be used."""
    votes: list[Answer] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def trace(self, agreement: float | None = None) -> JudgeTrace:
        return JudgeTrace.model_validate(
            {
                "model": self.model,
                "prompt_sha256": hashlib.sha256("\n\n".join(self.said).encode()).hexdigest(),
                "frames": self.frames,
                "answers": self.replies,
                "agreement": agreement,
                "rejected": self.rejected,
                "votes": [vote.score for vote in self.votes],
                "frame_seconds": [round(seconds, 3) for seconds in self.seconds],
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
            }
        )


class _UnansweredError(Exception):
    """A vote that was not given, and will not be."""


class VisionLanguageJudge:
    """Shows a model frames of the film and of the question, and takes its score, or the outcome of several votes.

    What the model did not say in the form that was asked for is no score: it is asked once more, and then the verdict
    is an error. Threads share a judge.
    """

    def __init__(self, name: str, options: JudgeOptions, server: ChatServer, cache: AnswerCache | None) -> None:
        self.name = name
        self.version = _version(options)
        self.description = f"asks {options.model}"
        self.at_once = options.concurrency
        self._options, self._server, self._cache = options, server, cache
        self._guard = threading.Lock()
        self._asking: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    def evaluate(self, item: Item) -> Verdict:
        """Score one video.

        Raises:
            RecordError: a frame of the question cannot be read.
            UsageError: no video can be scored, such as for a wrong key.

        """
        options = self._options
        try:
            film = sample_film(
                item.video,
                options.sampling,
                options.frames,
                tail_seconds=options.tail_seconds,
                max_side=options.max_side,
            )
        except VideoError as error:
            return Verdict("error", None, f"undecodable: {error}")
        reference, frames = self._reference(item.question), self._shown(film)
        hearing = _Hearing(
            tuple(shown.picture.sha256 for shown in (*reference, *frames)),
            tuple(frame.seconds for frame in film.frames),
            options.model,
        )
        task = Task(item.question.prompt, rubric_of(item.question.domain), reference, film.seconds)
        try:
            for said in self._ballot_papers(task, frames):
                self._hear(said, hearing)
        except ChatError as error:
            return _failed(error.message, hearing, retryable=error.retryable)
        except _UnansweredError as error:
            return _failed(str(error), hearing)
        return self._verdict(hearing)

    def close(self) -> None:
        """Ask nothing more, and have ``evaluate`` end at once in all threads, by a `UsageError`; see `Closable`."""
        self._server.close()

    def _reference(self, question: Question) -> tuple[Shown, ...]:
        if not self._options.reference:
            return ()
        lines = {
            "The first frame, as the video model was given it:": question.first_frame,
            "The expected final frame, which the video model was not shown:": question.final_frame,
        }
        return tuple(
            Shown(line, self._encoded(read_picture(path, self._options.max_side))) for line, path in lines.items()
        )

    def _shown(self, film: SampledFilm) -> list[Shown]:
        count = len(film.frames)
        lines = [f"Frame {place + 1} of {count}, at {frame.seconds:.2f} s" for place, frame in enumerate(film.frames)]
        lines[-1] += ", the last of the film"
        return [Shown(f"{line}:", self._encoded(frame.image)) for line, frame in zip(lines, film.frames, strict=True)]

    def _encoded(self, image: Image.Image) -> Picture:
        return encode_picture(image, self._options.image_format, self._options.quality)

    def _ballot_papers(self, task: Task, frames: Sequence[Shown]) -> list[list[Message]]:
        """Return the messages of each vote."""
        if self._options.per == "film":
            papers = [_prompts.messages(task, frames, single=False)]
        else:
            papers = [_prompts.messages(task, [frame], single=True) for frame in frames]
        return [paper for paper in papers for _ in range(self._options.repeats)]

    def _hear(self, said: list[Message], hearing: _Hearing) -> None:
        """Have one vote given: ask, and once more if the answer cannot be used."""
        vote = len(hearing.votes)
        hearing.said.extend(_prompts.texts(said))
        text = self._reply(said, vote, hearing)
        try:
            answer = parse_answer(text)
        except AnswerError as problem:
            hearing.rejected.append(text)
            text = self._reply(_prompts.asked_again(said, text, str(problem)), vote, hearing)
            try:
                answer = parse_answer(text)
            except AnswerError as error:
                hearing.replies += [hearing.rejected.pop(), text]
                raise _UnansweredError(f"the answer cannot be used, even at the second attempt: {error}") from error
        hearing.replies.append(text)
        hearing.votes.append(answer)

    def _reply(self, said: list[Message], vote: int, hearing: _Hearing) -> str:
        """Return the text of an answer, which is none if the model refuses."""
        reply, is_new = self._answered(self._body(said), vote)
        hearing.model = reply.model or hearing.model
        hearing.input_tokens += reply.input_tokens or 0
        hearing.output_tokens += reply.output_tokens or 0
        if is_new:
            cost = self._cost(reply)
            hearing.cost_usd = None if cost is None or hearing.cost_usd is None else hearing.cost_usd + cost
        if reply.refusal:
            hearing.replies.append(reply.refusal)
            raise _UnansweredError(f"refused: {reply.refusal}")
        if reply.finish_reason == "content_filter":
            hearing.replies.append(reply.text)
            raise _UnansweredError("content filter: the server cut the answer off")
        return reply.text

    def _body(self, said: list[Message]) -> dict[str, Any]:
        options = self._options
        body: dict[str, Any] = {
            "model": options.model,
            "messages": said,
            "temperature": options.temperature,
            "max_tokens": options.max_tokens,
        }
        form = _prompts.response_format(options.structured)
        if form is not None:
            body["response_format"] = form
        body |= options.extra_body
        return {name: value for name, value in body.items() if name not in options.leave_out}

    def _answered(self, body: dict[str, Any], vote: int) -> tuple[Reply, bool]:
        """Return what is known to be the answer, or ask; and whether it is new."""
        known_by = [self._options.url, body, vote]
        key = hashlib.sha256(json.dumps(known_by, sort_keys=True).encode()).hexdigest()
        with self._guard:
            turn = self._asking.setdefault(key, _Turn())
        with turn.lock:  # of two threads with the same question, the second one finds the answer of the first
            kept = self._cache.get(key) if self._cache is not None else None
            known = None if kept is None else Reply.from_text(kept)
            if known is not None:
                return known, False
            reply = self._server.ask(body, key)
            if self._cache is not None:
                self._cache.put(key, reply.to_text())
            return reply, True

    def _cost(self, reply: Reply) -> float | None:
        prices = self._options.prices
        if prices is None or reply.input_tokens is None or reply.output_tokens is None:
            return None
        return (reply.input_tokens * prices[0] + reply.output_tokens * prices[1]) / 1e6

    def _verdict(self, hearing: _Hearing) -> Verdict:
        rule, votes = self._options.vote, hearing.votes
        outcome = decide([Ballot(vote.score, vote.confidence) for vote in votes], rule)
        parts = {
            part: decide([Ballot(getattr(vote, part), vote.confidence) for vote in votes], rule).score for part in PARTS
        }
        winners = [vote for vote in votes if vote.score == outcome.score]
        confidence = sum(vote.confidence for vote in winners) / len(winners)
        return Verdict(
            "scored",
            outcome.score,
            winners[0].explanation,
            dimensions={**parts, "confidence": round(confidence, 3)},
            needs_review=outcome.needs_review,
            cost_usd=hearing.cost_usd,
            judge=hearing.trace(outcome.agreement),
        )


class _Turn:
    """Whose turn it is to ask something."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def _failed(problem: str, hearing: _Hearing, *, retryable: bool = False) -> Verdict:
    return Verdict("error", None, problem, retryable=retryable, cost_usd=hearing.cost_usd, judge=hearing.trace())


def _version(options: JudgeOptions) -> str:
    """Return what changes when the same film may get another score."""
    rubrics = {**RUBRICS, "": GENERAL}
    told = {domain: _prompts.wording(rubric) for domain, rubric in rubrics.items()}
    everything = json.dumps([options.weighty(), told], sort_keys=True)
    return f"{_FORMAT}-{hashlib.sha256(everything.encode()).hexdigest()[:12]}"
