"""An export appears as a whole, or not at all, and never takes the place of anything else."""

import gc
import json
import random
import resource
import subprocess
import sys
from hashlib import sha256

import pytest
from support.folders import contents, hashes
from support.long import longer
from support.stepping import killed_at_step, steps_of

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, is_temporary
from vmevalkit.errors import ConflictError, UnknownNameError, UsageError
from vmevalkit.export import FORMS, ExportOptions, Selection, export

KILLS = longer(3, 50)


@pytest.fixture
def filled(tree):
    for number in range(3):
        tree.question("maze", f"maze_{number:04d}", shade=number)
    return tree


def is_whole(out) -> bool:
    """Tell whether all files that an export lists are there, and as it says."""
    listed = json.loads((out / "export.json").read_text())["files"]
    return all(sha256((out / file["path"]).read_bytes()).hexdigest() == file["sha256"] for file in listed)


def left_over(folder) -> list[str]:
    return [path.name for path in folder.iterdir() if is_temporary(path.name)]


@pytest.mark.parametrize("form", FORMS)
def test_all_that_it_lists_is_there(lab, tmp_path, form):
    export(lab, form, tmp_path / "out", ExportOptions(frames=True, videos=True))
    assert is_whole(tmp_path / "out")


def test_an_export_that_is_there_is_replaced_only_if_asked_for(filled, tmp_path, capsys):
    command = ["export", "hf", str(tmp_path / "out"), "--data-dir", str(filled.root.path)]
    assert main(command) == 0
    before = hashes(tmp_path / "out", bookkeeping=True)
    filled.question("maze", "maze_0003")
    assert main(command) == 2
    assert "--yes" in capsys.readouterr().err
    assert hashes(tmp_path / "out", bookkeeping=True) == before
    assert main([*command, "--yes"]) == 0
    assert json.loads((tmp_path / "out" / "export.json").read_text())["counts"]["questions"] == 4
    assert is_whole(tmp_path / "out")
    assert not left_over(tmp_path)


