"""The command line as a user meets it."""

import json
import os
import signal
import subprocess
import sys

import pytest
import typer
from PIL import Image

from vmevalkit.cli import app, main


def commands(group, *above) -> list[tuple[str, ...]]:
    """Return the words of all commands, groups included."""
    found = []
    for name, command in group.commands.items():
        found.append((*above, name))
        found += commands(command, *above, name) if hasattr(command, "commands") else []
    return found


def vmevalkit(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "vmevalkit", *map(str, arguments)],
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data"
    assert main(["create", "--pairs-per-domain", "1", "--domains", "maze", "--data-dir", str(folder)]) == 0
    return folder


def test_help_names_every_verb():
    result = vmevalkit("--help")
    assert result.returncode == 0
    for verb in typer.main.get_command(app).commands:
        assert f"\n  {verb} " in result.stdout


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)), ids=" ".join)
def test_every_command_has_help_that_explains_each_option(words, capsys):
    assert main([*words, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: vmevalkit {' '.join(words)} " in said
    found = typer.main.get_command(app)
    for word in words:
        found = found.commands[word]
    assert found.help
    for option in found.params:
        assert option.opts[0] in said or option.param_type_name == "argument"
        assert option.help, option.name


def test_no_command_at_all_shows_the_help():
    result = vmevalkit()
    assert "Usage: vmevalkit" in result.stdout + result.stderr
    assert result.returncode == 2


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("vmevalkit 0.")


def test_help_loads_nothing_heavy():
    heavy = ("numpy", "PIL", "av", "fastapi", "obstore", "pydantic")
    code = f"import sys, vmevalkit.cli; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--domains", "ches"], "error: unknown domain: ches\nhint: did you mean chess?\n"),
        (["create", "--pairs-per-domain", "0"], "error: pairs per domain must be at least 1, not 0\n"),
        (["run", "--model", "oracel", "--data-dir", "."], "error: unknown model: oracel\nhint: did you mean oracle?\n"),
        (["run", "--model", "oracle", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
        (["run", "--model", "oracle", "--experiment", "a/b"], "error: experiment 'a/b' is not a valid name\n"),
        (["evaluate", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
        (["evaluate", "--evaluator", "Rules"], "error: unknown evaluator: Rules\n"),
        (["report", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
        (["push", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
        (["dashboard", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
        (["create", "--read-only", "--data-dir", "nowhere"], "error: no data root at nowhere\n"),
    ],
)
def test_a_users_mistake_is_one_clear_line_and_exit_2(tmp_path, arguments, message):
    result = vmevalkit(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") <= 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--random-seed", "x"],
        ["create", "--difficulty", "brutal"],
        ["create", "--workers", "0"],
        ["run"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_exit_2_without_a_traceback(arguments):
    result = vmevalkit(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "Error" in result.stderr


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = vmevalkit("create", "--domains", "maze", "--data-dir", tmp_path / "file" / "data")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "file" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_disk_that_is_full_leaves_no_half_made_question(tmp_path):
    """A file-size limit of the process stands in for the full disk: writes fail in the middle."""
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "from vmevalkit.cli import main\n"
        "sys.exit(main(['create', '--domains', 'raven', '--workers', '1', '--data-dir', sys.argv[1]]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "data"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path}/data/questions/raven_task/raven_0000: ")
    assert result.stderr.count("\n") == 1
    assert list((tmp_path / "data" / "questions" / "raven_task").iterdir()) == []


def test_settings_come_from_the_environment_and_from_dotenv(tmp_path):
    (tmp_path / ".env").write_text("VMEVAL_DATA_DIR=from_file\n")
    create = ("create", "--domains", "maze", "--pairs-per-domain", "1")
    assert vmevalkit(*create, cwd=tmp_path).returncode == 0
    assert (tmp_path / "from_file" / "questions").is_dir()
    assert vmevalkit(*create, cwd=tmp_path, VMEVAL_DATA_DIR="from_environment").returncode == 0
    assert (tmp_path / "from_environment" / "questions").is_dir()


def test_reading_only_prints_the_counts_and_changes_nothing(data_dir, capsys):
    before = sorted(data_dir.rglob("*"))
    capsys.readouterr()
    assert main(["create", "--read-only", "--data-dir", str(data_dir)]) == 0
    assert "maze" in capsys.readouterr().out
    assert sorted(data_dir.rglob("*")) == before


def test_reading_only_fails_on_a_damaged_data_set(data_dir, capsys):
    (data_dir / "questions/maze_task/maze_0000/prompt.txt").unlink()
    assert main(["create", "--read-only", "--data-dir", str(data_dir)]) == 1
    assert "prompt.txt: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("length", [0, 40, -3])
def test_reading_only_tells_all_problems_of_a_damaged_manifest_as_json(data_dir, capsys, length):
    (data_dir / "questions/maze_task/maze_0000/prompt.txt").unlink()
    manifest = data_dir / "questions" / "vmeval_dataset.json"
    manifest.write_bytes(manifest.read_bytes()[:length])
    capsys.readouterr()
    assert main(["create", "--read-only", "--json", "--data-dir", str(data_dir)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["domains"] == {"maze": 1}
    assert [name for name in ("prompt.txt: no such", "malformed JSON", "does not list") if name in str(told)] == [
        "prompt.txt: no such",
        "malformed JSON",
        "does not list",
    ]


def test_json_is_for_scripts(data_dir, capsys):
    where = ["--data-dir", str(data_dir)]
    capsys.readouterr()
    assert main(["run", "--model", "oracle,static", "--workers", "1", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "succeeded": 2,
        "failed": 0,
        "skipped": 0,
        "failed_before": 0,
        "cost_usd": 0.0,
        "failures": [],
        "stopped": [],
    }
    assert main(["evaluate", "--workers", "1", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] == 1
    assert main(["report", "--json", *where]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["total"]["rate"]) for row in report["models"]] == [("oracle", 1.0), ("static", 0.0)]
    for command in ("domains", "models", "evaluators"):
        assert main([command, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)


def test_progress_is_a_line_per_hundred_where_there_is_no_terminal(tmp_path):
    result = vmevalkit("create", "--domains", "maze", "--pairs-per-domain", "120", "--data-dir", tmp_path / "data")
    assert result.returncode == 0
    lines = [line.split("...")[0] for line in result.stderr.splitlines()]
    assert lines == ["   ↳ 100 of 120 questions", "   ↳ 100 questions listed"]


def test_a_failure_among_successes_is_exit_1(data_dir, capsys):
    (data_dir / "questions/maze_task/maze_0000/final_frame.png").write_bytes(b"")
    assert main(["run", "--model", "static", "--workers", "1", "--data-dir", str(data_dir)]) == 1
    assert "final_frame.png: cannot be decoded" in capsys.readouterr().err


def test_ctrl_c_ends_in_one_line_and_the_next_run_goes_on(tmp_path):
    command = ("create", "--domains", "maze", "--pairs-per-domain", "150", "--data-dir", str(tmp_path / "data"))
    with subprocess.Popen([sys.executable, "-m", "vmevalkit", *command], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("   ↳ 100 of 150")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    if process.returncode == 0:
        pytest.fail("it was done before the signal came")
    assert process.returncode == 130
    assert rest == "error: interrupted\nhint: the same command goes on where this one stopped\n"
    again = vmevalkit(*command)
    assert again.returncode == 0
    assert ", 0 kept" not in again.stdout


def test_domains_are_listed_with_their_questions_by_difficulty(data_dir, capsys):
    capsys.readouterr()
    assert main(["domains", "--json", "--data-dir", str(data_dir)]) == 0
    rows = {row["domain"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows)[:5] == ["chess", "maze", "sudoku", "rotation", "raven"]
    assert [rows["maze"][name] for name in ("questions", "easy", "medium", "hard")] == [1, 1, 0, 0]
    assert rows["chess"]["questions"] == 0


def test_a_sheet_of_thumbnails_shows_each_domain(tmp_path):
    path = tmp_path / "new" / "sheet.png"
    assert main(["domains", "--sheet", str(path), "--samples", "3", "--domains", "maze,raven"]) == 0
    with Image.open(path) as sheet:
        two = sheet.size
    assert main(["domains", "--sheet", str(path), "--samples", "3", "--domains", "maze"]) == 0
    with Image.open(path) as sheet:
        assert sheet.width == two[0]
        assert sheet.height < two[1] < 2 * sheet.height
        assert len(sheet.convert("RGB").getcolors(1 << 20)) > 20
