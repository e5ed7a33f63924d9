"""Tar files as ``webdataset`` reads them.

The files of a sample stand together, and their names are the same up to the first dot.
"""

import tarfile
from pathlib import Path
from typing import TypeAlias

from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, GROUND_TRUTH_NAME, PROMPT_NAME, Pair
from vmevalkit.export._sink import Sink, WrittenFile
from vmevalkit.export.columns import evaluations_json, run_video
from vmevalkit.export.content import Answer, Question, compact_json, read_optional, read_png

SHARD_BYTES = 1_000_000_000
RECORD, VIDEO, EVALUATIONS = "json", "video.mp4", "evaluations.json"
"""Members of a sample, beside those that are called like the files of a question."""

Sample: TypeAlias = tuple[str, dict[str, bytes | None]]
"""A key, and the members by what their names have after it; one that is `None` is left out."""

_BLOCK = 512
_END = 2 * _BLOCK
_RECORD_BYTES = 20 * _BLOCK


class ShardWriter:
    """Writes samples to ``<stem>-000000.tar`` and so on. The bytes depend on the samples alone."""

    def __init__(self, folder: Path, stem: str, *, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder, self._stem, self._shard_bytes = folder, stem, shard_bytes
        self._sink: Sink | None = None
        self._samples = 0
        self._done: list[WrittenFile] = []

    def add(self, key: str, members: dict[str, bytes | None]) -> None:
        """Append a sample; a member that is `None` is left out."""
        pieces = [
            piece for name, data in members.items() if data is not None for piece in _member(f"{key}.{name}", data)
        ]
        size = sum(map(len, pieces))
        if self._sink is not None and self._sink.size + size + _END > self._shard_bytes:
            self._end_shard()
        if self._sink is None:
            self._sink = Sink(self._folder / self._name)
        for piece in pieces:
            self._sink.write(piece)
        self._samples += 1

    def finish(self) -> tuple[WrittenFile, ...]:
        """End the last shard and return the files."""
        self._end_shard()
        return tuple(self._done)

    def close(self) -> None:
        """Let go of a file that is not to be finished."""
        if self._sink is not None:
            self._sink.discard()

    @property
    def _name(self) -> str:
        return f"{self._stem}-{len(self._done):06d}.tar"

    def _end_shard(self) -> None:
        if self._sink is None:
            return
        self._sink.write(bytes(_END))
        self._sink.write(bytes(-self._sink.size % _RECORD_BYTES))
        self._sink.close()
        self._done.append(self._sink.written(self._name, self._samples))
        self._sink, self._samples = None, 0


def question_sample(pair: Pair, record: str, first_frame: bytes, final_frame: bytes, film: bytes | None) -> Sample:
    """Return the sample of a question.

    Args:
        pair: the question.
        record: the text of its ``question_metadata.json``.
        first_frame: a PNG file.
        final_frame: another one.
        film: the MP4 file of the solution, if there is one.

    """
    own = pair.id.startswith(f"{pair.domain}_")
    return _escaped(pair.id if own else f"{pair.domain}={pair.id}"), {
        FIRST_FRAME_NAME: first_frame,
        FINAL_FRAME_NAME: final_frame,
        PROMPT_NAME: pair.prompt.encode(),
        RECORD: record.encode(),
        GROUND_TRUTH_NAME: film,
    }


def stored_question_sample(question: Question) -> Sample:
    """Return the sample of a question on disk; `RecordError` if one of its files is missing or broken."""
    first, final = read_png(question.first_frame), read_png(question.final_frame)
    return question_sample(question.pair, question.record, first, final, read_optional(question.ground_truth))


def answer_sample(answer: Answer) -> Sample:
    """Return the sample of a run with its scores; `RecordError` if one of its files is missing."""
    said = evaluations_json(answer)
    return _escaped(answer.name), {
        RECORD: None if answer.record is None else answer.record.encode(),
        VIDEO: run_video(answer),
        FIRST_FRAME_NAME: read_optional(answer.first_frame),
        EVALUATIONS: compact_json(said).encode() if said else None,
    }


def _escaped(key: str) -> str:
    """Return a key without dots, at which readers would cut it; names have no per cent signs of their own."""
    return key.replace(".", "%2E")


def _member(name: str, data: bytes) -> tuple[bytes, bytes, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict"), data, bytes(-len(data) % _BLOCK)
