"""Filming with a model that runs on this machine."""

import time
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vmevalkit import media
from vmevalkit.dataroot import DataRoot, FittedRequest, Pair, Run, RunKey, VideoRequest, atomic_path, load_pair
from vmevalkit.errors import RecordError, VideoError, VMEvalError
from vmevalkit.media import Frame
from vmevalkit.models import Film, FilmRequest, ModelEntry, ModelError, StoppedError, VideoModel, open_local
from vmevalkit.replies import one_line
from vmevalkit.runner import runs
from vmevalkit.runner.selection import domain_of
from vmevalkit.tasks import question_rng

FPS = 16
SECONDS = 2.0


_opened: dict[str, VideoModel] = {}
"""The models that this worker process has opened, by name: what they load is loaded once."""


def film_in_worker(root: DataRoot, entry: ModelEntry, key: RunKey, sample: int, seconds: float | None) -> Run:
    """Do as `film_here` with a model that this process keeps. Importable by name, for worker processes."""
    if entry.name not in _opened:
        _opened[entry.name] = open_local(entry)
    return film_here(root, entry, _opened[entry.name], key, sample, seconds)


def film_here(
    root: DataRoot, entry: ModelEntry, model: VideoModel, key: RunKey, sample: int, seconds: float | None
) -> Run:
    """Film one question and write down how it went.

    Raises:
        RecordError: the question cannot be read; nothing is written then.
        OSError: the disk is full, or the like.
        MemoryError: this machine has too little memory, which is not the model's failure.
        StoppedError: the model was closed meanwhile; the run can be taken up.

    """
    pair = load_pair(root, key.pair)
    first_frame, final_frame = (read_frame(root.image(path)) for path in (pair.first_image_path, pair.final_image_path))
    height, width = first_frame.shape[:2]
    if final_frame.shape != first_frame.shape:  # a question that was made elsewhere may be like that
        final_frame = np.asarray(Image.fromarray(final_frame).resize((width, height), Image.Resampling.LANCZOS))
    length = SECONDS if seconds is None else seconds
    run = runs.begin(
        root,
        key,
        pair,
        model_version=entry.version,
        sample=sample,
        requested=VideoRequest(width=width, height=height, fps=FPS, seconds=length),
    )
    began = time.monotonic()
    try:
        solution, wrong = _films(pair, min(width, height))
        request = FilmRequest(
            prompt=pair.prompt,
            first_frame=first_frame,
            fps=FPS,
            frames=max(1, round(FPS * length)),
            seed=run.seed or 0,
            final_frame=final_frame,
            solution=solution,
            wrong=wrong,
        )
        with atomic_path(root.run_video(key)) as temporary:
            run = _with_plan(root, run, model, request)
            model.film(request, temporary)
            facts = media.probe(temporary)
    except StoppedError:
        raise
    except VMEvalError as error:
        if isinstance(error, VideoError) and error.retryable:
            raise MemoryError("not enough memory") from error
        return runs.fail(root, run, error)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a model is somebody else's code: its failure is that of this run
        problem = f"{entry.name}: {type(error).__name__}: {error}"
        return runs.fail(root, run, ModelError(one_line(problem)))
    return runs.succeed(root, run, facts, began, cost_usd=0.0)


def _with_plan(root: DataRoot, run: Run, model: VideoModel, request: FilmRequest) -> Run:
    """Write down what a model makes of the request, if it says so: not every size and length can be made."""
    plan = getattr(model, "plan", None)
    if plan is None:
        return run
    planned = plan(request)
    height, width = request.first_frame.shape[:2]
    fitted = FittedRequest(
        width=planned.width,
        height=planned.height,
        seconds=planned.frames / planned.fps,
        letterboxed=planned.width * height != planned.height * width,
    )
    planned_run = run.model_copy(update={"fitted": fitted})
    runs.save(root, planned_run)
    return planned_run


def read_frame(path: Path) -> Frame:
    """Read a picture as RGB; `RecordError` if it cannot be decoded."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise RecordError(path, f"cannot be decoded: {error}") from error


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
