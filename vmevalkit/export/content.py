"""What an export is made of: the questions and the answers of a data root, read one by one."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from vmevalkit.dataroot import (
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    METADATA_NAME,
    RUN_METADATA_NAME,
    RUN_VIDEO_PATH,
    TASK_SUFFIX,
    DataRoot,
    Evaluation,
    Pair,
    PairKey,
    Record,
    Run,
    RunKey,
    is_name,
    sorted_entries,
)
from vmevalkit.errors import RecordError, UnknownNameError, UnsafePathError, UsageError, first_problem
from vmevalkit.first_few import FirstFew

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_KEPT = 100

Some = TypeVar("Some", bound=Record)
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Selection:
    """What of a data root is exported; `None` is all."""

    domains: tuple[str, ...] | None = None
    experiments: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None

    def check(self, root: DataRoot) -> None:
        """Refuse names that are not there.

        Raises:
            UsageError: there is no data root, or it has no questions.
            UnknownNameError: a domain, experiment or model does not exist.

        """
        domains = root.existing().domains()
        if not domains:
            raise UsageError(f"no questions in {root.questions}", hint="make some with 'vmevalkit create'")
        experiments = _folders(root.outputs, root.evaluations)
        models = {
            model
            for experiment in self.experiments or experiments
            for model in _folders(root.outputs / experiment, root.evaluations / experiment)
        }
        for kind, wanted, known in (
            ("domain", self.domains, domains),
            ("experiment", self.experiments, experiments),
            ("model", self.models, models),
        ):
            for name in wanted or ():
                if name not in known:
                    raise UnknownNameError(kind, name, known)


@dataclass(frozen=True)
class Question:
    """A question on disk."""

    pair: Pair
    record: str
    """The text of its ``question_metadata.json``."""
    first_frame: Path
    final_frame: Path
    ground_truth: Path | None

    @property
    def name(self) -> str:
        """Where it lies below ``questions/``."""
        return f"{self.pair.domain}{TASK_SUFFIX}/{self.pair.id}"


@dataclass(frozen=True)
class Answer:
    """A run on disk, and what was said of it. A run that is gone may have been scored; it has no record then."""

    key: RunKey
    run: Run | None
    record: str | None
    """The text of its ``metadata.json``."""
    video: Path | None
    first_frame: Path | None
    """The run's own copy of what the model was shown."""
    evaluations: tuple[Evaluation, ...]
    """Each cut down to the scores of this run."""

    @property
    def name(self) -> str:
        """Where it lies below ``outputs/``."""
        key = self.key
        return f"{key.experiment}/{key.model}/{key.domain}{TASK_SUFFIX}/{key.task_id}/{key.run_id}"


