"""A data root of many small files: real in its shape, without videos and pictures worth the name."""

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.dashboard_rows import DOMAINS, MODELS, RUN_ID, task_id
from vmevalkit.dataroot import DataRoot, RunKey

EXPERIMENT = "pilot_experiment"
RUNS_PER_QUESTION = len(MODELS)
_LONG_AGO = 1_750_000_000
"""The index trusts the time of a folder that was not written to just now."""


def make(root: DataRoot, runs: int) -> None:
    """Write so many runs with their evaluations: ten models on as many questions as it takes."""
    for number in range(runs // (RUNS_PER_QUESTION * len(DOMAINS))):
        for domain in DOMAINS:
            name = task_id(domain, number)
            _write(root.questions / f"{domain}_task" / name, _question(domain, name, number))
            for place, model in enumerate(MODELS):
                key = RunKey(EXPERIMENT, model, domain, name, RUN_ID)
                add_run(root, key, fails=(number * 7 + place) % 50 == 0)
                _add_evaluation(root, key, 1 + (number * 31 + place * 17) % 5)


def add_run(root: DataRoot, key: RunKey, *, fails: bool = False) -> Path:
    """Write a run and return its folder."""
    value = {
        "experiment": key.experiment,
        "model": key.model,
        "domain": key.domain,
        "task_id": key.task_id,
        "run_id": key.run_id,
        "status": "failed" if fails else "succeeded",
        "prompt": "Solve the puzzle without changing what does not have to change.",
        "model_version": "1",
        "created_at": "2026-11-23T00:00:00.000000Z",
        "duration_seconds": 1.5,
        "sample": 0,
        "seed": 1,
        "requested": {"width": 512, "height": 512, "fps": 16, "seconds": 2},
        "video": None if fails else {"width": 512, "height": 512, "fps": 16.0, "frames": 32, "duration": 2.0},
        "video_sha256": "0" * 64,
        "cost_usd": 0.1,
        "error": {"type": "ModelError", "message": "no", "retryable": True} if fails else None,
    }
    folder = root.run_folder(key)
    return _write(
        folder,
        {
            "metadata.json": value,
            "video/model_output.mp4": None,
            "question/prompt.txt": None,
            "question/first_frame.png": None,
        },
    )


def _add_evaluation(root: DataRoot, key: RunKey, score: int) -> None:
    record = {
        "run_id": key.run_id,
        "rater": "RuleEvaluator",
        "status": "scored",
        "score": score,
        "passed": score >= 4,
        "explanation": "The last frame shows what was asked for, but a wall of the maze has moved on the way.",
        "dimensions": {},
        "created_at": "2026-11-24T00:00:00.000000Z",
    }
    value = {
        "evaluator": "RuleEvaluator",
        "version": "2",
        "experiment": key.experiment,
        "model": key.model,
        "domain": key.domain,
        "task_id": key.task_id,
        "records": [record],
    }
    file = root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator")
    _write(file.parent, {file.name: value})


def _question(domain: str, name: str, number: int) -> dict[str, Any]:
    folder = f"{domain}_task/{name}"
    value = {
        "id": name,
        "domain": domain,
        "difficulty": ("easy", "medium", "hard")[number % 3],
        "task_category": "puzzle",
        "first_image_path": f"{folder}/first_frame.png",
        "final_image_path": f"{folder}/final_frame.png",
        "prompt": f"Solve this {domain}, number {number}.",
        "created_at": "2026-11-01T00:00:00.000000Z",
        "metadata": {"seed": 1, "index": number, "solution": list(range(20))},
    }
    return {"question_metadata.json": value, "first_frame.png": None, "final_frame.png": None, "prompt.txt": None}


def _write(folder: Path, files: dict[str, Any]) -> Path:
    """Write files of JSON, or of nothing, and make their folders look old."""
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if value is None else json.dumps(value, indent=2) + "\n")
    for place in (folder, folder.parent):
        os.utime(place, (_LONG_AGO, _LONG_AGO))
    return folder
