"""The tables of an export: their columns, and where each value comes from. Knows no file format."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from vmevalkit.dataroot import VIDEO_NAME, Evaluation, Run, Score
from vmevalkit.errors import RecordError
from vmevalkit.export.content import Answer, Question, compact_json, read_optional, read_png

Kind = Literal["string", "json", "integer", "number", "boolean", "time", "image", "video"]
"""``json`` is a string with JSON in it; ``time`` is in UTC; an image is a PNG file, a video an MP4 file."""

Row = TypeVar("Row")

_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a table of ``Row``."""

    name: str
    kind: Kind
    about: str
    of: Callable[[Row], object]


@dataclass(frozen=True)
class Verdict:
    """A run, and one score of it if it has any."""

    answer: Answer
    evaluation: Evaluation | None
    score: Score | None


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table of an export."""

    name: str
    about: str
    columns: tuple[Column[Row], ...]

    def row(self, item: Row) -> dict[str, object]:
        """Return the values of a row by their columns.

        Raises:
            RecordError: a file that it needs is missing or broken.

        """
        return {column.name: _VALUES.get(column.kind, _as_is)(column.of(item), column.name) for column in self.columns}


def verdicts(answer: Answer) -> Iterator[Verdict]:
    """Yield a row for each score of a run; a single one without a score if there is none."""
    found = [Verdict(answer, e, score) for e in answer.evaluations for score in e.records]
    yield from found or [Verdict(answer, None, None)]


def _time(value: object, _: str) -> datetime | None:
    """Return a moment; what is no ISO 8601 is left out, and one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _integer(value: object, name: str) -> object:
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise RecordError(name, f"{value} is too large for a table")
    return value


def _json(value: object, _: str) -> str | None:
    return None if value is None else compact_json(value)


def _as_is(value: object, _: str) -> object:
    return value


_VALUES: Mapping[Kind, Callable[[Any, str], object]] = {"time": _time, "integer": _integer, "json": _json}


def _file(data: bytes | None, path: str) -> dict[str, object] | None:
    """Return an image or a video as tables have it."""
    return None if data is None else {"bytes": data, "path": path}


def run_video(answer: Answer) -> bytes | None:
    """Read a run's video; `RecordError` if it should have one and has not."""
    if answer.video is None and answer.run is not None and answer.run.status == "succeeded":
        raise RecordError(answer.name, "the run has succeeded, and its video is missing")
    return read_optional(answer.video)


def evaluations_json(answer: Answer) -> list[dict[str, Any]]:
    """Return what was said of a run: its evaluations as they are on disk, with the scores of this run alone."""
    return [evaluation.to_json() for evaluation in answer.evaluations]


_QUESTION: tuple[Column[Question], ...] = (
    Column("id", "string", "The question's name, such as chess_0000.", lambda q: q.pair.id),
    Column("domain", "string", "The family of puzzles.", lambda q: q.pair.domain),
    Column("difficulty", "string", "easy, medium or hard.", lambda q: q.pair.difficulty),
    Column("task_category", "string", "The kind of puzzle within its family.", lambda q: q.pair.task_category),
    Column("prompt", "string", "What a video model is told.", lambda q: q.pair.prompt),
)
_QUESTION_FACTS: tuple[Column[Question], ...] = (
    Column("created_at", "time", "When the question was made.", lambda q: q.pair.created_at),
    Column(
        "metadata", "json", "What the domain knows of the puzzle, its solution included.", lambda q: q.pair.metadata
    ),
)
_FRAMES: tuple[Column[Question], ...] = (
    Column(
        "first_frame",
        "image",
        "The puzzle.",
        lambda q: _file(read_png(q.first_frame), f"{q.name}/first_frame.png"),
    ),
    Column(
        "final_frame",
        "image",
        "The solved puzzle.",
        lambda q: _file(read_png(q.final_frame), f"{q.name}/final_frame.png"),
    ),
    Column(
        "ground_truth",
        "video",
        "A film of the solution, if there is one.",
        lambda q: _file(read_optional(q.ground_truth), f"{q.name}/ground_truth.mp4"),
    ),
)
_QUESTION_RECORD: Column[Question] = Column(
    "record", "string", "The text of question_metadata.json.", lambda q: q.record
)


def _of_run(read: Callable[[Run], object]) -> Callable[[Answer], object]:
    return lambda answer: None if answer.run is None else read(answer.run)


