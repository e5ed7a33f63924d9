"""Where things lie, and what may not be named."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import DataRoot, PairKey, RunKey, check_name, resolve_inside
from vmevalkit.errors import RecordError, UnsafePathError, UsageError

KEY = RunKey("pilot_experiment", "oracle", "chess", "chess_0000", "20250115T103000Z")


def test_folders_are_the_documented_ones(root):
    assert root.pair_folder(KEY.pair) == root.path / "questions/chess_task/chess_0000"
    assert root.run_folder(KEY) == root.path / "outputs/pilot_experiment/oracle/chess_task/chess_0000/20250115T103000Z"
    assert (
        root.evaluation_file("pilot_experiment", "oracle", KEY.pair, "RuleEvaluator")
        == root.path / "evaluations/pilot_experiment/oracle/chess_task/chess_0000/RuleEvaluator.json"
    )


@pytest.mark.parametrize("name", ["a", "openai-sora-2", "luma-ray-2", "wan2.1", "a..b", "chess_0000", "x" * 128])
def test_usual_names_are_names(name):
    assert check_name("model", name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-x", ".hidden", "a/b", "a\\b", "a\0", "a b", "é", "x" * 129, "a\n", "pilot.tmp", "%2e"]
)
def test_names_that_mean_something_in_a_path_are_refused(name):
    with pytest.raises(UnsafePathError):
        check_name("model", name)
    with pytest.raises(UnsafePathError):
        PairKey("chess", name)


@given(st.text(max_size=40))
def test_a_name_that_is_accepted_is_one_folder_below_its_parent(name):
    try:
        check_name("model", name)
    except UnsafePathError:
        return
    assert os.path.normpath(f"/root/{name}") == f"/root/{name}"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a\0b", "a\\..\\b", "//x"])
def test_paths_that_leave_the_root_are_refused(tmp_path, path):
    with pytest.raises(UnsafePathError):
        resolve_inside(tmp_path, path)


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    (inside / "real").mkdir(parents=True)
    outside.mkdir()
    (inside / "away").symlink_to(outside)
    (inside / "near").symlink_to(inside / "real")
    (inside / "loop").symlink_to(inside / "loop")
    with pytest.raises(UnsafePathError):
        resolve_inside(inside, "away/file")
    with pytest.raises(UnsafePathError):
        resolve_inside(inside, "loop")
    assert resolve_inside(inside, "near/file") == inside / "near/file"


@given(st.text(max_size=60))
def test_a_path_that_is_accepted_stays_inside(tmp_path_factory, path):
    root = tmp_path_factory.getbasetemp()
    try:
        resolved = resolve_inside(root, path)
    except UnsafePathError:
        return
    assert os.path.normpath(resolved).startswith(f"{root}/") or os.path.normpath(resolved) == str(root)


def test_a_missing_data_root_is_named_with_the_way_out(tmp_path):
    with pytest.raises(UsageError, match="no data root at") as caught:
        DataRoot(tmp_path / "nowhere").existing()
    assert "VMEVAL_DATA_DIR" in caught.value.hint


def test_an_empty_root_has_nothing_in_it(root):
    assert root.domains() == root.experiments() == list(root.iter_pairs()) == list(root.iter_runs()) == []


def test_pairs_come_sorted_and_unfinished_or_foreign_folders_are_passed_over(root):
    for name in (
        "maze_task/maze_0001",
        "chess_task/chess_0010",
        "chess_task/chess_0002",
        "chess_task/.chess_0003.a.tmp",
    ):
        (root.questions / name).mkdir(parents=True)
    (root.questions / "notes").mkdir()
    (root.questions / "chess_task" / "readme.txt").touch()
    assert [key.task_id for key in root.iter_pairs()] == ["chess_0002", "chess_0010", "maze_0001"]
    assert [key.task_id for key in root.iter_pairs(["maze"])] == ["maze_0001"]


def test_runs_come_sorted_and_can_be_narrowed(root):
    keys = [
        RunKey(e, m, d, f"{d}_{n:04d}", "20250115T103000Z")
        for e in ("a", "b")
        for m in ("oracle", "static")
        for d in ("chess", "maze")
        for n in (0, 1)
    ]
    for key in reversed(keys):
        root.run_folder(key).mkdir(parents=True)
    assert list(root.iter_runs()) == keys
    assert list(root.iter_runs("b", "static", "maze", "maze_0001")) == [keys[-1]]
    assert list(root.iter_runs(model="oracle")) == [key for key in keys if key.model == "oracle"]
    assert list(root.iter_runs("..", "x")) == []


def test_an_image_of_a_manifest_must_be_a_file_inside_the_questions(root):
    (root.questions / "chess_task").mkdir(parents=True)
    (root.questions / "chess_task" / "a.png").touch()
    assert root.image("chess_task/a.png").is_file()
    with pytest.raises(RecordError, match="no such image"):
        root.image("chess_task/b.png")
    with pytest.raises(UnsafePathError):
        root.image("../secret.png")


def test_a_lock_is_told_from_others_by_all_its_parts(tmp_path):
    root, long = DataRoot(tmp_path), "x" * 128
    kinds = [
        ("run", "a.b", "c"),
        ("run", "a", "b.c"),
        ("run", long, long),
        ("run", long, f"{long[:-1]}y"),
        ("rating", "a", "index"),
        ("rating", "a.index"),
    ]
    assert len({root.lock(*parts) for parts in kinds}) == len(kinds)
    assert root.lock("run", "pilot", "oracle") == tmp_path / ".vmevalkit" / "locks" / "run,pilot,oracle.lock"


@given(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+@=-]{0,127}", fullmatch=True), min_size=1, max_size=4))
def test_the_name_of_a_lock_fits_into_a_file_system_with_what_shards_add(parts):
    assert len(DataRoot(Path("data")).lock(*parts).name) + len("~1000000of1000000") <= 255
