"""What was exported comes back, to the byte; and the same goes out whenever it is exported."""

import json
import os
import subprocess
import sys

import pytest
from export_data import Tree, png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.folders import contents, hashes

from vmevalkit.cli import main
from vmevalkit.cli._export_sources import export_sources
from vmevalkit.dataroot import DataRoot
from vmevalkit.export import FORMS, ExportOptions, export, stream_large_dataset
from vmevalkit.migration import migrate

MANIFEST = "questions/vmeval_dataset.json"
EVERYTHING = ExportOptions(frames=True, videos=True, shard_bytes=60_000)


def without_times(manifest: bytes) -> dict:
    value = json.loads(manifest)
    del value["created_at"], value["generation_info"]["timestamp"]
    return value


def without(part: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if part not in name}


@pytest.mark.parametrize("form", FORMS)
def test_questions_runs_and_evaluations_come_back_to_the_byte(lab, tmp_path, form):
    export(lab, form, tmp_path / "out", EVERYTHING)
    back = DataRoot(tmp_path / "back")
    report = migrate(tmp_path / "out", back, sources=export_sources())
    assert not report.problems
    before, after = without("r-going-on", contents(lab.path)), contents(back.path)
    assert without_times(before.pop(MANIFEST)) == without_times(after.pop(MANIFEST))
    assert before == after


@pytest.mark.parametrize("form", ["hf", "webdataset", "croissant"])
def test_questions_come_back_without_the_videos_of_models(lab, tmp_path, form):
    export(lab, form, tmp_path / "out")
    assert main(["migrate", str(tmp_path / "out"), "--data-dir", str(tmp_path / "back"), "--yes"]) == 0
    back = without(MANIFEST, contents(tmp_path / "back"))
    assert back == {name: data for name, data in contents(lab.path).items() if name in back}
    assert {name.split("/")[0] for name in back} == {"questions"}
    assert sum(name.endswith("ground_truth.mp4") for name in back) == 4


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_questions_without_frames_do_not_come_back_and_the_way_out_is_named(lab, tmp_path, capsys, form):
    export(lab, form, tmp_path / "out")
    assert main(["migrate", str(tmp_path / "out"), "--data-dir", str(tmp_path / "back"), "--yes"]) == 1
    assert "--frames" in capsys.readouterr().err
    assert not (tmp_path / "back" / "questions").exists()


@pytest.mark.parametrize("pattern", ["questions-000000.tar", "questions/*.parquet"])
def test_a_single_file_of_an_export_comes_back(lab, tmp_path, pattern):
    export(lab, "webdataset" if pattern.endswith("tar") else "hf", tmp_path / "out")
    (file,) = (tmp_path / "out").glob(pattern)
    report = migrate(file, DataRoot(tmp_path / "back"), sources=export_sources())
    assert not report.problems
    assert len(list(DataRoot(tmp_path / "back").iter_pairs())) == 4


def test_the_same_data_has_the_same_bytes_in_another_process(lab, tmp_path):
    for form in FORMS:
        export(lab, form, tmp_path / "here" / form, EVERYTHING)
    again = """if True:
        import sys
        from vmevalkit.cli import main
        for form in sys.argv[3:]:
            options = ["--frames", "--videos", "--shard-size", "60KB", "--data-dir", sys.argv[1]]
            assert main(["export", form, f"{sys.argv[2]}/{form}", *options]) == 0
    """
    command = [sys.executable, "-c", again, str(lab.path), str(tmp_path / "there"), *FORMS]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


@pytest.mark.parametrize("form", FORMS)
def test_an_export_does_not_touch_the_data_root_or_name_it(lab, tmp_path, form):
    before = hashes(lab.path, bookkeeping=True)
    export(lab, form, tmp_path / "out", EVERYTHING)
    assert hashes(lab.path, bookkeeping=True) == before
    for name, data in contents(tmp_path / "out").items():
        assert str(lab.path).encode() not in data, name


@pytest.mark.parametrize("form", ["parquet", "webdataset", "jsonl"])
def test_paths_of_this_machine_in_records_become_relative(tree, tmp_path, form):
    tree.question("maze", "maze_0000", metadata={"made_from": f"{tree.root.path}/questions/x.png"})
    error = {"type": "E", "message": f"{tree.root.path}/outputs/y.mp4: broken", "retryable": False}
    tree.run("maze", "maze_0000", status="failed", error=error)
    tree.evaluation(
        "maze", "maze_0000", [{"run_id": "r1", "rater": "x", "status": "error", "explanation": f"{tree.root.path}/z"}]
    )
    export(tree.root, form, tmp_path / "out", ExportOptions(frames=True, videos=True))
    (pair,) = stream_large_dataset(tmp_path / "out")
    assert pair["metadata"] == {"made_from": "questions/x.png"}
    assert not any(str(tmp_path).encode() in data for data in contents(tmp_path / "out").values())
    migrate(tmp_path / "out", DataRoot(tmp_path / "back"), sources=export_sources())
    (run,) = (tmp_path / "back" / "outputs").rglob("metadata.json")
    assert json.loads(run.read_text())["error"]["message"] == "outputs/y.mp4: broken"


text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


@given(
    prompt=text.filter(str.strip),
    metadata=st.dictionaries(text, values, max_size=3),
    extra=st.dictionaries(st.sampled_from(["note", "origin"]), values, max_size=2),
    form=st.sampled_from(FORMS),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_prompt_and_metadata_come_back(tmp_path_factory, prompt, metadata, extra, form):
    place = tmp_path_factory.mktemp("odd")
    tree = Tree(DataRoot(place / "data"))
    tree.question("maze", "maze_0000", prompt=prompt, metadata=metadata, **extra)
    export(tree.root, form, place / "out", ExportOptions(frames=True))
    (pair,) = stream_large_dataset(place / "out", media=True)
    assert (pair["prompt"], pair["metadata"], pair["first_frame"]) == (prompt, metadata, png())
    report = migrate(place / "out", DataRoot(place / "back"), sources=export_sources())
    assert not report.problems
    assert contents(place / "data") == without(MANIFEST, contents(place / "back"))
