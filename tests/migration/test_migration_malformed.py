"""Whatever the files of a source hold, it is named, and the rest goes on."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.layouts import TREES
from support.long import longer

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.migration import migrate, plan_migration

FILES = {
    "json": ("a_single.json", "lists/bare.json", "pairs.json"),
    "vmevalkit": (
        "questions/maze_task/maze_0001/question_metadata.json",
        "outputs/pilot_experiment/svd/maze_task/maze_0001/metadata.json",
        "evaluations/pilot_experiment/svd/maze_task/maze_0001/human-eval.json",
        "scorings/gpt4o-eval/pilot_experiment/svd/maze_task/maze_0001/GPT4OScorer.json",
    ),
    "vbvr": ("O-47_sliding_data-generator/sliding_task/sliding_00000001/metadata.json",),
    "imagefolder": ("train/metadata.jsonl", "test/metadata.csv"),
    "videofolder": ("metadata.jsonl",),
}
WORDS = st.sampled_from(
    [
        *("id", "domain", "prompt", "metadata", "result", "records", "pairs", "file_name", "status", "error", "scale"),
        *("solution_correctness_score", "run_id", "first_image_path", "final_image_path", "model", "text"),
        *("images/chess_0000_first.png", "../up", "0.mp4"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.just(b"[" * 100_000),
    st.just(b'{"id": ' + b"9" * 5000 + b"}"),
)
PLACES = [(kind, file) for kind, files in FILES.items() for file in files]


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A tree of each kind, made once."""
    base = tmp_path_factory.mktemp("trees")
    for kind, make in TREES.items():
        make(base / kind, 4)
    return base


@pytest.mark.long
@pytest.mark.parametrize(("kind", "file"), PLACES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=longer(15, 400))
@given(content=CONTENTS)
def test_any_content_of_any_file_ends_in_a_report(kind, file, content, trees, tmp_path):
    path = trees / kind / file
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        plan = plan_migration(trees / kind, DataRoot(tmp_path / "data"), layout=_layout(kind))
    except UsageError as error:
        assert "holds nothing" in error.message  # noqa: PT017 - the end of a tree with one file that is empty
        assert not content.strip()
        return
    finally:
        path.write_bytes(before)
    assert all("\n" not in problem.path for problem in plan.problems)
    assert sum(plan.problem_counts.values()) == len(plan.problems)


@pytest.mark.parametrize(("kind", "file"), PLACES)
@pytest.mark.parametrize("damage", ["cut", "not UTF-8", "another type"])
def test_a_damaged_file_is_named(kind, file, damage, trees, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(trees / kind, source)
    path = source / file
    data = path.read_bytes()
    if file.endswith(".csv"):
        damaged = {"cut": data[:-12], "not UTF-8": data + b"\xff\xfe,\n", "another type": b"a,b\n1\n"}[damage]
    else:
        damaged = {"cut": data[:-12], "not UTF-8": b"\xff" + data, "another type": b"7"}[damage]
    path.write_bytes(damaged)
    report = migrate(source, DataRoot(tmp_path / "data"), layout=_layout(kind))
    assert any(problem.path.startswith(file) for problem in report.problems), report.problems
    assert all(problem.kind == "not understood" for problem in report.problems)
    assert not report.is_done or kind == "videofolder"


def _layout(kind):
    return "imagefolder" if kind == "videofolder" else kind
