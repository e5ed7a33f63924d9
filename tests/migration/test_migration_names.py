"""Names of other layouts become names of ours, and no two of them become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import is_name
from vmevalkit.errors import UnsafePathError
from vmevalkit.migration import local_name

SAFE = st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
    lambda name: name not in {".", ".."}
)
TRICKY = st.text(st.sampled_from("q=Q20DF aä.tmp_-"), min_size=1, max_size=12).filter(lambda name: name.strip("."))
NAMES = st.one_of(SAFE, TRICKY)


@given(NAMES)
def test_every_safe_name_becomes_one_that_can_be_a_folder(name):
    assert is_name(local_name("id", name))


@given(st.lists(NAMES, unique=True, max_size=40))
def test_no_two_names_become_one(names):
    assert len({local_name("id", name) for name in names}) == len(names)


@given(NAMES, NAMES)
def test_what_a_name_becomes_is_not_what_another_one_becomes(one, other):
    mapped = local_name("id", one)
    assert (local_name("id", other) == mapped) == (one == other)
    assert one == mapped or local_name("id", mapped) != mapped


@given(NAMES)
def test_a_name_that_has_been_mapped_before_stays_as_it_is_in_a_layout_of_ours(name):
    mapped = local_name("id", name)
    assert local_name("id", mapped, is_ours=True) == mapped


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("maze_0001", "maze_0001"),
        ("lr=0.1", "lr=0.1"),
        ("my maze", "q=my=20maze"),
        ("_hidden", "q=_hidden"),
        ("Schach♔", "q=Schach=E2=99=94"),
        ("q=a", "q=q=3Da"),
        ("half.tmp", "q=half=2Etmp"),
    ],
)
def test_the_documented_examples(name, ours):
    assert local_name("id", name) == ours


def test_a_long_name_keeps_its_beginning():
    name = local_name("id", "a" * 300)
    assert name.startswith("Q=" + "a" * 48 + "=")
    assert name != local_name("id", "a" * 301)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\\b", "a\0b", "../a", "\ud800"])
def test_an_unsafe_name_is_refused_by_name(name):
    with pytest.raises(UnsafePathError, match="model"):
        local_name("model", name)
