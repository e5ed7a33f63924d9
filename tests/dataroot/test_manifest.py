"""The manifest is a stream, and says what is on disk."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import (
    METADATA_NAME,
    DataRoot,
    Pair,
    Request,
    iter_manifest,
    iter_pairs_on_disk,
    read_header,
    write_manifest,
)
from vmevalkit.errors import RecordError

REQUEST = Request(random_seed=42, pairs_per_domain=2, domains=("chess", "maze"))
DESCRIPTIONS = {"chess": "Tactics", "maze": "Paths"}


def pair(domain, index, **fields):
    task_id = f"{domain}_{index:04d}"
    folder = f"{domain}_task/{task_id}"
    values = {
        "id": task_id,
        "domain": domain,
        "first_image_path": f"{folder}/first_frame.png",
        "final_image_path": f"{folder}/final_frame.png",
        "prompt": "Solve it.",
        "created_at": "2025-01-15T10:30:00.123456Z",
    }
    return Pair(**values | fields)


def store(root, *pairs):
    for one in pairs:
        one.save(root.pair_folder(one.key) / METADATA_NAME)


@pytest.fixture
def filled(root):
    store(root, pair("maze", 0), pair("chess", 1), pair("chess", 0))
    write_manifest(root, REQUEST, DESCRIPTIONS)
    return root


def test_it_has_the_documented_fields(filled):
    manifest = json.loads(filled.manifest.read_text("utf-8"))
    assert list(manifest) == ["name", "description", "created_at", "total_pairs", "generation_info", "pairs"]
    assert manifest["name"] == "vmeval_dataset"
    assert manifest["description"] == "VMEvalKit video reasoning evaluation dataset (3 task pairs)"
    assert manifest["total_pairs"] == 3
    info = manifest["generation_info"]
    assert {k: info[k] for k in info if k != "timestamp"} == {
        "random_seed": 42,
        "pairs_per_domain": 2,
        "target_pairs": 4,
        "actual_pairs": 3,
        "allocation": {"chess": 2, "maze": 2},
        "domains": {
            "chess": {"count": 2, "description": "Tactics"},
            "maze": {"count": 1, "description": "Paths"},
        },
    }
    assert [p["id"] for p in manifest["pairs"]] == ["chess_0000", "chess_0001", "maze_0000"]
    assert list(manifest["pairs"][0]) == [
        "id",
        "domain",
        "difficulty",
        "task_category",
        "first_image_path",
        "final_image_path",
        "prompt",
        "created_at",
        "metadata",
    ]


def test_its_pairs_are_those_on_disk(filled):
    assert list(iter_manifest(filled.manifest)) == list(iter_pairs_on_disk(filled))


def test_writing_it_again_changes_no_byte(filled):
    before = filled.manifest.read_bytes()
    assert not write_manifest(filled, REQUEST, DESCRIPTIONS)
    assert filled.manifest.read_bytes() == before


def test_a_new_question_changes_it_and_keeps_its_date_of_birth(filled):
    before = read_header(filled.manifest)
    store(filled, pair("maze", 1))
    assert write_manifest(filled, REQUEST, DESCRIPTIONS)
    after = read_header(filled.manifest)
    assert after["total_pairs"] == 4
    assert after["created_at"] == before["created_at"]
    assert after["generation_info"]["timestamp"] > before["generation_info"]["timestamp"]


def test_an_empty_data_set_has_an_empty_list(root):
    write_manifest(root, REQUEST, DESCRIPTIONS)
    assert json.loads(root.manifest.read_text())["pairs"] == []
    assert list(iter_manifest(root.manifest)) == []


def test_a_question_in_the_wrong_folder_is_refused(root):
    pair("chess", 0).save(root.questions / "chess_task" / "chess_0007" / METADATA_NAME)
    with pytest.raises(RecordError, match="chess_0007"):
        write_manifest(root, REQUEST, DESCRIPTIONS)
    assert not root.manifest.exists()


@pytest.mark.parametrize("size", [0, 1, 30, 200, 700, -3])
def test_a_truncated_manifest_is_named(filled, size):
    filled.manifest.write_bytes(filled.manifest.read_bytes()[:size])
    with pytest.raises(RecordError, match=r"vmeval_dataset\.json"):
        list(iter_manifest(filled.manifest))


def test_an_entry_that_is_no_pair_is_numbered(filled):
    filled.manifest.write_text(filled.manifest.read_text().replace('"prompt": "Solve it."', '"prompt": 7', 1))
    with pytest.raises(RecordError, match="pair 0: prompt"):
        list(iter_manifest(filled.manifest))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(prompts=st.lists(st.text(), min_size=1, max_size=4), metadata=st.dictionaries(st.text(max_size=5), json_values))
def test_whatever_a_question_says_comes_back(tmp_path_factory, prompts, metadata):
    root = DataRoot(tmp_path_factory.mktemp("data"))
    prompts = [prompt.encode("utf-8", "replace").decode() for prompt in prompts]
    metadata = json.loads(json.dumps(metadata).encode("utf-8", "replace"))
    pairs = [pair("chess", index, prompt=prompt, metadata=metadata) for index, prompt in enumerate(prompts)]
    store(root, *pairs)
    write_manifest(root, REQUEST, DESCRIPTIONS)
    assert list(iter_manifest(root.manifest)) == pairs
