"""Small data roots with real frames and videos, and the dashboard running on them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from PIL import Image, ImageDraw
from support.waiting import until

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    METADATA_NAME,
    PROMPT_NAME,
    VIDEO_NAME,
    DataRoot,
    Evaluation,
    Pair,
    PairKey,
    Run,
    RunFailure,
    RunKey,
    Score,
    VideoFacts,
    VideoRequest,
    write_text,
)
from vmevalkit.media import write_video
from vmevalkit.web import DashboardConfig, create_app

EXPERIMENT = "pilot_experiment"
SIDE, FPS, FRAMES = 96, 8, 16
WHEN = "2025-01-15T10:30:00.000000Z"
RUN_ID = "20250115T103000Z"


def picture(key: PairKey, progress: float) -> Image.Image:
    """A dot on its way from the upper left to the lower right."""
    image = Image.new("RGB", (SIDE, SIDE), "#f3efe6")
    pen = ImageDraw.Draw(image)
    for step in range(0, SIDE, 24):
        pen.line((step, 0, step, SIDE), fill="#d2c9b4")
        pen.line((0, step, SIDE, step), fill="#d2c9b4")
    centre = 12 + (SIDE - 24) * progress
    colour = "#2b59c3" if key.domain == "maze" else "#a3472c"
    pen.ellipse((centre - 10, centre - 10, centre + 10, centre + 10), fill=colour)
    return image


def film(path: Path, key: PairKey, until: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = (picture(key, until * number / (FRAMES - 1)) for number in range(FRAMES))
    write_video(path, (np.asarray(p) for p in pictures), fps=FPS)


def add_question(root: DataRoot, key: PairKey, *, ground_truth: bool = True, prompt: str | None = None) -> None:
    folder = root.pair_folder(key)
    folder.mkdir(parents=True)
    prompt = prompt or f"Move the dot of {key.task_id} to the lower right corner."
    picture(key, 0).save(folder / FIRST_FRAME_NAME)
    picture(key, 1).save(folder / FINAL_FRAME_NAME)
    write_text(folder / PROMPT_NAME, prompt)
    relative = f"{key.domain}_task/{key.task_id}"
    Pair(
        id=key.task_id,
        domain=key.domain,
        difficulty="easy",
        task_category="dot",
        first_image_path=f"{relative}/{FIRST_FRAME_NAME}",
        final_image_path=f"{relative}/{FINAL_FRAME_NAME}",
        prompt=prompt,
        created_at=WHEN,
        metadata={"generator": key.domain, "seed": 42, "solution": [[n, n] for n in range(40)]},
    ).save(folder / METADATA_NAME)
    if ground_truth:
        film(folder / GROUND_TRUTH_NAME, key)


def add_run(root: DataRoot, key: RunKey, *, status: str = "succeeded", video: Path | None = None) -> None:
    folder = root.run_folder(key)
    done = status == "succeeded"
    Run(
        experiment=key.experiment,
        model=key.model,
        domain=key.domain,
        task_id=key.task_id,
        run_id=key.run_id,
        status=status,
        prompt="Move the dot.",
        model_version="1",
        created_at=WHEN,
        duration_seconds=1.5 if done else None,
        requested=VideoRequest(width=SIDE, height=SIDE, fps=FPS, seconds=FRAMES / FPS),
        video=VideoFacts(width=SIDE, height=SIDE, fps=FPS, frames=FRAMES, duration=FRAMES / FPS) if done else None,
        error=RunFailure(type="ModelError", message="the provider said no", retryable=True)
        if status == "failed"
        else None,
    ).save(folder / "metadata.json")
    if done:
        target = folder / "video" / VIDEO_NAME
        if video is None:
            film(target, key.pair)
        else:
            target.parent.mkdir(parents=True)
            shutil.copyfile(video, target)


def add_score(
    root: DataRoot,
    key: RunKey,
    score: int | None,
    explanation: str = "",
    *,
    evaluator: str = "RuleEvaluator",
    rater: str | None = None,
) -> None:
    path = root.evaluation_file(key.experiment, key.model, key.pair, evaluator)
    evaluation = (
        Evaluation.load(path)
        if path.exists()
        else Evaluation(
            evaluator=evaluator,
            version="1",
            experiment=key.experiment,
            model=key.model,
            domain=key.domain,
            task_id=key.task_id,
        )
    )
    record = Score(
        run_id=key.run_id,
        rater=rater or evaluator,
        status="error" if score is None else "scored",
        score=score,
        passed=None if score is None else score >= 4,
        explanation=explanation,
        created_at=WHEN,
    )
    evaluation.with_score(record, "1").save(path)


def run_of(
    model: str, task_id: str, *, experiment: str = EXPERIMENT, domain: str | None = None, run_id: str = RUN_ID
) -> RunKey:
    return RunKey(experiment, model, domain or task_id.rpartition("_")[0], task_id, run_id)


def fill(root: DataRoot) -> None:
    """Two domains of three questions.

    oracle solves all of them; wrong fails all of them; noise cannot be judged; static has failed to film
    chess_0000 and is not scored elsewhere; lazy has filmed only chess_0000. A second experiment has one run.
    """
    questions = [PairKey(domain, f"{domain}_{n:04d}") for domain in ("chess", "maze") for n in range(3)]
    for key in questions:
        add_question(root, key)
        solved = root.pair_folder(key) / GROUND_TRUTH_NAME
        half = root.path / ".vmevalkit" / "half.mp4"
        film(half, key, until=0.5)
        for model in ("noise", "oracle", "static", "wrong"):
            run = run_of(model, key.task_id)
            if (model, key.task_id) == ("static", "chess_0000"):
                add_run(root, run, status="failed")
            else:
                add_run(root, run, video=solved if model == "oracle" else half)
        add_score(root, run_of("oracle", key.task_id), 5, "The last frame shows the solution.")
        add_score(root, run_of("wrong", key.task_id), 2, "The dot is in the centre, not in the corner.")
        add_score(root, run_of("noise", key.task_id), None, "unreadable: nothing like a board in the last frame")
    add_run(root, run_of("lazy", "chess_0000"), video=root.pair_folder(questions[0]) / GROUND_TRUTH_NAME)
    add_run(root, run_of("oracle", "maze_0001", experiment="second"))


@dataclass(frozen=True)
class Served:
    """A running dashboard."""

    url: str
    port: int


@contextmanager
def serving(dashboard: DashboardConfig | FastAPI) -> Iterator[Served]:
    """Run a dashboard at a free port for the length of the block; all that is there before is in its first answer."""
    app = dashboard if isinstance(dashboard, FastAPI) else create_app(dashboard)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the server did not start"
        until(lambda: not app.state.dashboard.catalog.is_building)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", port)
    finally:
        server.should_exit = True
        thread.join()
