"""The commands: a plan that changes nothing, then just that; exit codes and messages."""

import json
import re
from pathlib import Path

import pytest
from aged import NAME, add_experiment, age, content, fingerprint, push_all, run_path

from vmevalkit.cli import main
from vmevalkit.dataroot import at_work
from vmevalkit.errors import RemoteError
from vmevalkit.snapshots.names import data_prefix


@pytest.fixture(autouse=True)
def in_the_folder(root, folder_place, monkeypatch):
    """Settings as a user has them: a data root and a folder as remote."""
    monkeypatch.setenv("VMEVAL_DATA_DIR", str(root.path))
    monkeypatch.setenv("VMEVAL_REMOTE", folder_place.url)


@pytest.fixture
def filled(root, folder_place):
    """A data root with an old experiment, pushed, and some junk."""
    add_experiment(root, days=200)
    push_all(root, folder_place)
    (root.questions / "x.tmp").write_text("junk")
    age(root.questions / "x.tmp", 8)
    return root


def said(capsys, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(arguments))
    return code, *capsys.readouterr()


def as_json(capsys, *arguments: str):
    code, out, err = said(capsys, *arguments, "--json")
    assert "error" not in err
    assert code == 0
    return json.loads(out)


@pytest.mark.parametrize(
    "command",
    [["retain"], ["retain", "--force"], ["archive"], ["archive", NAME], ["clean"], ["clean", "--older-than", "0"]],
)
def test_without_yes_nothing_changes(filled, capsys, command):
    before = fingerprint(filled.path)
    code, out, _ = said(capsys, *command)
    assert code == 0
    assert "Nothing was done: --yes" in out
    assert as_json(capsys, *command)
    assert fingerprint(filled.path) == before
    assert said(capsys, *command, "--yes")[0] == 0
    assert fingerprint(filled.path) != before


@pytest.mark.parametrize("options", [[], ["--remove-remote"]])
def test_bringing_back_without_yes_changes_nothing_either(filled, capsys, folder_place, options):
    said(capsys, "archive", NAME, "--yes")
    before = fingerprint(filled.path), folder_place.objects()
    code, out, _ = said(capsys, "unarchive", NAME, *options)
    assert (code, "18 files" in out, "Nothing was done" in out) == (0, True, True)
    assert as_json(capsys, "unarchive", NAME, *options)["files"] == 18
    assert (fingerprint(filled.path), folder_place.objects()) == before
    assert said(capsys, "unarchive", NAME, *options, "--yes")[0] == 0
    assert ("archive/pilot/manifest.jsonl.gz" in folder_place.objects()) == (not options)


def test_retention_does_what_its_plan_says(filled, capsys):
    before = content(filled)
    plan = as_json(capsys, "retain")
    assert plan["dry_run"]
    done = as_json(capsys, "retain", "--yes")
    gone = set(before) - set(content(filled))
    assert {path for path in gone if "x.tmp" not in path} == {
        path for path in before for unit in plan["units"] if f"{path}/".startswith(f"{unit['path']}/")
    }
    for fields in (plan, done):
        del fields["dry_run"], fields["temp"]["dry_run"]
    assert plan == done
    assert plan["removed"] == 12
    assert as_json(capsys, "retain", "--yes")["removed"] == 0


def test_archiving_does_what_its_plan_says(filled, capsys):
    (plan,) = as_json(capsys, "archive")
    done = as_json(capsys, "archive", "--yes")
    assert {name: done["archived"][0][name] for name in ("experiment", "snapshot", "s3_uri", "files", "bytes")} == {
        name: plan[name] for name in ("experiment", "snapshot", "s3_uri", "files", "bytes")
    }
    assert as_json(capsys, "archive") == []


def test_cleaning_does_what_its_plan_says(filled, capsys):
    plan, done = as_json(capsys, "clean"), as_json(capsys, "clean", "--yes")
    assert plan["found"] == done["found"]
    assert [junk["path"] for junk in plan["found"]] == ["questions/x.tmp"]
    empty = as_json(capsys, "clean")
    assert (empty["found"], empty["counts"]) == ([], {})
    assert said(capsys, "clean")[1] == "There is nothing to clean up.\n"


def test_what_is_due_and_not_pushed_makes_the_exit_status_1_only_when_it_is_done(root, capsys, folder_place):
    add_experiment(root, days=100, tasks=1, models=("model-1",))
    folder_place.open()
    code, out, err = said(capsys, "retain")
    assert (code, "0 runs" in out, "is not in any snapshot" in err) == (0, True, True)
    code, _, err = said(capsys, "retain", "--yes")
    assert code == 1
    assert re.fullmatch(r"error: outputs/\S+ is not in any snapshot, as there is none\n", err)
    assert (root.path / run_path()).exists()


