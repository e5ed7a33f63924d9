"""Trees of each kind that can be migrated, made from what is documented of their structure.

As a program it writes one: ``python tests/support/layouts.py KIND FOLDER [COUNT]``.
"""

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from vmevalkit.media import write_video


@dataclass
class Made:
    """What was put into a tree."""

    questions: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    """Domain and id, as they should be after migration, to the files of the question by their names."""
    prompts: dict[tuple[str, str], str] = field(default_factory=dict)
    videos: dict[tuple[str, str, str, str, str], bytes] = field(default_factory=dict)
    """Experiment, model, domain, task and run to the video."""
    scores: dict[tuple[str, str, str, str, str], tuple[str, str, int | None]] = field(default_factory=dict)
    """Experiment, model, domain, task and evaluator to run, rater and score."""


def picture(number: int, *, mode: str = "RGBA", size: tuple[int, int] = (70, 51), kind: str = "PNG") -> bytes:
    """Draw a picture that no other number has."""
    pixels = np.full((size[1], size[0], 4), 255, np.uint8)
    pixels[:, : 8 + number % 32, 0] = 37 * number % 251
    pixels[number % 40 :, :, 1] = 91 * number % 241
    if mode == "RGBA":
        pixels[:3, :, 3] = 128
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind)
    return out.getvalue()


def film(folder: Path, number: int, frames: int = 6) -> bytes:
    """Film something that no other number has."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "film.mp4"
    base = np.full((64, 96, 3), 40 + number % 160, np.uint8)

    def moving():
        for step in range(frames):
            frame = base.copy()
            frame[:, 8 * step : 8 * step + 16] = 255
            yield frame

    write_video(path, moving(), fps=8)
    data = path.read_bytes()
    path.unlink()
    return data


def put(path: Path, content: bytes | str | object) -> None:
    """Write a file; what is neither bytes nor text is written as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def old_structure(folder: Path, count: int = 6) -> Made:
    """Flat JSON files: the first question in a file of its own, two in a bare list, the others as ``pairs``."""
    made = Made()
    records = []
    for number in range(count):
        domain, name = ("chess", "maze")[number % 2], f"{('chess', 'maze')[number % 2]}_{number:04d}"
        first, final = picture(number), picture(number + 100, mode="RGB")
        put(folder / f"images/{name}_first.png", first)
        put(folder / f"images/{name}_final.png", final)
        prompt = f"Solve number {number}, s'il vous plaît."
        records.append(
            {
                "id": name,
                "domain": domain,
                "difficulty": "easy",
                "first_image_path": f"images/{name}_first.png",
                "final_image_path": f"images/{name}_final.png",
                "prompt": prompt,
                "created_at": "2024-10-14T12:00:00",
                "fen_initial": "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1",
            }
        )
        made.questions[domain, name] = {"first_frame.png": first, "final_frame.png": final}
        made.prompts[domain, name] = prompt
    put(folder / "a_single.json", records[0])
    put(folder / "lists/bare.json", records[1:3])
    put(folder / "pairs.json", {"name": "old", "pairs": records[3:]})
    return made


def older_vmevalkit(folder: Path, count: int = 4) -> Made:
    """An older data folder: fields of the domain outside ``metadata``, answers as text, scorings by scorer."""
    made = Made()
    for number in range(count):
        domain, name = ("counting", "maze")[number % 2], f"{('counting', 'maze')[number % 2]}_{number:04d}"
        place = folder / f"questions/{domain}_task/{name}"
        first, final = picture(number, size=(71, 53)), picture(number + 50, size=(71, 53))
        put(place / "first_frame.png", first)
        files = {"first_frame.png": first}
        if domain == "counting":
            put(place / "goal.txt", f"There are {number} circles.\n")
        else:
            put(place / "final_frame.png", final)
            files["final_frame.png"] = final
        prompt = f"Count to {number}."
        put(place / "prompt.txt", prompt)
        put(
            place / "question_metadata.json",
            {"id": name, "domain": domain, "prompt": prompt, "difficulty": "hard", "grid_size": [3, number]},
        )
        made.questions[domain, name], made.prompts[domain, name] = files, prompt
        run = f"luma-ray-2_{name}_20251014_120000"
        video = film(folder / ".work", number)
        for model, run_id, below in (("luma-ray-2", run, f"{name}/{run}"), ("svd", "migrated", name)):
            output = folder / f"outputs/pilot_experiment/{model}/{domain}_task/{below}"
            put(output / "video" / ("model_output.mp4" if model == "svd" else f"{run}.mp4"), video)
            put(output / "question/prompt.txt", prompt)
            put(output / "question/first_frame.png", first)
            put(output / "metadata.json", {"model": model, "status": "success", "timestamp": "2025-10-14T12:00:00"})
            made.videos["pilot_experiment", model, domain, name, run_id] = video
            scorings = folder / f"scorings/gpt4o-eval/pilot_experiment/{model}/{domain}_task/{name}"
            result = {"solution_correctness_score": 1 + number % 5, "explanation": "Well.", "status": "completed"}
            about = {"scorer": "GPT4OScorer", "model_name": model, "timestamp": "2025-10-15T12:00:00"}
            put(scorings / "GPT4OScorer.json", {"metadata": about, "result": result})
            made.scores["pilot_experiment", model, domain, name, "gpt4o-eval"] = (run_id, "gpt4o-eval", 1 + number % 5)
        human = folder / f"evaluations/pilot_experiment/svd/{domain}_task/{name}/human-eval.json"
        put(
            human,
            {
                "metadata": {"evaluator": "human-eval", "annotator": "John Doe", "timestamp": "2025-10-16T12:00:00"},
                "result": {"solution_correctness_score": 5 - number % 5, "comments": "Nice."},
            },
        )
        made.scores["pilot_experiment", "svd", domain, name, "human-eval"] = ("migrated", "John Doe", 5 - number % 5)
    return made


