"""Runs about which several have said something, so that one can see how far they agree."""

import sqlite3

from vmevalkit.dataroot import RunKey


def scored_by_several(database: sqlite3.Connection, experiment: str, limit: int) -> tuple[tuple[RunKey, ...], bool]:
    """Return about ``limit`` runs that several evaluators or raters have scored, and whether those are all.

    If they are not, each model and domain gives as many.
    """
    teams = database.execute(
        "SELECT id, model, domain FROM team WHERE experiment = ? ORDER BY model, domain", (experiment,)
    ).fetchall()
    share = max(limit // max(len(teams), 1), 1)
    found: list[RunKey] = []
    is_complete = True
    for number, model, domain in teams:
        rows = database.execute(
            "SELECT task_id, run_id FROM verdict WHERE team = ? AND outcome IN ('passed', 'failed')"
            " GROUP BY task_id, run_id HAVING COUNT(*) > 1 OR MAX(raters) > 1 LIMIT ?",
            (number, share + 1),
        ).fetchall()
        is_complete = is_complete and len(rows) <= share
        found += [RunKey(experiment, model, domain, task_id, run_id) for task_id, run_id in rows[:share]]
    return tuple(found), is_complete
