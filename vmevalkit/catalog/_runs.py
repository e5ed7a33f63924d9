"""Pages of runs: every one costs about the same, however many runs there are.

Runs are kept in teams (what one model made of one domain in one experiment), and the tallies say how many runs of each
kind a team has: so a question is put only to the teams that can answer it, each of which has an index in the order
asked for, and totals are sums of a few numbers.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from vmevalkit.catalog._cursors import Place, run_cursor, run_place
from vmevalkit.catalog._reading import MISSING
from vmevalkit.catalog._text import fts_words
from vmevalkit.catalog.records import RunFilters, RunPage, RunRow, Side, Sort
from vmevalkit.dataroot import PairKey, RunFailure, RunKey, VideoFacts
from vmevalkit.errors import UsageError

_MOST_COUNTED = 1000
"""Up to how many matches are counted where the tallies do not say."""
_FEW_QUESTIONS = 1000
"""Up to how many questions that match a text are looked up by name."""
_FEW_IN_SPAN = 500
"""Up to how many runs of a team in a span of time are found by their time and sorted by their names."""

_OUTCOME = (
    "CASE WHEN run.status IN ('failed', 'unreadable') THEN 'error' ELSE COALESCE(verdict.outcome, 'unscored') END"
)
_COLUMNS = f"""run.task_id, run.run_id, run.status, run.is_last, run.difficulty, run.created_at, run.duration, run.cost,
    run.model_version, run.sample, run.width, run.height, run.fps, run.frames, run.seconds, run.error_type,
    run.error_message, run.retryable, verdict.score, verdict.raters, verdict.needs_review, {_OUTCOME} AS outcome,
    question.prompt, question.files"""
_RUNS = (
    "FROM run {index} LEFT JOIN verdict ON verdict.team = run.team AND verdict.task_id = run.task_id"
    " AND verdict.run_id = run.run_id AND verdict.evaluator = :evaluator"
)
_VERDICTS = (
    "FROM verdict INDEXED BY {index} CROSS JOIN run ON run.team = verdict.team AND run.task_id = verdict.task_id"
    " AND run.run_id = verdict.run_id"
)
_QUESTION = "LEFT JOIN question ON question.domain = :domain AND question.task_id = run.task_id"
_OF_TEAM = "verdict.team = :team AND verdict.evaluator = :evaluator"
_VALUES = {"key": "''", "created": "run.created_at", "score": "verdict.score"}
"""What runs are sorted by, besides their names."""


class _Team(NamedTuple):
    number: int
    experiment: str
    model: str
    domain: str
    runs: int
    """How many match as far as the tallies tell."""

    @property
    def names(self) -> tuple[str, str, str]:
        return self.experiment, self.model, self.domain


class _Found(NamedTuple):
    place: Place
    team: _Team
    row: sqlite3.Row


@dataclass(frozen=True)
class _Part:
    """A statement that finds a part of a team's matching runs along an index."""

    source: str
    """From FROM on, without conditions."""
    conditions: tuple[str, ...] = ()
    leader: str = "run"
    """The table that is walked in order."""


_BY_TIME = _Part(_RUNS.format(index="INDEXED BY run_by_time"))


def page(
    database: sqlite3.Connection,
    filters: RunFilters,
    *,
    sort: Sort,
    descending: bool,
    limit: int,
    cursor: str | None,
    before: str | None,
) -> RunPage:
    """Return up to ``limit`` matching runs, behind ``cursor`` or before ``before``.

    Raises:
        UsageError: a cursor is malformed, or belongs to another order.

    """
    if cursor is not None and before is not None:
        raise UsageError("give cursor or before, not both")
    backwards = before is not None
    given = before if backwards else cursor
    place = run_place(given, sort) if given is not None else None
    search = _Search(database, filters, sort, descending != backwards)
    found = list(islice(search.runs(place), limit + 1))
    is_more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    total, is_exact = search.total()
    return RunPage(
        tuple(_run_row(one.team.names, one.row) for one in found),
        total,
        is_exact,
        next_cursor=run_cursor(sort, found[-1].place) if found and (is_more or backwards) else None,
        previous_cursor=run_cursor(sort, found[0].place)
        if found and (is_more if backwards else place is not None)
        else None,
    )


