"""Each kind of tree comes in whole, once, and stays as it was itself."""

import json
import shutil

import pytest
from migration_checks import check_all_there
from support.folders import hashes
from support.layouts import TREES, film, picture, put

from vmevalkit.dataroot import PairKey, RunKey, load_evaluation, load_pair, load_run
from vmevalkit.migration import find_source, migrate, migrate_to_new_structure, plan_migration

LAYOUTS = {"videofolder": "imagefolder"}


def test_its_kind_is_seen_by_looking_at_it(tree, kind):
    assert find_source(tree[0]).name == LAYOUTS.get(kind, kind)


def test_counts_bytes_and_scores_are_those_of_the_source(tree, root):
    folder, made = tree
    report = migrate(folder, root)
    assert report.problems == ()
    assert [report.total(what).new for what in ("questions", "runs", "evaluations")] == [
        len(made.questions),
        len(made.videos),
        len(made.scores),
    ]
    check_all_there(root, made)


def test_the_source_is_left_as_it_is(tree, root):
    folder, _ = tree
    before = hashes(folder)
    migrate(folder, root, link=True)
    assert hashes(folder) == before


def test_a_second_time_changes_nothing(tree, root):
    folder, made = tree
    migrate(folder, root)
    before = hashes(root.path)
    again = migrate(folder, root)
    assert hashes(root.path) == before
    assert (again.is_done, again.manifest_changed, again.problems) == (True, False, ())
    assert again.total("questions").there == len(made.questions)


def test_the_plan_is_what_then_happens_and_writes_nothing(tree, root):
    folder, _ = tree
    plan = plan_migration(folder, root)
    assert not root.path.exists()
    report = migrate(folder, root)
    assert (plan.found, plan.new_bytes, plan.problems) == (report.found, report.new_bytes, report.problems)


def test_hard_links_have_the_same_bytes(tree, root):
    folder, made = tree
    migrate(folder, root, link=True)
    check_all_there(root, made)


def test_links_need_no_room(tmp_path, root):
    made = TREES["vbvr"](tmp_path / "source", 2)
    migrate(tmp_path / "source", root, link=True)
    for domain, name in made.questions:
        assert (root.pair_folder(PairKey(domain, name)) / "ground_truth.mp4").stat().st_nlink == 2


def test_a_data_root_of_ours_comes_into_another_one_bit_by_bit(tree, root, tmp_path):
    folder, _ = tree
    migrate(folder, root)
    other = type(root)(tmp_path / "other")
    report = migrate(root.path, other, layout="vmevalkit")
    assert report.problems == ()
    manifest = "questions/vmeval_dataset.json"
    ours, theirs = hashes(root.path), hashes(other.path)
    assert {**ours, manifest: ""} == {**theirs, manifest: ""}


def test_the_function_of_the_requirements_migrates_old_structure_in_the_data_root(root):
    made = TREES["json"](root.path / "old_structure", 4)
    assert migrate_to_new_structure(root.path).total("questions").new == 4
    shutil.rmtree(root.path / "old_structure")
    check_all_there(root, made)


def test_fields_of_the_domain_end_up_in_metadata(root, tmp_path):
    TREES["vmevalkit"](tmp_path / "source", 2)
    migrate(tmp_path / "source", root)
    pair = load_pair(root, PairKey("counting", "counting_0000"))
    assert pair.metadata["grid_size"] == [3, 0]
    assert pair.metadata["goal"] == "There are 0 circles."
    assert pair.metadata["final_frame_from"] == "goal.txt"


def test_a_mapped_id_keeps_the_original_one(root, tmp_path):
    TREES["videofolder"](tmp_path / "source", 1)
    migrate(tmp_path / "source", root)
    origin = load_pair(root, PairKey("source", "q=bar=200")).metadata["migrated_from"]
    assert origin == {"source": "imagefolder", "domain": "source", "id": "bar 0"}


def test_another_picture_format_becomes_png_without_loss_and_says_so(root, tmp_path):
    import numpy as np
    from PIL import Image

    source = tmp_path / "source"
    first = picture(1, mode="RGB", kind="JPEG")
    put(source / "first.jpg", first)
    put(source / "final.webp", picture(2, kind="WEBP"))
    record = {"id": "a", "domain": "d", "prompt": "p", "first_image": "first.jpg", "final_image": "final.webp"}
    put(source / "a.json", record)
    assert migrate(source, root).problems == ()
    folder = root.pair_folder(PairKey("d", "a"))
    with Image.open(source / "first.jpg") as theirs, Image.open(folder / "first_frame.png") as ours:
        assert ours.format == "PNG"
        assert np.array_equal(np.asarray(theirs), np.asarray(ours))
    converted = load_pair(root, PairKey("d", "a")).metadata["migrated_from"]["converted"]
    assert converted == {"first_frame": "JPEG", "final_frame": "WEBP"}


def _scored(tmp_path, root, result, metadata=None):
    source = tmp_path / "scored"
    put(
        source / "scorings/s/pilot/m/maze_task/maze_0000/S.json",
        {"metadata": {"scorer": "S", **(metadata or {})}, "result": result},
    )
    report = migrate(source, root)
    assert report.problems == ()
    return load_evaluation(root, "pilot", "m", PairKey("maze", "maze_0000"), "s").records[0]