_KEY: tuple[Column[Answer], ...] = (
    Column("experiment", "string", "The experiment.", lambda a: a.key.experiment),
    Column("model", "string", "The video model.", lambda a: a.key.model),
    Column("domain", "string", "The question's family of puzzles.", lambda a: a.key.domain),
    Column("task_id", "string", "The question.", lambda a: a.key.task_id),
    Column("run_id", "string", "The run.", lambda a: a.key.run_id),
)
_RUN: tuple[Column[Answer], ...] = (
    *_KEY,
    Column("status", "string", "running, succeeded or failed.", _of_run(lambda r: r.status)),
    Column("model_version", "string", "The model's version.", _of_run(lambda r: r.model_version)),
    Column("prompt", "string", "What the model was told.", _of_run(lambda r: r.prompt)),
    Column("sample", "integer", "Which of several runs of the question.", _of_run(lambda r: r.sample)),
    Column("seed", "integer", "The seed that the model was given.", _of_run(lambda r: r.seed)),
    Column("created_at", "time", "When the run began.", _of_run(lambda r: r.created_at)),
    Column("finished_at", "time", "When it ended.", _of_run(lambda r: r.finished_at)),
    Column("duration_seconds", "number", "How long the model took.", _of_run(lambda r: r.duration_seconds)),
    Column("cost_usd", "number", "What the run has cost, in US dollars.", _of_run(lambda r: r.cost_usd)),
    Column("width", "integer", "Of the video, in pixels.", _of_run(lambda r: r.video and r.video.width)),
    Column("height", "integer", "Of the video, in pixels.", _of_run(lambda r: r.video and r.video.height)),
    Column("fps", "number", "Frames per second of the video.", _of_run(lambda r: r.video and r.video.fps)),
    Column("frames", "integer", "Of the video.", _of_run(lambda r: r.video and r.video.frames)),
    Column("video_seconds", "number", "Length of the video.", _of_run(lambda r: r.video and r.video.duration)),
    Column("video_sha256", "string", "Of the video file.", _of_run(lambda r: r.video_sha256)),
    Column("error_type", "string", "Why the run failed.", _of_run(lambda r: r.error and r.error.type)),
    Column("error_message", "string", "Why the run failed.", _of_run(lambda r: r.error and r.error.message)),
)
_RUN_FILES: tuple[Column[Answer], ...] = (
    Column("video", "video", "What the model filmed.", lambda a: _file(run_video(a), f"{a.name}/{VIDEO_NAME}")),
    Column(
        "first_frame",
        "image",
        "What the model was shown.",
        lambda a: _file(read_optional(a.first_frame), f"{a.name}/first_frame.png"),
    ),
    Column("record", "string", "The text of the run's metadata.json.", lambda a: a.record),
    Column("evaluations", "json", "What was said of the run, by evaluator.", evaluations_json),
)


def _of_score(read: Callable[[Score], object]) -> Callable[[Verdict], object]:
    return lambda verdict: None if verdict.score is None else read(verdict.score)


_SCORE: tuple[Column[Verdict], ...] = (
    Column("evaluator", "string", "Who scored.", lambda v: v.evaluation and v.evaluation.evaluator),
    Column("evaluator_version", "string", "Its version.", lambda v: v.evaluation and v.evaluation.version),
    Column("rater", "string", "Which of its raters.", _of_score(lambda s: s.rater)),
    Column("verdict", "string", "scored, error or skipped.", _of_score(lambda s: s.status)),
    Column("score", "integer", "From 1 to 5.", _of_score(lambda s: s.score)),
    Column("passed", "boolean", "Whether that counts as solved.", _of_score(lambda s: s.passed)),
    Column("explanation", "string", "Why.", _of_score(lambda s: s.explanation)),
    Column("dimensions", "json", "Parts of the score.", _of_score(lambda s: s.dimensions)),
    Column("scored_at", "time", "When it was scored.", _of_score(lambda s: s.created_at)),
    Column("scored_video_sha256", "string", "Of the video that was looked at.", _of_score(lambda s: s.video_sha256)),
    Column("needs_review", "boolean", "Whether a judge's votes differ.", _of_score(lambda s: s.needs_review)),
    Column("scoring_cost_usd", "number", "What the scoring has cost, in US dollars.", _of_score(lambda s: s.cost_usd)),
)


def _of_answer(column: Column[Answer]) -> Column[Verdict]:
    return Column(column.name, column.kind, column.about, lambda v: column.of(v.answer))


QUESTIONS: Table[Question] = Table(
    "questions",
    "The puzzles: what is asked, and what is known of the answer.",
    (*_QUESTION, *_QUESTION_FACTS, _QUESTION_RECORD),
)
QUESTIONS_WITH_FRAMES: Table[Question] = Table(
    QUESTIONS.name, QUESTIONS.about, (*_QUESTION, *_FRAMES, *_QUESTION_FACTS, _QUESTION_RECORD)
)
RUNS: Table[Answer] = Table("runs", "What each video model made of each puzzle.", _RUN)
RUNS_WITH_VIDEOS: Table[Answer] = Table(RUNS.name, RUNS.about, _RUN + _RUN_FILES)
EVALUATIONS: Table[Verdict] = Table(
    "evaluations", "What was said of each run, a row per rater.", (*map(_of_answer, _KEY), *_SCORE)
)
RESULTS: Table[Verdict] = Table(
    "results",
    "Every run with its scores: a row per rater, and one for a run without a score.",
    (*map(_of_answer, _RUN), *_SCORE),
)
