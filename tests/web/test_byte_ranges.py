"""How a Range header is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.web._ranges import RangeNotSatisfiableError, lists_tag, requested_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=0-99", range(100)),
        ("bytes=10-19", range(10, 20)),
        ("bytes=90-", range(90, 100)),
        ("bytes=90-1000", range(90, 100)),
        ("bytes=-1", range(99, 100)),
        ("bytes=-100", range(100)),
        ("bytes=-1000", range(100)),
        ("Bytes = 5-6", range(5, 7)),
    ],
)
def test_a_range_is_cut_to_the_file(header: str, expected: range) -> None:
    assert requested_range(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1,4-5",
        "bytes=\u0660-\u0669",
    ],
)
def test_what_makes_no_sense_asks_for_the_whole_file(header: str | None) -> None:
    assert requested_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        requested_range(header, 100)


def test_an_empty_file_has_no_range() -> None:
    with pytest.raises(RangeNotSatisfiableError):
        requested_range("bytes=0-", 0)


@given(st.text(max_size=30), st.integers(0, 1000))
def test_any_text_gives_a_part_of_the_file_or_none(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            part = requested_range(header, size)
        except RangeNotSatisfiableError:
            continue
        assert part is None or (len(part) > 0 and part[0] >= 0 and part[-1] < size)


@given(st.integers(1, 1000), st.data())
def test_first_and_last_are_both_included(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    part = requested_range(f"bytes={first}-{last}", size)
    assert part is not None
    assert (part[0], part[-1]) == (first, last)


@pytest.mark.parametrize(
    ("header", "known"), [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False)]
)
def test_an_entity_tag_is_found_in_a_list(header: str, known: bool) -> None:
    assert lists_tag(header, '"a"') is known
