"""Ways to damage a data root, each with the findings that it must lead to, and no others."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from vmevalkit import media
from vmevalkit.dataroot import DataRoot
from vmevalkit.integrity import Code, Options, validate
from vmevalkit.tasks import get_domain, question_rng

EXPERIMENT, MODEL, EVALUATOR, DOMAIN = "pilot", "oracle", "RuleEvaluator", "sudoku"

Expected = list[tuple[Code, str]]


@dataclass
class Victim:
    """A question of a data root, with a run and an evaluation, that is to be damaged."""

    root: DataRoot
    number: int
    others: list[int] = field(default_factory=list)
    """Whole questions of the same domain that nobody damages."""

    @property
    def task_id(self) -> str:
        return f"{DOMAIN}_{self.number:04d}"

    @property
    def path(self) -> str:
        return f"questions/{DOMAIN}_task/{self.task_id}"

    def file(self, path: str) -> Path:
        return self.root.path / path

    @property
    def question(self) -> Path:
        return self.file(self.path)

    @property
    def runs(self) -> str:
        return f"outputs/{EXPERIMENT}/{MODEL}/{DOMAIN}_task/{self.task_id}"

    @property
    def run(self) -> str:
        (run,) = self.file(self.runs).iterdir()
        return f"{self.runs}/{run.name}"

    @property
    def evaluation(self) -> str:
        return f"evaluations/{EXPERIMENT}/{MODEL}/{DOMAIN}_task/{self.task_id}/{EVALUATOR}.json"

    @property
    def other(self) -> "Victim":
        return Victim(self.root, self.others[0])

    def edit(self, path: str, change: Callable[[dict], object]) -> None:
        """Change a JSON file."""
        value = json.loads(self.file(path).read_text("utf-8"))
        change(value)
        self.file(path).write_text(json.dumps(value, indent=2), "utf-8")

    def edit_question(self, change: Callable[[dict], object]) -> None:
        """Change a question's metadata, and its entry in the manifest likewise."""
        self.edit(f"{self.path}/question_metadata.json", change)
        self.edit_entry(change)

    def edit_manifest(self, change: Callable[[list], object]) -> None:
        """Change the entries of the manifest; the number of them that it announces follows."""

        def with_count(manifest: dict) -> None:
            change(manifest["pairs"])
            manifest["total_pairs"] = manifest["generation_info"]["actual_pairs"] = len(manifest["pairs"])

        self.edit("questions/vmeval_dataset.json", with_count)

    def edit_entry(self, change: Callable[[dict], object]) -> None:
        self.edit_manifest(lambda pairs: change(pairs[self.place_in(pairs)]))

    def place_in(self, pairs: list) -> int:
        return next(place for place, pair in enumerate(pairs) if pair.get("id") == self.task_id)


Damage = Callable[[Victim], Expected]
SHALLOW: dict[str, Damage] = {}
"""What is found by a look at names, sizes, JSON files and headers."""
DEEP: dict[str, Damage] = {}
"""What is found only when all files are read."""
ALONE: dict[str, Damage] = {}
"""What hides other damage, or is there only once in a data root."""


def damage(table: dict[str, Damage]) -> Callable[[Damage], Damage]:
    def register(function: Damage) -> Damage:
        table[function.__name__] = function
        return function

    return register


def found(root: DataRoot, *, deep: bool, workers: int = 1, snapshot=None) -> Expected:
    """Validate and return what was found."""
    return [(one.code, one.path) for one in validate(root, Options(deep=deep, workers=workers), snapshot=snapshot)]


# The files of a question


@damage(SHALLOW)
def the_first_frame_is_gone(v):
    (v.question / "first_frame.png").unlink()
    return [(Code.MISSING_FIRST_FRAME, v.path)]


@damage(SHALLOW)
def the_final_frame_is_gone(v):
    (v.question / "final_frame.png").unlink()
    return [(Code.MISSING_FINAL_FRAME, v.path)]


@damage(SHALLOW)
def the_prompt_is_gone(v):
    (v.question / "prompt.txt").unlink()
    return [(Code.MISSING_PROMPT, v.path)]


@damage(SHALLOW)
def the_metadata_is_gone(v):
    (v.question / "question_metadata.json").unlink()
    return [(Code.MISSING_METADATA, v.path)]


