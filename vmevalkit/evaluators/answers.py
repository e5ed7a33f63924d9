"""The form of a judge's answer: the JSON schema that is sent along, and how the text that comes back is read."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vmevalkit.evaluators.rubrics import PARTS, SCALE
from vmevalkit.replies import writable

_MOST_CHARACTERS: Final = 100_000
"""What is longer is no answer; looking for JSON in it could take for ever."""
_THOUGHTS_END: Final = "</think>"

Degree = Annotated[int, Field(ge=1, le=5)]


def _writable(value: object) -> object:
    return writable(value) if isinstance(value, str) else value


class Answer(BaseModel):
    """What a judge says. The explanation comes first, so that the scores follow from it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    explanation: Annotated[str, BeforeValidator(_writable)] = Field(
        min_length=1, description="one to four sentences: what the last frame shows, what changed, how it got there"
    )
    solution: Degree = Field(description=PARTS["solution"])
    givens: Degree = Field(description=PARTS["givens"])
    way: Degree = Field(description=PARTS["way"])
    score: Degree = Field(description=SCALE)
    confidence: float = Field(ge=0, le=1, description="how sure you are of the score, from 0 (a guess) to 1 (certain)")


class AnswerError(ValueError):
    """A text that is not the answer that was asked for; says what is wrong with it."""


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema of an answer, in the strict form that servers ask for: all keys, and no others."""
    fields = Answer.model_json_schema()["properties"]
    drop = ("title", "minLength")  # not every server knows a least length
    return {
        "type": "object",
        "properties": {
            name: {key: value for key, value in field.items() if key not in drop} for name, field in fields.items()
        },
        "required": list(fields),
        "additionalProperties": False,
    }


def parse_answer(text: str) -> Answer:
    """Read an answer. Prose or code fences around its one JSON object are passed over.

    Raises:
        AnswerError: there is no JSON object, more than one, or one that is not as asked for.

    """
    objects = list(_objects(text.rpartition(_THOUGHTS_END)[2]))
    if not objects:
        raise AnswerError("there is no JSON object in it")
    if len(objects) > 1:
        raise AnswerError("there is more than one JSON object in it")
    try:
        return Answer.model_validate(objects[0])
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise AnswerError("; ".join(problems)) from error


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON objects of a text."""
    if len(text) > _MOST_CHARACTERS:
        raise AnswerError("it is too long")
    decoder = json.JSONDecoder(object_pairs_hook=_without_twins)
    start = text.find("{")
    while start >= 0:
        try:
            value, start = decoder.raw_decode(text, start)
        except RecursionError as error:
            raise AnswerError("it is nested too deeply") from error
        except AnswerError:
            raise
        except ValueError:  # no JSON, or a number with thousands of digits
            start += 1
        else:
            yield value
        start = text.find("{", start)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AnswerError("a key occurs twice in it")
    return found
