"""Filming with a model that runs on this machine."""

import time
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vmevalkit import media
from vmevalkit.dataroot import DataRoot, FittedRequest, Pair, Run, RunKey, VideoRequest, atomic_path, load_pair
from vmevalkit.errors import RecordError, VMEvalError
from vmevalkit.media import Frame
from vmevalkit.models import Film, FilmRequest, ModelEntry, VideoModel, open_local
from vmevalkit.runner import runs
from vmevalkit.runner.selection import domain_of
from vmevalkit.tasks import question_rng

FPS = 16
SECONDS = 2.0


_loaded: dict[str, VideoModel] = {}
"""The model that this process has loaded: weights are loaded once, and not kept beside those of another model."""


def _opened(entry: ModelEntry) -> VideoModel:
    if entry.name not in _loaded:
        _loaded.clear()
        _loaded[entry.name] = open_local(entry)
    return _loaded[entry.name]


def close_models() -> None:
    """Stop what models of this process are doing in other threads."""
    for model in _loaded.values():
        close = getattr(model, "close", None)
        if close is not None:
            close()


def film_here(root: DataRoot, entry: ModelEntry, key: RunKey, sample: int, seconds: float | None) -> Run:
    """Film one question and write down how it went. Importable by name, for worker processes.

    Raises:
        RecordError: the question cannot be read; nothing is written then.
        OSError: the disk is full, or the like.

    """
    pair = load_pair(root, key.pair)
    first_frame, final_frame = (read_frame(root.image(path)) for path in (pair.first_image_path, pair.final_image_path))
    height, width = first_frame.shape[:2]
    length = SECONDS if seconds is None else seconds
    run = runs.begin(
        root,
        key,
        pair,
        model_version=entry.version,
        sample=sample,
        requested=VideoRequest(width=width, height=height, fps=FPS, seconds=length),
    )
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
    began = time.monotonic()
    try:
        with atomic_path(runs.video_path(root, key)) as temporary:
            model = _opened(entry)
            run = _with_plan(root, run, model, request)
            model.film(request, temporary)
            facts = media.probe(temporary)
    except VMEvalError as error:
        return runs.fail(root, run, error)
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
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
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