def find(database: sqlite3.Connection, key: RunKey, evaluator: str) -> RunRow | None:
    """Return one run; `None` if it is not known."""
    filters = RunFilters(key.experiment, key.model, key.domain, key.task_id, evaluator=evaluator)
    found = (one for one in _Search(database, filters, "key", descending=False).runs(None))
    return next((_run_row(one.team.names, one.row) for one in found if one.place.run_id == key.run_id), None)


def last_runs(
    database: sqlite3.Connection, side: Side, keys: Collection[PairKey], evaluator: str
) -> dict[PairKey, RunRow]:
    """Return the runs of a side that count for these questions; one that it has no run of is left out."""
    found = {}
    runs = _RUNS.format(index="INDEXED BY run_by_key")
    where = "run.team = :team AND run.is_last AND run.task_id IN (SELECT value FROM json_each(:tasks))"
    statement = f"SELECT {_COLUMNS} {runs} {_QUESTION} WHERE {where}"
    for domain in dict.fromkeys(key.domain for key in keys):
        names = (side.experiment, side.model, domain)
        number = database.execute("SELECT id FROM team WHERE (experiment, model, domain) = (?, ?, ?)", names).fetchone()
        if number is None:
            continue
        tasks = [key.task_id for key in keys if key.domain == domain]
        values = {"team": number[0], "domain": domain, "evaluator": evaluator, "tasks": json.dumps(tasks)}
        for row in database.execute(statement, values):
            found[PairKey(domain, row["task_id"])] = _run_row(names, row)
    return found


def last_failures(database: sqlite3.Connection, experiment: str, limit: int) -> tuple[RunRow, ...]:
    """Return the last runs of an experiment that failed, newest first."""
    search = _Search(database, RunFilters(experiment, status="failed"), "created", descending=True)
    return tuple(_run_row(one.team.names, one.row) for one in islice(search.runs(None), limit))


def _by_status(condition: str = "run.status = :status") -> _Part:
    return _Part(_RUNS.format(index="INDEXED BY run_by_status"), (condition,))


