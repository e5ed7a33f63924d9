"""Every kind of damage is found and named, and none is invented."""

from collections import Counter
from types import CodeType

import pytest
from damaged_tree import age, make_tree
from damages import ALONE, DEEP, DOMAIN, SHALLOW, Victim, found
from support.long import longer

from vmevalkit.dataroot import DataRoot
from vmevalkit.integrity import Code

TOGETHER = {**SHALLOW, **DEEP}
ALL = {**TOGETHER, **ALONE}
FROM_A_SNAPSHOT = {Code.CHANGED_QUESTION, Code.NOT_COMPARED}
"""Kinds of findings that need a remote: they have tests of their own."""
OF_THE_DOMAIN, OF_OTHERS, TIMES = longer((len(TOGETHER) + 2, 1, 1), (2000, 2000, 3))
"""Ten thousand questions in all, and how often each damage is done to them."""


@pytest.mark.parametrize("deep", [False, True])
def test_in_a_whole_data_root_nothing_is_found(tree, deep):
    assert found(tree, deep=deep) == []


@pytest.mark.parametrize("name", ALL)
def test_damage_is_found_and_nothing_else(tree, name):
    found(tree, deep=True)  # So that what turns over by itself can be noticed.
    expected = ALL[name](Victim(tree, 1, [0]))
    assert sorted(found(tree, deep=True)) == sorted(expected)


@pytest.mark.parametrize("name", {**SHALLOW, **ALONE})
def test_damage_that_can_be_seen_from_outside_is_found_without_reading_all_files(tree, name):
    expected = ALL[name](Victim(tree, 1, [0]))
    assert sorted(found(tree, deep=False)) == sorted(expected)


@pytest.mark.parametrize("name", DEEP)
def test_the_quick_look_finds_less_but_invents_nothing(tree, name):
    expected = Counter(DEEP[name](Victim(tree, 1, [0])))
    assert Counter(found(tree, deep=False)) <= expected


def test_every_code_has_a_damage():
    codes = {code for function in ALL.values() for code in _codes_named_in(function.__code__)}
    assert codes == set(Code) - FROM_A_SNAPSHOT


def _codes_named_in(code: CodeType) -> set[Code]:
    inner = (_codes_named_in(part) for part in code.co_consts if isinstance(part, CodeType))
    return {Code[name] for name in code.co_names if name in Code.__members__}.union(*inner)


def plant_all(root: DataRoot, first: int, times: int) -> list:
    """Do every damage that can stand beside others so many times, each to a question of its own."""
    names = [name for name in TOGETHER for _ in range(times)]
    expected = []
    for number, name in enumerate(names, start=first):
        # Backwards from the last question: nobody damages those.
        others = [OF_THE_DOMAIN - 1 - number % times]
        expected += TOGETHER[name](Victim(root, number, others))
    return expected


@pytest.fixture(scope="module")
def larger(tmp_path_factory) -> DataRoot:
    """A data root with enough questions for every damage to have its own."""
    filmed = [f"{DOMAIN}_{number:04d}" for number in range(1, len(TOGETHER) * TIMES + 1)]
    folder = tmp_path_factory.mktemp("larger") / "data"
    root = make_tree(folder, of_the_domain=OF_THE_DOMAIN, of_others=OF_OTHERS, filmed=filmed)
    age(root)
    return root


@pytest.mark.long
def test_all_damages_together_are_found_each_by_its_own(larger):
    assert len(TOGETHER) >= 40
    assert found(larger, deep=True, workers=2) == []
    expected = plant_all(larger, 1, TIMES)
    findings = found(larger, deep=True)
    assert Counter(findings) == Counter(expected)
    assert found(larger, deep=True, workers=2) == findings
