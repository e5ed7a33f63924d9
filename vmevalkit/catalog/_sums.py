"""Sums over runs, from the tallies: as quick for a million runs as for ten."""

import sqlite3

from vmevalkit.catalog import _questions
from vmevalkit.catalog._runs import TALLIED
from vmevalkit.catalog.records import DEFAULT_EVALUATOR, ExperimentRow, Facets, Problem, Side, Standing


def experiments(database: sqlite3.Connection) -> tuple[ExperimentRow, ...]:
    """Return all experiments, by name."""
    rows = database.execute(
        """
        SELECT experiment, COUNT(DISTINCT model), SUM(runs), SUM(runs * (status = 'running')),
            SUM(runs * (status = 'succeeded')), SUM(runs * (status IN ('failed', 'unreadable'))), SUM(cost)
        FROM tally JOIN team ON team.id = tally.team WHERE evaluator = '' GROUP BY experiment ORDER BY experiment
        """
    ).fetchall()
    return tuple(
        ExperimentRow(name, models, runs, running, succeeded, failed, cost, _last_run_at(database, name))
        for name, models, runs, running, succeeded, failed, cost in rows
    )


def _last_run_at(database: sqlite3.Connection, experiment: str) -> str | None:
    (last,) = database.execute(
        "SELECT MAX((SELECT MAX(created_at) FROM run WHERE run.team = team.id)) FROM team WHERE experiment = ?",
        (experiment,),
    ).fetchone()
    return last or None


def sides(database: sqlite3.Connection) -> tuple[Side, ...]:
    """Return every model with runs in each experiment, by name."""
    rows = database.execute(
        "SELECT DISTINCT experiment, model FROM team"
        " WHERE EXISTS (SELECT 1 FROM tally WHERE tally.team = team.id) ORDER BY experiment, model"
    )
    return tuple(Side(*row) for row in rows)


def facets(database: sqlite3.Connection, experiment: str | None) -> Facets:
    """Return what runs can be filtered by, in one experiment or in all."""

    def values(column: str, condition: str = "1") -> tuple[str, ...]:
        rows = database.execute(
            f"SELECT DISTINCT {column} FROM tally JOIN team ON team.id = tally.team"  # noqa: S608
            f" WHERE {condition} AND (:experiment IS NULL OR experiment = :experiment) ORDER BY 1",
            {"experiment": experiment},
        )
        return tuple(row[0] for row in rows)

    names = database.execute("SELECT DISTINCT experiment FROM team ORDER BY 1")
    return Facets(
        tuple(row[0] for row in names),
        values("model"),
        tuple(sorted({*values("domain"), *_questions.counts(database)})),
        values("difficulty", "difficulty != ''"),
        tuple(sorted({DEFAULT_EVALUATOR, *values("evaluator", "evaluator != ''")})),
    )


def standings(database: sqlite3.Connection, experiment: str, evaluator: str) -> tuple[Standing, ...]:
    """Return how each model of an experiment does on each domain, by the runs that count."""
    rows = database.execute(
        f"""
        SELECT model, domain, SUM(runs * (outcome = 'passed')), SUM(runs * (outcome = 'failed')),
            SUM(runs * (outcome = 'error')), SUM(runs * (outcome = 'unscored')), SUM(runs * (status = 'running'))
        FROM team JOIN tally ON tally.team = team.id AND {TALLIED}
        WHERE experiment = :experiment AND is_last GROUP BY model, domain ORDER BY model, domain
        """,  # noqa: S608
        {"experiment": experiment, "evaluator": evaluator},
    )
    return tuple(Standing(*row) for row in rows)


def problems(database: sqlite3.Connection, limit: int) -> tuple[int, tuple[Problem, ...]]:
    """Return how many files could not be read, and some of them."""
    (count,) = database.execute("SELECT COUNT(*) FROM problem").fetchone()
    rows = database.execute("SELECT path, reason FROM problem ORDER BY path LIMIT ?", (limit,))
    return int(count), tuple(Problem(*row) for row in rows)


def changes(database: sqlite3.Connection) -> int:
    """Return a number that grows whenever the index changes."""
    row = database.execute("SELECT value FROM fact WHERE name = 'changes'").fetchone()
    return int(row[0]) if row else 0
