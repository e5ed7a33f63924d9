"""What is derived from a team's runs: made anew whenever something in it has changed."""

import sqlite3

from vmevalkit.catalog import _results


def count(database: sqlite3.Connection, team: int) -> None:
    """Count a team's runs, as each evaluator sees them and as nobody does, and note which questions it passed."""
    database.execute("DELETE FROM tally WHERE team = ?", (team,))
    evaluators = database.execute("SELECT DISTINCT evaluator FROM verdict WHERE team = ?", (team,)).fetchall()
    for (evaluator,) in [("",), *evaluators]:
        database.execute(
            "INSERT INTO tally SELECT run.team, ?2, run.difficulty, run.status,"
            " CASE WHEN run.status IN ('failed', 'unreadable') THEN 'error' ELSE COALESCE(outcome, 'unscored') END"
            " AS result, run.is_last, COUNT(*), COALESCE(SUM(needs_review), 0), SUM(MAX(run.cost, 0))"
            " FROM run LEFT JOIN verdict ON verdict.team = run.team AND verdict.evaluator = ?2"
            " AND verdict.task_id = run.task_id AND verdict.run_id = run.run_id"
            " WHERE run.team = ?1 GROUP BY run.difficulty, run.status, result, run.is_last",
            (team, evaluator),
        )
    _results.write(database, team, [evaluator for (evaluator,) in evaluators])