def test_settings_decide_and_wrong_ones_are_named(filled, capsys):
    Path("vmevalkit.toml").write_text('[retention]\noutputs = "forever"\nevaluations = "forever"\n')
    assert as_json(capsys, "retain")["units"] == []
    Path("vmevalkit.toml").write_text("[retention]\nquestions = 3\n")
    code, _, err = said(capsys, "retain")
    assert code == 2
    assert err.startswith("error: setting retention.questions: questions are never removed\nhint: ")


def test_an_experiment_at_work_is_refused_with_one_line(filled, capsys):
    with at_work(filled, NAME):
        code, out, _ = said(capsys, "archive", NAME)
        assert (code, "another process is working in experiment pilot" in out) == (0, True)
        code, _, err = said(capsys, "archive", NAME, "--yes")
        assert (code, err) == (1, "error: pilot: another process is working in experiment pilot\n")
        code, _, err = said(capsys, "unarchive", NAME, "--yes")
        assert code == 2
        code, _, err = said(capsys, "retain", "--yes")
        assert (code, err.count("somebody is at work in pilot")) == (0, 1)


def test_an_experiment_that_is_archived_elsewhere_does_not_stop_the_others(filled, capsys, tmp_path):
    add_experiment(filled, "zz", days=200)
    assert said(capsys, "archive", NAME, "--yes", "--remote", f"file://{tmp_path / 'elsewhere'}")[0] == 0
    (filled.outputs / NAME / "stray.txt").write_text("stray")
    assert "1 can go to the remote" in said(capsys, "archive", "--older-than", "0")[1]
    code, out, err = said(capsys, "archive", "--older-than", "0", "--yes", "--json")
    done = json.loads(out)
    assert (code, done["failed"], [one["experiment"] for one in done["archived"]]) == (1, 1, ["zz"])
    assert re.fullmatch(r"error: pilot: experiment pilot was archived on \S+/elsewhere, not on \S+\n", err)
    assert done["failures"] == [err.removeprefix("error: ").strip()]


def test_an_archive_that_is_damaged_does_not_stop_the_others(filled, capsys, folder_place):
    add_experiment(filled, "zz", days=200)
    left = filled.path / run_path() / "metadata.json"
    data = left.read_bytes()
    assert said(capsys, "archive", NAME, "--yes")[0] == 0
    left.parent.mkdir(parents=True)
    left.write_bytes(data)
    folder_place.open().write(f"{data_prefix(f'archive/{NAME}')}/{run_path()}/metadata.json", bytes(len(data)))
    code, out, err = said(capsys, "archive", "--older-than", "0", "--yes", "--json")
    done = json.loads(out)
    assert (code, done["failed"], [one["experiment"] for one in done["archived"]]) == (1, 1, ["zz"])
    assert re.match(r"error: pilot: .* nothing was removed\n", err)
    assert left.exists()


def test_a_remote_that_fails_ends_it_and_all_are_told(filled, capsys, monkeypatch):
    add_experiment(filled, "zz", days=200)

    def fail(*_, **__):
        raise RemoteError("the store is out of order")

    monkeypatch.setattr("vmevalkit.lifecycle.archive", fail)
    code, out, err = said(capsys, "archive", "--yes", "--json")
    assert (code, json.loads(out)["archived"]) == (1, [])
    assert err == "error: pilot: the store is out of order\nerror: zz: was not begun, as the remote fails\n"


def test_commands_on_an_archived_experiment_say_how_to_get_it_back(filled, capsys):
    assert said(capsys, "archive", NAME, "--yes")[0] == 0
    for command in (
        ["run", "--experiment", NAME, "--model", "oracle"],
        ["run", "--experiment", NAME, "--model", "oracle", "--dry-run"],
        ["evaluate", "--experiment", NAME],
        ["report", "--experiment", NAME],
    ):
        code, _, err = said(capsys, *command)
        assert code == 2, command
        assert err == (
            "error: experiment pilot is archived as archive/pilot\n"
            "hint: bring it back with 'vmevalkit unarchive pilot --yes'\n"
        )
    assert said(capsys, "archive", NAME, "--yes")[1:] == (
        "There is nothing to archive.\n",
        "note: pilot is archived already, is too young, or has no files\n",
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["archive", "pillot"], "unknown experiment: pillot"),
        (["archive", "../x"], "'../x' is not a valid name"),
        (["unarchive", NAME], "experiment pilot is not archived"),
        (["retain", "--force", "--snapshot", "1.0"], "--force asks no remote"),
        (["retain", "--snapshot", "1.0"], "1.0"),
        (["clean", "--data-dir", "nowhere"], "no data root at nowhere"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_status_2(filled, capsys, command, message):
    code, _, err = said(capsys, *command)
    assert code == 2
    assert message in err.splitlines()[0]
    assert "Traceback" not in err


def test_a_damaged_stub_is_named(filled, capsys):
    said(capsys, "archive", NAME, "--yes")
    (filled.archive_stub(NAME)).write_text("{")
    code, _, err = said(capsys, "unarchive", NAME, "--yes")
    assert code == 1
    assert "archived.json: malformed JSON" in err
