"""What other tools see when they open an export: the same values and the same pixels."""

import importlib
import io
import json
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest
from export_data import CREATED
from PIL import Image

from vmevalkit.dataroot import iter_pairs_on_disk
from vmevalkit.export import ExportOptions, Selection, export

never_closes_its_files = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
"""webdataset leaves that to the garbage collection."""
uses_old_names = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning", "ignore:The inplace keyword:DeprecationWarning"
)
"""mlcroissant does, of rdflib and of pandas."""


def pixels(data) -> np.ndarray:
    image = data if isinstance(data, Image.Image) else Image.open(io.BytesIO(data))
    return np.asarray(image.convert("RGB"))


@pytest.fixture
def pairs(lab):
    return list(iter_pairs_on_disk(lab))


def assert_same_questions(rows, pairs, lab):
    assert [row["id"] for row in rows] == [pair.id for pair in pairs]
    for row, pair in zip(rows, pairs, strict=True):
        assert (row["domain"], row["difficulty"], row["task_category"]) == (
            pair.domain,
            pair.difficulty,
            pair.task_category,
        )
        assert row["prompt"] == pair.prompt
        assert json.loads(row["metadata"]) == pair.metadata
        assert row["created_at"] == datetime.fromisoformat(pair.created_at)
        assert (pixels(row["first_frame"]) == pixels(lab.image(pair.first_image_path).read_bytes())).all()
        assert (pixels(row["final_frame"]) == pixels(lab.image(pair.final_image_path).read_bytes())).all()


def test_datasets_opens_a_hugging_face_export_as_it_is(lab, pairs, tmp_path):
    import datasets

    export(lab, "hf", tmp_path / "out", ExportOptions(videos=True))
    load = lambda name: datasets.load_dataset(str(tmp_path / "out"), name, cache_dir=str(tmp_path / "cache"))["test"]  # noqa: E731
    questions = load(None)
    assert isinstance(questions.features["first_frame"], datasets.Image)
    assert isinstance(questions.features["ground_truth"], datasets.Video)
    questions = questions.cast_column("ground_truth", datasets.Video(decode=False))
    assert_same_questions(list(questions), pairs, lab)
    for row, pair in zip(questions, pairs, strict=True):
        assert row["ground_truth"]["bytes"] == (lab.pair_folder(pair.key) / "ground_truth.mp4").read_bytes()

    results = list(load("results"))
    assert len(results) == 10
    scored = [row for row in results if row["model"] == "oracle"]
    assert {row["score"] for row in scored} == {5}
    assert all(row["passed"] and row["evaluator"] == "RuleEvaluator" for row in scored)
    assert {row["score"] for row in results if row["model"] == "static"} == {None}
    runs = load("runs").cast_column("video", datasets.Video(decode=False))
    assert {row["status"] for row in runs} == {"succeeded", "failed"}
    for row in runs:
        name = f"{row['experiment']}/{row['model']}/{row['domain']}_task/{row['task_id']}/{row['run_id']}"
        path = lab.outputs / name / "video" / "model_output.mp4"
        assert (row["video"] or {"bytes": None})["bytes"] == (path.read_bytes() if path.exists() else None)


def test_datasets_opens_an_export_without_results(tree, tmp_path):
    import datasets

    tree.question("maze", "maze_0000")
    export(tree.root, "hf", tmp_path / "out")
    assert datasets.get_dataset_config_names(str(tmp_path / "out")) == ["questions"]
    rows = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["test"]
    assert rows.features["created_at"].dtype == "timestamp[us, tz=UTC]"
    assert rows.remove_columns("ground_truth")[0]["id"] == "maze_0000"


def test_datasets_streams_several_shards(tree, tmp_path):
    import datasets

    for number in range(6):
        tree.question("maze", f"maze_{number:04d}", shade=40 * number, metadata={"noise": "x" * 5_000})
    export(tree.root, "hf", tmp_path / "out", ExportOptions(shard_bytes=12_000))
    assert len(list((tmp_path / "out" / "questions").iterdir())) > 1
    rows = datasets.load_dataset(str(tmp_path / "out"), split="test", streaming=True).remove_columns("ground_truth")
    assert [np.unique(pixels(row["first_frame"])).item() for row in rows] == [40 * number for number in range(6)]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_open_with_their_types(lab, pairs, tmp_path, library):
    read = importlib.import_module(library).read_parquet
    export(lab, "parquet", tmp_path / "out")
    tables = {}
    for name in ("questions", "runs", "evaluations"):
        (file,) = (tmp_path / "out" / name).iterdir()
        frame = read(file)
        tables[name] = frame.to_dicts() if library == "polars" else frame.to_dict("records")
    assert [row["prompt"] for row in tables["questions"]] == [pair.prompt for pair in pairs]
    moment = tables["questions"][0]["created_at"]
    assert moment == datetime.fromisoformat(pairs[0].created_at)
    assert moment.utcoffset().total_seconds() == 0
    assert "first_frame" not in tables["questions"][0]
    assert sorted(row["status"] for row in tables["runs"]) == ["failed", "running", *["succeeded"] * 8]
    assert {(row["evaluator"], row["score"]) for row in tables["evaluations"]} == {
        ("RuleEvaluator", 5),
        ("human-eval", 4),
    }
    assert {type(row["passed"]) for row in tables["evaluations"]} == {bool}
    (by_hand,) = [row for row in tables["evaluations"] if row["rater"] == "ann"]
    assert by_hand["scored_at"] == datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


