"""Runs on disk: which there are, how they begin, and how they end."""

import re
import shutil
import time
from dataclasses import dataclass, replace
from hashlib import blake2b, file_digest
from typing import Literal

from vmevalkit import media
from vmevalkit.clock import now, timestamp
from vmevalkit.dataroot import (
    FIRST_FRAME_NAME,
    PROMPT_NAME,
    RUN_METADATA_NAME,
    DataRoot,
    FittedRequest,
    Pair,
    PairKey,
    Run,
    RunFailure,
    RunKey,
    VideoFacts,
    VideoRequest,
    atomic_path,
    load_run,
    note_change,
    remove_abandoned,
    write_text,
)
from vmevalkit.errors import VMEvalError
from vmevalkit.models import ModelError
from vmevalkit.replies import writable

State = Literal["succeeded", "failed", "unfinished"]

PASSING = frozenset(
    {"DownloadError", "RateLimitError", "UnavailableError", "UnknownSubmissionError", "UnreachableError"}
)
"""Types of errors with which a run can have failed although its job is sound."""

_WORTH: dict[State, int] = {"failed": 1, "unfinished": 2, "succeeded": 3}
_SAMPLE = re.compile(r"-run([0-9]+)")


@dataclass(frozen=True)
class Found:
    """The run of a question with a model that counts, for one sample."""

    key: RunKey
    state: State
    run: Run | None
    """`None` if it died before it wrote anything down."""

    @property
    def has_job(self) -> bool:
        """Whether a provider has accepted its job, and may still have the video."""
        run = self.run
        return run is not None and run.job_id is not None and (run.error is None or run.error.type in PASSING)

    @property
    def worth(self) -> tuple[int, bool]:
        """Of two runs of a sample, the greater counts."""
        return (0 if self.run is None else _WORTH[self.state]), self.has_job


def find_runs(root: DataRoot, experiment: str, model: str, pair: PairKey) -> dict[int, Found]:
    """Return the run of each sample of a question with a model that counts.

    That is one that has succeeded, or else one that is unfinished, or else one that has failed: a clock that was put
    back must not have a failure hide the job that was paid after it. Of several, it is the last.

    Raises:
        RecordError: the metadata of one of them is damaged.

    """
    found: dict[int, Found] = {}
    for key in root.iter_runs(experiment, model, pair.domain, pair.task_id):
        if not root.run_metadata(key).exists():
            found.setdefault(_sample_of(key), Found(key, "unfinished", None))
            continue
        run = load_run(root, key)
        one = Found(key, _state(root, run), run)
        if run.sample not in found or one.worth >= found[run.sample].worth:
            found[run.sample] = one
    return found


def _state(root: DataRoot, run: Run) -> State:
    if run.status == "failed":
        return "failed"
    whole = run.status == "succeeded" and root.run_video(run.key).is_file()
    return "succeeded" if whole else "unfinished"


def new_key(root: DataRoot, experiment: str, model: str, pair: PairKey, sample: int) -> RunKey:
    """Return a key for a run that begins now; different for each sample, so that several can begin at once."""
    stamp = now().strftime("%Y%m%dT%H%M%SZ") + (f"-run{sample + 1}" if sample else "")
    key = RunKey(experiment, model, pair.domain, pair.task_id, stamp)
    number = 2
    while root.run_folder(key).exists():
        key, number = replace(key, run_id=f"{stamp}-{number}"), number + 1
    return key


def _sample_of(key: RunKey) -> int:
    """Return the sample of a run that died before it wrote anything down."""
    match = _SAMPLE.search(key.run_id)
    return int(match[1]) - 1 if match else 0


def seed_for(model: str, task_id: str, sample: int) -> int:
    """Return the seed of a run, 0 to 2**31 - 1: the same wherever and whenever it is made."""
    text = f"{model}\0{task_id}" + (f"\0{sample}" if sample else "")
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) >> 1


def begin(
    root: DataRoot,
    key: RunKey,
    pair: Pair,
    *,
    model_version: str,
    sample: int,
    requested: VideoRequest,
    fitted: FittedRequest | None = None,
) -> Run:
    """Write down that a run has begun, with the question that it answers."""
    tidy(root, key)
    run = Run(
        experiment=key.experiment,
        model=key.model,
        domain=key.domain,
        task_id=key.task_id,
        run_id=key.run_id,
        status="running",
        prompt=pair.prompt,
        model_version=model_version,
        created_at=timestamp(),
        sample=sample,
        seed=seed_for(key.model, pair.id, sample),
        requested=requested,
        fitted=fitted,
    )
    folder = root.run_folder(key) / "question"
    write_text(folder / PROMPT_NAME, pair.prompt)
    with atomic_path(folder / FIRST_FRAME_NAME) as temporary:
        shutil.copyfile(root.image(pair.first_image_path), temporary)
    # Last: what has begun has its question with it.
    save(root, run)
    return run


def tidy(root: DataRoot, key: RunKey) -> None:
    """Remove what an interrupted attempt has left half-written in a run's folder."""
    folder = root.run_folder(key)
    for place in (folder, folder / "question", root.run_video(key).parent):
        remove_abandoned(place)


def save(root: DataRoot, run: Run) -> None:
    """Write a run's metadata down."""
    folder = root.run_folder(run.key)
    run.save(folder / RUN_METADATA_NAME)
    note_change(root, folder)


def submitting(root: DataRoot, run: Run) -> Run:
    """Write down that a provider is about to be asked."""
    asked = run.model_copy(update={"submitted_at": timestamp()})
    save(root, asked)
    return asked


def not_submitted(root: DataRoot, run: Run) -> None:
    """Write down that the provider has refused to talk to us, so that the run can be taken up later."""
    save(root, run.model_copy(update={"submitted_at": None}))


def succeed(root: DataRoot, run: Run, facts: media.VideoInfo, began: float, cost_usd: float | None) -> Run:
    """Write down that a run's video is in its place.

    Args:
        root: the data root.
        run: as it was.
        facts: what a decoder says about the video.
        began: when the model was asked, by `time.monotonic`.
        cost_usd: what it has cost, if that is known.

    """
    with root.run_video(run.key).open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    done = run.model_copy(
        update={
            "status": "succeeded",
            "finished_at": timestamp(),
            "duration_seconds": round(time.monotonic() - began, 3),
            "video": VideoFacts(**vars(facts)),
            "video_sha256": digest,
            "cost_usd": cost_usd,
        }
    )
    save(root, done)
    return done


def fail(root: DataRoot, run: Run, error: VMEvalError, cost_usd: float | None = None) -> Run:
    """Write down why a run has failed."""
    failure = RunFailure(
        type=type(error).__name__,
        message=writable(error.message),
        retryable=isinstance(error, ModelError) and error.retryable,
    )
    done = run.model_copy(
        update={"status": "failed", "finished_at": timestamp(), "error": failure, "cost_usd": cost_usd}
    )
    save(root, done)
    return done
