"""What our JSON files say, as frozen pydantic models. Fields that we do not know are kept, not dropped."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vmevalkit.dataroot.files import read_json, write_json
from vmevalkit.dataroot.layout import METADATA_NAME, DataRoot, PairKey, RunKey
from vmevalkit.errors import RecordError, first_problem

PASS_SCORE = 4
"""The lowest score, on the scale from 1 to 5, that counts as solved."""

HUMAN_EVALUATION = "human-eval"
"""The name under which people's scores are kept; each person is a rater of it."""


class Record(BaseModel):
    """Base of everything that is kept as a JSON file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read one from a file; `RecordError` names the file and the first field that is wrong."""
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            raise RecordError(path, first_problem(error)) from error

    def to_json(self) -> dict[str, Any]:
        """Return what is written to disk: plain JSON values, in the order of the fields."""
        return self.model_dump(mode="json")

    def save(self, path: Path) -> None:
        """Write it atomically and durably."""
        write_json(path, self.to_json())


class Pair(Record):
    """A question: ``question_metadata.json``, and an entry of the manifest."""

    id: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    difficulty: str = "medium"
    task_category: str = ""
    first_image_path: str
    """The first frame, relative to ``questions/``."""
    final_image_path: str
    """The solved frame, relative to ``questions/``."""
    prompt: str
    created_at: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    """What the domain knows about the puzzle, its solution included."""

    @property
    def key(self) -> PairKey:
        """Where it lies."""
        return PairKey(self.domain, self.id)


class RunFailure(BaseModel):
    """Why a run did not succeed."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    message: str
    retryable: bool


class VideoFacts(BaseModel):
    """What a decoder says about a video."""

    model_config = ConfigDict(frozen=True, extra="allow")

    width: int
    height: int
    fps: float
    frames: int
    duration: float
    """Seconds."""


class VideoRequest(BaseModel):
    """What was asked of a model."""

    model_config = ConfigDict(frozen=True, extra="allow")

    width: int
    height: int
    fps: float | None
    """`None` if that was left to the model."""
    seconds: float


class FittedRequest(BaseModel):
    """What a model was asked for in place of what was wanted."""

    model_config = ConfigDict(frozen=True, extra="allow")

    width: int
    height: int
    seconds: float
    letterboxed: bool
    """Whether black bars were put around the first frame."""


class Run(Record):
    """A run: its ``metadata.json``. It is on disk, as ``running``, before the model is asked."""

    experiment: str
    model: str
    domain: str
    task_id: str
    run_id: str
    status: Literal["running", "succeeded", "failed"]
    prompt: str
    model_version: str
    created_at: str
    finished_at: str | None = None
    duration_seconds: float | None = None
    """How long the model took."""
    sample: int = 0
    """Which of several runs of the same question; each has a seed of its own."""
    seed: int | None = None
    submitted_at: str | None = None
    """When a hosted model was asked; on disk before it is, so that nobody asks twice."""
    job_id: str | None = None
    """The provider's name for the work, known before polling starts."""
    requested: VideoRequest | None = None
    """`None` if nobody here asked: the run was made elsewhere."""
    fitted: FittedRequest | None = None
    """What was asked for in place of that, because the model does not make everything."""
    video: VideoFacts | None = None
    video_sha256: str | None = None
    cost_usd: float | None = None
    error: RunFailure | None = None

    @property
    def key(self) -> RunKey:
        """Where it lies."""
        return RunKey(self.experiment, self.model, self.domain, self.task_id, self.run_id)


class JudgeTrace(BaseModel):
    """What a judge was asked and what it said, so that a score can be traced to its evidence."""

    model_config = ConfigDict(frozen=True, extra="allow")

    model: str
    """As the server names it."""
    prompt_sha256: str
    """Of all text that was sent."""
    frames: tuple[str, ...]
    """sha256 of each picture that was sent, in their order."""
    answers: tuple[str, ...]
    """The raw text of each vote."""
    agreement: float | None = None
    """The share of the votes that gave the score which came out."""