@never_closes_its_files
def test_webdataset_groups_the_files_of_each_question(lab, pairs, tmp_path):
    import webdataset

    export(lab, "webdataset", tmp_path / "out", ExportOptions(shard_bytes=30_000, videos=True))
    shards = sorted(str(path) for path in (tmp_path / "out").glob("questions-*.tar"))
    assert len(shards) > 1
    samples = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False))
    assert [sample["__key__"] for sample in samples] == [pair.id for pair in pairs]
    for sample, pair in zip(samples, pairs, strict=True):
        folder = lab.pair_folder(pair.key)
        assert sample["first_frame.png"] == (folder / "first_frame.png").read_bytes()
        assert sample["final_frame.png"] == (folder / "final_frame.png").read_bytes()
        assert sample["ground_truth.mp4"] == (folder / "ground_truth.mp4").read_bytes()
        assert sample["json"] == (folder / "question_metadata.json").read_bytes()
        assert sample["prompt.txt"].decode() == pair.prompt
    runs = list(webdataset.WebDataset(sorted(map(str, (tmp_path / "out").glob("runs-*.tar"))), shardshuffle=False))
    assert sum("video.mp4" in sample for sample in runs) == 8
    assert {json.loads(sample["json"])["status"] for sample in runs if "json" in sample} == {"succeeded", "failed"}


@never_closes_its_files
def test_webdataset_is_not_led_astray_by_dots_and_equal_ids(tree, tmp_path):
    import webdataset

    tree.question("maze", "maze_v1.5", shade=10)
    tree.question("maze", "maze_v1.6", shade=20)
    for domain in ("a.b", "c"):
        tree.question(domain, "0001")
    export(tree.root, "webdataset", tmp_path / "out")
    samples = list(webdataset.WebDataset([str(tmp_path / "out" / "questions-000000.tar")], shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == ["a%2Eb=0001", "c=0001", "maze_v1%2E5", "maze_v1%2E6"]
    assert all({"first_frame.png", "final_frame.png", "json", "prompt.txt"} < sample.keys() for sample in samples)


@uses_old_names
def test_croissant_is_valid_and_yields_the_questions(lab, pairs, tmp_path):
    import mlcroissant

    export(lab, "croissant", tmp_path / "out", ExportOptions(license="CC-BY-4.0"))
    dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "out" / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    rows = [
        {name.removeprefix("questions/"): value for name, value in record.items()}
        for record in dataset.records("questions")
    ]
    rows = [
        {n: v.decode() if isinstance(v, bytes) and n != "ground_truth" else v for n, v in row.items()} for row in rows
    ]
    assert_same_questions(rows, pairs, lab)
    assert rows[0]["ground_truth"] == (lab.pair_folder(pairs[0].key) / "ground_truth.mp4").read_bytes()
    assert len(list(dataset.records("results"))) == 10


@uses_old_names
def test_croissant_lists_the_hash_of_every_file(lab, tmp_path):
    import mlcroissant

    export(lab, "croissant", tmp_path / "out")
    nodes = mlcroissant.Dataset(jsonld=str(tmp_path / "out" / "croissant.json")).metadata.distribution
    listed = {node.content_url: node.sha256 for node in nodes if isinstance(node, mlcroissant.FileObject)}
    there = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.parquet")}
    assert listed == {name: sha256(path.read_bytes()).hexdigest() for name, path in there.items()}


def test_json_lines_open_with_pandas(lab, pairs, tmp_path):
    import pandas as pd

    export(lab, "jsonl", tmp_path / "out")
    with pd.read_json(tmp_path / "out" / "questions.jsonl", lines=True, chunksize=3) as chunks:
        ids = [task_id for chunk in chunks for task_id in chunk["id"]]
    assert ids == [pair.id for pair in pairs]
    first = json.loads((tmp_path / "out" / "questions.jsonl").read_text().splitlines()[0])
    assert (lab.path / first["__media__"]["first_frame"]).is_file()


def test_only_what_is_asked_for_is_exported(lab, tmp_path):
    import pandas as pd

    chosen = Selection(domains=("maze",), models=("static",))
    done = export(lab, "parquet", tmp_path / "out", ExportOptions(chosen))
    assert dict(done.counts) == {"questions": 2, "evaluations": 0, "runs": 2}
    assert set(pd.read_parquet(tmp_path / "out" / "questions")["domain"]) == {"maze"}
    assert set(pd.read_parquet(tmp_path / "out" / "runs")["model"]) == {"static"}
    assert not (tmp_path / "out" / "evaluations").exists()


def test_the_card_counts_what_is_there(lab, tmp_path):
    export(lab, "hf", tmp_path / "out", ExportOptions(title="Odd | title: #1", license="CC-BY-4.0"))
    text = (tmp_path / "out" / "README.md").read_text()
    assert "| chess | 2 | 2 |" in text
    assert "| maze | 2 | 2 |" in text
    assert 'license: "cc-by-4.0"' in text
    assert 'pretty_name: "Odd | title: #1"' in text
    assert "random seed 42" in text


def test_a_moment_that_cannot_be_told_is_left_out(tree, tmp_path):
    import pandas as pd

    folder = tree.question("maze", "maze_0000")
    record = folder / "question_metadata.json"
    record.write_text(record.read_text().replace(CREATED, "once upon a time"))
    export(tree.root, "parquet", tmp_path / "out")
    row = pd.read_parquet(tmp_path / "out" / "questions").iloc[0]
    assert pd.isna(row["created_at"])
    assert "once upon a time" in row["record"]
