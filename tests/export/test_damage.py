"""What is broken is named, in a data root that is exported and in an export that is read back."""

import json

import pytest
from export_data import Tree, png

from vmevalkit.cli import main
from vmevalkit.cli._export_sources import export_sources
from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import RecordError, UnsafePathError, UsageError
from vmevalkit.export import FORMS, ExportOptions, export, stream_large_dataset
from vmevalkit.migration import migrate


@pytest.fixture
def filled(tree) -> Tree:
    for number in range(5):
        tree.question("maze", f"maze_{number:04d}", shade=number, metadata={"noise": "x" * 3000})
    return tree


def ids(path):
    return [item["id"] for item in stream_large_dataset(path)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("damage", ["no record", "bad record", "another's record", "no frame", "no picture"])
def test_a_broken_question_is_left_out_and_named(filled, tmp_path, form, damage):
    folder = filled.root.questions / "maze_task" / "maze_0002"
    record = folder / "question_metadata.json"
    if damage == "no record":
        record.unlink()
    elif damage == "bad record":
        record.write_text('{"id": ')
    elif damage == "another's record":
        record.write_text(record.read_text().replace("maze_0002", "maze_0003"))
    elif damage == "no frame":
        (folder / "final_frame.png").unlink()
    else:
        (folder / "first_frame.png").write_bytes(b"GIF89a")
    done = export(filled.root, form, tmp_path / "out", ExportOptions(frames=True))
    assert done.failed == 1
    assert "maze_0002" in str(done.problems[0])
    assert ids(tmp_path / "out") == [f"maze_{number:04d}" for number in (0, 1, 3, 4)]


def test_the_command_names_what_is_broken_and_says_so_by_its_status(filled, tmp_path, capsys):
    (filled.root.questions / "maze_task" / "maze_0002" / "question_metadata.json").write_text("[]")
    assert main(["export", "jsonl", str(tmp_path / "out"), "--data-dir", str(filled.root.path)]) == 1
    assert "maze_0002" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["hf", "parquet", "webdataset", "jsonl"])
def test_a_run_whose_video_is_missing_is_left_out_and_named(filled, tmp_path, form):
    filled.run("maze", "maze_0000", run_id="gone")
    filled.run("maze", "maze_0001", run_id="failed", status="failed")
    done = export(filled.root, form, tmp_path / "out", ExportOptions(videos=True))
    assert done.counts["runs"] == 1
    assert "gone" in str(done.problems[0])


def test_a_broken_evaluation_is_left_out_and_the_run_stays(filled, tmp_path):
    filled.run("maze", "maze_0000", status="failed")
    filled.evaluation("maze", "maze_0000", []).write_text("{")
    done = export(filled.root, "parquet", tmp_path / "out")
    assert (done.counts["runs"], done.failed) == (1, 1)
    assert "RuleEvaluator.json" in str(done.problems[0])


def test_a_picture_outside_of_the_data_root_is_not_exported(filled, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    folder = filled.root.questions / "maze_task" / "maze_0002"
    (folder / "first_frame.png").unlink()
    (folder / "first_frame.png").symlink_to(secret)
    done = export(filled.root, "webdataset", tmp_path / "out")
    assert done.counts["questions"] == 4
    assert "leads out" in str(done.problems[0])


@pytest.fixture(params=["hf", "webdataset"])
def shards(filled, tmp_path, request):
    """An export in several files, of which the second will be damaged."""
    export(filled.root, request.param, tmp_path / "out", ExportOptions(shard_bytes=14_000))
    found = sorted((tmp_path / "out").glob("questions-*.tar" if request.param == "webdataset" else "questions/*"))
    assert len(found) > 2
    return found


@pytest.mark.parametrize("damage", ["cut short", "cut at a block", "noise", "empty", "missing"])
def test_a_broken_file_is_named_and_the_others_come_back(shards, tmp_path, damage):
    bad = shards[1]
    data = bad.read_bytes()
    lost = len(ids(bad))
    if damage == "missing":
        bad.unlink()
    else:
        parts = {"cut short": data[:-700], "cut at a block": data[:1024], "noise": b"\x07" * 5120, "empty": b""}
        bad.write_bytes(parts[damage])
    with pytest.raises(RecordError, match=bad.name):
        ids(tmp_path / "out")
    report = migrate(tmp_path / "out", DataRoot(tmp_path / "back"), sources=export_sources())
    assert {problem.path for problem in report.problems} == {bad.name}
    assert 5 - lost <= len(list(DataRoot(tmp_path / "back").iter_pairs())) < 5


@pytest.mark.parametrize("line", ["{", "[1]", '"text"', '{"id": NaN'])
def test_a_broken_line_is_named_by_its_number(tmp_path, line):
    path = tmp_path / "some.jsonl"
    path.write_text(f'{{"a": 1}}\n\n{line}\n{{"a": 2}}\n')
    stream = stream_large_dataset(path)
    assert next(stream) == {"a": 1}
    with pytest.raises(RecordError, match="line 3"):
        next(stream)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "questions/../../secret.png", "link.png", "a\0b"])
def test_lines_that_name_files_elsewhere_are_refused(filled, tmp_path, path):
    out = tmp_path / "out"
    export(filled.root, "jsonl", out, ExportOptions(frames=True))
    (tmp_path / "secret.png").write_bytes(png())
    (out / "link.png").symlink_to(tmp_path / "secret.png")
    lines = [json.loads(line) for line in (out / "questions.jsonl").read_text().splitlines()]
    lines[2]["__media__"]["first_frame"] = path
    (out / "questions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(UnsafePathError):
        list(stream_large_dataset(out, media=True))
    report = migrate(out, DataRoot(tmp_path / "back"), sources=export_sources())
    assert "questions.jsonl" in report.problems[0].path


def test_an_export_that_lists_files_elsewhere_is_refused(filled, tmp_path):
    export(filled.root, "webdataset", tmp_path / "out")
    (tmp_path / "out" / "questions-000000.tar").rename(tmp_path / "questions-000000.tar")
    marker = tmp_path / "out" / "export.json"
    marker.write_text(marker.read_text().replace("questions-000000.tar", "questions-/../../questions-000000.tar"))
    with pytest.raises(UnsafePathError):
        ids(tmp_path / "out")


def test_a_file_that_is_no_export_is_told_apart(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="neither a data root nor an export"):
        stream_large_dataset(tmp_path / "folder")
    with pytest.raises(UsageError, match="no such file"):
        stream_large_dataset(tmp_path / "missing")
    assert not any(source.detects(tmp_path / "folder") for source in export_sources())
    assert not any(source.detects(tmp_path / "missing") for source in export_sources())
