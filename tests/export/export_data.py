"""Data roots made by hand."""

import io
import json

from PIL import Image

from vmevalkit.dataroot import DataRoot

EXPERIMENT = "pilot_experiment"
CREATED = "2026-01-01T00:00:00.123456Z"


def png(shade=0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (16, 16), shade % 256).save(buffer, "PNG")
    return buffer.getvalue()


class Tree:
    """A data root to be filled with small questions, runs and evaluations."""

    def __init__(self, root: DataRoot) -> None:
        self.root = root

    def question(self, domain, task_id, *, prompt="Solve it.", metadata=None, shade=0, film=None, **extra):
        folder = self.root.questions / f"{domain}_task" / task_id
        folder.mkdir(parents=True)
        below = f"{domain}_task/{task_id}"
        record = {
            "id": task_id,
            "domain": domain,
            "difficulty": "easy",
            "task_category": "puzzle",
            "first_image_path": f"{below}/first_frame.png",
            "final_image_path": f"{below}/final_frame.png",
            "prompt": prompt,
            "created_at": CREATED,
            "metadata": metadata or {},
            **extra,
        }
        _write(folder / "question_metadata.json", record)
        (folder / "prompt.txt").write_bytes(prompt.encode())
        (folder / "first_frame.png").write_bytes(png(shade))
        (folder / "final_frame.png").write_bytes(png(shade + 1))
        if film is not None:
            (folder / "ground_truth.mp4").write_bytes(film)
        return folder

    def run(self, domain, task_id, *, model="by-hand", run_id="r1", status="succeeded", video=None, **fields):
        folder = self.root.outputs / EXPERIMENT / model / f"{domain}_task" / task_id / run_id
        (folder / "question").mkdir(parents=True)
        (folder / "question" / "prompt.txt").write_text("Solve it.")
        (folder / "question" / "first_frame.png").write_bytes(png())
        known = dict.fromkeys(("finished_at", "duration_seconds"))
        record = {
            "experiment": EXPERIMENT,
            "model": model,
            "domain": domain,
            "task_id": task_id,
            "run_id": run_id,
            "status": status,
            "prompt": "Solve it.",
            "model_version": "1",
            "created_at": CREATED,
            **known,
            "sample": 0,
            **dict.fromkeys(("seed", "submitted_at", "job_id")),
            "requested": {"width": 64, "height": 64, "fps": None, "seconds": 2.0},
            **dict.fromkeys(("fitted", "video", "video_sha256", "cost_usd", "error")),
            **fields,
        }
        _write(folder / "metadata.json", record)
        if video is not None:
            (folder / "video").mkdir()
            (folder / "video" / "model_output.mp4").write_bytes(video)
        return folder

    def evaluation(self, domain, task_id, records, *, evaluator="RuleEvaluator", model="by-hand", **extra):
        path = self.root.evaluations / EXPERIMENT / model / f"{domain}_task" / task_id / f"{evaluator}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        usual = {"explanation": "", "dimensions": {}, "created_at": CREATED, "video_sha256": None}
        last = dict.fromkeys(("retryable", "needs_review", "cost_usd", "judge"))
        scores = [
            {**dict.fromkeys(("run_id", "rater", "status", "score", "passed")), **usual, **record, **last}
            for record in records
        ]
        head = {"evaluator": evaluator, "version": "2", "experiment": EXPERIMENT, "model": model}
        _write(path, {**head, "domain": domain, "task_id": task_id, "records": scores, **extra})
        return path


def _write(path, record):
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
