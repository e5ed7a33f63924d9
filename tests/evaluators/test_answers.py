"""Reading what a judge has said."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.fake_chat_server import answer

from vmevalkit.evaluators.answers import Answer, AnswerError, answer_schema, parse_answer

GOOD = answer(4)
degrees = st.integers(1, 5)
answers = st.builds(
    Answer,
    explanation=st.text(min_size=1),
    solution=degrees,
    givens=degrees,
    way=degrees,
    score=degrees,
    confidence=st.floats(0, 1),
)


@given(said=answers)
def test_an_answer_is_read_as_it_was_said(said):
    assert parse_answer(said.model_dump_json()) == said


@given(said=answers, before=st.text(), after=st.text())
def test_words_around_it_never_change_an_answer(said, before, after):
    try:
        found = parse_answer(f"{before}\n{said.model_dump_json()}\n{after}")
    except AnswerError:
        return  # such as another object, or the end of thoughts
    assert found == said


@given(text=st.text(alphabet=st.sampled_from('{}[]":,1 5\\nscore</think>')) | st.text())
@example("{" * 50_000)
@example('{"a":' * 50_000)
@example('{"score": ' + "9" * 5000 + "}")
@example("x" * 200_000)
def test_any_other_text_is_an_error_and_nothing_else(text):
    with pytest.raises(AnswerError):
        parse_answer(text)


@pytest.mark.parametrize("key", GOOD)
def test_every_key_is_needed(key):
    with pytest.raises(AnswerError, match=key):
        parse_answer(json.dumps({name: value for name, value in GOOD.items() if name != key}))


@pytest.mark.parametrize("score", [0, 6, -1, 4.5, 4.0, "4", True, None, [4], 10**30])
@pytest.mark.parametrize("key", ["score", "solution", "givens", "way"])
def test_a_score_is_a_whole_number_from_1_to_5(key, score):
    with pytest.raises(AnswerError, match=key):
        parse_answer(json.dumps(GOOD | {key: score}))


@pytest.mark.parametrize("confidence", [-0.1, 1.1, 95, "high", float("nan"), float("inf"), None])
def test_confidence_is_a_number_from_0_to_1(confidence):
    with pytest.raises(AnswerError, match="confidence"):
        parse_answer(json.dumps(GOOD | {"confidence": confidence}))


def test_a_key_that_occurs_twice_is_no_answer():
    with pytest.raises(AnswerError, match="twice"):
        parse_answer(json.dumps(GOOD)[:-1] + ', "score": 1}')


def test_two_answers_are_none():
    with pytest.raises(AnswerError, match="more than one"):
        parse_answer(json.dumps(GOOD) * 2)


def test_the_schema_asks_for_all_keys_and_no_others():
    schema = answer_schema()
    assert schema["required"] == list(schema["properties"]) == list(Answer.model_fields) == list(GOOD)
    assert schema["additionalProperties"] is False


def test_the_explanation_comes_before_the_scores():
    assert next(iter(answer_schema()["properties"])) == "explanation"
