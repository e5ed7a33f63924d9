"""Have models film questions."""

import shutil
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from vmevalkit import media
from vmevalkit.clock import now, timestamp
from vmevalkit.dataroot import (
    FIRST_FRAME_NAME,
    PROMPT_NAME,
    VIDEO_NAME,
    DataRoot,
    Pair,
    PairKey,
    Run,
    RunFailure,
    RunKey,
    VideoFacts,
    VideoRequest,
    atomic_path,
    check_name,
    exclusive,
    load_pair,
    load_run,
    remove_abandoned,
    write_text,
)
from vmevalkit.errors import RecordError, VMEvalError
from vmevalkit.media import Frame
from vmevalkit.models import Film, FilmRequest, ModelError, get_model
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.executors import map_ordered
from vmevalkit.runner.selection import domain_of, select_pairs
from vmevalkit.tasks import question_rng

FPS = 16
SECONDS = 2.0
Outcome = Literal["succeeded", "failed", "skipped"]


@dataclass(frozen=True)
class Inference:
    """What `run_models` did."""

    succeeded: int
    skipped: int
    """Questions that had a run already."""
    failures: tuple[str, ...]
    """A line for each question that could not be filmed."""


@dataclass(frozen=True)
class _Job:
    experiment: str
    model: str
    pair: PairKey


def run_models(
    root: DataRoot,
    experiment: str,
    models: Collection[str],
    *,
    domains: Collection[str] | None = None,
    task_ids: Collection[str] | None = None,
    limit: int | None = None,
    retry_failed: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Inference:
    """Film every chosen question with every chosen model, once.

    What has succeeded is not repeated, and what was interrupted is taken up in the same run folder.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        models: names of models.
        domains: only these domains.
        task_ids: only these questions.
        limit: at most so many questions of each domain.
        retry_failed: start a new run where the last one failed.
        workers: number of processes.
        progress: told of every video.

    Raises:
        UnknownNameError: a model, domain or question does not exist.
        UsageError: there are no questions.
        BusyError: another process is running one of the models in this experiment.

    """
    check_name("experiment", experiment)
    names = list(dict.fromkeys(models))
    for name in names:
        get_model(name)
    pairs = select_pairs(root, domains=domains, task_ids=task_ids, limit=limit)
    progress = progress or Silent()
    counts: dict[Outcome, int] = {"succeeded": 0, "failed": 0, "skipped": 0}
    failures: list[str] = []
    with ExitStack() as locks:
        for name in sorted(names):
            what = f"running {name} in experiment {experiment}"
            locks.enter_context(exclusive(root.lock(f"run.{experiment}.{name}"), what))
        progress.start(len(pairs) * len(names), "videos")
        jobs = (_Job(experiment, name, pair) for name in names for pair in pairs)
        for outcome, message in map_ordered(partial(_do, root, retry_failed), jobs, workers):
            counts[outcome] += 1
            if outcome == "failed":
                failures.append(message)
            progress.advance()
    return Inference(counts["succeeded"], counts["skipped"], tuple(failures))


def _do(root: DataRoot, retry_failed: bool, job: _Job) -> tuple[Outcome, str]:
    """Film one question with one model. Runs in a worker."""
    where = f"{job.model} on {job.pair.task_id}"
    try:
        unfinished: RunKey | None = None
        for key in root.iter_runs(job.experiment, job.model, job.pair.domain, job.pair.task_id):
            status = _status(root, key)
            if status == "succeeded" or (status == "failed" and not retry_failed):
                return "skipped", where
            unfinished = key if status == "unfinished" else None
        key = unfinished or _new_key(root, job)
        error = _film(root, key, load_pair(root, job.pair))
    except (VMEvalError, OSError) as problem:
        return "failed", f"{where}: {problem}"
    return ("failed", f"{where}: {error.message}") if error else ("succeeded", where)


def _status(root: DataRoot, key: RunKey) -> Literal["succeeded", "failed", "unfinished"]:
    folder = root.run_folder(key)
    if not (folder / "metadata.json").exists():
        return "unfinished"
    run = load_run(root, key)
    if run.status == "failed":
        return "failed"
    whole = run.status == "succeeded" and (folder / "video" / VIDEO_NAME).is_file()
    return "succeeded" if whole else "unfinished"


def _new_key(root: DataRoot, job: _Job) -> RunKey:
    stamp = now().strftime("%Y%m%dT%H%M%SZ")
    key = RunKey(job.experiment, job.model, job.pair.domain, job.pair.task_id, stamp)
    number = 2
    while root.run_folder(key).exists():
        key, number = replace(key, run_id=f"{stamp}-{number}"), number + 1
    return key


def _film(root: DataRoot, key: RunKey, pair: Pair) -> RunFailure | None:
    folder = root.run_folder(key)
    model = get_model(key.model)
    first_path = root.image(pair.first_image_path)
    first_frame = _frame(first_path)
    height, width = first_frame.shape[:2]
    run = Run(
        experiment=key.experiment,
        model=key.model,
        domain=key.domain,
        task_id=key.task_id,
        run_id=key.run_id,
        status="running",
        prompt=pair.prompt,
        model_version=model.version,
        created_at=timestamp(),
        requested=VideoRequest(width=width, height=height, fps=FPS, seconds=SECONDS),
    )
    run.save(folder / "metadata.json")
    write_text(folder / "question" / PROMPT_NAME, pair.prompt)
    with atomic_path(folder / "question" / FIRST_FRAME_NAME) as temporary:
        shutil.copyfile(first_path, temporary)
    solution, wrong = _films(pair, min(width, height))
    request = FilmRequest(
        prompt=pair.prompt,
        first_frame=first_frame,
        fps=FPS,
        frames=round(FPS * SECONDS),
        seed=int.from_bytes(blake2b(f"{key.model}\0{pair.id}".encode(), digest_size=8).digest()),
        final_frame=_frame(root.image(pair.final_image_path)),
        solution=solution,
        wrong=wrong,
    )
    video = folder / "video" / VIDEO_NAME
    began = time.monotonic()
    try:
        remove_abandoned(video.parent)
        with atomic_path(video) as temporary:
            model.film(request, temporary)
            facts = media.probe(temporary)
    except VMEvalError as error:
        failure = RunFailure(
            type=type(error).__name__,
            message=error.message,
            retryable=isinstance(error, ModelError) and error.retryable,
        )
        run.model_copy(update={"status": "failed", "finished_at": timestamp(), "error": failure}).save(
            folder / "metadata.json"
        )
        return failure
    with video.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    run.model_copy(
        update={
            "status": "succeeded",
            "finished_at": timestamp(),
            "duration_seconds": round(time.monotonic() - began, 3),
            "video": VideoFacts(**vars(facts)),
            "video_sha256": digest,
            "cost_usd": 0.0,
        }
    ).save(folder / "metadata.json")
    return None


def _films(pair: Pair, size: int) -> tuple[Film | None, Film | None]:
    domain = domain_of(pair)
    if domain is None:
        return None, None
    puzzle = domain.from_metadata(pair.metadata)
    mistaken = domain.wrong(puzzle, question_rng(domain.name, domain.version, 0, 0, "wrong", pair.id))
    return (
        lambda count: domain.animate(puzzle, count, size),
        lambda count: domain.animate(mistaken, count, size),
    )


def _frame(path: Path) -> Frame:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise RecordError(path, f"cannot be decoded: {error}") from error
