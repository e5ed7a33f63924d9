"""What validation promises beside finding things: it changes nothing, in any order, and leaves strangers alone."""

import json
import os
import shutil
from pathlib import Path

import pytest
from damages import SHALLOW, Victim, found, rot
from support.folders import hashes
from support.full_disk import no_large_files

from vmevalkit.dataroot import DataRoot, Request, write_manifest
from vmevalkit.errors import RecordError, UsageError
from vmevalkit.integrity import Code, Finding, Options, Severity, parallel_validate, validate, validate_dataset
from vmevalkit.integrity._duplicates import seen_questions
from vmevalkit.integrity._questions import Seen
from vmevalkit.runner.create_dataset import read_dataset_from_folders
from vmevalkit.settings import Settings
from vmevalkit.snapshots import fetched_manifest, open_remote, push, tree_at

DOCS = Path(__file__).parents[2] / "docs" / "validation.md"


@pytest.fixture
def as_setting(tree, monkeypatch) -> DataRoot:
    monkeypatch.setenv("VMEVAL_DATA_DIR", str(tree.path))
    return tree


def test_a_deep_look_changes_no_file(tree):
    before = hashes(tree.path)
    found(tree, deep=True)
    assert hashes(tree.path) == before


def test_a_quick_look_writes_nothing_at_all(tree):
    shutil.rmtree(tree.state)
    found(tree, deep=False)
    assert not tree.state.exists()


def test_findings_of_any_number_of_workers_are_the_same_in_the_same_order(tree):
    for number, name in enumerate(["the_folder_is_gone", "an_evaluation_is_cut_short"]):
        SHALLOW[name](Victim(tree, number))
    one = found(tree, deep=False)
    assert one
    assert found(tree, deep=False, workers=3) == one


def test_only_the_kinds_that_are_asked_for_are_yielded(tree):
    SHALLOW["the_folder_is_gone"](Victim(tree, 1))
    findings = list(validate(tree, Options(only=frozenset({Code.ORPHAN_RUN}))))
    assert [one.code for one in findings] == [Code.ORPHAN_RUN]


def test_no_data_root_is_an_error_at_once(tmp_path):
    with pytest.raises(UsageError, match="no data root"):
        validate(DataRoot(tmp_path / "nowhere"))


def test_a_data_root_without_any_data_is_whole(tmp_path):
    assert found(DataRoot(tmp_path), deep=True) == []


def test_questions_of_a_domain_that_nobody_knows_are_checked_but_not_proved(tree):
    folder = tree.questions / "riddle_task" / "riddle_0000"
    shutil.copytree(tree.questions / "sudoku_task" / "sudoku_0000", folder)
    metadata = folder / "question_metadata.json"
    metadata.write_text(metadata.read_text("utf-8").replace("sudoku", "riddle").replace('"solution"', '"answer"'))
    shutil.copyfile(tree.questions / "maze_task" / "maze_0000" / "prompt.txt", folder / "prompt.txt")
    write_manifest(tree, Request(42, 1, ("riddle",)), {})
    assert sorted(found(tree, deep=True)) == [
        (Code.PROMPT_DIFFERS, "questions/riddle_task/riddle_0000/prompt.txt"),
        (Code.SAME_FIRST_FRAME, "questions/sudoku_task/sudoku_0000"),
    ]


def test_what_turned_over_before_the_first_deep_look_is_found_by_what_a_push_has_noted(tree, tmp_path):
    push(open_remote(f"file://{tmp_path / 'remote'}", Settings(), create=True), tree_at(tree.path))
    rot(tree.questions / "maze_task" / "maze_0000" / "ground_truth.mp4")
    assert found(tree, deep=True) == [(Code.BIT_ROT, "questions/maze_task/maze_0000/ground_truth.mp4")]


def test_an_experiment_may_be_called_like_a_cache(tree):
    for section in (tree.outputs, tree.evaluations):
        experiment = next(section.iterdir())
        for file in experiment.rglob("*.json"):
            file.write_text(file.read_text().replace(f'"{experiment.name}"', '"old.cache"'))
        experiment.rename(section / "old.cache")
    assert not list(validate(tree, Options()))


def test_file_names_that_no_terminal_can_show_are_escaped(tree):
    Path(os.fsdecode(bytes(tree.questions / "maze_task" / "maze_0000") + b"/\xff\x1b.txt")).write_text("?")
    (finding,) = validate(tree)
    assert finding.path == "questions/maze_task/maze_0000/\\udcff\\x1b.txt"
    assert str(finding).isprintable()


