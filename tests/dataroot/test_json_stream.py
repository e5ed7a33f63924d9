"""JSON documents of any size, event by event."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import DataRoot, iter_manifest_entries, json_elements, json_events, read_header
from vmevalkit.dataroot.json_stream import DEEPEST
from vmevalkit.errors import RecordError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def stream(value):
    return json_events(io.BytesIO(json.dumps(value).encode()))


@given(st.lists(VALUES, max_size=6))
def test_the_elements_of_a_list_come_one_by_one(values):
    events = stream(values)
    assert next(events) == (0, "start_array", None)
    assert list(json_elements(events)) == values
    assert list(events) == []


@given(st.lists(VALUES, max_size=6), VALUES)
def test_what_follows_a_list_is_left(values, more):
    events = stream({"list": values, "more": more})
    while next(events)[1] != "start_array":
        pass
    assert list(json_elements(events)) == values
    assert next(events) == (1, "map_key", "more")


@given(
    st.dictionaries(st.text(min_size=1).filter(lambda key: key != "pairs"), VALUES, max_size=4),
    st.lists(VALUES, max_size=4),
)
def test_a_manifest_gives_its_header_and_its_entries(tmp_path_factory, header, pairs):
    root = DataRoot(tmp_path_factory.mktemp("manifest"))
    root.questions.mkdir()
    root.manifest.write_text(json.dumps({**header, "pairs": pairs}))
    assert read_header(root.manifest) == header
    assert list(iter_manifest_entries(root.manifest)) == pairs


def entries(path):
    return list(iter_manifest_entries(path))


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (read_header, '{"a":[' * 200_000),
        (read_header, '{"a":' * 200_000),
        (entries, '{"a":[' * 200_000),
        (entries, '{"pairs":' + "[" * 200_000),
    ],
)
def test_a_document_that_is_nested_without_end_is_refused(tmp_path, read, document):
    file = tmp_path / "manifest.json"
    file.write_text(document)
    with pytest.raises(RecordError, match=f"nested more than {DEEPEST} deep"):
        read(file)