class _Search:
    """One search for runs, in one order."""

    def __init__(self, database: sqlite3.Connection, filters: RunFilters, sort: Sort, descending: bool) -> None:
        self._database, self._filters, self._sort, self._descending = database, filters, sort, descending
        self._text = None if filters.text is None else _Text(database, filters.text)
        self.teams = self._matching_teams()

    def runs(self, place: Place | None) -> Iterator[_Found]:
        """Yield all matching runs behind a place, in the order asked for; each is fetched when it is asked for."""
        teams = sorted(self.teams, key=lambda team: team.names, reverse=self._descending)
        if self._sort == "key":
            for team in teams:
                if place is None or team.names == place.names or self._comes_later(team, place):
                    yield from self._of_team(team, place)
        else:
            streams = [self._of_team(team, place) for team in teams]
            yield from merge(*streams, key=lambda one: one.place.order, reverse=self._descending)

    def total(self) -> tuple[int, bool]:
        """Return how many runs match, and whether that is exact or a lower bound."""
        if self._filters.is_tallied:
            return sum(team.runs for team in self.teams), True
        count = 0
        for team in self.teams:
            for part in self._counting_parts(team):
                conditions, values = self._conditions(team, part)
                statement = f"SELECT 1 {part.source} {_QUESTION} WHERE {conditions} LIMIT {_MOST_COUNTED + 1}"
                count += self._database.execute(f"SELECT COUNT(*) FROM ({statement})", values).fetchone()[0]  # noqa: S608
            if count > _MOST_COUNTED:
                return _MOST_COUNTED, False
        return count, True

    def _matching_teams(self) -> list[_Team]:
        """Return the teams that have matching runs as far as the tallies tell."""
        filters = self._filters
        where, values = ["1"], {"evaluator": filters.evaluator}
        for column, value in (
            ("experiment", filters.experiment),
            ("model", filters.model),
            ("domain", filters.domain),
            ("difficulty", filters.difficulty),
            ("status", filters.status),
            ("outcome", filters.outcome),
        ):
            if value is not None:
                where.append(f"{column} = :{column}")
                values[column] = value
        if filters.last_only:
            where.append("is_last")
        if filters.needs_review:
            where.append("needs_review")
        if self._sort == "score":
            where.append("outcome IN ('passed', 'failed')")
        statement = f"""
            SELECT team.id, experiment, model, domain, SUM(runs) FROM team
            JOIN tally ON tally.team = team.id AND {TALLIED}
            WHERE {" AND ".join(where)} GROUP BY team.id
            """  # noqa: S608 - names of columns
        return [_Team(*row) for row in self._database.execute(statement, values)]

    def _of_team(self, team: _Team, place: Place | None) -> Iterator[_Found]:
        parts = [self._of_part(team, part, place) for part in self._parts(team)]
        if len(parts) == 1:
            return parts[0]
        return merge(*parts, key=lambda one: one.place.order, reverse=self._descending)

    def _of_part(self, team: _Team, part: _Part, place: Place | None) -> Iterator[_Found]:
        conditions, values = self._conditions(team, part)
        if place is not None:
            conditions += f" AND {self._behind(team, place, values)}"
        way = "DESC" if self._descending else "ASC"
        value = _VALUES[self._sort]
        order = ", ".join(
            f"{column} {way}"
            for column in (value, f"{part.leader}.task_id", f"{part.leader}.run_id")
            if column != _VALUES["key"]
        )
        statement = f"SELECT {_COLUMNS}, {value} AS value {part.source} {_QUESTION} WHERE {conditions} ORDER BY {order}"
        for row in self._database.execute(statement, values):
            yield _Found(Place(row["value"], team.names, row["task_id"], row["run_id"]), team, row)

    def _parts(self, team: _Team) -> Sequence[_Part]:
        """Return the statements that together find a team's matching runs in the order asked for."""
        filters = self._filters
        if self._sort == "created":
            if filters.status == "failed":
                return [_Part(_RUNS.format(index="INDEXED BY failed_run_by_time"), ("run.status = 'failed'",))]
            return [_BY_TIME]
        if self._sort == "score":
            scored = f"verdict.score > {MISSING}"
            return [_Part(_VERDICTS.format(index="verdict_by_score"), (_OF_TEAM, scored), "verdict")]
        by_outcome = _VERDICTS.format(index="verdict_by_outcome")
        if filters.outcome in ("passed", "failed"):
            return [_Part(by_outcome, (_OF_TEAM, "verdict.outcome = :outcome"), "verdict")]
        if filters.status is not None:
            return [_by_status()]
        if filters.outcome == "error":
            judged = (_OF_TEAM, "verdict.outcome = 'error'", "run.status NOT IN ('failed', 'unreadable')")
            statuses = [_by_status(f"run.status = '{status}'") for status in ("failed", "unreadable")]
            return [*statuses, _Part(by_outcome, judged, "verdict")]
        if self._is_of_span and self._has_few_in_span(team):
            return [_BY_TIME]
        return [_Part(_RUNS.format(index="INDEXED BY run_by_key"))]

    @property
    def _is_of_span(self) -> bool:
        """Whether the span of time is what narrows the search most: a single question is found at once."""
        return self._filters.has_span and self._filters.task_id is None

    def _has_few_in_span(self, team: _Team) -> bool:
        """Tell whether it is less work to sort a team's runs of the span of time than to walk along all of its runs."""
        filters = self._filters
        (count,) = self._database.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM run INDEXED BY run_by_time WHERE team = :team"
            " AND created_at >= COALESCE(:since, '') AND (:until IS NULL OR created_at < :until) LIMIT :most)",
            {"team": team.number, "since": filters.since, "until": filters.until, "most": _FEW_IN_SPAN + 1},
        ).fetchone()
        return bool(count <= _FEW_IN_SPAN)

    def _counting_parts(self, team: _Team) -> Sequence[_Part]:
        """Return the same for counting, where the order does not matter: a span of time is best found by time."""
        filters = self._filters
        is_by_time = self._sort == "key" and filters.status is None and filters.outcome is None
        return [_BY_TIME] if is_by_time and self._is_of_span else self._parts(team)

    def _conditions(self, team: _Team, part: _Part) -> tuple[str, dict[str, Any]]:
        filters = self._filters
        where = ["run.team = :team", *part.conditions]
        values: dict[str, Any] = {"team": team.number, "domain": team.domain, "evaluator": filters.evaluator}
        for condition, name, value in (
            ("run.task_id = :task_id", "task_id", filters.task_id),
            ("run.difficulty = :difficulty", "difficulty", filters.difficulty),
            ("run.status = :status", "status", filters.status),
            (f"{_OUTCOME} = :outcome", "outcome", filters.outcome),
            (f"verdict.score >= :score_from AND verdict.score > {MISSING}", "score_from", filters.score_from),
            (f"verdict.score <= :score_to AND verdict.score > {MISSING}", "score_to", filters.score_to),
            ("run.created_at >= :since", "since", filters.since),
            ("run.created_at < :until", "until", filters.until),
        ):
            if value is not None:
                where.append(condition)
                values[name] = value
        if filters.last_only:
            where.append("run.is_last")
        if filters.needs_review:
            where.append("verdict.needs_review")
        if self._text is not None:
            where.append(self._text.condition(team.domain, values))
        return " AND ".join(where), values

    def _comes_later(self, team: _Team, place: Place) -> bool:
        return team.names < place.names if self._descending else team.names > place.names

    def _behind(self, team: _Team, place: Place, values: dict[str, Any]) -> str:
        """Return the condition that a run of a team comes behind a place."""
        sign, value = "<" if self._descending else ">", _VALUES[self._sort]
        values |= {"place_value": place.value, "place_task": place.task_id, "place_run": place.run_id}
        if team.names != place.names:
            return f"{value} {sign}{'=' if self._comes_later(team, place) else ''} :place_value"
        if self._sort == "key":
            return f"(run.task_id, run.run_id) {sign} (:place_task, :place_run)"
        return f"({value}, run.task_id, run.run_id) {sign} (:place_value, :place_task, :place_run)"


