"""Where everything lies under the data root, and the walls around it."""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from vmevalkit.dataroot.files import is_temporary
from vmevalkit.errors import RecordError, UnsafePathError, UsageError

SECTIONS = ("evaluations", "outputs", "questions")
"""The folders of a data root that hold data, in the order of their names."""

MANIFEST_NAME = "vmeval_dataset.json"
METADATA_NAME = "question_metadata.json"
FIRST_FRAME_NAME = "first_frame.png"
FINAL_FRAME_NAME = "final_frame.png"
PROMPT_NAME = "prompt.txt"
GROUND_TRUTH_NAME = "ground_truth.mp4"
QUESTION_NAMES = (FIRST_FRAME_NAME, FINAL_FRAME_NAME, PROMPT_NAME, METADATA_NAME)
"""The files that every question has."""
VIDEO_NAME = "model_output.mp4"
RUN_METADATA_NAME = "metadata.json"
RUN_VIDEO_PATH = f"video/{VIDEO_NAME}"
"""Where a run's video lies in its folder."""
RATING_PLAN_NAME = "human-eval.plan.json"
ARCHIVED_NAME = "archived.json"
"""What stays of an experiment that was archived, in its folder under ``outputs/``."""
TASK_SUFFIX = "_task"

_LONGEST_LOCK_NAME, _LONGEST_LOCK_BEGINNING = 200, 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@=-]{0,127}")


def is_name(name: str) -> bool:
    """Tell whether a name can be a folder of its own, for example an experiment or a model."""
    return _NAME.fullmatch(name) is not None and not name.endswith(".tmp")


def check_name(kind: str, name: str) -> str:
    """Return ``name`` if it can be a folder of its own, for example an experiment or a model.

    Raises:
        UnsafePathError: it is empty, too long, or has a character that means something in a path.

    """
    if not is_name(name):
        raise UnsafePathError(
            f"{kind} {name!r} is not a valid name",
            hint="use up to 128 letters, digits and . _ + @ = -, starting with a letter or digit",
        )
    return name


def resolve_inside(root: Path, relative: str) -> Path:
    """Return ``root / relative`` if that stays inside ``root``, symbolic links followed.

    Raises:
        UnsafePathError: the path is absolute, climbs out, has a NUL or a backslash, or a link leads out.

    """
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative or "\\" in relative:
        raise UnsafePathError(f"path {relative!r} leaves {root.name or root}")
    path = root.joinpath(*parts)
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise UnsafePathError(f"path {relative!r} cannot be resolved: {error}") from error
    if not inside:
        raise UnsafePathError(f"path {relative!r} leads out of {root.name or root} through a link")
    return path


@dataclass(frozen=True, order=True)
class PairKey:
    """Which question: its domain and its id, such as ``chess`` and ``chess_0000``."""

    domain: str
    task_id: str

    def __post_init__(self) -> None:
        for field in fields(self):
            check_name(field.name, getattr(self, field.name))


@dataclass(frozen=True, order=True)
class RunKey:
    """Which run: the five folder names under ``outputs/``, the domain without its ``_task``."""

    experiment: str
    model: str
    domain: str
    task_id: str
    run_id: str

    def __post_init__(self) -> None:
        for field in fields(self):
            check_name(field.name, getattr(self, field.name))

    @property
    def pair(self) -> PairKey:
        """The question that was filmed."""
        return PairKey(self.domain, self.task_id)