class TestAgainstASnapshot:
    """The files compared with a snapshot on a remote."""

    @pytest.fixture
    def compared(self, tree, tmp_path):
        remote = open_remote(f"file://{tmp_path / 'remote'}", Settings(), create=True)
        push(remote, tree_at(tree.path), name="20250115")
        (tree.state / "hashes.sqlite").unlink()  # What this machine knew is gone.

        def against() -> list[tuple[Code, str]]:
            with fetched_manifest(remote, "20250115") as manifest:
                return found(tree, deep=True, snapshot=manifest)

        return against

    def test_nothing_is_found_where_nothing_has_changed(self, compared):
        assert compared() == []

    def test_a_file_that_changed_without_being_written_to_is_bit_rot(self, tree, compared):
        rot(tree.questions / "maze_task" / "maze_0000" / "ground_truth.mp4")
        assert (Code.BIT_ROT, "questions/maze_task/maze_0000/ground_truth.mp4") in compared()

    def test_a_question_that_was_written_to_since_is_a_warning(self, tree, compared):
        frame = tree.questions / "maze_task" / "maze_0000" / "final_frame.png"
        frame.write_bytes(frame.read_bytes() + b"\0")
        assert compared() == [(Code.CHANGED_QUESTION, "questions/maze_task/maze_0000/final_frame.png")]

    def test_a_score_that_was_written_since_is_nothing(self, tree, compared):
        path = Victim(tree, 1).evaluation
        Victim(tree, 1).edit(path, lambda evaluation: evaluation.update(note="looked at"))
        assert compared() == []

    def test_files_that_cannot_be_compared_are_said_so(self, tree, compared):
        (tree.questions / "maze_task" / "away").symlink_to("/etc")
        assert [code for code, _ in compared()] == [Code.LINK_LEADS_OUT, Code.NOT_COMPARED]

    def test_it_needs_a_deep_look(self, tree, tmp_path, compared):
        with (
            fetched_manifest(open_remote(f"file://{tmp_path / 'remote'}", Settings()), "20250115") as manifest,
            pytest.raises(UsageError, match="read"),
        ):
            validate(tree, snapshot=manifest)


class TestADataSetInMemory:
    """The functions that scripts call."""

    def test_a_whole_one_has_no_issues(self, as_setting):
        assert validate_dataset(read_dataset_from_folders()) == []
        assert validate_dataset(read_dataset_from_folders(), deep=True) == []

    def test_a_missing_frame_is_named_in_a_sentence(self, as_setting):
        dataset = read_dataset_from_folders()
        (as_setting.questions / "maze_task" / "maze_0000" / "first_frame.png").unlink()
        (issue,) = validate_dataset(dataset)
        assert str(issue) == "questions/maze_task/maze_0000: has no first_frame.png"

    def test_a_pair_without_an_id_and_one_without_a_folder_are_named(self, as_setting):
        dataset = read_dataset_from_folders()
        dataset["pairs"][0]["id"] = ""
        dataset["pairs"][1]["id"] = "maze_7777"
        dataset["pairs"] = dataset["pairs"][:2]
        assert [(one.code, one.path) for one in validate_dataset(dataset)] == [
            (Code.INVALID_ENTRY, "questions/vmeval_dataset.json"),
            (Code.MISSING_QUESTION, "questions/maze_task/maze_7777"),
        ]

    def test_several_workers_find_the_same_in_the_same_order(self, as_setting):
        dataset = read_dataset_from_folders()
        for number in range(3):
            (Victim(as_setting, number).question / "prompt.txt").unlink()
        dataset["pairs"][0].pop("prompt")
        issues = validate_dataset(dataset)
        assert len(issues) == 4
        assert parallel_validate(dataset, num_workers=2) == issues

    def test_without_a_data_set_all_of_the_data_root_is_checked(self, as_setting):
        SHALLOW["a_score_is_zero"](Victim(as_setting, 1))
        assert [one.code for one in validate_dataset()] == [Code.SCORE_OUT_OF_RANGE]

    def test_something_that_is_no_data_set_is_refused(self, as_setting):
        with pytest.raises(UsageError, match="no list of pairs"):
            validate_dataset({"name": "?"})


def test_a_finding_is_plain_json():
    finding = Finding(Code.BIT_ROT, "questions/a.png", "has other bytes")
    assert json.loads(json.dumps(finding.to_json()))["severity"] == Severity.ERROR


def test_the_documentation_lists_every_code_with_its_severity_and_meaning():
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{code}` | {code.severity} | {code.meaning} |" for code in Code]


def test_a_disk_without_room_for_what_was_seen_is_told_in_one_line(tree):
    with (
        no_large_files(),
        pytest.raises(RecordError, match="the temporary database: ") as full,
        seen_questions(tree) as seen,
    ):
        for number in range(400):
            seen.add(Seen(f"{number}{'x' * 100_000}", None, None))
    assert "TMPDIR" in full.value.hint


def test_a_disk_without_room_for_the_manifest_is_told_in_one_line(tree):
    manifest = json.loads(tree.manifest.read_text())
    entry = {**manifest["pairs"][0], "prompt": "x" * 100_000}
    manifest["pairs"] = [{**entry, "id": f"maze_{number:04d}"} for number in range(400)]
    tree.manifest.write_text(json.dumps(manifest))
    with no_large_files(), pytest.raises(RecordError, match="the temporary database: "):
        found(tree, deep=False)
