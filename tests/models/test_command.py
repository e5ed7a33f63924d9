"""A command as model."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import until

from vmevalkit import media
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.models import FilmRequest, ModelError, StoppedError
from vmevalkit.models import command as command_module
from vmevalkit.models.command import PLACEHOLDERS, CommandError, CommandModel

FIRST = np.zeros((48, 64, 3), np.uint8)
FIRST[:, 32:] = (250, 120, 10)

FILMS = """
    import argparse
    import numpy as np
    from pathlib import Path
    from PIL import Image
    from vmevalkit.media import write_video
    parser = argparse.ArgumentParser()
    for name in ("image", "output", "frames", "fps"):
        parser.add_argument("--" + name)
    options = parser.parse_args()
    image = np.asarray(Image.open(options.image).convert("RGB"))
    write_video(Path(options.output), [image] * int(options.frames), fps=int(options.fps))
"""
TELLS = """
    import json, os, shutil, sys
    seen = {"arguments": sys.argv[2:], "environment": dict(os.environ), "cwd": os.getcwd()}
    seen["prompt_file"] = open(os.environ["VMEVAL_PROMPT_FILE"], "rb").read().decode()
    seen["stdin"] = sys.stdin.read()
    json.dump(seen, open(os.environ["SEEN"], "w"))
    shutil.copyfile(os.environ["READY_VIDEO"], sys.argv[1])
"""
WAITS = """
    import os, subprocess, sys, time
    from pathlib import Path
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["PIDS"] + ".part").write_text(f"{os.getpid()} {child.pid}")
    os.replace(os.environ["PIDS"] + ".part", os.environ["PIDS"])
    time.sleep(600)