class Score(BaseModel):
    """One rater's word on one run; an entry of an evaluation file."""

    model_config = ConfigDict(frozen=True, extra="allow")

    run_id: str
    rater: str
    """Who scored: the evaluator's name, or a person."""
    status: Literal["scored", "error", "skipped"]
    score: int | None = Field(default=None, ge=1, le=5)
    passed: bool | None = None
    explanation: str = ""
    dimensions: dict[str, Any] = Field(default_factory=dict)
    created_at: str
    video_sha256: str | None = None
    """The video that was looked at."""
    retryable: bool | None = None
    """Of an error: whether the same evaluator, asked again, may well give a score."""
    needs_review: bool | None = None
    """Whether a person should look at it, because a judge's votes differ."""
    cost_usd: float | None = None
    judge: JudgeTrace | None = None


class Evaluation(Record):
    """All that one evaluator says about one question of one model: ``<Evaluator>.json``."""

    evaluator: str
    version: str
    experiment: str
    model: str
    domain: str
    task_id: str
    records: tuple[Score, ...] = ()

    def with_score(self, score: Score, version: str) -> "Evaluation":
        """Return a copy in which ``score`` replaces the one of the same run and rater, if there is one."""
        others = [s for s in self.records if (s.run_id, s.rater) != (score.run_id, score.rater)]
        records = tuple(sorted([*others, score], key=lambda s: (s.run_id, s.rater)))
        return self.model_copy(update={"records": records, "version": version})


class Version(Record):
    """An entry of the version log: a name for a snapshot."""

    version: str
    date: str
    """``YYYYMMDD``."""
    s3_uri: str
    """The snapshot's data folder, such as ``s3://vmevalkit/202501151030/data``."""
    size_mb: float
    files: int
    timestamp: str
    stats: dict[str, Any] = Field(default_factory=dict)


class VersionLog(Record):
    """The version log: ``versions.json`` on a remote."""

    versions: tuple[Version, ...] = ()


class ArchivedModel(BaseModel):
    """How much of one model an archive holds."""

    model_config = ConfigDict(frozen=True, extra="allow")

    runs: int
    evaluations: int
    """Files of evaluations, one for each question and evaluator."""


class Archived(Record):
    """What stays of an experiment that was archived: ``outputs/<experiment>/archived.json``."""

    experiment: str
    remote: str
    """The URL of the remote that it went to."""
    snapshot: str
    """Its name there, such as ``archive/pilot_experiment``."""
    s3_uri: str
    """Its data folder there."""
    manifest_sha256: str
    """Of the archive's manifest, which has the size and the sha256 of every file."""
    archived_at: str
    files: int
    bytes: int
    models: dict[str, ArchivedModel] = Field(default_factory=dict)


def load_archived(root: DataRoot, experiment: str) -> Archived | None:
    """Read what says that an experiment is archived; `None` if it is not.

    Raises:
        RecordError: the file is damaged, or belongs to another experiment.

    """
    path = root.archive_stub(experiment)
    if not path.exists():
        return None
    archived = Archived.load(path)
    if archived.experiment != experiment:
        raise RecordError(path, f"is about experiment {archived.experiment}, but lies in {experiment}")
    return archived


def load_pair(root: DataRoot, key: PairKey) -> Pair:
    """Read a question from its folder and check that it is the one its folder says.

    Raises:
        RecordError: the metadata is missing, malformed, or belongs elsewhere.

    """
    path = root.pair_folder(key) / METADATA_NAME
    pair = Pair.load(path)
    if (pair.domain, pair.id) != (key.domain, key.task_id):
        raise RecordError(path, f"describes {pair.domain}/{pair.id}, but lies in the folder of {key.task_id}")
    return pair


def load_run(root: DataRoot, key: RunKey) -> Run:
    """Read a run from its folder and check that it is the one its folder says.

    Raises:
        RecordError: the metadata is missing, malformed, or belongs elsewhere.

    """
    path = root.run_metadata(key)
    run = Run.load(path)
    if (run.experiment, run.model, run.domain, run.task_id, run.run_id) != (
        key.experiment,
        key.model,
        key.domain,
        key.task_id,
        key.run_id,
    ):
        raise RecordError(path, "describes another run than the one whose folder it lies in")
    return run


def load_evaluation(root: DataRoot, experiment: str, model: str, pair: PairKey, evaluator: str) -> Evaluation | None:
    """Read what an evaluator has said about a model's answer to a question; `None` if it has said nothing."""
    path = root.evaluation_file(experiment, model, pair, evaluator)
    return Evaluation.load(path) if path.exists() else None