@dataclass(frozen=True)
class DataRoot:
    """The folder with ``questions/``, ``outputs/`` and ``evaluations/``. Builds paths and walks; keeps no state."""

    path: Path

    @property
    def questions(self) -> Path:
        """The folder of all questions."""
        return self.path / "questions"

    @property
    def outputs(self) -> Path:
        """The folder of all runs."""
        return self.path / "outputs"

    @property
    def evaluations(self) -> Path:
        """The folder of all evaluations."""
        return self.path / "evaluations"

    @property
    def state(self) -> Path:
        """The folder of locks, caches and the index: it can be deleted at any time."""
        return self.path / ".vmevalkit"

    @property
    def manifest(self) -> Path:
        """The file that lists all questions."""
        return self.questions / MANIFEST_NAME

    def existing(self) -> "DataRoot":
        """Return itself if the folder is there, otherwise raise a `UsageError`."""
        if not self.path.is_dir():
            raise UsageError(
                f"no data root at {self.path}",
                hint="make one with 'vmevalkit create', or name it with --data-dir or VMEVAL_DATA_DIR",
            )
        return self

    def lock(self, *parts: str) -> Path:
        """Return the lock file for one kind of work, such as ``"run", experiment, model``; other parts, another file.

        Args:
            parts: the kind of work, then the names of what it is done to, as `check_name` lets them pass.

        """
        name = ",".join(parts)
        if len(name) > _LONGEST_LOCK_NAME:  # A file's name has 255 bytes at most.
            name = f"{name[:_LONGEST_LOCK_BEGINNING]}#{blake2b(name.encode(), digest_size=16).hexdigest()}"
        return self.state / "locks" / f"{name}.lock"

    def domain_folder(self, domain: str) -> Path:
        """Return ``questions/<domain>_task``."""
        return self.questions / f"{check_name('domain', domain)}{TASK_SUFFIX}"

    def pair_folder(self, key: PairKey) -> Path:
        """Return ``questions/<domain>_task/<task_id>``."""
        return self.domain_folder(key.domain) / key.task_id

    def run_folder(self, key: RunKey) -> Path:
        """Return ``outputs/<experiment>/<model>/<domain>_task/<task_id>/<run_id>``."""
        return self.outputs.joinpath(key.experiment, key.model, f"{key.domain}{TASK_SUFFIX}", key.task_id, key.run_id)

    def run_metadata(self, key: RunKey) -> Path:
        """The file that says how a run went."""
        return self.run_folder(key) / RUN_METADATA_NAME

    def run_video(self, key: RunKey) -> Path:
        """The video that a run has made."""
        return self.run_folder(key) / RUN_VIDEO_PATH

    def evaluation_file(self, experiment: str, model: str, pair: PairKey, evaluator: str) -> Path:
        """Return ``evaluations/<experiment>/<model>/<domain>_task/<task_id>/<evaluator>.json``."""
        return self.evaluations.joinpath(
            check_name("experiment", experiment),
            check_name("model", model),
            f"{pair.domain}{TASK_SUFFIX}",
            pair.task_id,
            f"{check_name('evaluator', evaluator)}.json",
        )

    def rating_plan(self, experiment: str) -> Path:
        """Return ``evaluations/<experiment>/human-eval.plan.json``."""
        return self.evaluations / check_name("experiment", experiment) / RATING_PLAN_NAME

    def archive_stub(self, experiment: str) -> Path:
        """Return ``outputs/<experiment>/archived.json``."""
        return self.outputs / check_name("experiment", experiment) / ARCHIVED_NAME

    def domains(self) -> list[str]:
        """Return the domains that have a folder under ``questions/``, by name."""
        return _chosen(self.questions, None, TASK_SUFFIX)

    def experiments(self) -> list[str]:
        """Return the experiments under ``outputs/``, by name."""
        return _chosen(self.outputs, None)

    def models(self, experiment: str) -> list[str]:
        """Return the models that have a folder in an experiment, by name."""
        return _chosen(self.outputs / check_name("experiment", experiment), None)

    def iter_pairs(self, domains: Collection[str] | None = None) -> Iterator[PairKey]:
        """Yield the questions on disk, sorted by domain and id; ``domains`` narrows the walk."""
        for domain in self.domains():
            if domains is None or domain in domains:
                for task_id in _chosen(self.domain_folder(domain), None):
                    yield PairKey(domain, task_id)

    def iter_runs(
        self,
        experiment: str | None = None,
        model: str | None = None,
        domain: str | None = None,
        task_id: str | None = None,
    ) -> Iterator[RunKey]:
        """Yield the runs on disk, sorted by all five names; a name that is given narrows the walk to its folder."""
        for e in _chosen(self.outputs, experiment):
            for m in _chosen(self.outputs / e, model):
                for d in _chosen(self.outputs / e / m, domain, TASK_SUFFIX):
                    tasks = self.outputs / e / m / f"{d}{TASK_SUFFIX}"
                    for t in _chosen(tasks, task_id):
                        for r in _chosen(tasks / t, None):
                            yield RunKey(e, m, d, t, r)

    def image(self, relative: str) -> Path:
        """Return the file that a manifest's image path names, checked to be inside ``questions/`` and there."""
        path = resolve_inside(self.questions, relative)
        if not path.is_file():
            raise RecordError(path, "no such image")
        return path


def _chosen(parent: Path, wanted: str | None, suffix: str = "") -> list[str]:
    """List the sub-folders by name, without their common suffix; one that is asked for needs no listing."""
    if wanted is not None:
        return [wanted] if _NAME.fullmatch(wanted) and (parent / f"{wanted}{suffix}").is_dir() else []
    names: list[str] = []
    # Only the names are kept: there may be a million of them.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(parent) as entries:
        names += (e.name.removesuffix(suffix) for e in entries if e.name.endswith(suffix) and e.is_dir())
    return sorted(name for name in names if _NAME.fullmatch(name) and not is_temporary(name))
