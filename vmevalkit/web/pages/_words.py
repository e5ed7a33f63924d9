"""What raters say of the runs on a page, cut so that the page stays small however many they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vmevalkit.dataroot import RunKey
from vmevalkit.evaluators.answers import AnswerError, parse_answer
from vmevalkit.web.formats import UNKNOWN, words
from vmevalkit.web.scores import RaterScore, ScoreReader

_RATERS = 8
"""Raters of a run whose words are shown."""
_TEXT = 40_000
"""Characters of all explanations of a page together."""
_LONGEST, _SHORTEST = 1200, 120
_DIMENSIONS = 8
_VALUE = 40  # characters of a dimension that is no number
_VOTES = 15


@dataclass(frozen=True)
class Dimension:
    """A part of a score."""

    name: str
    value: str
    degree: int | None
    """1 to 5 if it is on that scale."""


@dataclass(frozen=True)
class Word:
    """What a rater says of a run."""

    said: RaterScore
    explanation: str
    dimensions: tuple[Dimension, ...]
    votes: tuple[str, ...]
    """A judge's votes as scores; a question mark for an answer that is none."""

    @property
    def who(self) -> str:
        """The rater, and the evaluator if that is another name."""
        said = self.said
        return said.evaluator if said.rater == said.evaluator else f"{said.rater} · {said.evaluator}"


def words_of(reader: ScoreReader, keys: Sequence[RunKey]) -> list[tuple[tuple[Word, ...], int]]:
    """Return what is said of each run, and how many raters more there are."""
    said = [reader.of(key) for key in keys]
    count = sum(min(len(of_run), _RATERS) for of_run in said)
    longest = min(max(_TEXT // max(count, 1), _SHORTEST), _LONGEST)
    return [(tuple(_word(one, longest) for one in of_run[:_RATERS]), max(len(of_run) - _RATERS, 0)) for of_run in said]


def _word(said: RaterScore, longest: int) -> Word:
    text = said.explanation
    return Word(
        said,
        text if len(text) <= longest else f"{text[:longest].rstrip()} …",
        tuple(_dimension(name, value) for name, value in list(said.dimensions.items())[:_DIMENSIONS]),
        tuple(_votes(said.judge.answers[:_VOTES])) if said.judge else (),
    )


def _dimension(name: str, value: Any) -> Dimension:  # noqa: ANN401 - any JSON
    degree = value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5 else None
    if value is None:
        text = UNKNOWN
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, float):
        text = f"{value:.3g}"
    else:
        text = str(value)
    return Dimension(words(name[:_VALUE]), text if len(text) <= _VALUE else f"{text[:_VALUE]}…", degree)


def _votes(answers: Iterable[str]) -> Iterable[str]:
    for answer in answers:
        try:
            yield str(parse_answer(answer).score)
        except AnswerError:
            yield "?"
