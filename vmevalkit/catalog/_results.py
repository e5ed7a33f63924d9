"""Which questions a team passed and which it failed, as bitmaps: two teams are compared in a few operations.

Each question that somebody was scored on has a number in its domain, which is its bit in the bitmaps of all teams.
A bitmap of a million questions has 125 kB.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

_GIVE_BITS = """
    INSERT INTO question_bit (domain, task_id, number)
    SELECT :domain, task_id, (SELECT COALESCE(MAX(number) + 1, 0) FROM question_bit WHERE domain = :domain)
        + ROW_NUMBER() OVER (ORDER BY task_id) - 1
    FROM (
        SELECT DISTINCT task_id FROM verdict WHERE team = :team AND NOT EXISTS (
            SELECT 1 FROM question_bit WHERE domain = :domain AND question_bit.task_id = verdict.task_id
        )
    )
    """
_JUDGED = """
    SELECT question_bit.number, verdict.outcome FROM verdict INDEXED BY verdict_by_outcome
    CROSS JOIN run INDEXED BY run_by_key
        ON run.team = verdict.team AND run.task_id = verdict.task_id AND run.run_id = verdict.run_id
    CROSS JOIN question_bit ON question_bit.domain = :domain AND question_bit.task_id = verdict.task_id
    WHERE verdict.team = :team AND verdict.evaluator = :evaluator AND verdict.outcome IN ('passed', 'failed')
        AND run.is_last AND run.status NOT IN ('failed', 'unreadable')
    """


class Results(NamedTuple):
    """The questions that a team passed and those that it failed; nothing is said of the others."""

    passed: int
    failed: int

    @classmethod
    def of(cls, passed: bytes | None, failed: bytes | None) -> "Results":
        """Read what was written; nothing is what an evaluator says that has not looked at the team."""
        return cls(int.from_bytes(passed or b"", "little"), int.from_bytes(failed or b"", "little"))


def write(database: sqlite3.Connection, team: int, evaluators: Sequence[str]) -> None:
    """Write the bitmaps of a team anew, for each of the evaluators that have looked at it."""
    database.execute("DELETE FROM result WHERE team = ?", (team,))
    if not evaluators:
        return
    (domain,) = database.execute("SELECT domain FROM team WHERE id = ?", (team,)).fetchone()
    database.execute(_GIVE_BITS, {"domain": domain, "team": team})
    (bits,) = database.execute("SELECT MAX(number) + 1 FROM question_bit WHERE domain = ?", (domain,)).fetchone()
    for evaluator in evaluators:
        maps = {outcome: bytearray((bits + 7) // 8) for outcome in ("passed", "failed")}
        for number, outcome in database.execute(_JUDGED, {"domain": domain, "team": team, "evaluator": evaluator}):
            maps[outcome][number >> 3] |= 1 << (number & 7)
        database.execute(
            "INSERT INTO result (team, evaluator, passed, failed) VALUES (?, ?, ?, ?)",
            (team, evaluator, bytes(maps["passed"]), bytes(maps["failed"])),
        )


def bitmap_bytes(bitmap: int) -> bytes:
    """Return a bitmap as bytes, lowest bit first."""
    return bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")


def numbers(bitmap: int) -> list[int]:
    """Return the numbers of the questions in a bitmap."""
    return [
        8 * place + bit
        for place, byte in enumerate(bitmap_bytes(bitmap))
        if byte
        for bit in range(8)
        if byte >> bit & 1
    ]
