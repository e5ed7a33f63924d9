"""The demo: the promise of the README, kept in full."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def output(folder):
    return demo(folder)


def demo(folder):
    result = subprocess.run(
        [sys.executable, "-m", "vmevalkit", "demo", folder, "--no-serve"],
        env={**os.environ, "CI": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def totals(folder, output):
    report = [sys.executable, "-m", "vmevalkit", "report", "--json", "--data-dir", folder / "data"]
    board = json.loads(subprocess.run(report, capture_output=True, text=True, check=True).stdout)
    return {row["model"]: row["total"] for row in board["models"]}


def test_it_makes_seventy_five_folders_of_four_files(folder, output):
    for domain in ("chess", "maze", "sudoku", "rotation", "raven"):
        folders = list((folder / "data" / "questions" / f"{domain}_task").iterdir())
        assert len(folders) == 15
        assert all(len(list(question.iterdir())) == 4 for question in folders)


def test_the_leaderboard_is_what_is_known_beforehand(totals):
    passed = {model: (total["passed"], total["scored"], total["errors"]) for model, total in totals.items()}
    assert passed == {
        "oracle": (75, 75, 0),
        "crossfade": (0, 75, 0),
        "static": (0, 75, 0),
        "wrong": (0, 75, 0),
        "noise": (0, 0, 75),
    }


def test_it_prints_the_leaderboard_and_the_version(output):
    assert "75 of 75" in output
    assert "v1.0" in output


def test_a_second_time_it_does_nothing_twice(folder, output):
    again = demo(folder)
    assert "0 questions made, 75 kept" in again
    assert "0 videos made, 375 there already" in again
    assert "Nothing has changed" in again
    assert "v1.1" not in again
