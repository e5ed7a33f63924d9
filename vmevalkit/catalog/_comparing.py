"""Two models, or one model in two experiments, on the questions that both were scored on."""

import sqlite3
from typing import NamedTuple

from vmevalkit.catalog._cursors import pair_cursor, pair_place
from vmevalkit.catalog.records import Comparison, ComparisonKind, Side
from vmevalkit.dataroot import PairKey, RunKey

# Walked question by question: the plus signs keep SQLite from looking for all questions of the other side instead.
_BOTH = """
    FROM run AS x CROSS JOIN run AS y ON y.team = :two AND y.task_id = +x.task_id AND y.is_last
    CROSS JOIN verdict AS a ON a.team = :one AND a.task_id = +x.task_id AND a.run_id = +x.run_id
        AND a.evaluator = :evaluator AND a.outcome IN ('passed', 'failed')
    CROSS JOIN verdict AS b ON b.team = :two AND b.task_id = +y.task_id AND b.run_id = +y.run_id
        AND b.evaluator = :evaluator AND b.outcome IN ('passed', 'failed')
    WHERE x.team = :one AND x.is_last
    """
_CONDITIONS: dict[ComparisonKind, str] = {
    "differ": "a.outcome != b.outcome",
    "only_first": "a.outcome = 'passed' AND b.outcome = 'failed'",
    "only_second": "a.outcome = 'failed' AND b.outcome = 'passed'",
    "both": "a.outcome = 'passed' AND b.outcome = 'passed'",
    "neither": "a.outcome = 'failed' AND b.outcome = 'failed'",
}


class Match(NamedTuple):
    """A question that two sides agree or differ on: the runs of both that count."""

    first: RunKey
    second: RunKey


class _Teams(NamedTuple):
    domain: str
    one: int
    two: int


def counts(
    database: sqlite3.Connection, first: Side, second: Side, evaluator: str, domain: str | None
) -> dict[str, Comparison]:
    """Count, for each domain, on how many questions two sides agree and differ."""
    counted = {}
    for teams in _teams(database, first, second, domain):
        found = dict(
            database.execute(
                f"SELECT (a.outcome = 'passed') * 2 + (b.outcome = 'passed'), COUNT(*) {_BOTH} GROUP BY 1",
                {"one": teams.one, "two": teams.two, "evaluator": evaluator},
            ).fetchall()
        )
        counted[teams.domain] = Comparison(*(found.get(case, 0) for case in (3, 2, 1, 0)))
    return counted


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
) -> tuple[list[Match], str | None]:
    """Return up to ``limit`` questions on which two sides agree or differ, and where the next page starts."""
    after = pair_place(cursor) if cursor else None
    found: list[Match] = []
    for teams in _teams(database, first, second, domain):
        if after is not None and teams.domain < after.domain:
            continue
        rows = database.execute(
            f"SELECT x.task_id, x.run_id, y.run_id {_BOTH} AND {_CONDITIONS[kind]} AND x.task_id > :task_id"
            f" ORDER BY x.task_id LIMIT {limit + 1 - len(found)}",
            {
                "one": teams.one,
                "two": teams.two,
                "evaluator": evaluator,
                "task_id": after.task_id if after is not None and teams.domain == after.domain else "",
            },
        )
        found += [
            Match(
                RunKey(first.experiment, first.model, teams.domain, task_id, one),
                RunKey(second.experiment, second.model, teams.domain, task_id, two),
            )
            for task_id, one, two in rows
        ]
        if len(found) > limit:
            last = found[limit - 1].first
            return found[:limit], pair_cursor(PairKey(last.domain, last.task_id))
    return found, None


def _teams(database: sqlite3.Connection, first: Side, second: Side, domain: str | None) -> list[_Teams]:
    rows = database.execute(
        "SELECT a.domain, a.id, b.id FROM team AS a JOIN team AS b ON b.domain = a.domain"
        " WHERE (a.experiment, a.model) = (?, ?) AND (b.experiment, b.model) = (?, ?)"
        " AND (?5 IS NULL OR a.domain = ?5) ORDER BY a.domain",
        (first.experiment, first.model, second.experiment, second.model, domain),
    )
    return [_Teams(*row) for row in rows]
