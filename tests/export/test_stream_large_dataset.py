"""``stream_large_dataset``: one question after the other, from whatever holds them."""

import json

import pytest

from vmevalkit.dataroot import iter_pairs_on_disk
from vmevalkit.export import FORMS, ExportOptions, export, stream_large_dataset


@pytest.fixture
def expected(lab):
    return [pair.to_json() for pair in iter_pairs_on_disk(lab)]


@pytest.mark.parametrize("form", FORMS)
def test_every_export_yields_the_entries_of_the_manifest(lab, expected, tmp_path, form):
    export(lab, form, tmp_path / "out", ExportOptions(shard_bytes=30_000))
    assert list(stream_large_dataset(tmp_path / "out")) == expected


def test_a_data_root_and_its_manifest_do_so_too(lab, expected):
    assert list(stream_large_dataset(lab.path)) == expected
    assert sorted(stream_large_dataset(lab.manifest), key=lambda pair: pair["id"]) == expected


@pytest.mark.parametrize("form", ["data root", "manifest", *FORMS])
def test_frames_and_films_come_along_if_asked_for(lab, tmp_path, form):
    if form in FORMS:
        export(lab, form, tmp_path / "out", ExportOptions(frames=True))
    place = {"data root": lab.path, "manifest": lab.manifest}.get(form, tmp_path / "out")
    for item in stream_large_dataset(place, media=True):
        folder = lab.questions / f"{item['domain']}_task" / item["id"]
        assert item["first_frame"] == (folder / "first_frame.png").read_bytes()
        assert item["final_frame"] == (folder / "final_frame.png").read_bytes()
        assert item["ground_truth"] == (folder / "ground_truth.mp4").read_bytes()


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_frames_that_an_export_has_not_are_none(lab, tmp_path, form):
    export(lab, form, tmp_path / "out")
    for item in stream_large_dataset(tmp_path / "out", media=True):
        assert (item["first_frame"], item["final_frame"], item["ground_truth"]) == (None, None, None)


def test_json_lines_come_as_they_are(tmp_path):
    values = [{"a": 1}, {"b": "\u2028\x85 \\n", "c": [None]}]
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(json.dumps(value, ensure_ascii=False) for value in values), encoding="utf-8")
    assert list(stream_large_dataset(str(path))) == values


def test_tables_of_something_else_come_row_by_row(lab, tmp_path):
    export(lab, "parquet", tmp_path / "out")
    (file,) = (tmp_path / "out" / "evaluations").iterdir()
    assert {row["score"] for row in stream_large_dataset(file)} == {4, 5}


def test_nothing_is_read_before_it_is_asked_for(tree):
    tree.question("maze", "maze_0000")
    (tree.question("maze", "maze_0001") / "question_metadata.json").write_text("broken")
    assert next(stream_large_dataset(tree.root.path))["id"] == "maze_0000"
