"""JSON lines: the records of a data root as they are, one on each line."""

import json
from collections.abc import Mapping
from pathlib import Path

from vmevalkit.dataroot import FIRST_FRAME_NAME, RUN_VIDEO_PATH
from vmevalkit.export._sink import Sink, WrittenFile
from vmevalkit.export.columns import evaluations_json, run_video
from vmevalkit.export.content import Answer, Question, compact_json, read_optional, read_png

MEDIA = "__media__"
"""A field that is added to a record: its files by their role, as paths below the data root or the export."""


class LinesWriter:
    """Writes ``<name>.jsonl``."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = f"{name}.jsonl"
        self._sink = Sink(folder / self._name)
        self._lines = 0

    def add(self, value: object) -> None:
        """Append a line."""
        self._sink.write(f"{compact_json(value)}\n".encode())
        self._lines += 1

    def finish(self) -> tuple[WrittenFile, ...]:
        """End the file and return it."""
        self._sink.close()
        return (self._sink.written(self._name, self._lines),)

    def close(self) -> None:
        """Let go of the file."""
        self._sink.discard()


def question_line(question: Question, copy_to: Path | None) -> dict[str, object]:
    """Return the line of a question; its frames and film are copied to a folder if one is given."""
    name = f"questions/{question.name}"
    media = {"first_frame": f"{name}/first_frame.png", "final_frame": f"{name}/final_frame.png"}
    if question.ground_truth is not None:
        media["ground_truth"] = f"{name}/ground_truth.mp4"
    if copy_to is not None:
        _copy(
            copy_to,
            {
                media["first_frame"]: read_png(question.first_frame),
                media["final_frame"]: read_png(question.final_frame),
                media.get("ground_truth", ""): read_optional(question.ground_truth),
            },
        )
    return {**json.loads(question.record), MEDIA: media}


def run_line(answer: Answer, record: str, copy_to: Path | None) -> dict[str, object]:
    """Return the line of a run; its video and first frame are copied to a folder if one is given."""
    name = f"outputs/{answer.name}"
    media = {}
    if answer.video is not None:
        media["video"] = f"{name}/{RUN_VIDEO_PATH}"
    if answer.first_frame is not None:
        media["first_frame"] = f"{name}/question/{FIRST_FRAME_NAME}"
    if copy_to is not None:
        _copy(
            copy_to,
            {
                media.get("video", ""): run_video(answer),
                media.get("first_frame", ""): read_optional(answer.first_frame),
            },
        )
    return {**json.loads(record), MEDIA: media}


def evaluation_lines(answer: Answer) -> list[dict[str, object]]:
    """Return the lines of what was said of a run."""
    return evaluations_json(answer)


def _copy(folder: Path, files: Mapping[str, bytes | None]) -> None:
    for path, data in files.items():
        if data is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
