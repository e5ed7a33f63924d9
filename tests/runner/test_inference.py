"""Filming questions."""

import json
import signal
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image
from support.waiting import until

from vmevalkit import media
from vmevalkit.dataroot import PairKey, exclusive, load_pair, load_run
from vmevalkit.errors import BusyError, UnknownNameError, UnsafePathError, UsageError
from vmevalkit.models import BASELINES
from vmevalkit.runner.inference import RunOptions, run_models

EXPERIMENT = "pilot_experiment"


def frames_of(root, pair):
    return [
        np.asarray(Image.open(root.image(p)).convert("RGB")) for p in (pair.first_image_path, pair.final_image_path)
    ]


def close(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean() < 3


def video(root, key):
    return root.run_folder(key) / "video" / "model_output.mp4"


def test_a_run_is_a_folder_of_the_documented_files(scored):
    for key in scored.iter_runs():
        folder = scored.run_folder(key)
        assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == [
            "metadata.json",
            "question/first_frame.png",
            "question/prompt.txt",
            "video/model_output.mp4",
        ]
        question = scored.pair_folder(key.pair)
        assert (folder / "question/first_frame.png").read_bytes() == (question / "first_frame.png").read_bytes()
        assert (folder / "question/prompt.txt").read_bytes() == (question / "prompt.txt").read_bytes()


def test_every_model_films_every_question(scored):
    filmed = {(key.model, key.task_id) for key in scored.iter_runs(EXPERIMENT)}
    assert filmed == {(model, key.task_id) for model in BASELINES for key in scored.iter_pairs()}


def test_a_run_says_what_was_asked_for_and_what_came(scored):
    for key in scored.iter_runs(EXPERIMENT):
        run = load_run(scored, key)
        info = media.probe(video(scored, key))
        assert run.status == "succeeded"
        assert (run.requested.width, run.requested.height, run.requested.fps) == (512, 512, 16)
        assert run.video.model_dump() == vars(info)
        assert run.video_sha256 == sha256(video(scored, key).read_bytes()).hexdigest()


def test_videos_are_h264_for_browsers(scored):
    import av

    key = next(scored.iter_runs(EXPERIMENT, "oracle"))
    with av.open(str(video(scored, key))) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize(
    ("model", "starts_on_first", "ends_on"),
    [
        ("oracle", True, "final"),
        ("crossfade", True, "final"),
        ("static", True, "first"),
        ("wrong", True, "neither"),
        ("noise", False, "neither"),
    ],
)
def test_baselines_film_what_they_promise(scored, model, starts_on_first, ends_on):
    for key in scored.iter_runs(EXPERIMENT, model):
        first, final = frames_of(scored, load_pair(scored, key.pair))
        frames = list(media.read_frames(video(scored, key)))
        assert len(frames) == 32
        assert close(frames[0], first) == starts_on_first
        if ends_on != "neither":
            assert close(frames[-1], {"first": first, "final": final}[ends_on])
        else:
            assert (np.abs(frames[-1].astype(int) - final.astype(int)) > 60).any()


def test_a_second_call_films_nothing(scored):
    before = {key: video(scored, key).stat().st_mtime_ns for key in scored.iter_runs()}
    done = run_models(scored, EXPERIMENT, BASELINES)
    assert (done.succeeded, done.skipped, done.failures) == (0, 50, [])
    assert {key: video(scored, key).stat().st_mtime_ns for key in scored.iter_runs()} == before


def test_the_same_question_gives_the_same_video(scored, made_once, tmp_path):
    from vmevalkit.dataroot import DataRoot

    again = DataRoot(tmp_path / "again")
    again.path.mkdir()
    (again.path / "questions").symlink_to(made_once.questions)
    run_models(again, "other", ["wrong", "noise"], RunOptions(domains=["maze"]))
    for key in again.iter_runs():
        (twin,) = scored.iter_runs(EXPERIMENT, key.model, key.domain, key.task_id)
        assert video(again, key).read_bytes() == video(scored, twin).read_bytes()


def test_an_interrupted_run_goes_on_in_its_folder(scored):
    key = next(scored.iter_runs(EXPERIMENT, "oracle"))
    run = load_run(scored, key)
    run.model_copy(update={"status": "running", "video": None}).save(scored.run_folder(key) / "metadata.json")
    video(scored, key).unlink()
    (video(scored, key).parent / ".model_output.mp4.abc.tmp").write_text("half")
    done = run_models(scored, EXPERIMENT, ["oracle"])
    assert done.succeeded == 1
    assert list(scored.iter_runs(EXPERIMENT, "oracle", key.domain, key.task_id)) == [key]
    assert [p.name for p in video(scored, key).parent.iterdir()] == ["model_output.mp4"]


def test_a_failure_is_recorded_and_tried_again_only_when_asked(dataset):
    path = dataset.pair_folder(PairKey("maze", "maze_0000")) / "question_metadata.json"
    record = json.loads(path.read_text())
    foreign = {**record, "domain": "foreign", "id": "foreign_0000"}
    target = dataset.pair_folder(PairKey("foreign", "foreign_0000"))
    target.mkdir(parents=True)
    (target / "question_metadata.json").write_text(json.dumps(foreign))
    done = run_models(dataset, EXPERIMENT, ["oracle", "static"], RunOptions(domains=["foreign"]))
    assert done.succeeded == 1
    assert "the oracle baseline cannot film this domain" in done.failures[0]
    (key,) = dataset.iter_runs(EXPERIMENT, "oracle")
    run = load_run(dataset, key)
    assert (run.status, run.error.type, run.error.retryable) == ("failed", "ModelError", False)
    assert not run_models(dataset, EXPERIMENT, ["oracle"], RunOptions(domains=["foreign"])).failures
    assert run_models(dataset, EXPERIMENT, ["oracle"], RunOptions(domains=["foreign"], retry="failed")).failures
    assert len(list(dataset.iter_runs(EXPERIMENT, "oracle"))) == 2


def test_a_broken_question_does_not_stop_the_others(dataset):
    (dataset.pair_folder(PairKey("maze", "maze_0000")) / "first_frame.png").write_bytes(b"no picture")
    done = run_models(dataset, EXPERIMENT, ["static"], RunOptions(domains=["maze"]))
    assert done.succeeded == 1
    assert "maze_0000/first_frame.png: cannot be decoded" in done.failures[0]


def test_questions_can_be_chosen(dataset):
    run_models(dataset, "a", ["static"], RunOptions(domains=["maze", "raven"], limit=1))
    run_models(dataset, "b", ["static"], RunOptions(task_ids=["chess_0001"]))
    assert [key.task_id for key in dataset.iter_runs("a")] == ["maze_0000", "raven_0000"]
    assert [key.task_id for key in dataset.iter_runs("b")] == ["chess_0001"]


def test_unknown_names_are_refused_before_anything_is_filmed(dataset):
    with pytest.raises(UnknownNameError, match="unknown model: oracel"):
        run_models(dataset, EXPERIMENT, ["oracel"])
    with pytest.raises(UnknownNameError, match="unknown domain: maz"):
        run_models(dataset, EXPERIMENT, ["static"], RunOptions(domains=["maz"]))
    with pytest.raises(UnknownNameError, match="unknown question: maze_0009"):
        run_models(dataset, EXPERIMENT, ["static"], RunOptions(task_ids=["maze_0009"]))
    with pytest.raises(UnsafePathError):
        run_models(dataset, "../out", ["static"])
    assert not dataset.outputs.exists()


def test_no_questions_is_said_with_the_way_out(root):
    with pytest.raises(UsageError, match="no data root"):
        run_models(root, EXPERIMENT, ["static"])
    root.path.mkdir()
    with pytest.raises(UsageError, match="no questions") as caught:
        run_models(root, EXPERIMENT, ["static"])
    assert "vmevalkit create" in caught.value.hint


def test_two_runners_of_one_model_do_not_film_twice(dataset):
    with exclusive(dataset.lock("run", EXPERIMENT, "static"), "holding"):
        with pytest.raises(BusyError, match="running static"):
            run_models(dataset, EXPERIMENT, ["static"])
        assert run_models(dataset, EXPERIMENT, ["noise"], RunOptions(limit=1, domains=["maze"])).succeeded == 1


WAITS_ONCE = """
import shutil, sys, time
from pathlib import Path
if not Path("begun").exists():
    Path("begun").touch()
    time.sleep(600)
shutil.copyfile("ready.mp4", sys.argv[1])
"""


def test_ctrl_c_leaves_the_run_of_a_command_to_be_taken_up(dataset, tmp_path):
    media.write_video(tmp_path / "ready.mp4", [np.zeros((48, 64, 3), np.uint8)] * 2, fps=8)
    (tmp_path / "generate.py").write_text(WAITS_ONCE)
    arguments = json.dumps([sys.executable, "generate.py", "{output}"])
    (tmp_path / "vmevalkit.toml").write_text(f'[models.slow]\ntype = "command"\ncommand = {arguments}\n')
    command = [sys.executable, "-m", "vmevalkit", "run", "--model", "slow", "--task-id", "maze_0000"]
    command += ["--data-dir", str(dataset.path)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        until((tmp_path / "begun").exists)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "the same command goes on" in said) == (130, True)
    (key,) = dataset.iter_runs()
    assert load_run(dataset, key).status == "running"
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert list(dataset.iter_runs()) == [key]
    assert load_run(dataset, key).status == "succeeded"


def test_a_model_that_cannot_begin_is_named_once(dataset):
    own = {"pan": {"type": "command", "command": "generate"}}
    done = run_models(dataset, EXPERIMENT, ["pan", "static"], RunOptions(task_ids=["maze_0000"]), own=own)
    assert (done.succeeded, done.stopped) == (1, ["model pan: command has no {output}"])