class Problems(FirstFew[RecordError]):
    """Files that could not be exported: how many, and the first hundred."""

    def __init__(self) -> None:
        super().__init__(_MOST_KEPT)

    def sound(self, make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[tuple[Item, Made]]:
        """Yield each item with what is made of it; note those that are broken, and leave them out."""
        for item in items:
            try:
                made = make(item)
            except RecordError as error:
                self.add(error)
            except UnsafePathError as error:
                self.add(RecordError(str(getattr(item, "task_id", item)), error.message))
            else:
                yield item, made


class Content:
    """Reads a data root. Paths of this machine that a record mentions become relative ones."""

    def __init__(self, root: DataRoot, selection: Selection, problems: Problems) -> None:
        self.root, self._selection, self.problems = root, selection, problems
        roots = {str(root.path.absolute()), str(root.path.resolve())} - {"/"}
        # In a JSON file, a path stands as JSON writes it.
        self._local = sorted({f"{json.dumps(r, ensure_ascii=False)[1:-1]}/" for r in roots}, key=len, reverse=True)

    def questions(self) -> Iterator[Question]:
        """Yield the questions, by domain and id; note those that are broken, and leave them out."""
        for _, question in self.problems.sound(self._question, self.root.iter_pairs(self._selection.domains)):
            yield question

    def answers(self) -> Iterator[Answer]:
        """Yield the runs with their scores, by their five names; note those that are broken, and leave them out."""
        chosen, outputs, said = self._selection, self.root.outputs, self.root.evaluations
        for experiment in _folders(outputs, said, only=chosen.experiments):
            for model in _folders(outputs / experiment, said / experiment, only=chosen.models):
                places = [place / experiment / model for place in (outputs, said)]
                for folder in _folders(*places):
                    domain = folder.removesuffix(TASK_SUFFIX)
                    if folder == domain or (chosen.domains is not None and domain not in chosen.domains):
                        continue
                    for task_id in _folders(*(place / folder for place in places)):
                        yield from self._answers(experiment, model, PairKey(domain, task_id))

    def _question(self, key: PairKey) -> Question:
        folder = self.root.pair_folder(key)
        path = folder / METADATA_NAME
        pair, record = self._loaded(path, Pair)
        if pair.key != key:
            raise RecordError(path, f"describes {pair.domain}/{pair.id}, but lies in the folder of {key.task_id}")
        film = folder / GROUND_TRUTH_NAME
        return Question(
            pair,
            record,
            self.root.image(pair.first_image_path),
            self.root.image(pair.final_image_path),
            film if film.is_file() else None,
        )

    def _answers(self, experiment: str, model: str, pair: PairKey) -> Iterator[Answer]:
        task = f"{pair.domain}{TASK_SUFFIX}/{pair.task_id}"
        said = self.root.evaluations / experiment / model / task
        files = (said / e.name for e in sorted_entries(said) if e.name.endswith(".json") and e.is_file())
        evaluations = [
            evaluation for _, (evaluation, _) in self.problems.sound(lambda path: self._loaded(path, Evaluation), files)
        ]
        runs = _folders(self.root.outputs / experiment / model / task)
        scored = {score.run_id for evaluation in evaluations for score in evaluation.records}
        keys = [
            RunKey(experiment, model, pair.domain, pair.task_id, name)
            for name in sorted(scored.union(runs))
            if is_name(name)
        ]
        for name in sorted(scored):
            if not is_name(name):
                self.problems.add(RecordError(said, f"has a score of a run {name!r}, which cannot be one"))
        for _, answer in self.problems.sound(lambda key: self._answer(key, evaluations), keys):
            if answer.run is not None or answer.evaluations:
                yield answer

    def _answer(self, key: RunKey, evaluations: Iterable[Evaluation]) -> Answer:
        folder = self.root.run_folder(key)
        path = folder / RUN_METADATA_NAME
        # A run without a record died before it had begun.
        run, record = self._loaded(path, Run) if path.is_file() else (None, None)
        if run is not None and run.key != key:
            raise RecordError(path, "describes another run than the one whose folder it lies in")
        video, shown = folder / RUN_VIDEO_PATH, folder / "question" / FIRST_FRAME_NAME
        parts = ((e, tuple(score for score in e.records if score.run_id == key.run_id)) for e in evaluations)
        return Answer(
            key,
            run,
            record,
            video if video.is_file() else None,
            shown if shown.is_file() else None,
            tuple(e.model_copy(update={"records": scores}) for e, scores in parts if scores),
        )

    def _loaded(self, path: Path, kind: type[Some]) -> tuple[Some, str]:
        """Read a record, and its text to the byte but for paths of this machine."""
        try:
            text = read_bytes(path).decode()
            for local in self._local:
                text = text.replace(local, "")
            return kind.model_validate(json.loads(text)), text
        except ValidationError as error:
            raise RecordError(path, first_problem(error)) from error
        except (ValueError, RecursionError) as error:
            raise RecordError(path, f"malformed JSON: {error}") from error


def read_bytes(path: Path) -> bytes:
    """Read a file; `RecordError` names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(path, error.strerror or str(error)) from error


def read_png(path: Path) -> bytes:
    """Read a frame; `RecordError` names one that is no PNG file."""
    data = read_bytes(path)
    if not data.startswith(_PNG):
        raise RecordError(path, "is no PNG file")
    return data


def read_optional(path: Path | None) -> bytes | None:
    """Read a file if there is one; `RecordError` names it."""
    return None if path is None else read_bytes(path)


def compact_json(value: object) -> str:
    """Render JSON on one line; always valid UTF-8, also where half a character was escaped in the original."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def _folders(*parents: Path, only: Iterable[str] | None = None) -> list[str]:
    """Return the names of the folders in any of these, sorted."""
    found = {entry.name for parent in parents for entry in sorted_entries(parent) if entry.is_dir()}
    return sorted(name for name in (found if only is None else found.intersection(only)) if is_name(name))