TALLIED = (
    "tally.evaluator = CASE WHEN EXISTS (SELECT 1 FROM tally AS other WHERE other.team = team.id"
    " AND other.evaluator = :evaluator) THEN :evaluator ELSE '' END"
)
"""The condition that a tally is an evaluator's, or that of nobody for a team that the evaluator has not looked at."""


class _Text:
    """The questions that match what somebody typed: named to each team if they are few, put in a table if many."""

    def __init__(self, database: sqlite3.Connection, text: str) -> None:
        words = fts_words(text)
        (matches,) = database.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM prompt_words WHERE prompt_words MATCH ? LIMIT ?)",
            (words, _FEW_QUESTIONS + 1),
        ).fetchone()
        self._few: list[sqlite3.Row] | None = None
        if matches <= _FEW_QUESTIONS:
            self._few = database.execute(
                "SELECT domain, task_id FROM question WHERE id IN"
                " (SELECT rowid FROM prompt_words WHERE prompt_words MATCH ?)",
                (words,),
            ).fetchall()
        else:
            # In memory and of this connection alone.
            database.execute("CREATE TEMP TABLE IF NOT EXISTS matching (question INTEGER PRIMARY KEY)")
            database.execute("DELETE FROM matching")
            database.execute("INSERT INTO matching SELECT rowid FROM prompt_words WHERE prompt_words MATCH ?", (words,))

    def condition(self, domain: str, values: dict[str, Any]) -> str:
        """Return the condition that a run's question matches."""
        if self._few is None:
            return "question.id IN matching"
        values["found"] = json.dumps([row["task_id"] for row in self._few if row["domain"] == domain])
        return "run.task_id IN (SELECT value FROM json_each(:found))"


def _run_row(names: tuple[str, str, str], row: sqlite3.Row) -> RunRow:
    video, error = None, None
    if row["frames"] is not None and row["width"] is not None and row["height"] is not None:
        video = VideoFacts(
            width=row["width"],
            height=row["height"],
            fps=row["fps"] or 0.0,
            frames=row["frames"],
            duration=row["seconds"] or 0.0,
        )
    if row["error_type"] is not None:
        message, retryable = row["error_message"] or "", bool(row["retryable"])
        error = RunFailure(type=row["error_type"], message=message, retryable=retryable)
    return RunRow(
        key=RunKey(*names, row["task_id"], row["run_id"]),
        status=row["status"],
        outcome=row["outcome"],
        score=_known(row["score"]),
        raters=row["raters"] or 0,
        needs_review=bool(row["needs_review"]),
        is_last=bool(row["is_last"]),
        difficulty=row["difficulty"] or None,
        prompt=row["prompt"],
        created_at=row["created_at"] or None,
        duration_seconds=_known(row["duration"]),
        cost_usd=_known(row["cost"]),
        model_version=row["model_version"],
        sample=row["sample"],
        video=video,
        error=error,
        question_files=row["files"] or 0,
    )


def _known(number: float | None) -> float | None:
    return None if number is None or number == MISSING else number
