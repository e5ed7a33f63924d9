"""The prompt, the scale and the form of the answer say the same."""

import re

import pytest

from vmevalkit.dataroot import PASS_SCORE, Score
from vmevalkit.evaluators._prompts import Task, messages, texts
from vmevalkit.evaluators.answers import answer_schema
from vmevalkit.evaluators.rubrics import GENERAL, PARTS, RUBRICS, SCALE, SCORES, rubric_of
from vmevalkit.tasks.registry import BUILT_IN_DOMAINS

ALL = {**RUBRICS, "general": GENERAL}


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def told(rubric):
    return "\n".join(texts(messages(Task("Do it.", rubric, (), 2.0), [], single=False)))


def test_every_built_in_domain_has_a_rubric_of_its_own():
    assert set(RUBRICS) == set(BUILT_IN_DOMAINS)


def test_other_domains_are_judged_by_the_general_rubric():
    assert rubric_of("foreign") is GENERAL
    assert rubric_of("maze") is RUBRICS["maze"]


@pytest.mark.parametrize("name", ALL)
def test_a_rubric_names_the_scores_from_1_to_5_and_no_other_number(name):
    text = ALL[name].text()
    assert re.findall(r"^(\d+): \S", text, re.MULTILINE) == ["5", "4", "3", "2", "1"]
    assert numbers(text) == [5, 4, 3, 2, 1]
    assert len(set(ALL[name].levels)) == 5


@pytest.mark.parametrize("text", [SCALE, *PARTS.values()])
def test_the_scale_and_the_parts_name_the_same_scores(text):
    assert numbers(text) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("name", ALL)
def test_what_a_judge_is_told_speaks_of_no_other_scale(name):
    text = told(ALL[name])
    assert not re.search(r"out of|percent|%|/ ?\d|points|binary|\b0 to 5|\b1 to 10", text)
    assert set(numbers(text.replace("2.00 seconds", "").replace("from 0 to 1", ""))) == set(SCORES)
    assert text.count("from 0 to 1") == 1  # the confidence


@pytest.mark.parametrize("name", ALL)
def test_the_rubric_is_told_in_full_and_with_the_scale_of_the_form(name):
    assert ALL[name].text() in told(ALL[name])
    assert SCALE in told(ALL[name])


def test_the_form_has_the_scale_of_the_rubrics():
    fields = answer_schema()["properties"]
    assert fields["score"]["description"] == SCALE
    for name in ("score", *PARTS):
        assert (fields[name]["type"], fields[name]["minimum"], fields[name]["maximum"]) == ("integer", 1, 5)
    for name, meaning in PARTS.items():
        assert fields[name]["description"] == meaning
        assert meaning in told(GENERAL)


def test_the_scale_is_that_of_the_evaluation_files():
    limits = Score.model_json_schema()["properties"]["score"]["anyOf"][0]
    assert (limits["minimum"], limits["maximum"]) == (SCORES[0], SCORES[-1])
    assert PASS_SCORE == 4
    assert "score of 4 or 5 has passed" in told(GENERAL)
