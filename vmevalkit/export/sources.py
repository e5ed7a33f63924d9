"""Exports as sources of a migration: what they hold, item by item, for the way back into a data root."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from pydantic import ValidationError

from vmevalkit.dataroot import Evaluation, Pair, Record, Run
from vmevalkit.errors import RecordError, UnsafePathError, first_problem
from vmevalkit.export.folder import Form
from vmevalkit.export.reading import (
    StoredEvaluation,
    StoredQuestion,
    StoredRun,
    answers_in,
    files_of,
    form_of,
    questions_in,
)

Some = TypeVar("Some", bound=Record)


@dataclass(frozen=True)
class ExportedQuestion:
    """A question of an export, whole."""

    origin: str
    """The file, and the row, sample or line in it."""
    pair: Pair
    first_frame: bytes
    final_frame: bytes
    ground_truth: bytes | None


@dataclass(frozen=True)
class ExportedRun:
    """A run of an export; a failed one has no video."""

    origin: str
    run: Run
    video: bytes | None
    first_frame: bytes | None
    """What the model was shown, if the run had kept it."""


@dataclass(frozen=True)
class ExportedEvaluation:
    """What one evaluator said of one model's runs of one question."""

    origin: str
    evaluation: Evaluation


@dataclass(frozen=True)
class Unreadable:
    """A part of an export that is broken, or is not there."""

    path: str
    """The file, relative to the export, and the place in it."""
    why: str


Exported: TypeAlias = ExportedQuestion | ExportedRun | ExportedEvaluation | Unreadable


@dataclass(frozen=True)
class ExportSource:
    """One form of export. It reads and never writes."""

    name: str
    """How it is called at ``--from``."""
    description: str
    forms: frozenset[Form]

    def detects(self, path: Path) -> bool:
        """Tell whether ``path`` looks like this form, at a glance and without an error whatever it is."""
        try:
            return form_of(path) in self.forms
        except OSError:
            return False

    def items(self, path: Path) -> Iterator[Exported]:
        """Yield the questions and then, where the export has them, the runs and the evaluations.

        A broken file is named, and the next one goes on. Runs and evaluations come back only if the export has their
        videos; a run that was going on is passed over.
        """
        yield from _each_file(path, "questions", lambda file: map(_question, questions_in(file, media=True)))
        for table in ("runs", "evaluations"):
            of_question: list[ExportedEvaluation] = []
            for item in _each_file(path, table, lambda file: map(_answer, answers_in(file))):
                if not isinstance(item, ExportedEvaluation):
                    yield item
                    continue
                if of_question and _place(of_question[0].evaluation) != _place(item.evaluation):
                    yield from _merged(of_question)
                    of_question = []
                of_question.append(item)
            yield from _merged(of_question)


EXPORT_SOURCES = (
    ExportSource("hf", "an export for Hugging Face datasets", frozenset({"hf"})),
    ExportSource(
        "parquet", "an export as Parquet files with frames, or one such file", frozenset({"parquet", "croissant"})
    ),
    ExportSource("webdataset", "tar files as webdataset reads them", frozenset({"webdataset"})),
    ExportSource("jsonl", "JSON lines, with the files that they name beside them", frozenset({"jsonl"})),
)
"""All forms that lead back into a data root."""


def _each_file(path: Path, table: str, read: Callable[[Path], Iterator[Exported | None]]) -> Iterator[Exported]:
    """Yield what the files of a table hold; a file that breaks is named, with what came before it kept."""
    try:
        files = files_of(path, table, whole=True)
    except (RecordError, UnsafePathError) as error:
        yield Unreadable(path.name, _why(error))
        return
    for file in files:
        try:
            yield from (item for item in read(file) if item is not None)
        except (RecordError, UnsafePathError) as error:
            yield Unreadable(file.name, _why(error))


def _why(error: RecordError | UnsafePathError) -> str:
    said = error.problem if isinstance(error, RecordError) else error.message
    return said if error.hint is None else f"{said}; {error.hint}"


def _question(stored: StoredQuestion) -> Exported:
    if stored.first_frame is None or stored.final_frame is None:
        return Unreadable(stored.origin, "has no frames; export with --frames")
    pair = _record(Pair, stored)
    if isinstance(pair, Unreadable):
        return pair
    return ExportedQuestion(stored.origin, pair, stored.first_frame, stored.final_frame, stored.ground_truth)


def _answer(stored: StoredRun | StoredEvaluation) -> Exported | None:
    if isinstance(stored, StoredEvaluation):
        evaluation = _record(Evaluation, stored)
        return evaluation if isinstance(evaluation, Unreadable) else ExportedEvaluation(stored.origin, evaluation)
    run = _record(Run, stored)
    if isinstance(run, Unreadable):
        return run
    if run.status == "running":
        return None
    if run.status == "succeeded" and stored.video is None:
        return Unreadable(stored.origin, "has no video; export with --videos")
    return ExportedRun(stored.origin, run, stored.video, stored.first_frame)


def _record(kind: type[Some], stored: StoredQuestion | StoredRun | StoredEvaluation) -> Some | Unreadable:
    try:
        return kind.model_validate(stored.record)
    except ValidationError as error:
        return Unreadable(stored.origin, first_problem(error))


def _place(evaluation: Evaluation) -> tuple[str, str, str, str]:
    return evaluation.experiment, evaluation.model, evaluation.domain, evaluation.task_id


def _merged(evaluations: Sequence[ExportedEvaluation]) -> Iterator[ExportedEvaluation]:
    """Put what an evaluator said of several runs of a question together again."""
    names = dict.fromkeys(item.evaluation.evaluator for item in evaluations)
    for name in names:
        parts = [item for item in evaluations if item.evaluation.evaluator == name]
        records = tuple(score for part in parts for score in part.evaluation.records)
        whole = parts[0].evaluation.model_copy(update={"records": records})
        yield ExportedEvaluation(parts[0].origin, whole)