def test_another_form_takes_its_place_without_a_trace(filled, tmp_path):
    export(filled.root, "jsonl", tmp_path / "out", ExportOptions(frames=True))
    export(filled.root, "webdataset", tmp_path / "out", replace=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["export.json", "questions-000000.tar"]


@pytest.mark.parametrize("what", ["folder", "file", "export and more", "export and more beside pictures"])
def test_what_is_no_export_stays(filled, tmp_path, what):
    out = tmp_path / "out"
    if what == "file":
        out.write_text("mine")
    elif what == "folder":
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    elif what == "export and more":
        export(filled.root, "hf", out)
        (out / "questions" / "mine.txt").write_text("mine")
    else:
        export(filled.root, "jsonl", out, ExportOptions(frames=True))
        (out / "questions" / "mine.txt").write_text("mine")
    before = hashes(tmp_path, bookkeeping=True)
    with pytest.raises(UsageError, match="out"):
        export(filled.root, "hf", out, replace=True)
    assert hashes(tmp_path, bookkeeping=True) == before


def test_an_empty_folder_is_free(filled, tmp_path):
    (tmp_path / "out").mkdir()
    export(filled.root, "jsonl", tmp_path / "out")
    assert is_whole(tmp_path / "out")


@pytest.mark.parametrize("place", ["questions/out", "outputs", "evaluations/a/b"])
def test_the_data_itself_is_no_place_for_an_export(filled, place):
    with pytest.raises(UsageError, match="lies among the data"):
        export(filled.root, "jsonl", filled.root.path / place)


@pytest.mark.parametrize(
    "chosen", [Selection(domains=("chess",)), Selection(experiments=("x",)), Selection(models=("y",))]
)
def test_a_name_that_is_not_there_is_refused_before_anything_is_written(filled, tmp_path, chosen):
    with pytest.raises(UnknownNameError):
        export(filled.root, "jsonl", tmp_path / "out", ExportOptions(chosen))
    assert not (tmp_path / "out").exists()


def test_an_empty_or_missing_data_root_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        with pytest.raises(UsageError):
            export(DataRoot(tmp_path / name), "jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_of_two_that_write_the_same_folder_one_is_told(filled, tmp_path):
    class Meddler:
        def start(self, total, unit, size=None):
            if unit == "runs":
                export(filled.root, "jsonl", tmp_path / "out")

        def advance(self, count=1, size=0):
            pass

    with pytest.raises(ConflictError):
        export(filled.root, "webdataset", tmp_path / "out", progress=Meddler())
    assert (tmp_path / "out" / "questions.jsonl").exists()
    assert not left_over(tmp_path)


def test_what_a_dead_process_has_left_is_removed_and_what_a_living_one_writes_is_not(filled, tmp_path):
    (tmp_path / ".out.123456789abc.tmp").mkdir()

    class Onlooker:
        seen = 0

        def start(self, total, unit, size=None):
            Onlooker.seen += 1
            if Onlooker.seen == 1:
                export(filled.root, "jsonl", tmp_path / "out")

        def advance(self, count=1, size=0):
            pass

    with pytest.raises(ConflictError):
        export(filled.root, "webdataset", tmp_path / "out", progress=Onlooker())
    assert is_whole(tmp_path / "out")
    assert not left_over(tmp_path)


def test_a_file_system_that_cannot_swap_folders_will_do(filled, tmp_path, monkeypatch):
    export(filled.root, "jsonl", tmp_path / "out")
    monkeypatch.setattr("vmevalkit.dataroot._exchange._in_one_step", lambda *_: False)
    export(filled.root, "webdataset", tmp_path / "out", replace=True)
    assert is_whole(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"data", "hf-home"}] == ["out"]


@pytest.mark.parametrize("form", ["webdataset", "hf", "jsonl"])
def test_a_full_disk_leaves_the_old_export(filled, tmp_path, form):
    export(filled.root, form, tmp_path / "out")
    before = contents(tmp_path / "out")
    command = [sys.executable, "-m", "vmevalkit", "export", form, str(tmp_path / "out"), "--yes"]
    result = subprocess.run(
        [*command, "--data-dir", str(filled.root.path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) <= 2
    assert contents(tmp_path / "out") == before
    assert not left_over(tmp_path)


class Interrupting:
    """The user presses Ctrl-C after so many questions."""

    def __init__(self, after):
        self._left = after

    def start(self, total, unit, size=None):
        pass

    def advance(self, count=1, size=0):
        self._left -= count
        if not self._left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("after", [1, 3])
def test_interrupted_it_leaves_nothing(filled, tmp_path, form, after):
    # pytest complains if something is left open, or wants to be written afterwards.
    options = ExportOptions(shard_bytes=10_000, frames=True)
    filled.question("maze", "maze_0009", metadata={"noise": "x" * 12_000})
    with pytest.raises(KeyboardInterrupt):
        export(filled.root, form, tmp_path / "out", options, progress=Interrupting(after))
    gc.collect()
    assert not (tmp_path / "out").exists()
    assert not left_over(tmp_path)


@pytest.mark.long
def test_killed_at_any_moment_it_leaves_the_old_export_or_the_new_one(filled, tmp_path):
    out = tmp_path / "out"
    command = ["export", "webdataset", out, "--yes", "--data-dir", filled.root.path]
    steps = steps_of(command, tmp_path)
    chance = random.Random(3)
    for number in range(KILLS):
        filled.question("maze", f"maze_{number + 10:04d}", shade=number)
        assert killed_at_step(command, tmp_path, chance.randint(1, steps))
        assert is_whole(out)
    assert main([*map(str, command)]) == 0
    assert json.loads((out / "export.json").read_text())["counts"]["questions"] == 3 + KILLS
    assert not left_over(tmp_path)
