"""Two models, or one model in two experiments, on the questions that both were scored on.

No run is read for it but those on the page: the bitmaps of the teams say on which questions they agree and differ.
"""

import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from vmevalkit.catalog._cursors import pair_cursor, pair_place
from vmevalkit.catalog._results import Results, bitmap_bytes, numbers
from vmevalkit.catalog.records import Comparison, ComparisonKind, Side
from vmevalkit.dataroot import PairKey

_FEW_QUESTIONS = 1000
"""Up to how many questions are looked up one by one; of more, all questions are walked until the page is full."""


class _Duel(NamedTuple):
    """Two sides on one domain."""

    domain: str
    one: Results
    two: Results

    def questions(self, kind: ComparisonKind) -> int:
        """Return the bitmap of the questions on which the sides agree or differ."""
        one, two = self.one, self.two
        match kind:
            case "both":
                return one.passed & two.passed
            case "only_first":
                return one.passed & two.failed
            case "only_second":
                return one.failed & two.passed
            case "neither":
                return one.failed & two.failed
            case "differ":
                return one.passed & two.failed | one.failed & two.passed


def counts(
    database: sqlite3.Connection, first: Side, second: Side, evaluator: str, domain: str | None
) -> dict[str, Comparison]:
    """Count, for each domain, on how many questions two sides agree and differ."""
    return {
        duel.domain: Comparison(
            both=duel.questions("both").bit_count(),
            only_first=duel.questions("only_first").bit_count(),
            only_second=duel.questions("only_second").bit_count(),
            neither=duel.questions("neither").bit_count(),
        )
        for duel in _duels(database, first, second, evaluator, domain)
    }


def page(
    database: sqlite3.Connection,
    first: Side,
    second: Side,
    kind: ComparisonKind,
    *,
    evaluator: str,
    domain: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[PairKey], str | None]:
    """Return up to ``limit`` questions on which two sides agree or differ, and where the next page starts."""
    after = pair_place(cursor) if cursor else None
    found: list[PairKey] = []
    for duel in _duels(database, first, second, evaluator, domain):
        if after is not None and duel.domain < after.domain:
            continue
        begin = after.task_id if after is not None and duel.domain == after.domain else ""
        matches = _task_ids(database, duel.domain, duel.questions(kind), begin)
        found += [PairKey(duel.domain, task_id) for task_id in islice(matches, limit + 1 - len(found))]
        if len(found) > limit:
            return found[:limit], pair_cursor(found[limit - 1])
    return found, None


def _task_ids(database: sqlite3.Connection, domain: str, questions: int, after: str) -> Iterator[str]:
    """Yield the questions of a bitmap in order, from behind one on."""
    if questions.bit_count() <= _FEW_QUESTIONS:
        rows = database.execute(
            "SELECT task_id FROM json_each(?) AS wanted CROSS JOIN question_bit INDEXED BY question_by_bit"
            " ON domain = ? AND number = wanted.value WHERE task_id > ? ORDER BY task_id",
            (json.dumps(numbers(questions)), domain, after),
        )
        yield from (task_id for (task_id,) in rows)
        return
    bits = bitmap_bytes(questions)
    for task_id, number in database.execute(
        "SELECT task_id, number FROM question_bit WHERE domain = ? AND task_id > ? ORDER BY task_id", (domain, after)
    ):
        if number >> 3 < len(bits) and bits[number >> 3] >> (number & 7) & 1:
            yield task_id


def _duels(
    database: sqlite3.Connection, first: Side, second: Side, evaluator: str, domain: str | None
) -> Iterator[_Duel]:
    """Yield both sides' results on each domain that both have runs of."""
    rows = database.execute(
        """
        SELECT a.domain, one.passed, one.failed, two.passed, two.failed
        FROM team AS a JOIN team AS b ON b.domain = a.domain
        LEFT JOIN result AS one ON one.team = a.id AND one.evaluator = :evaluator
        LEFT JOIN result AS two ON two.team = b.id AND two.evaluator = :evaluator
        WHERE (a.experiment, a.model) = (:experiment, :model) AND (b.experiment, b.model) = (:against, :other)
            AND (:domain IS NULL OR a.domain = :domain)
        ORDER BY a.domain
        """,
        {
            "experiment": first.experiment,
            "model": first.model,
            "against": second.experiment,
            "other": second.model,
            "evaluator": evaluator,
            "domain": domain,
        },
    )
    for name, *maps in rows:
        yield _Duel(name, Results.of(*maps[:2]), Results.of(*maps[2:]))