@damage(SHALLOW)
def the_folder_is_gone(v):
    shutil.rmtree(v.question)
    return [(Code.MISSING_QUESTION, v.path), (Code.ORPHAN_RUN, v.run), (Code.ORPHAN_EVALUATION, v.evaluation)]


@damage(SHALLOW)
def a_frame_is_a_pipe(v):
    (v.question / "first_frame.png").unlink()
    os.mkfifo(v.question / "first_frame.png")
    return [(Code.UNKNOWN_FILE, f"{v.path}/first_frame.png"), (Code.MISSING_FIRST_FRAME, v.path)]


# The metadata of a question


@damage(SHALLOW)
def the_metadata_is_cut_short(v):
    os.truncate(v.question / "question_metadata.json", 200)
    return [(Code.MALFORMED_JSON, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def the_metadata_is_no_object(v):
    (v.question / "question_metadata.json").write_text("[1, 2]")
    return [(Code.MALFORMED_JSON, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def the_metadata_is_not_utf8(v):
    (v.question / "question_metadata.json").write_bytes(b'{"id": "\xff"}')
    return [(Code.NOT_UTF8, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def the_metadata_lacks_a_field(v):
    v.edit(f"{v.path}/question_metadata.json", lambda pair: pair.pop("prompt"))
    return [(Code.INVALID_RECORD, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def a_field_has_the_wrong_type(v):
    v.edit(f"{v.path}/question_metadata.json", lambda pair: pair.update(metadata="none"))
    return [(Code.INVALID_RECORD, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def the_metadata_has_the_id_of_another(v):
    v.edit(f"{v.path}/question_metadata.json", lambda pair: pair.update(id="sudoku_9999"))
    return [(Code.MISPLACED_QUESTION, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def an_image_path_climbs_out(v):
    v.edit(f"{v.path}/question_metadata.json", lambda pair: pair.update(first_image_path="../../etc/passwd"))
    return [(Code.UNSAFE_PATH, f"{v.path}/question_metadata.json"), (Code.MANIFEST_DIFFERS, v.path)]


@damage(SHALLOW)
def an_image_path_is_absolute(v):
    v.edit(f"{v.path}/question_metadata.json", lambda pair: pair.update(final_image_path="/etc/passwd"))
    return [(Code.UNSAFE_PATH, f"{v.path}/question_metadata.json"), (Code.MANIFEST_DIFFERS, v.path)]


@damage(SHALLOW)
def an_image_path_is_that_of_another_question(v):
    path = f"{v.other.path}/first_frame.png".removeprefix("questions/")
    v.edit_question(lambda pair: pair.update(first_image_path=path))
    return [(Code.WRONG_IMAGE_PATH, f"{v.path}/question_metadata.json")]


# The prompts of a question


@damage(SHALLOW)
def the_prompt_is_blank(v):
    (v.question / "prompt.txt").write_text(" \n")
    return [(Code.EMPTY_PROMPT, f"{v.path}/prompt.txt")]


@damage(SHALLOW)
def the_prompt_in_the_metadata_is_empty(v):
    v.edit_question(lambda pair: pair.update(prompt=""))
    return [(Code.EMPTY_PROMPT, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def the_prompt_is_not_utf8(v):
    (v.question / "prompt.txt").write_bytes(b"Solve \xe4\xf6")
    return [(Code.NOT_UTF8, f"{v.path}/prompt.txt")]


@damage(SHALLOW)
def the_prompt_is_another_than_in_the_metadata(v):
    (v.question / "prompt.txt").write_text("Solve something else.")
    return [(Code.PROMPT_DIFFERS, f"{v.path}/prompt.txt"), (Code.RUN_PROMPT_DIFFERS, v.run)]


@damage(SHALLOW)
def the_metadata_has_two_prompts_of_one_style(v):
    v.edit_question(lambda pair: pair["metadata"]["prompts"].update(open="Do as you like."))
    return [(Code.PROMPT_DIFFERS, f"{v.path}/question_metadata.json")]


# The frames of a question


@damage(SHALLOW)
def a_frame_is_no_picture(v):
    (v.question / "final_frame.png").write_bytes(b"not a picture")
    return [(Code.BROKEN_IMAGE, f"{v.path}/final_frame.png")]


@damage(SHALLOW)
def a_frame_is_empty(v):
    (v.question / "final_frame.png").write_bytes(b"")
    return [(Code.BROKEN_IMAGE, f"{v.path}/final_frame.png")]


@damage(DEEP)
def a_frame_is_cut_short(v):
    frame = v.question / "final_frame.png"
    os.truncate(frame, frame.stat().st_size // 2)
    return [(Code.BROKEN_IMAGE, f"{v.path}/final_frame.png")]


@damage(DEEP)
def a_bit_of_a_frame_is_flipped_by_a_program(v):
    frame = v.question / "final_frame.png"
    data = bytearray(frame.read_bytes())
    data[len(data) // 2] ^= 1
    frame.write_bytes(data)
    return [(Code.BROKEN_IMAGE, f"{v.path}/final_frame.png")]


@damage(SHALLOW)
def a_frame_is_a_jpeg(v):
    with Image.open(v.question / "final_frame.png") as image:
        image.convert("RGB").save(v.question / "final_frame.png", "JPEG")
    return [(Code.NOT_PNG, f"{v.path}/final_frame.png")]


@damage(SHALLOW)
def a_frame_is_smaller_than_declared(v):
    with Image.open(v.question / "final_frame.png") as image:
        image.resize((128, 128)).save(v.question / "final_frame.png")
    return [(Code.WRONG_IMAGE_SIZE, f"{v.path}/final_frame.png")]


@damage(SHALLOW)
def the_frames_differ_in_size_and_none_is_declared(v):
    with Image.open(v.question / "final_frame.png") as image:
        image.resize((128, 128)).save(v.question / "final_frame.png")
    v.edit_question(lambda pair: pair["metadata"].pop("frame_size"))
    return [(Code.FRAME_SIZES_DIFFER, v.path)]


@damage(SHALLOW)
def both_frames_are_the_same_file(v):
    shutil.copyfile(v.question / "first_frame.png", v.question / "final_frame.png")
    return [(Code.IDENTICAL_FRAMES, v.path)]


@damage(DEEP)
def both_frames_have_the_same_pixels_in_other_bytes(v):
    with Image.open(v.question / "first_frame.png") as image:
        image.convert("RGB").save(v.question / "final_frame.png")
    return [(Code.IDENTICAL_FRAMES, v.path)]


# The films of a question


@damage(SHALLOW)
def the_film_is_empty(v):
    (v.question / "ground_truth.mp4").write_bytes(b"")
    return [(Code.BROKEN_FILM, f"{v.path}/ground_truth.mp4")]


@damage(DEEP)
def the_film_is_no_film(v):
    (v.question / "ground_truth.mp4").write_bytes(b"no film at all")
    return [(Code.BROKEN_FILM, f"{v.path}/ground_truth.mp4")]


@damage(DEEP)
def the_film_has_another_size_than_the_frames(v):
    frames = [np.full((64, 64, 3), grey, np.uint8) for grey in (0, 200)]
    media.write_video(v.question / "ground_truth.mp4", frames, fps=2)
    return [(Code.WRONG_FILM_SIZE, f"{v.path}/ground_truth.mp4")]


# The puzzles of a question


def _change_puzzle(v, puzzle_metadata):
    v.edit_question(lambda pair: pair["metadata"].update(puzzle_metadata))


@damage(DEEP)
def the_solution_is_wrong(v):
    domain = get_domain(DOMAIN)
    pair = json.loads((v.question / "question_metadata.json").read_text("utf-8"))
    puzzle = domain.from_metadata(pair["metadata"])
    _change_puzzle(v, domain.to_metadata(domain.wrong(puzzle, np.random.default_rng(v.number))))
    return [(Code.WRONG_SOLUTION, f"{v.path}/question_metadata.json")]


@damage(DEEP)
def the_metadata_describes_no_puzzle(v):
    v.edit_question(lambda pair: pair["metadata"].pop("solution"))
    return [(Code.BROKEN_PUZZLE, f"{v.path}/question_metadata.json")]


@damage(DEEP)
def the_metadata_describes_another_puzzle(v):
    domain = get_domain(DOMAIN)
    puzzle = domain.sample(question_rng(DOMAIN, domain.version, 10**6, v.number), "hard")
    _change_puzzle(v, domain.to_metadata(puzzle))
    return [(Code.WRONG_KEY, f"{v.path}/question_metadata.json")]


@damage(SHALLOW)
def a_question_is_there_twice(v):
    """Under another id, with other frames."""
    copy = Victim(v.root, 90_000 + v.number)
    shutil.copytree(v.question, copy.question)
    for place in (2, 5):
        for name in ("first_frame.png", "final_frame.png"):
            with Image.open(copy.question / name) as image:
                pixels = np.array(image.convert("RGB"))
            pixels[:place, :, :] = v.number % 200 + place
            Image.fromarray(pixels).save(copy.question / name)
    text = (copy.question / "question_metadata.json").read_text("utf-8").replace(v.task_id, copy.task_id)
    (copy.question / "question_metadata.json").write_text(text, "utf-8")

    def add(pairs):
        pairs.append(json.loads(text))
        pairs.sort(key=lambda pair: (pair.get("domain", DOMAIN), pair.get("id", "")))

    v.edit_manifest(add)
    return [(Code.DUPLICATE_PUZZLE, copy.path)]


@damage(DEEP)
def a_question_has_the_first_frame_of_another(v):
    other = v.others.pop()
    shutil.copyfile(Victim(v.root, other).question / "first_frame.png", v.question / "first_frame.png")
    return [(Code.SAME_FIRST_FRAME, max(v.path, Victim(v.root, other).path)), (Code.RUN_FRAME_DIFFERS, v.run)]


# The manifest


@damage(SHALLOW)
def an_entry_is_missing(v):
    v.edit_manifest(lambda pairs: pairs.pop(v.place_in(pairs)))
    return [(Code.UNLISTED_QUESTION, v.path)]


@damage(SHALLOW)
def an_entry_says_something_else(v):
    v.edit_entry(lambda pair: pair.update(difficulty="impossible"))
    return [(Code.MANIFEST_DIFFERS, v.path)]


@damage(SHALLOW)
def an_entry_is_there_twice(v):
    v.edit_manifest(lambda pairs: pairs.insert(v.place_in(pairs), pairs[v.place_in(pairs)]))
    return [(Code.REPEATED_ENTRY, "questions/vmeval_dataset.json")]


@damage(SHALLOW)
def an_entry_lacks_a_field(v):
    v.edit_entry(lambda pair: pair.pop("created_at"))
    return [(Code.INVALID_ENTRY, "questions/vmeval_dataset.json")]


@damage(SHALLOW)
def an_entry_has_a_path_as_its_id(v):
    v.edit_entry(lambda pair: pair.update(id="../../etc"))
    return [(Code.INVALID_ENTRY, "questions/vmeval_dataset.json"), (Code.UNLISTED_QUESTION, v.path)]


@damage(SHALLOW)
def an_entry_has_a_path_that_leads_out(v):
    v.edit_entry(lambda pair: pair.update(first_image_path="../../etc/passwd"))
    return [(Code.UNSAFE_ENTRY, "questions/vmeval_dataset.json"), (Code.MANIFEST_DIFFERS, v.path)]


@damage(SHALLOW)
def an_entry_is_about_a_question_that_never_was(v):
    def add(pairs):
        ghost = {**pairs[v.place_in(pairs)], "domain": "ghost", "id": f"ghost_{v.number:04d}"}
        pairs.append({**ghost, "first_image_path": "ghost_task/g/a.png", "final_image_path": "ghost_task/g/b.png"})
        pairs.sort(key=lambda pair: (pair.get("domain", DOMAIN), pair.get("id", "")))

    v.edit_manifest(add)
    return [(Code.MISSING_QUESTION, f"questions/ghost_task/ghost_{v.number:04d}")]


@damage(ALONE)
def the_entries_are_out_of_order(v):
    v.edit_manifest(lambda pairs: pairs.reverse())
    return [(Code.UNSORTED_MANIFEST, "questions/vmeval_dataset.json")]


@damage(ALONE)
def the_manifest_announces_another_number(v):
    v.edit("questions/vmeval_dataset.json", lambda manifest: manifest.update(total_pairs=3))
    return [(Code.WRONG_COUNT, "questions/vmeval_dataset.json")]


@damage(ALONE)
def the_manifest_is_gone(v):
    v.root.manifest.unlink()
    return [(Code.MISSING_MANIFEST, "questions/vmeval_dataset.json")]


@damage(ALONE)
def the_manifest_is_cut_short(v):
    os.truncate(v.root.manifest, v.root.manifest.stat().st_size - 500)
    return [(Code.MALFORMED_MANIFEST, "questions/vmeval_dataset.json")]


@damage(ALONE)
def the_manifest_is_binary(v):
    v.root.manifest.write_bytes(bytes(range(256)))
    return [(Code.MALFORMED_MANIFEST, "questions/vmeval_dataset.json")]


# Runs


@damage(SHALLOW)
def a_run_answers_a_question_that_never_was(v):
    ghost = f"{v.task_id}_ghost"
    target = v.run.replace(v.task_id, ghost)
    shutil.copytree(v.file(v.run), v.file(target))
    v.edit(f"{target}/metadata.json", lambda run: run.update(task_id=ghost))
    return [(Code.ORPHAN_RUN, target)]


@damage(SHALLOW)
def a_run_has_no_metadata(v):
    v.file(f"{v.run}/metadata.json").unlink()
    return [(Code.MISSING_RUN_METADATA, v.run)]


@damage(SHALLOW)
def a_runs_metadata_is_cut_short(v):
    os.truncate(v.file(f"{v.run}/metadata.json"), 100)
    return [(Code.MALFORMED_JSON, f"{v.run}/metadata.json")]


@damage(SHALLOW)
def a_runs_status_is_unknown(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(status="fine"))
    return [(Code.INVALID_RECORD, f"{v.run}/metadata.json")]


@damage(SHALLOW)
def a_runs_metadata_names_another_model(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(model="other"))
    return [(Code.MISPLACED_RUN, f"{v.run}/metadata.json")]


@damage(SHALLOW)
def a_run_has_not_finished(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(status="running"))
    return [(Code.UNFINISHED_RUN, v.run)]


@damage(SHALLOW)
def a_run_succeeded_with_an_error(v):
    error = {"type": "ModelError", "message": "no", "retryable": False}
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(error=error))
    return [(Code.INCONSISTENT_RUN, f"{v.run}/metadata.json")]


@damage(SHALLOW)
def a_run_failed_without_an_error(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(status="failed"))
    return [(Code.INCONSISTENT_RUN, f"{v.run}/metadata.json")]


@damage(SHALLOW)
def a_video_is_gone(v):
    v.file(f"{v.run}/video/model_output.mp4").unlink()
    return [(Code.MISSING_VIDEO, v.run)]


@damage(SHALLOW)
def a_run_was_asked_something_else(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(prompt="Dance."))
    return [(Code.RUN_PROMPT_DIFFERS, v.run)]


@damage(SHALLOW)
def a_run_lacks_the_frame_that_it_was_given(v):
    v.file(f"{v.run}/question/first_frame.png").unlink()
    return [(Code.MISSING_RUN_QUESTION, v.run)]


@damage(DEEP)
def a_run_was_given_another_frame(v):
    shutil.copyfile(v.question / "final_frame.png", v.file(f"{v.run}/question/first_frame.png"))
    return [(Code.RUN_FRAME_DIFFERS, v.run)]


@damage(DEEP)
def a_video_is_cut_short(v):
    video = v.file(f"{v.run}/video/model_output.mp4")
    os.truncate(video, 60)
    return [
        (Code.VIDEO_CHANGED, f"{v.run}/video/model_output.mp4"),
        (Code.BROKEN_VIDEO, f"{v.run}/video/model_output.mp4"),
    ]


@damage(SHALLOW)
def a_video_is_empty_and_noted_so(v):
    video = v.file(f"{v.run}/video/model_output.mp4")
    video.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    v.edit(f"{v.run}/metadata.json", lambda run: run.update(video_sha256=empty))
    v.edit(v.evaluation, lambda evaluation: evaluation["records"][0].update(video_sha256=empty))
    return [(Code.BROKEN_VIDEO, f"{v.run}/video/model_output.mp4")]


@damage(DEEP)
def a_video_was_replaced_by_another(v):
    video = v.file(f"{v.run}/video/model_output.mp4")
    facts = media.probe(video)
    frames = [np.full((facts.height, facts.width, 3), 90, np.uint8)] * facts.frames
    media.write_video(video, frames, fps=16)
    return [(Code.VIDEO_CHANGED, f"{v.run}/video/model_output.mp4")]


@damage(DEEP)
def a_run_notes_other_facts_than_its_video_has(v):
    v.edit(f"{v.run}/metadata.json", lambda run: run["video"].update(frames=999))
    return [(Code.WRONG_VIDEO_FACTS, f"{v.run}/video/model_output.mp4")]


# Evaluations


def _edit_score(v, **changes):
    v.edit(v.evaluation, lambda evaluation: evaluation["records"][0].update(changes))


@damage(SHALLOW)
def scores_are_about_a_question_that_never_was(v):
    ghost = f"{v.task_id}_phantom"
    target = v.evaluation.replace(v.task_id, ghost)
    v.file(target).parent.mkdir(parents=True)
    shutil.copyfile(v.file(v.evaluation), v.file(target))
    v.edit(target, lambda evaluation: evaluation.update(task_id=ghost))
    return [(Code.ORPHAN_EVALUATION, target), (Code.REMOVED_RUN, target)]


@damage(SHALLOW)
def a_score_is_about_no_run(v):
    _edit_score(v, run_id="20200101T000000Z")
    return [(Code.UNKNOWN_RUN, v.evaluation)]


@damage(SHALLOW)
def all_runs_are_gone(v):
    shutil.rmtree(v.file(v.runs))
    return [(Code.REMOVED_RUN, v.evaluation)]


@damage(SHALLOW)
def an_evaluation_has_the_name_of_another(v):
    target = v.evaluation.replace(EVALUATOR, "OtherEvaluator")
    v.file(v.evaluation).rename(v.file(target))
    return [(Code.MISNAMED_EVALUATION, target)]


@damage(SHALLOW)
def an_evaluation_is_about_another_model(v):
    v.edit(v.evaluation, lambda evaluation: evaluation.update(model="other"))
    return [(Code.MISPLACED_EVALUATION, v.evaluation)]


@damage(SHALLOW)
def an_evaluation_is_cut_short(v):
    os.truncate(v.file(v.evaluation), 100)
    return [(Code.MALFORMED_JSON, v.evaluation)]


@damage(SHALLOW)
def an_evaluation_lacks_its_version(v):
    v.edit(v.evaluation, lambda evaluation: evaluation.pop("version"))
    return [(Code.INVALID_RECORD, v.evaluation)]


@damage(SHALLOW)
def a_score_lacks_its_rater(v):
    v.edit(v.evaluation, lambda evaluation: evaluation["records"][0].pop("rater"))
    return [(Code.INVALID_RECORD, v.evaluation)]


@damage(SHALLOW)
def a_score_is_too_high(v):
    _edit_score(v, score=7)
    return [(Code.SCORE_OUT_OF_RANGE, v.evaluation)]


@damage(SHALLOW)
def a_score_is_zero(v):
    _edit_score(v, score=0)
    return [(Code.SCORE_OUT_OF_RANGE, v.evaluation)]


@damage(SHALLOW)
def a_record_is_scored_without_a_score(v):
    _edit_score(v, score=None, passed=None)
    return [(Code.INCONSISTENT_SCORE, v.evaluation)]


@damage(SHALLOW)
def an_error_has_a_score(v):
    _edit_score(v, status="error")
    return [(Code.INCONSISTENT_SCORE, v.evaluation)]


@damage(SHALLOW)
def a_low_score_has_passed(v):
    _edit_score(v, score=2, passed=True)
    return [(Code.INCONSISTENT_SCORE, v.evaluation)]


@damage(SHALLOW)
def a_rater_has_scored_twice(v):
    v.edit(v.evaluation, lambda evaluation: evaluation["records"].append(evaluation["records"][0]))
    return [(Code.REPEATED_SCORE, v.evaluation)]


@damage(SHALLOW)
def a_score_is_about_another_video(v):
    _edit_score(v, video_sha256="0" * 64)
    return [(Code.STALE_SCORE, v.evaluation)]


@damage(ALONE)
def a_rating_plan_is_cut_short(v):
    path = f"evaluations/{EXPERIMENT}/human-eval.plan.json"
    v.file(path).write_text('{"seed": ')
    return [(Code.MALFORMED_JSON, path)]


@damage(ALONE)
def an_archive_stub_is_about_another_experiment(v):
    path = f"outputs/{EXPERIMENT}/archived.json"
    stub = {"experiment": "other", "remote": "memory://", "snapshot": "archive/other", "s3_uri": "memory://x"}
    stub |= {"manifest_sha256": "0" * 64, "archived_at": "2025-01-15T10:30:00Z", "files": 1, "bytes": 1}
    v.file(path).write_text(json.dumps(stub))
    return [(Code.INVALID_RECORD, path)]


# Any file


@damage(SHALLOW)
def there_are_files_that_nobody_knows(v):
    paths = [f"{v.path}/notes.txt", f"{v.path}/.hidden", f"{v.run}/log.txt", f"{v.run}/video/second.mp4"]
    paths += [f"{v.run}/question/goal.txt", f"{v.evaluation}.bak", f"outputs/{EXPERIMENT}/{v.task_id}.csv"]
    for path in paths:
        v.file(path).write_text("?")
    return [(Code.UNKNOWN_FILE, path) for path in paths]


@damage(SHALLOW)
def there_are_folders_that_nobody_knows(v):
    paths = [f"{v.path}/old", f"{v.run}/frames", f"{Path(v.evaluation).parent}/old", f"questions/{v.task_id}"]
    for path in paths:
        v.file(path).mkdir()
    return [(Code.UNKNOWN_FILE, path) for path in paths]


@damage(SHALLOW)
def writes_were_interrupted(v):
    paths = [f"{v.path}/.prompt.txt.0123.tmp", f"{v.run}/video/.model_output.mp4.0123.tmp", f"{v.path}/.DS_Store"]
    for path in paths:
        v.file(path).write_text("?")
    folder = f"questions/{DOMAIN}_task/.{v.task_id}.0123.tmp"
    v.file(folder).mkdir()
    return [(Code.LEFTOVER, path) for path in [*paths, folder]]


@damage(SHALLOW)
def a_folder_has_a_name_that_is_none(v):
    path = f"questions/{DOMAIN}_task/{v.task_id} copy"
    v.file(path).mkdir()
    return [(Code.INVALID_NAME, path)]


@damage(SHALLOW)
def a_link_leads_out(v):
    frame = v.question / "first_frame.png"
    frame.unlink()
    frame.symlink_to("/etc/hostname")
    return [(Code.LINK_LEADS_OUT, f"{v.path}/first_frame.png"), (Code.MISSING_FIRST_FRAME, v.path)]


@damage(SHALLOW)
def a_link_points_to_nothing(v):
    (v.question / "ground_truth.mp4").unlink(missing_ok=True)
    (v.question / "ground_truth.mp4").symlink_to("gone.mp4")
    return [(Code.DANGLING_LINK, f"{v.path}/ground_truth.mp4")]


@damage(SHALLOW)
def a_prompt_is_larger_than_memory_should_hold(v):
    os.truncate(v.question / "prompt.txt", 65 << 20)
    return [(Code.UNREADABLE, f"{v.path}/prompt.txt")]


@damage(DEEP)
def a_bit_turns_over_by_itself(v):
    """In files that were hashed while they were whole."""
    files = [f"{v.path}/first_frame.png", f"{v.run}/question/first_frame.png", f"{v.run}/video/model_output.mp4"]
    for path in files:
        rot(v.file(path))
    return [(Code.BIT_ROT, path) for path in files]


def rot(file: Path) -> None:
    """Turn a bit over and leave no trace of it."""
    status = file.stat()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    with file.open("r+b") as handle:  # The same inode.
        handle.write(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@damage(ALONE)
def the_index_is_broken(v):
    index = v.root.state / "index.sqlite"
    with sqlite3.connect(index) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    index.write_bytes(b"garbage" * 1000)
    return [(Code.BROKEN_INDEX, ".vmevalkit/index.sqlite")]