def vbvr(folder: Path, count: int = 4) -> Made:
    """What VBVR generators write, and the videos of a model on it."""
    made = Made()
    generators = {"O-9_shape_scaling_data-generator": "shape_scaling", "O-47_sliding_data-generator": "sliding"}
    for number in range(count):
        generator, task = list(generators.items())[number % 2]
        name = f"{task}_{number:08d}"
        place = folder / f"{generator}/{task}_task/{name}"
        files = {
            "first_frame.png": picture(number, mode="RGB", size=(128, 128)),
            "final_frame.png": picture(number + 9, mode="RGB", size=(128, 128)),
            "ground_truth.mp4": film(folder / ".work", number),
        }
        for file, data in files.items():
            put(place / file, data)
        put(place / "prompt.txt", f"Scale shape {number}.")
        put(place / "metadata.json", {"task_id": name, "generator": generator, "parameters": {"seed": number}})
        made.questions[task, name], made.prompts[task, name] = files, f"Scale shape {number}."
        video = film(folder / ".work", number + 80)
        put(folder / f"model_outputs/wan-2.2/In-Domain_50/{generator}/{number:05d}.mp4", video)
        made.videos["migrated", "wan-2.2", task, name, "migrated"] = video
    return made


def imagefolder(folder: Path, count: int = 4) -> Made:
    """A Hugging Face imagefolder with two splits, one described by JSON Lines and one by CSV."""
    made = Made()
    rows: dict[str, list[dict[str, object]]] = {"train": [], "test": []}
    for number in range(count):
        split = ("train", "test")[number % 2]
        first, final = picture(number, mode="RGB"), picture(number + 30, mode="RGB")
        put(folder / split / f"first/{number}.png", first)
        put(folder / split / f"final/{number}.png", final)
        rows[split].append(
            {
                "file_name": f"first/{number}.png",
                "final_frame_file_name": f"final/{number}.png",
                "prompt": f"Finish picture {number}.",
                "domain": "sketch",
                "colour": "red",
            }
        )
        name = f"{split}-first-{number}"
        made.questions["sketch", name] = {"first_frame.png": first, "final_frame.png": final}
        made.prompts["sketch", name] = f"Finish picture {number}."
    put(folder / "train/metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows["train"]))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows["test"][0]))
    writer.writeheader()
    writer.writerows(rows["test"])
    put(folder / "test/metadata.csv", out.getvalue())
    return made


def videofolder(folder: Path, count: int = 3) -> Made:
    """A Hugging Face videofolder of solution films."""
    made = Made()
    lines = []
    for number in range(count):
        data = film(folder / ".work", number)
        put(folder / f"{number}.mp4", data)
        lines.append(
            json.dumps({"file_name": f"{number}.mp4", "text": f"Move bar {number}.", "task_id": f"bar {number}"})
        )
        name = f"q=bar=20{number}"
        made.questions[folder.name, name] = {"ground_truth.mp4": data}
        made.prompts[folder.name, name] = f"Move bar {number}."
    put(folder / "metadata.jsonl", "\n".join(lines))
    return made


TREES: dict[str, Callable[[Path, int], Made]] = {
    "json": old_structure,
    "vmevalkit": older_vmevalkit,
    "vbvr": vbvr,
    "imagefolder": imagefolder,
    "videofolder": videofolder,
}

if __name__ == "__main__":
    TREES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 4)
