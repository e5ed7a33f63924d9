"""One writer per form of export: each is given the questions and then the answers, and makes the files of a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from vmevalkit.export import json_lines, webdataset
from vmevalkit.export.columns import (
    EVALUATIONS,
    QUESTIONS,
    QUESTIONS_WITH_FRAMES,
    RESULTS,
    RUNS,
    RUNS_WITH_VIDEOS,
    Table,
    verdicts,
)
from vmevalkit.export.content import Answer, Question
from vmevalkit.export.folder import Contents, Form
from vmevalkit.export.parquet import SHARD_BYTES, TableWriter


class Writer(Protocol):
    """What all forms have in common."""

    def question(self, question: Question) -> None:
        """Append a question; `RecordError` if it is broken, and nothing was appended."""

    def answer(self, answer: Answer) -> None:
        """Append a run with its scores; `RecordError` if it is broken, and nothing was appended."""

    def finish(self) -> Contents:
        """End all files and return them."""

    def close(self) -> None:
        """Let go of files that are not to be finished."""


class TablesWriter:
    """Parquet files."""

    def __init__(
        self,
        folder: Path,
        questions: Table[Question],
        runs: Table[Answer] | None,
        rows: Table[Any],
        *,
        shard_bytes: int,
        finished_only: bool,
    ) -> None:
        self.questions = TableWriter(folder, questions, shard_bytes=shard_bytes)
        self._runs = None if runs is None else TableWriter(folder, runs, shard_bytes=shard_bytes)
        self._rows = TableWriter(folder, rows, shard_bytes=shard_bytes)
        self._finished_only = finished_only
        self._all_verdicts = rows is RESULTS

    @property
    def tables(self) -> Sequence[TableWriter[Any]]:
        """The writers of the tables, the questions first."""
        return [writer for writer in (self.questions, self._rows, self._runs) if writer is not None]

    def question(self, question: Question) -> None:
        """Append a row."""
        self.questions.add(question)

    def answer(self, answer: Answer) -> None:
        """Append a row for the run, and a row for each score."""
        # First: it is the one that may fail, as it needs the video.
        if self._runs is not None and _belongs(answer, finished_only=self._finished_only):
            self._runs.add(answer)
        for verdict in verdicts(answer):
            if self._all_verdicts or verdict.score is not None:
                self._rows.add(verdict)

    def finish(self) -> Contents:
        """End all files; a table without rows has none."""
        contents = Contents()
        for writer in self.tables:
            contents.add(writer.table.name, writer.finish(even_if_empty=writer is self.questions))
            if writer.table in {QUESTIONS_WITH_FRAMES, RUNS_WITH_VIDEOS}:
                contents.whole.append(writer.table.name)
        return contents

    def close(self) -> None:
        """Let go of all files."""
        for writer in self.tables:
            writer.close()


class TarsWriter:
    """Shards for ``webdataset``."""

    def __init__(self, folder: Path, *, shard_bytes: int, videos: bool) -> None:
        self._questions = webdataset.ShardWriter(folder, "questions", shard_bytes=shard_bytes)
        self._runs = webdataset.ShardWriter(folder, "runs", shard_bytes=shard_bytes)
        self._videos = videos

    def question(self, question: Question) -> None:
        """Append a sample."""
        self._questions.add(*webdataset.stored_question_sample(question))

    def answer(self, answer: Answer) -> None:
        """Append a sample, if runs are wanted."""
        if self._videos and _belongs(answer, finished_only=True):
            self._runs.add(*webdataset.answer_sample(answer))

    def finish(self) -> Contents:
        """End all shards."""
        contents = Contents(whole=["questions", "runs"] if self._videos else ["questions"])
        contents.add("questions", self._questions.finish())
        if self._videos:
            contents.add("runs", self._runs.finish())
        return contents

    def close(self) -> None:
        """Let go of all shards."""
        self._questions.close()
        self._runs.close()


class LinesWriter:
    """JSON lines, with copies of the files that they name if wanted."""

    def __init__(self, folder: Path, *, frames: bool, videos: bool) -> None:
        self._lines = {name: json_lines.LinesWriter(folder, name) for name in ("questions", "runs", "evaluations")}
        self._folder = folder
        self._frames_to = folder if frames else None
        self._videos_to = folder if videos else None

    def question(self, question: Question) -> None:
        """Append a line."""
        self._lines["questions"].add(json_lines.question_line(question, self._frames_to))

    def answer(self, answer: Answer) -> None:
        """Append a line for the run, and one for each evaluator."""
        if answer.record is not None:
            self._lines["runs"].add(json_lines.run_line(answer, answer.record, self._videos_to))
        for line in json_lines.evaluation_lines(answer):
            self._lines["evaluations"].add(line)

    def finish(self) -> Contents:
        """End all files."""
        contents = Contents(folders=[name for name in ("questions", "outputs") if (self._folder / name).exists()])
        contents.whole += ["questions"] if self._frames_to else []
        contents.whole += ["runs", "evaluations"] if self._videos_to else []
        for name, lines in self._lines.items():
            contents.add(name, lines.finish())
        return contents

    def close(self) -> None:
        """Let go of all files."""
        for lines in self._lines.values():
            lines.close()


def opened(form: Form, folder: Path, *, frames: bool, videos: bool, shard_bytes: int | None) -> Writer:
    """Open the writer of a form.

    Args:
        form: which.
        folder: an empty folder.
        frames: whether ``parquet`` and ``jsonl`` bring frames along.
        videos: whether the runs come with their videos.
        shard_bytes: the size of a file, if it is not to be the usual one.

    """
    makers: dict[Form, Callable[[], Writer]] = {
        "hf": lambda: _for_training(folder, videos, shard_bytes or SHARD_BYTES),
        "croissant": lambda: _for_training(folder, videos, shard_bytes or SHARD_BYTES),
        "parquet": lambda: TablesWriter(
            folder,
            QUESTIONS_WITH_FRAMES if frames else QUESTIONS,
            RUNS_WITH_VIDEOS if videos else RUNS,
            EVALUATIONS,
            shard_bytes=shard_bytes or SHARD_BYTES,
            finished_only=videos,
        ),
        "webdataset": lambda: TarsWriter(folder, shard_bytes=shard_bytes or webdataset.SHARD_BYTES, videos=videos),
        "jsonl": lambda: LinesWriter(folder, frames=frames, videos=videos),
    }
    return makers[form]()


def _for_training(folder: Path, videos: bool, shard_bytes: int) -> TablesWriter:
    return TablesWriter(
        folder,
        QUESTIONS_WITH_FRAMES,
        RUNS_WITH_VIDEOS if videos else None,
        RESULTS,
        shard_bytes=shard_bytes,
        finished_only=videos,
    )


def _belongs(answer: Answer, *, finished_only: bool) -> bool:
    """Tell whether a run belongs among the runs; one that goes on has nothing to show yet."""
    if finished_only:
        return answer.run is None or answer.run.status != "running"
    return answer.run is not None
