"""Data roots of small JSON files, made in an instant: what an index reads, and nothing else."""

import json
import os
import shutil

EXPERIMENT, EVALUATOR = "pilot_experiment", "RuleEvaluator"
LONG_AGO = 1_000_000_000


def settle(root):
    """Make all folders look as if they had been written long ago, so that the index trusts their times."""
    for folder, _, _ in os.walk(root.path):
        if f"{os.sep}.vmevalkit" not in folder:
            os.utime(folder, (LONG_AGO, LONG_AGO))


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def question(root, domain, task_id, *, difficulty="easy", prompt=None):
    folder = root.questions / f"{domain}_task" / task_id
    value = {
        "id": task_id,
        "domain": domain,
        "difficulty": difficulty,
        "task_category": "puzzle",
        "first_image_path": f"{domain}_task/{task_id}/first_frame.png",
        "final_image_path": f"{domain}_task/{task_id}/final_frame.png",
        "prompt": prompt or f"Solve the {domain} called {task_id}.",
        "created_at": "2026-01-01T00:00:00Z",
        "metadata": {},
    }
    write(folder / "question_metadata.json", value)
    (folder / "first_frame.png").touch()
    (folder / "final_frame.png").touch()
    return folder


def run(root, domain, task_id, *, experiment=EXPERIMENT, model="oracle", run_id="r1", status="succeeded", **fields):
    value = {
        "experiment": experiment,
        "model": model,
        "domain": domain,
        "task_id": task_id,
        "run_id": run_id,
        "status": status,
        "prompt": "Solve it.",
        "model_version": "1",
        "created_at": "2026-01-02T00:00:00Z",
        "requested": {"width": 64, "height": 64, "fps": 8, "seconds": 2},
        "video": {"width": 64, "height": 64, "fps": 8.0, "frames": 16, "duration": 2.0},
        "error": {"type": "ModelError", "message": "no", "retryable": True} if status == "failed" else None,
        **fields,
    }
    folder = root.outputs / experiment / model / f"{domain}_task" / task_id / run_id
    write(folder / "metadata.json", value)
    return folder


def scores(root, domain, task_id, *records, experiment=EXPERIMENT, model="oracle", evaluator=EVALUATOR):
    """Write an evaluation; a record is (run, rater, score), where no score is an error."""
    path = root.evaluations / experiment / model / f"{domain}_task" / task_id / f"{evaluator}.json"
    value = {
        "evaluator": evaluator,
        "version": "1",
        "experiment": experiment,
        "model": model,
        "domain": domain,
        "task_id": task_id,
        "records": [
            {
                "run_id": run_id,
                "rater": rater,
                "status": "error" if score is None else "scored",
                "score": score,
                "passed": None if score is None else score >= 4,
                "explanation": "so it is",
                "created_at": "2026-01-03T00:00:00Z",
            }
            for run_id, rater, score in records
        ],
    }
    # As the product does it: under another name first, so that the folder's time changes.
    temporary = path.with_suffix(".tmp")
    write(temporary, value)
    temporary.replace(path)
    return path


def remove(folder):
    shutil.rmtree(folder)
