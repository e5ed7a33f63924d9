"""``vmevalkit validate`` as a user meets it."""

import gzip
import json
import os

import pytest
from damages import ALONE, SHALLOW, Victim
from support.folders import hashes

from vmevalkit.cli import main
from vmevalkit.dataroot import exclusive, iter_manifest
from vmevalkit.integrity import Code


@pytest.fixture
def run(tree, capsys):
    """Return a function that runs the command and returns the exit status, what it printed, and what it complained."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = main(["validate", "--data-dir", str(tree.path), "--workers", "1", *arguments])
        return status, *capsys.readouterr()

    return command


def test_a_whole_data_root_is_said_to_be_so(run):
    status, out, _ = run("--deep")
    assert (status, out.splitlines()[-1].endswith("nothing is wrong")) == (0, True)


def test_an_error_is_named_with_its_file_and_its_code_and_ends_with_1(run, tree):
    SHALLOW["the_prompt_is_blank"](Victim(tree, 1))
    status, out, _ = run()
    assert status == 1
    assert out.splitlines()[0] == "error: questions/sudoku_task/sudoku_0001/prompt.txt: has no text [empty-prompt]"
    assert out.splitlines()[-1].endswith("errors: 1, warnings: 0")


def test_warnings_alone_end_with_0(run, tree):
    SHALLOW["there_are_files_that_nobody_knows"](Victim(tree, 1))
    status, out, _ = run()
    assert (status, "[unknown-file]" in out) == (0, True)


def test_more_findings_than_the_limit_are_counted(run, tree):
    SHALLOW["there_are_files_that_nobody_knows"](Victim(tree, 1))
    _, out, _ = run("--limit", "2")
    assert out.count("warning: ") == 2
    assert "... and 5 more (--limit 0 prints all)" in out
    assert out.splitlines()[-1].endswith("errors: 0, warnings: 7")


def test_only_some_kinds_can_be_asked_for(run, tree):
    SHALLOW["the_folder_is_gone"](Victim(tree, 1))
    status, out, _ = run("--only", "orphan-run,unknown-run", "--json")
    assert (status, json.loads(out)["summary"]) == (1, {"orphan-run": 1})


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--only", "missing-promt"], "did you mean missing-prompt"),
        (["--yes"], "--yes is for --fix"),
        (["--against-snapshot", "latest"], "say --deep"),
        (["--remote", "memory://"], "--remote is for --against-snapshot"),
    ],
)
def test_wrong_usage_is_said_in_a_line_and_ends_with_2(run, arguments, complaint):
    status, out, err = run(*arguments)
    assert (status, out, complaint in err) == (2, "", True)


def test_json_is_one_document_with_all_that_is_printed_otherwise(run, tree):
    expected = SHALLOW["the_folder_is_gone"](Victim(tree, 1))
    status, out, _ = run("--json", "--fix")
    document = json.loads(out)
    assert status == 1
    assert sorted((one["code"], one["path"]) for one in document["findings"]) == sorted(expected)
    assert {*document["findings"][0]} == {"code", "severity", "path", "sentence", "fix"}
    assert (document["errors"], document["warnings"]) == (3, 0)
    assert [one["done"] for one in document["repairs"]] == [False]


def test_json_of_a_whole_data_root_has_no_findings(run):
    document = json.loads(run("--json")[1])
    assert (document["findings"], document["summary"], document["errors"]) == ([], {}, 0)


def test_a_snapshot_of_a_folder_remote_is_compared_with(run, tree, tmp_path):
    remote = f"file://{tmp_path / 'remote'}"
    assert main(["push", "--remote", remote, "--data-dir", str(tree.path), "--date", "20250115"]) == 0
    frame = tree.questions / "maze_task" / "maze_0000" / "final_frame.png"
    frame.write_bytes(frame.read_bytes() + b"\0")
    status, out, _ = run("--deep", "--against-snapshot", f"{remote}@20250115")
    assert (status, "[changed-question]" in out) == (0, True)


def test_json_that_an_error_breaks_off_is_whole_and_says_so(run, tree, tmp_path):
    remote = tmp_path / "remote"
    assert main(["push", "--remote", remote.as_uri(), "--data-dir", str(tree.path), "--date", "20250115"]) == 0
    manifest = remote / "20250115" / "manifest.jsonl.gz"
    lines = gzip.decompress(manifest.read_bytes()).splitlines()
    manifest.write_bytes(gzip.compress(b"\n".join([lines[0], b"rubbish", *lines[2:]])))
    run()  # Takes away what the push has printed.
    status, out, err = run("--json", "--deep", "--against-snapshot", f"{remote.as_uri()}@20250115")
    assert status == 1
    assert "line 2" in json.loads(out)["error"]
    assert "line 2" in err


class TestFix:
    """What ``--fix`` does, and what it leaves alone."""

    @pytest.mark.parametrize("name", ["an_entry_is_missing", "the_manifest_is_gone", "the_index_is_broken"])
    def test_without_yes_it_only_says_what_it_would_do(self, run, tree, name):
        {**SHALLOW, **ALONE}[name](Victim(tree, 1))
        before = hashes(tree.path)
        _, out, _ = run("--fix")
        assert hashes(tree.path) == before
        assert "repair: " in out
        assert out.splitlines()[-1] == "Nothing was changed: --yes does it."

    @pytest.mark.parametrize(
        "name", [name for name in {**SHALLOW, **ALONE} if "entr" in name or "manifest" in name or "index" in name]
    )
    def test_with_yes_the_manifest_and_the_index_are_whole_again(self, run, tree, name):
        before = hashes(tree.path)
        {**SHALLOW, **ALONE}[name](Victim(tree, 1))
        status, out, _ = run("--fix", "--yes")
        assert (status, out.splitlines()[-1]) == (0, "Repaired.")
        after = hashes(tree.path)
        assert {path for path in before if before[path] != after.get(path)} <= {"questions/vmeval_dataset.json"}
        assert run("--deep")[0] == 0

    def test_a_manifest_whose_entries_were_wrong_gets_back_every_byte(self, run, tree):
        before = tree.manifest.read_bytes()
        SHALLOW["an_entry_says_something_else"](Victim(tree, 1))
        run("--fix", "--yes")
        pairs = before.split(b'"pairs"')[1]
        assert tree.manifest.read_bytes().split(b'"pairs"')[1] == pairs
        assert json.loads(tree.manifest.read_bytes())["created_at"] == json.loads(before)["created_at"]

    def test_a_question_that_was_deleted_is_taken_off_the_manifest(self, run, tree):
        SHALLOW["the_folder_is_gone"](Victim(tree, 1))
        status, out, _ = run("--fix", "--yes")
        assert "(1 missing-question)" in out
        assert status == 1  # Its run and its scores are still there.
        assert Victim(tree, 1).task_id not in [pair.id for pair in iter_manifest(tree.manifest)]

    def test_while_a_question_cannot_be_read_the_manifest_stays_as_it_is(self, run, tree):
        SHALLOW["the_metadata_is_cut_short"](Victim(tree, 1))
        SHALLOW["an_entry_is_missing"](Victim(tree, 2))
        before = hashes(tree.path)
        status, _, err = run("--fix", "--yes")
        assert (status, hashes(tree.path) == before) == (1, True)
        assert "note: that is not possible" in err
        assert "sudoku_0001/question_metadata.json: malformed JSON" in err

    def test_where_nothing_can_be_derived_it_says_so(self, run, tree):
        SHALLOW["the_prompt_is_gone"](Victim(tree, 1))
        status, out, _ = run("--fix", "--yes")
        assert (status, out.splitlines()[-1]) == (1, "There is nothing that --fix can derive from other files.")

    def test_it_waits_for_nobody_who_makes_questions(self, run, tree):
        with exclusive(tree.lock("create"), "testing"):
            status, _, err = run("--fix", "--yes")
        assert (status, "another process is creating questions" in err) == (1, True)

    def test_a_second_time_there_is_nothing_to_do(self, run, tree):
        SHALLOW["an_entry_is_missing"](Victim(tree, 1))
        run("--fix", "--yes")
        before = hashes(tree.path)
        status, out, _ = run("--fix", "--yes")
        assert (status, hashes(tree.path) == before) == (0, True)
        assert "nothing is wrong" in out


def test_a_manifest_that_is_a_pipe_does_not_make_it_wait(run, tree):
    tree.manifest.unlink()
    os.mkfifo(tree.manifest)
    status, out, _ = run()
    assert status == 1
    assert "[missing-manifest]" in out


def test_every_code_can_be_asked_for(run):
    assert run("--only", ",".join(Code))[0] == 0
