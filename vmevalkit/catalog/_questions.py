"""Pages of questions, and search."""

import sqlite3
from typing import Any

from vmevalkit.catalog._cursors import pair_cursor, pair_place
from vmevalkit.catalog._text import NO_WORDS, fts_words, like
from vmevalkit.catalog.records import Hit, QuestionPage, QuestionRow
from vmevalkit.dataroot import PairKey

_MOST_COUNTED = 10_000
_LAST_LETTER = "\U0010ffff"
"""Behind everything that an id goes on with."""


def page(
    database: sqlite3.Connection,
    *,
    domain: str | None,
    difficulty: str | None,
    text: str | None,
    limit: int,
    cursor: str | None,
    before: str | None,
) -> QuestionPage:
    """Return up to ``limit`` matching questions, behind ``cursor`` or before ``before``."""
    where, values = ["1"], dict[str, Any]()
    for name, value in (("domain", domain), ("difficulty", difficulty)):
        if value is not None:
            where.append(f"{name} = :{name}")
            values[name] = value
    if text is not None:
        where.append("id IN (SELECT rowid FROM prompt_words WHERE prompt_words MATCH :words)")
        values["words"] = fts_words(text)
    if difficulty is None and text is None:
        by_domain = counts(database)
        total, is_exact = sum(by_domain.values()) if domain is None else by_domain.get(domain, 0), True
    else:
        total, is_exact = _counted(database, where, values)
    backwards = before is not None
    given = before if backwards else cursor
    if given is not None:
        key = pair_place(given)
        where.append(f"(domain, task_id) {'<' if backwards else '>'} (:after_domain, :after_task)")
        values |= {"after_domain": key.domain, "after_task": key.task_id}
    way = "DESC" if backwards else "ASC"
    statement = (
        f"SELECT * FROM question WHERE {' AND '.join(where)} ORDER BY domain {way}, task_id {way} LIMIT {limit + 1}"  # noqa: S608
    )
    rows = [_row(found) for found in database.execute(statement, values)]
    is_more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    return QuestionPage(
        tuple(rows),
        total,
        is_exact,
        next_cursor=pair_cursor(rows[-1].key) if rows and (is_more or backwards) else None,
        previous_cursor=pair_cursor(rows[0].key) if rows and (is_more if backwards else cursor is not None) else None,
    )


def _counted(database: sqlite3.Connection, where: list[str], values: dict[str, Any]) -> tuple[int, bool]:
    """Count as far as is worth the time; return the number and whether it is all."""
    statement = f"SELECT 1 FROM question WHERE {' AND '.join(where)} LIMIT {_MOST_COUNTED + 1}"  # noqa: S608
    (count,) = database.execute(f"SELECT COUNT(*) FROM ({statement})", values).fetchone()  # noqa: S608
    return min(count, _MOST_COUNTED), count <= _MOST_COUNTED


def find(database: sqlite3.Connection, key: PairKey) -> QuestionRow | None:
    """Return one question; `None` if it is not known."""
    found = database.execute(
        "SELECT * FROM question WHERE (domain, task_id) = (?, ?)", (key.domain, key.task_id)
    ).fetchone()
    return _row(found) if found else None


def neighbours(database: sqlite3.Connection, key: PairKey) -> tuple[PairKey | None, PairKey | None]:
    """Return the questions before and after one."""

    def nearest(sign: str, way: str) -> PairKey | None:
        row = database.execute(
            f"SELECT domain, task_id FROM question WHERE (domain, task_id) {sign} (?, ?)"  # noqa: S608
            f" ORDER BY domain {way}, task_id {way} LIMIT 1",
            (key.domain, key.task_id),
        ).fetchone()
        return PairKey(*row) if row else None

    return nearest("<", "DESC"), nearest(">", "ASC")


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Return how many questions there are of each domain."""
    rows = database.execute("SELECT domain, questions FROM question_tally WHERE questions > 0 ORDER BY domain")
    return dict(rows.fetchall())


def search(database: sqlite3.Connection, text: str, limit: int) -> tuple[Hit, ...]:
    """Find experiments, models and domains by a part of their name, questions by its beginning or by their prompt."""
    text = text.replace("\0", " ")  # where SQLite's patterns end
    if not text.strip():
        return ()
    hits = [
        Hit(kind, row[0], "")
        for kind in ("experiment", "model", "domain")
        for row in database.execute(
            f"SELECT DISTINCT {kind} FROM team WHERE {kind} LIKE ? ESCAPE '\\' ORDER BY 1 LIMIT ?",  # noqa: S608
            (like(text), limit),
        )
    ]
    rows = _beginning(database, text.strip(), limit)
    words = fts_words(text)
    if len(rows) < limit and words != NO_WORDS:
        rows += database.execute(
            "SELECT * FROM question WHERE id IN (SELECT rowid FROM prompt_words WHERE prompt_words MATCH ? LIMIT ?)",
            (words, limit),
        ).fetchall()
    found = {row.key: row for row in map(_row, rows)}
    hits += [Hit("question", key.task_id, row.prompt, key) for key, row in found.items()]
    return tuple(hits[:limit])


def _beginning(database: sqlite3.Connection, text: str, limit: int) -> list[sqlite3.Row]:
    """Return up to ``limit`` questions whose ids begin with a text, by domain; in capitals or not."""
    rows: list[sqlite3.Row] = []
    for domain in counts(database):
        rows += database.execute(
            "SELECT * FROM question INDEXED BY question_by_beginning WHERE domain = ?"
            " AND task_id COLLATE NOCASE >= ? AND task_id COLLATE NOCASE < ? ORDER BY task_id COLLATE NOCASE LIMIT ?",
            (domain, text, text + _LAST_LETTER, limit - len(rows)),
        )
        if len(rows) >= limit:
            break
    return rows


def _row(row: sqlite3.Row) -> QuestionRow:
    return QuestionRow(
        PairKey(row["domain"], row["task_id"]),
        row["difficulty"],
        row["category"],
        row["prompt"],
        row["created_at"],
        row["files"],
        row["problem"],
    )
