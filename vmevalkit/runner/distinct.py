"""No two questions of a data set ask the same, however many processes and machines make them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

from vmevalkit.dataroot import Pair
from vmevalkit.errors import PuzzleError, RecordError
from vmevalkit.runner.executors import Workers, map_ordered
from vmevalkit.tasks import Domain
from vmevalkit.tasks.question import Question, QuestionSpec, make_question, puzzle_key

_ATTEMPTS = 1000


class HasPair(Protocol):
    """A question, in whatever state."""

    @property
    def pair(self) -> Pair:
        """Its record."""


Found = TypeVar("Found", bound=HasPair)


def make_distinct(
    domain: Domain[Any, Any], specs: Iterable[QuestionSpec], wanted: Callable[[int], bool], workers: Workers
) -> Iterator[Question]:
    """Make those questions of a data set that are wanted, in their order.

    Args:
        domain: the domain.
        specs: of all questions of the data set, from the first one on.
        wanted: tells by its number whether a question is to be made; importable by name.
        workers: number of processes, or a cluster.

    Raises:
        PuzzleError: the domain has no further distinct puzzle.

    """
    yield from distinct(domain, map_ordered(partial(_candidate, domain, wanted), specs, workers))


def distinct(
    domain: Domain[Any, Any], found: Iterable[tuple[QuestionSpec, Found | Question | int]]
) -> Iterator[Found | Question]:
    """Replace every new question that an earlier one asks already.

    Args:
        domain: the domain.
        found: every question of the data set in its order: as it is on disk, which stays; as a new candidate; or
            as the `short_key` of one that is made elsewhere, which takes part, and is left out of the result.

    """
    seen: set[int] = set()
    for first, one in found:
        spec, key = first, one if isinstance(one, int) else _key_of(one.pair)
        while key in seen and isinstance(one, int | Question):
            spec = replace(spec, attempt=spec.attempt + 1)
            if spec.attempt > _ATTEMPTS:
                raise PuzzleError(
                    f"domain {domain.name}: no other distinct {spec.difficulty} puzzle found after {len(seen)}",
                    hint="ask for fewer, or for another difficulty",
                )
            key = short_key(domain, spec)
        seen.add(key)
        if isinstance(one, Question) and spec.attempt:
            yield make_question(domain, spec)
        elif not isinstance(one, int):
            yield one


def short_key(domain: Domain[Any, Any], spec: QuestionSpec) -> int:
    """Return 64 bits that tell a puzzle from all others: enough for 10^8 of them, and small to remember."""
    return _shortened(puzzle_key(domain, spec))


def _candidate(
    domain: Domain[Any, Any], wanted: Callable[[int], bool], spec: QuestionSpec
) -> tuple[QuestionSpec, Question | int]:
    return spec, make_question(domain, spec) if wanted(spec.index) else short_key(domain, spec)


def _key_of(pair: Pair) -> int:
    key = pair.metadata.get("key")
    try:
        return _shortened(str(key))
    except ValueError as error:
        raise RecordError(f"{pair.domain}/{pair.id}", f"key {key!r} is not a hexadecimal number") from error


def _shortened(key: str) -> int:
    return int(key[:16], 16)