@pytest.mark.parametrize(
    ("value", "scale", "score"),
    [(1, None, 1), (5, None, 5), (4.0, "1-5", 4), (0, "0/1", 1), (1, "0/1", 5), (0.5, "0-1", 3), (80, "0-100", 4)],
)
def test_a_score_on_a_scale_that_is_known_is_kept(tmp_path, root, value, scale, score):
    result = {"solution_correctness_score": value, "explanation": "why", **({"scale": scale} if scale else {})}
    record = _scored(tmp_path, root, result)
    assert (record.status, record.score, record.passed) == ("scored", score, score >= 4)
    assert record.model_extra["raw"]["result"] == result


@pytest.mark.parametrize("value", [0, 6, -1, 3.5, 87, "4", None, True, [4]])
def test_a_score_on_no_known_scale_is_an_error_that_keeps_it(tmp_path, root, value):
    record = _scored(tmp_path, root, {"solution_correctness_score": value})
    assert (record.status, record.score, record.passed) == ("error", None, None)
    assert record.model_extra["raw"]["result"]["solution_correctness_score"] == value


@pytest.mark.parametrize(("said", "status"), [("failed", "error"), ("skipped", "skipped")])
def test_what_failed_or_was_skipped_is_no_score(tmp_path, root, said, status):
    record = _scored(tmp_path, root, {"solution_correctness_score": 1, "status": said, "error": "quota"})
    assert (record.status, record.score, record.explanation) == (status, None, "quota")


def test_two_scorers_of_the_same_name_stay_two(tmp_path, root):
    source = tmp_path / "source"
    for scorer, score in (("gpt4o", 2), ("multiframe-gpt4o", 5)):
        value = {"metadata": {"scorer": "GPT4OScorer"}, "result": {"solution_correctness_score": score}}
        put(source / f"scorings/{scorer}/pilot/m/maze_task/maze_0000/GPT4OScorer.json", value)
    assert migrate(source, root).problems == ()
    scores = {
        name: load_evaluation(root, "pilot", "m", PairKey("maze", "maze_0000"), name).records[0].score
        for name in ("gpt4o", "multiframe-gpt4o")
    }
    assert scores == {"gpt4o": 2, "multiframe-gpt4o": 5}


def test_a_score_of_one_of_several_runs_that_does_not_say_which_is_not_guessed(tmp_path, root):
    source = tmp_path / "source"
    for run in ("run_a", "run_b"):
        put(source / f"outputs/pilot/m/maze_task/maze_0000/{run}/video/out.mp4", film(tmp_path / "work", 1))
    value = {"metadata": {}, "result": {"solution_correctness_score": 4}}
    file = "scorings/s/pilot/m/maze_task/maze_0000/S.json"
    put(source / file, value)
    report = migrate(source, root)
    assert [(p.path, p.kind) for p in report.problems] == [(file, "not understood")]
    assert "does not say which" in report.problems[0].why


def test_a_run_without_a_video_is_a_failed_one_with_its_reason(tmp_path, root):
    source = tmp_path / "source"
    put(
        source / "outputs/pilot/m/maze_task/maze_0000/r1/metadata.json",
        {"status": "failed", "error": "quota is used up"},
    )
    assert migrate(source, root).problems == ()
    run = load_run(root, RunKey("pilot", "m", "maze", "maze_0000", "r1"))
    assert (run.status, run.error.message, run.requested) == ("failed", "quota is used up", None)
    assert run.model_extra["source_metadata"] == {"status": "failed", "error": "quota is used up"}


def test_outputs_without_an_experiment_get_one(tmp_path, root):
    source = tmp_path / "source"
    put(source / "outputs/m/maze_task/maze_0000/video/out.mp4", film(tmp_path / "work", 1))
    migrate(source, root)
    assert list(root.iter_runs()) == [RunKey("migrated", "m", "maze", "maze_0000", "migrated")]


def test_benchmark_folders_and_a_models_own_folder_find_each_other(tmp_path, root):
    bench = tmp_path / "VBVR-Bench"
    put(bench / "In-Domain_50/G-3_sort/00001/first_frame.png", picture(1, mode="RGB"))
    put(bench / "In-Domain_50/G-3_sort/00001/ground_truth.mp4", film(tmp_path / "work", 1))
    put(bench / "In-Domain_50/G-3_sort/00001/prompt.txt", "Sort.")
    put(tmp_path / "wan/In-Domain_50/G-3_sort/00001.mp4", film(tmp_path / "work", 2))
    assert migrate(bench, root).problems == ()
    assert migrate(tmp_path / "wan", root).problems == ()
    key = RunKey("migrated", "wan", "G-3_sort", "G-3_sort_00000001", "migrated")
    assert list(root.iter_runs()) == [key]
    assert load_pair(root, key.pair).metadata["final_frame_from"] == "ground_truth.mp4"
    assert load_run(root, key).prompt == "Sort."


def test_a_videofolder_with_models_holds_runs(tmp_path, root):
    source = tmp_path / "source"
    put(source / "a.mp4", film(tmp_path / "work", 1))
    row = {"file_name": "a.mp4", "model": "sora", "domain": "maze", "id": "maze_0000", "experiment": "pilot"}
    put(source / "metadata.jsonl", json.dumps(row))
    assert migrate(source, root).problems == ()
    assert list(root.iter_runs()) == [RunKey("pilot", "sora", "maze", "maze_0000", "migrated")]
