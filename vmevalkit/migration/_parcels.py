"""What is found, made ready to be put into a data root: a folder of files with a record, or an evaluation."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import ValidationError

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    HUMAN_EVALUATION,
    METADATA_NAME,
    PROMPT_NAME,
    RUN_METADATA_NAME,
    RUN_VIDEO_PATH,
    TASK_SUFFIX,
    DataRoot,
    Evaluation,
    Pair,
    PairKey,
    Record,
    Run,
    RunFailure,
    RunKey,
)
from vmevalkit.errors import RecordError, first_problem
from vmevalkit.migration._contents import Contents, size_of
from vmevalkit.migration.names import local_name
from vmevalkit.migration.source import Content, FoundEvaluation, FoundQuestion, FoundRun, Source

Kind: TypeAlias = Literal["questions", "runs", "evaluations"]
R = TypeVar("R", bound=Record)

RATING_LOCK = "rating"
"""Begins the lock of those who save people's scores, which they hold for a moment only."""
_ORIGIN = "migrated_from"
"""The field that says where something came from, and the names that it had there."""


class Lane(NamedTuple):
    """What is written under the same lock."""

    kind: Kind
    experiment: str
    """Empty for questions."""
    lock: tuple[str, ...]
    """The parts of the name of the lock of those who write such things."""


@dataclass(frozen=True)
class Parcel:
    """Something to be written in one go."""

    kind: Kind
    group: str
    """The domain of a question, the experiment of anything else."""
    origin: str
    place: str
    """Relative to the data root: a folder, or the file of an evaluation."""
    record: Record
    record_name: str | None
    """The record's file in the folder; `None` if the place is the record's file."""
    open_fields: frozenset[str]
    """Fields of the record that the source says nothing of: they are filled in when it is written."""
    lane: Lane
    files: Mapping[str, Content] = field(default_factory=dict)
    """By their paths in the folder."""

    @property
    def size(self) -> int:
        """Bytes of the files, without the record."""
        return sum(size_of(content) for content in self.files.values())


