"""``vmevalkit index``."""

import json
from pathlib import Path

import pytest

from vmevalkit.catalog import index_path
from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, Pair, write_text


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    """Two questions."""
    root = DataRoot(tmp_path / "data")
    for number in range(2):
        name = f"maze_{number:04d}"
        Pair(
            id=name,
            domain="maze",
            first_image_path="a.png",
            final_image_path="b.png",
            prompt="Move.",
            created_at="2025-01-15T10:30:00Z",
        ).save(root.questions / "maze_task" / name / "question_metadata.json")
    return root


def read(root: DataRoot, capsys: pytest.CaptureFixture[str], *options: str, status: int = 0) -> dict:
    assert main(["index", "--data-dir", str(root.path), "--json", *options]) == status
    return json.loads(capsys.readouterr().out)


def test_it_builds_the_index_and_says_what_it_knows(root: DataRoot, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--data-dir", str(root.path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 questions, 0 experiments, 0 runs\nread in ")
    assert index_path(root).is_file()


def test_rebuilding_reads_everything_anew(root: DataRoot, capsys: pytest.CaptureFixture[str]) -> None:
    read(root, capsys)
    inode = index_path(root).stat().st_ino
    again = read(root, capsys, "--rebuild")
    assert (again["read"]["questions"], again["known"]["questions"]) == (2, 2)
    assert index_path(root).stat().st_ino != inode


def test_what_cannot_be_read_is_named_and_the_status_says_so(
    root: DataRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(root.questions / "maze_task" / "maze_0001" / "question_metadata.json", "{")
    body = read(root, capsys, status=1)
    assert body["problem_count"] == 1
    assert main(["index", "--data-dir", str(root.path)]) == 1
    path = "questions/maze_task/maze_0001/question_metadata.json"
    assert f"error: {path}: malformed JSON" in capsys.readouterr().err


def test_a_missing_data_root_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--data-dir", str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err.startswith("error: no data root at ")