"""


def request(prompt="Solve the maze.", *, frames=6, fps=8, seed=7, first_frame=FIRST):
    return FilmRequest(prompt, first_frame, fps, frames, seed, final_frame=first_frame, solution=None, wrong=None)


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / "generate.py"
        path.write_text(dedent(text))
        return str(path)

    return write


@pytest.fixture
def film(tmp_path, script):
    """Film with a Python script that gets the arguments given, and return where the video is."""

    def run(text, *arguments, asked=None, **settings):
        path = tmp_path / ".model_output.mp4.x.tmp"
        model = CommandModel("my-model", [sys.executable, script(text), *arguments], **settings)
        model.film(asked or request(), path)
        return path

    return run


@pytest.fixture(scope="module")
def ready_video(tmp_path_factory):
    path = tmp_path_factory.mktemp("ready") / "ready.mp4"
    media.write_video(path, [FIRST] * 2, fps=8)
    return path


@pytest.fixture
def told(film, tmp_path, ready_video):
    """Film with a script that tells what it was given."""

    def run(*arguments, env=None, **settings):
        seen = tmp_path / "seen.json"
        film(TELLS, "{output}", *arguments, env={"SEEN": seen, "READY_VIDEO": ready_video, **(env or {})}, **settings)
        return json.loads(seen.read_text())

    return run


@pytest.fixture
def late_when(monkeypatch):
    """Have the time of every command be over as soon as a file is there."""

    def arrange(path):
        clock = SimpleNamespace(monotonic=lambda: 1e9 if path.exists() else 0.0)
        monkeypatch.setattr(command_module, "time", clock)
        return path

    return arrange


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a dead process that nobody has waited for is no longer running
    return not (stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def pids_in(path):
    until(path.exists)
    return [int(pid) for pid in path.read_text().split()]


def test_a_script_that_takes_image_and_output_makes_the_video(film):
    video = film(FILMS, "--image", "{image}", "--output", "{output}", "--frames", "{frames}", "--fps={fps}")
    info = media.probe(video)
    assert (info.width, info.height, info.frames, info.fps) == (64, 48, 6, 8.0)
    assert np.abs(media.last_frame(video).astype(int) - FIRST).mean() < 4


def test_a_command_may_be_one_text(tmp_path, script):
    path = tmp_path / "video.mp4"
    text = f"{sys.executable} '{script(FILMS)}' --image {{image}} --output={{output}} --frames 3 --fps 4"
    CommandModel("my-model", text).film(request(), path)
    assert media.probe(path).frames == 3


def test_every_placeholder_stands_for_its_value(told):
    names = [name for name in PLACEHOLDERS if name not in ("image", "output", "prompt_file")]
    seen = told(*(f"{name}={{{name}}}" for name in names), asked=request(frames=33, fps=16))
    assert dict(argument.split("=") for argument in seen["arguments"]) == {
        "prompt": "Solve the maze.",
        "seed": "7",
        "frames": "33",
        "fps": "16",
        "seconds": "2.0625",
        "width": "64",
        "height": "48",
    }


def test_the_environment_has_the_same_values_and_passes_through(told, monkeypatch):
    monkeypatch.setenv("FROM_OUTSIDE", "yes")
    seen = told("{image}", "{prompt_file}", env={"CUDA_VISIBLE_DEVICES": "1"})
    environment = seen["environment"]
    assert seen["arguments"] == [environment["VMEVAL_IMAGE"], environment["VMEVAL_PROMPT_FILE"]]
    assert (environment["VMEVAL_SEED"], environment["VMEVAL_SECONDS"]) == ("7", "0.75")
    assert (environment["FROM_OUTSIDE"], environment["CUDA_VISIBLE_DEVICES"]) == ("yes", "1")
    assert environment["VMEVAL_OUTPUT"].endswith(".mp4")


@pytest.mark.parametrize(
    "prompt",
    [
        "Löse das Rätsel: 数独 ♞🧩",
        "a \"quoted\" 'prompt' with $HOME `ls` \\ and ; | & *",
        "two\nlines\r\n\n",
        "",
        "{seed}",
    ],
)
def test_a_prompt_arrives_as_it_is(told, prompt):
    seen = told("{prompt}", "--prompt={prompt}", asked=request(prompt))
    assert seen["arguments"] == [prompt, f"--prompt={prompt}"]
    assert seen["prompt_file"] == prompt


def test_other_braces_are_left_alone_and_doubled_ones_undone(told):
    given_, expected = '{"seed": {seed}, "a": {}}', '{"seed": 7, "a": {}}'
    assert told(given_, "{{seed}}", "${{HOME}}")["arguments"] == [expected, "{seed}", "${HOME}"]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_no_prompt_changes_how_a_command_is_split(prompt):
    filled = command_module._filled("{prompt}|{seed}", {"prompt": prompt, "seed": "7"})
    assert filled == f"{prompt}|7"


def test_seeds_are_such_as_every_random_generator_takes(told):
    assert told("{seed}", asked=request(seed=2**64 - 1))["arguments"] == [str(2**31 - 1)]


def test_nothing_can_be_read_from_standard_input(told):
    assert told()["stdin"] == ""


def test_a_command_runs_in_its_folder(told, tmp_path):
    assert told(cwd=str(tmp_path))["cwd"] == str(tmp_path.resolve())


def test_a_program_is_looked_for_in_the_folder(tmp_path, ready_video):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "generate"
    program.write_text(f'#!/bin/sh\ncp "{ready_video}" "$1"\n')
    program.chmod(0o755)
    model = CommandModel("my-model", "bin/generate {output}", cwd=str(tmp_path))
    model.check()
    model.film(request(), tmp_path / "video.mp4")
    assert (tmp_path / "video.mp4").read_bytes() == ready_video.read_bytes()


def test_nothing_is_left_in_the_temporary_folder(film, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(CommandError):
        film("import os; open(os.environ['VMEVAL_OUTPUT'] + '.part', 'w')", "{output}")
    assert not list((tmp_path / "temporary").iterdir())


def test_a_status_other_than_0_is_an_error_with_the_last_words(film):
    with pytest.raises(CommandError) as caught:
        film("import sys; print('loading\\n\\n'); sys.exit('\\x1b[31mno checkpoint in weights/\\x1b[0m')", "{output}")
    assert caught.value.message == (
        "my-model: the command ended with status 1; its last words: loading / no checkpoint in weights/"
    )
    assert not caught.value.retryable


def test_an_error_has_the_end_of_a_long_output_only(film):
    with pytest.raises(CommandError) as caught:
        film("import os, sys; os.write(1, b'x' * 3_000_000 + b'\\n' + b'last' * 1000); sys.exit(3)", "{output}")
    assert len(caught.value.output) == 20_000
    assert caught.value.output.endswith("lastlast")
    assert "status 3" in caught.value.message
    assert len(caught.value.message) < 800
    assert "\n" not in caught.value.message


def test_output_that_is_no_text_does_no_harm(film):
    with pytest.raises(CommandError, match="status 1"):
        film("import os; os.write(2, bytes(range(256))); raise SystemExit(1)", "{output}")


def test_an_end_by_a_signal_may_pass(film):
    with pytest.raises(CommandError, match="ended by SIGSEGV; it printed nothing") as caught:
        film("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "{output}")
    assert caught.value.retryable


def test_no_file_is_an_error(film):
    with pytest.raises(CommandError, match=r"left no file at \{output\}; its last words: done") as caught:
        film("print('done')", "{output}")
    assert not caught.value.retryable


@pytest.mark.parametrize("content", ["", "this is no video"])
def test_a_file_that_is_no_video_is_an_error(film, content):
    with pytest.raises(CommandError, match=r"left no video: output\.mp4: ") as caught:
        film(f"import sys; open(sys.argv[1], 'w').write({content!r})", "{output}")
    assert not caught.value.retryable


def test_a_folder_in_place_of_the_video_is_an_error(film):
    with pytest.raises(CommandError, match="left no file"):
        film("import os, sys; os.mkdir(sys.argv[1])", "{output}")


def test_a_timeout_ends_the_command_and_its_children(film, tmp_path, late_when):
    pids = late_when(tmp_path / "pids")
    with pytest.raises(CommandError, match="not done after 900 s") as caught:
        film(WAITS, "{output}", timeout=900, env={"PIDS": pids})
    assert caught.value.retryable
    until(lambda: not any(is_running(pid) for pid in pids_in(pids)))


def test_a_command_is_asked_to_end_before_it_is_ended(film, tmp_path, late_when):
    late_when(tmp_path / "ready")
    program = """
        import signal, sys, time
        from pathlib import Path
        folder = Path(sys.argv[2])
        def clean_up(*_):
            (folder / "cleaned_up").touch()
            sys.exit(0)
        signal.signal(signal.SIGTERM, clean_up)
        (folder / "ready").touch()
        time.sleep(600)
    """
    with pytest.raises(CommandError, match="not done"):
        film(program, "{output}", str(tmp_path))
    assert (tmp_path / "cleaned_up").exists()


def test_a_command_that_does_not_listen_is_ended(film, tmp_path, late_when, monkeypatch):
    monkeypatch.setattr(command_module, "_GRACE_SECONDS", 0.1)
    pids = late_when(tmp_path / "pids")
    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{dedent(WAITS)}"
    with pytest.raises(CommandError, match="not done"):
        film(program, "{output}", env={"PIDS": pids})
    until(lambda: not any(is_running(pid) for pid in pids_in(pids)))


def test_what_a_command_leaves_running_is_ended_and_not_waited_for(film, tmp_path, ready_video):
    pids = tmp_path / "pids"
    program = """
        import os, shutil, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open(os.environ["PIDS"], "w").write(str(child.pid))
        shutil.copyfile(os.environ["READY_VIDEO"], sys.argv[1])
    """
    film(program, "{output}", env={"PIDS": pids, "READY_VIDEO": ready_video})
    until(lambda: not any(is_running(pid) for pid in pids_in(pids)))


def test_a_command_that_closes_its_output_is_waited_for(film, ready_video):
    program = """
        import os, shutil, sys, time
        os.close(1), os.close(2)
        time.sleep(0.5)
        shutil.copyfile(os.environ["READY_VIDEO"], sys.argv[1])
    """
    assert media.probe(film(program, "{output}", env={"READY_VIDEO": ready_video})).frames == 2


def test_closing_stops_a_command_of_another_thread_and_the_next(tmp_path, script):
    pids, errors = tmp_path / "pids", []
    model = CommandModel("my-model", [sys.executable, script(WAITS), "{output}"], env={"PIDS": str(pids)})

    def film():
        try:
            model.film(request(), tmp_path / "video.mp4")
        except StoppedError as error:
            errors.append(error)

    thread = threading.Thread(target=film)
    thread.start()
    running = pids_in(pids)
    model.close()
    thread.join(60)
    film()
    assert [error.retryable for error in errors] == [True, True]
    assert "was stopped" in errors[0].message
    until(lambda: not any(is_running(pid) for pid in running))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_does_not_outlive_this_process(tmp_path, script, number):
    pids, runner = tmp_path / "pids", tmp_path / "runner.py"
    runner.write_text(
        dedent(f"""
        import signal
        import numpy as np
        from pathlib import Path
        from vmevalkit.models import FilmRequest
        from vmevalkit.models.command import CommandModel
        signal.signal(signal.SIGINT, signal.default_int_handler)
        frame = np.zeros((16, 16, 3), np.uint8)
        model = CommandModel("my-model", {[sys.executable, script(WAITS), "{output}"]!r})
        model.film(FilmRequest("", frame, 8, 2, 1, frame, None, None), Path("video.mp4"))
        """)
    )
    with subprocess.Popen(
        [sys.executable, str(runner)],
        cwd=tmp_path,
        env=os.environ | {"PIDS": str(pids), "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    ) as process:
        running = pids_in(pids)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    until(lambda: not any(is_running(pid) for pid in running))
    assert (b"KeyboardInterrupt" in said) == (number == signal.SIGINT)


def test_a_program_that_is_not_there_is_named(tmp_path):
    model = CommandModel("my-model", "no-such-program {output}")
    for ask in (model.check, lambda: model.film(request(), tmp_path / "video.mp4")):
        with pytest.raises(UsageError, match="my-model: program not found, or not executable: no-such-program"):
            ask()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    model = CommandModel("my-model", "true {output}", cwd=str(tmp_path / "nowhere"))
    for ask in (model.check, lambda: model.film(request(), tmp_path / "video.mp4")):
        with pytest.raises(UsageError, match=r"my-model: no such folder: .*nowhere"):
            ask()


def test_a_program_that_the_system_cannot_run_is_named(tmp_path):
    program = tmp_path / "notes.txt"
    program.write_bytes(b"\x00\x01")
    program.chmod(0o755)
    with pytest.raises(UsageError, match=r"cannot start .*notes\.txt: Exec format error"):
        CommandModel("my-model", [str(program), "{output}"]).film(request(), tmp_path / "video.mp4")


def test_a_prompt_that_no_command_line_can_hold_is_refused(film):
    with pytest.raises(ModelError, match="NUL character") as caught:
        film(FILMS, "{output}", "{prompt}", asked=request("a\0b"))
    assert caught.value.hint == "use {prompt_file}"


def test_an_unknown_placeholder_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"my-model: \{prompts\}") as caught:
        CommandModel("my-model", "generate {prompts} {output}")
    assert "{prompt}" in caught.value.hint


@pytest.mark.parametrize("placeholder", ["{first-frame}", "{seconds:.1f}", "{Seed}", "{HOME}"])
def test_nothing_that_looks_like_a_placeholder_goes_through_as_text(placeholder):
    with pytest.raises(UnknownNameError, match="placeholder"):
        CommandModel("my-model", ["generate", placeholder, "{output}"])


@pytest.mark.parametrize("command", ["generate {image}", ["generate", "{{output}}"], "{output}"])
def test_a_command_without_an_output_is_refused(command):
    with pytest.raises(UsageError, match=r"my-model: command has no \{output\}"):
        CommandModel("my-model", command)


@pytest.mark.parametrize("command", ["", [], "generate '{output}", ["generate", 7, "{output}"], ["", "{output}"]])
def test_a_command_that_is_none_is_refused(command):
    with pytest.raises(UsageError, match="my-model: command "):
        CommandModel("my-model", command)


@pytest.mark.parametrize("timeout", [0, -1.5, float("nan")])
def test_a_timeout_must_be_above_0(timeout):
    with pytest.raises(UsageError, match="timeout must be above 0 seconds"):
        CommandModel("my-model", "generate {output}", timeout=timeout)


def test_a_model_says_what_it_is():
    model = CommandModel("my-model", ["generate", "--to", "{output}"])
    assert (model.name, model.version, model.description) == ("my-model", "1", "runs generate --to '{output}'")
    named = CommandModel("my-model", "generate {output}", version="0.2", description="our best yet")
    assert (named.version, named.description) == ("0.2", "our best yet")