class Packer:
    """Makes parcels of what one source holds.

    Its methods raise a `VMEvalError` that says why something cannot be brought along: an unsafe name or path, a picture
    that cannot be decoded, a value that JSON has no place for.
    """

    def __init__(self, root: DataRoot, source: Source, contents: Contents) -> None:
        self._root, self._source, self._contents = root, source, contents

    def pack(self, found: FoundQuestion | FoundRun | FoundEvaluation) -> Parcel:
        """Make a parcel, and check that everything in it can be written and read again."""
        match found:
            case FoundQuestion():
                parcel = self._question(found)
            case FoundRun():
                parcel = self._run(found)
            case FoundEvaluation():
                parcel = self._evaluation(found)
        try:
            # As it is in memory: on the way to JSON, NaN and infinity would become null.
            json.dumps(parcel.record.model_dump(), ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as error:  # a lone surrogate is a ValueError, too
            raise RecordError(found.origin, f"has a value that cannot be kept as JSON: {error}") from error
        return parcel

    def _names(self, **names: str) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the names in our layout, and where they come from if that has to be said."""
        local = {kind: local_name(kind, name, is_ours=self._source.is_ours) for kind, name in names.items()}
        if self._source.is_ours and local == names:
            return local, {}
        return local, {_ORIGIN: {"source": self._source.name, **names}}

    def _question(self, found: FoundQuestion) -> Parcel:
        names, origin = self._names(domain=found.domain, id=found.id)
        key = PairKey(names["domain"], names["id"])
        first = self._contents.picture("the first frame", found.first_frame)
        final = self._contents.picture("the final frame", found.final_frame)
        files: dict[str, Content] = {
            FIRST_FRAME_NAME: first.png,
            FINAL_FRAME_NAME: final.png,
            PROMPT_NAME: _encoded(found.prompt),
        }
        if not found.prompt.strip():
            raise RecordError(found.origin, "has an empty prompt")
        if found.ground_truth is not None:
            files[GROUND_TRUTH_NAME], _ = self._contents.video("the film of the solution", found.ground_truth)
        converted = {
            name: picture.converted_from
            for name, picture in (("first_frame", first), ("final_frame", final))
            if picture.converted_from
        }
        if converted and origin:
            origin[_ORIGIN]["converted"] = converted
        elif converted:
            origin = {_ORIGIN: {"source": self._source.name, "converted": converted}}
        below = f"{key.domain}{TASK_SUFFIX}/{key.task_id}"
        fields = {
            **found.extra,
            "id": key.task_id,
            "domain": key.domain,
            "difficulty": found.difficulty,
            "task_category": found.task_category,
            "first_image_path": f"{below}/{FIRST_FRAME_NAME}",
            "final_image_path": f"{below}/{FINAL_FRAME_NAME}",
            "prompt": found.prompt,
            "created_at": found.created_at or "",
            "metadata": {**found.metadata, **origin},
        }
        return Parcel(
            "questions",
            key.domain,
            found.origin,
            f"questions/{below}",
            _validated(Pair, found.origin, fields),
            METADATA_NAME,
            frozenset() if found.created_at else frozenset({"created_at"}),
            Lane("questions", "", ("create",)),
            files,
        )

    def _run(self, found: FoundRun) -> Parcel:
        names, origin = self._names(
            experiment=found.experiment,
            model=found.model,
            domain=found.domain,
            task_id=found.task_id,
            run_id=found.run_id,
        )
        key = RunKey(**names)
        files: dict[str, Content] = {
            f"question/{local_name('file', name, is_ours=True)}": self._contents.checked(content)
            for name, content in found.question.items()
        }
        video = None
        if found.video is not None:
            files[RUN_VIDEO_PATH], video = self._contents.video("the video", found.video)
        whole = self._whole_run(found, names)
        if whole is not None:
            record, unknown = whole.model_copy(update=origin), frozenset[str]()
        else:
            fields = {
                **names,
                "status": found.status,
                "prompt": found.prompt or "",
                "model_version": str(found.metadata.get("model_version", "unknown")),
                "created_at": found.created_at or "",
                "video": video,
                "error": None
                if found.status == "succeeded"
                else RunFailure(type="Unknown", message=found.error or "unknown", retryable=False),
                "source_metadata": dict(found.metadata),
                **({_ORIGIN: {"source": self._source.name}} | origin),
            }
            record = _validated(Run, found.origin, fields)
            empty = {"created_at": found.created_at, "prompt": found.prompt, "video_sha256": video is None or None}
            unknown = frozenset(name for name, value in empty.items() if value is None)
        place = self._root.run_folder(key).relative_to(self._root.path).as_posix()
        lane = Lane("runs", key.experiment, ("run", key.experiment, key.model))
        return Parcel("runs", key.experiment, found.origin, place, record, RUN_METADATA_NAME, unknown, lane, files)

    def _whole_run(self, found: FoundRun, names: Mapping[str, str]) -> Run | None:
        """Return the record that the source has of a run, if it is one of ours and nothing is missing in it."""
        if self._source.is_ours:
            with suppress(ValidationError):
                return Run.model_validate({**found.metadata, **names})
        return None

    def _evaluation(self, found: FoundEvaluation) -> Parcel:
        names, origin = self._names(
            experiment=found.experiment,
            model=found.model,
            domain=found.domain,
            task_id=found.task_id,
            evaluator=found.evaluator,
        )
        records = tuple(
            score.model_copy(update={"run_id": local_name("run", score.run_id, is_ours=self._source.is_ours)})
            for score in found.records
        )
        fields = {**found.extra, **names, "version": found.version, "records": records, **origin}
        record = _validated(Evaluation, found.origin, fields)
        pair = PairKey(record.domain, record.task_id)
        path = self._root.evaluation_file(record.experiment, record.model, pair, record.evaluator)
        is_human = record.evaluator == HUMAN_EVALUATION
        by_people, mechanical = (RATING_LOCK, record.experiment), ("evaluate", record.experiment, record.evaluator)
        lane = Lane("evaluations", record.experiment, by_people if is_human else mechanical)
        place = path.relative_to(self._root.path).as_posix()
        return Parcel("evaluations", record.experiment, found.origin, place, record, None, frozenset(), lane)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RecordError("the prompt", "is not UTF-8") from error


def _validated(model: type[R], origin: str, fields: Mapping[str, Any]) -> R:
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise RecordError(origin, first_problem(error)) from error
