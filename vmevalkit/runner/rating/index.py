"""What is known of an experiment's items and of who has rated them, so that nobody has to walk the folders.

All of it but the leases is in the files, too, and is read from them again when the index is gone.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from vmevalkit.dataroot import RunKey, Score

_FORM = 1
"""Of the tables. An index of another form is made anew."""

_TABLES = """
CREATE TABLE about (
    plan TEXT NOT NULL, is_whole INTEGER NOT NULL, refreshed_at REAL NOT NULL, cost REAL NOT NULL
);
CREATE TABLE items (
    id TEXT PRIMARY KEY,
    model TEXT NOT NULL, domain TEXT NOT NULL, task_id TEXT NOT NULL, run_id TEXT NOT NULL,
    state TEXT NOT NULL,                 -- how its metadata looked when it was read
    problem TEXT,                        -- why the metadata cannot be read
    is_film INTEGER NOT NULL,            -- whether there is something to rate
    turn INTEGER NOT NULL, wanted INTEGER NOT NULL,
    need INTEGER NOT NULL DEFAULT 0,     -- how many people are to rate it; 0 if it cannot be rated
    scored INTEGER NOT NULL DEFAULT 0,   -- how many have
    taken INTEGER NOT NULL DEFAULT 0,    -- how many have, or hold it at the moment
    UNIQUE (model, domain, task_id, run_id)
) WITHOUT ROWID;
CREATE INDEX by_turn ON items (taken, turn, id) WHERE taken < need;
CREATE INDEX unfinished ON items (scored, need) WHERE scored < need;
CREATE INDEX broken_items ON items (id) WHERE problem IS NOT NULL;
CREATE TABLE files (
    model TEXT NOT NULL, domain TEXT NOT NULL, task_id TEXT NOT NULL, state TEXT NOT NULL, problem TEXT,
    PRIMARY KEY (model, domain, task_id)
) WITHOUT ROWID;
CREATE INDEX broken_files ON files (model) WHERE problem IS NOT NULL;
CREATE TABLE words (
    item TEXT NOT NULL, rater TEXT NOT NULL, status TEXT NOT NULL, score INTEGER, created_at TEXT NOT NULL,
    PRIMARY KEY (item, rater)
) WITHOUT ROWID;
CREATE INDEX by_rater ON words (rater, created_at);
CREATE TABLE leases (
    number INTEGER PRIMARY KEY, item TEXT NOT NULL, rater TEXT NOT NULL, expires REAL NOT NULL, UNIQUE (item, rater)
);
CREATE INDEX by_holder ON leases (rater, number);
"""
_COUNT = """
UPDATE items SET
    need = CASE WHEN is_film AND NOT EXISTS (
        SELECT 1 FROM files f WHERE f.model = items.model AND f.domain = items.domain AND f.task_id = items.task_id
        AND f.problem IS NOT NULL
    ) THEN wanted ELSE 0 END,
    scored = (SELECT count(*) FROM words WHERE item = id AND status = 'scored'),
    taken = (SELECT count(*) FROM words WHERE item = id AND status = 'scored')
        + (SELECT count(*) FROM leases WHERE item = id)
WHERE id = ?
"""


class About(NamedTuple):
    """What the index is of."""

    plan: str
    """The plan's fingerprint."""
    is_whole: bool
    """Whether all folders have been looked at under this plan."""
    refreshed_at: float
    """When that was last, in seconds since 1970."""
    cost: float
    """How many seconds it took."""


class Film(NamedTuple):
    """A run as it looked when its folder was looked at."""

    key: RunKey
    item: str
    turn: int
    wanted: int
    state: str
    is_film: bool
    problem: str | None


class Words(NamedTuple):
    """What an evaluation file said when it was looked at."""

    state: str
    """How it looked; empty if there was none."""
    problem: str | None
    scores: tuple[Score, ...]


class Counts(NamedTuple):
    """An experiment in numbers."""

    items: int
    complete: int
    given: int
    """Scores that were needed and are there."""
    needed: int


class RaterCounts(NamedTuple):
    """A rater in numbers of items."""

    scored: int = 0
    skipped: int = 0
    unfinished: int = 0
    """Of both, those that need more ratings, by others."""


class Trouble(NamedTuple):
    """An item that cannot be rated because a file cannot be read."""

    item: str
    key: RunKey
    is_of_run: bool
    """Whether the file is the run's metadata; otherwise it is the one with the scores."""
    problem: str


class Index:
    """The index of one experiment, as one connection to its database; to be closed.

    Its errors are those of `sqlite3`. The statements that belong together go into one `transaction`.
    """

    def __init__(self, file: Path, experiment: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._experiment = file, experiment
        # Whoever shares a connection among threads holds a lock around it.
        self._db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            with self.transaction():
                self._prepare()
            self._inode = file.stat().st_ino
        except (sqlite3.Error, OSError):
            self._db.close()
            raise

    def _prepare(self) -> None:
        if self._db.execute("PRAGMA user_version").fetchone()[0] == _FORM:
            return
        for (table,) in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            self._db.execute(f'DROP TABLE "{table}"')
        for statement in _TABLES.split(";\n"):
            self._db.execute(statement)
        self._db.execute("INSERT INTO about VALUES ('', 0, 0, 0)")
        self._db.execute(f"PRAGMA user_version = {_FORM}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def is_there(self) -> bool:
        """Tell whether the file that was opened is still the one that everybody else opens."""
        with suppress(FileNotFoundError):
            return self._file.stat().st_ino == self._inode
        return False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that the block says, or nothing; nobody else writes meanwhile."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- what it is of

    def about(self) -> About:
        """Return what the index is of."""
        plan, is_whole, refreshed_at, cost = self._db.execute("SELECT * FROM about").fetchone()
        return About(plan, bool(is_whole), refreshed_at, cost)

    def start(self, plan: str) -> None:
        """Begin under another plan, with nothing."""
        for table in ("items", "files", "words", "leases"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self._db.execute("UPDATE about SET plan = ?, is_whole = 0", (plan,))

    def finish(self, refreshed_at: float, cost: float) -> None:
        """Note that all folders have been looked at."""
        self._db.execute("UPDATE about SET is_whole = 1, refreshed_at = ?, cost = ?", (refreshed_at, cost))

    # --- what lies in the folders

    def folders(self) -> list[tuple[str, str]]:
        """Return the models and domains that it knows."""
        return self._db.execute("SELECT DISTINCT model, domain FROM items").fetchall()

    def runs(self, model: str, domain: str) -> dict[str, dict[str, str]]:
        """Return how a model's runs in a domain looked, by question and run."""
        found: dict[str, dict[str, str]] = {}
        for task_id, run_id, state in self._db.execute(
            "SELECT task_id, run_id, state FROM items WHERE model = ? AND domain = ?", (model, domain)
        ):
            found.setdefault(task_id, {})[run_id] = state
        return found

    def files(self, model: str, domain: str) -> dict[str, str]:
        """Return how a model's evaluation files in a domain looked, by question."""
        found = self._db.execute("SELECT task_id, state FROM files WHERE model = ? AND domain = ?", (model, domain))
        return dict(found.fetchall())

    def states(self, key: RunKey) -> tuple[str, str]:
        """Return how a run's metadata and its evaluation file looked; empty for one that is not known."""
        question = (key.model, key.domain, key.task_id)
        run = self._db.execute(
            "SELECT state FROM items WHERE model = ? AND domain = ? AND task_id = ? AND run_id = ?",
            (*question, key.run_id),
        )
        file = self._db.execute("SELECT state FROM files WHERE model = ? AND domain = ? AND task_id = ?", question)
        (run_state,), (file_state,) = run.fetchone() or ("",), file.fetchone() or ("",)
        return run_state, file_state

    def put_question(self, model: str, domain: str, task_id: str, films: Iterable[Film], words: Words) -> None:
        """Replace all that is known about a model's runs on a question."""
        question = (model, domain, task_id)
        films = list(films)
        gone = set(self._items(question).values()) - {film.item for film in films}
        for item in sorted(gone):
            for statement in (
                "DELETE FROM items WHERE id = ?",
                "DELETE FROM words WHERE item = ?",
                "DELETE FROM leases WHERE item = ?",
            ):
                self._db.execute(statement, (item,))
        self._db.executemany(
            "INSERT INTO items (id, model, domain, task_id, run_id, state, problem, is_film, turn, wanted) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET state = excluded.state, problem = excluded.problem, is_film = excluded.is_film",
            (
                (film.item, *question, film.key.run_id, film.state, film.problem, film.is_film, film.turn, film.wanted)
                for film in films
            ),
        )
        self.put_words(model, domain, task_id, words)

    def put_words(self, model: str, domain: str, task_id: str, words: Words) -> None:
        """Replace what is known about the evaluation file of a question, and end the leases that it answers."""
        question = (model, domain, task_id)
        items = self._items(question)
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", (*question, words.state, words.problem))
        self._db.executemany("DELETE FROM words WHERE item = ?", ((item,) for item in items.values()))
        said = [(items[score.run_id], score) for score in words.scores if score.run_id in items]
        self._db.executemany(
            "INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?, ?)",
            ((item, score.rater, score.status, score.score, score.created_at) for item, score in said),
        )
        self._db.executemany(
            "DELETE FROM leases WHERE item = ? AND rater = ?", ((item, score.rater) for item, score in said)
        )
        self._count(items.values())

    def _items(self, question: tuple[str, str, str]) -> dict[str, str]:
        found = self._db.execute(
            "SELECT run_id, id FROM items WHERE model = ? AND domain = ? AND task_id = ?", question
        )
        return dict(found.fetchall())

    def _count(self, items: Iterable[str]) -> None:
        """Bring the numbers of items up to date with everything else."""
        self._db.executemany(_COUNT, ((item,) for item in items))

    def forget(self, model: str, domain: str) -> None:
        """Forget all of a model's runs in a domain."""
        for statement in (
            "DELETE FROM words WHERE item IN (SELECT id FROM items WHERE model = ? AND domain = ?)",
            "DELETE FROM leases WHERE item IN (SELECT id FROM items WHERE model = ? AND domain = ?)",
            "DELETE FROM items WHERE model = ? AND domain = ?",
            "DELETE FROM files WHERE model = ? AND domain = ?",
        ):
            self._db.execute(statement, (model, domain))

    # --- what raters ask

    def find(self, item: str) -> RunKey | None:
        """Return the run behind an item; `None` if there is none that can be rated."""
        row = self._db.execute(
            "SELECT model, domain, task_id, run_id FROM items WHERE id = ? AND need > 0", (item,)
        ).fetchone()
        return None if row is None else RunKey(self._experiment, *row)

    def hold(self, rater: str, count: int, now: float, expires: float) -> dict[str, RunKey]:
        """Lease up to ``count`` items to a rater: those that the rater holds already, then the next ones in turn."""
        ended = self._db.execute("DELETE FROM leases WHERE expires <= ? RETURNING item", (now,)).fetchall()
        self._count(item for (item,) in ended)
        held = self._db.execute(
            "SELECT id, model, domain, task_id, run_id FROM leases JOIN items ON id = item "
            "WHERE rater = ? AND need > 0 ORDER BY number LIMIT ?",
            (rater, count),
        ).fetchall()
        new = self._db.execute(
            "SELECT id, model, domain, task_id, run_id FROM items WHERE taken < need "
            "AND NOT EXISTS (SELECT 1 FROM words WHERE item = id AND rater = ?1) "
            "AND NOT EXISTS (SELECT 1 FROM leases WHERE item = id AND rater = ?1) "
            "ORDER BY taken, turn, id LIMIT ?2",
            (rater, count - len(held)),
        ).fetchall()
        for item, *_ in held:
            self._db.execute("UPDATE leases SET expires = ? WHERE item = ? AND rater = ?", (expires, item, rater))
        for item, *_ in new:
            self._db.execute("INSERT INTO leases (item, rater, expires) VALUES (?, ?, ?)", (item, rater, expires))
        self._count(item for item, *_ in new)
        return {item: RunKey(self._experiment, *names) for item, *names in held + new}

    def hold_first(self, rater: str, item: str, expires: float) -> None:
        """Lease an item to a rater before all others that the rater holds."""
        (number,) = self._db.execute("SELECT coalesce(min(number), 0) - 1 FROM leases").fetchone()
        self._db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", (number, item, rater, expires))
        self._count([item])

    def next_end(self, rater: str) -> float | None:
        """Return when a lease of somebody else ends on an item that this rater could rate; `None` if there is none."""
        row: tuple[float | None] = self._db.execute(
            "SELECT min(expires) FROM leases JOIN items ON id = item WHERE leases.rater <> ?1 AND need > 0 "
            "AND NOT EXISTS (SELECT 1 FROM words WHERE words.item = id AND words.rater = ?1)",
            (rater,),
        ).fetchone()
        return row[0]

    def last_word(self, rater: str) -> str | None:
        """Return the item that a rater has rated or skipped last."""
        row = self._db.execute(
            "SELECT item FROM words JOIN items ON id = item WHERE rater = ? AND need > 0 "
            "ORDER BY created_at DESC, item DESC LIMIT 1",
            (rater,),
        ).fetchone()
        return None if row is None else str(row[0])

    # --- what it all comes to

    def counts(self) -> Counts:
        """Return the experiment in numbers."""
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(scored >= need), 0), coalesce(sum(min(scored, need)), 0), "
            "coalesce(sum(need), 0) FROM items WHERE need > 0"
        ).fetchone()
        return Counts(*row)

    def unfinished(self) -> int:
        """Return how many items need more ratings."""
        return int(self._db.execute("SELECT count(*) FROM items WHERE scored < need").fetchone()[0])

    def rater_counts(self, rater: str | None = None) -> dict[str, RaterCounts]:
        """Return the raters in numbers, by name; only one of them if that is asked for."""
        one = "" if rater is None else "AND rater = ?"
        found = self._db.execute(
            "SELECT rater, sum(status = 'scored'), sum(status = 'skipped'), sum(scored < need) "  # noqa: S608
            f"FROM words JOIN items ON id = item WHERE need > 0 {one} GROUP BY rater ORDER BY rater",
            () if rater is None else (rater,),
        )
        return {name: RaterCounts(*counts) for name, *counts in found}

    def troubles(self) -> list[Trouble]:
        """Return the items that cannot be rated because a file of theirs cannot be read."""
        of_runs = self._db.execute(
            "SELECT id, model, domain, task_id, run_id, problem FROM items WHERE problem IS NOT NULL ORDER BY id"
        ).fetchall()
        of_files = self._db.execute(
            "SELECT id, model, domain, task_id, run_id, files.problem FROM files JOIN items "
            "USING (model, domain, task_id) WHERE files.problem IS NOT NULL ORDER BY id"
        ).fetchall()
        return [
            Trouble(item, RunKey(self._experiment, *names), is_of_run, problem)
            for found, is_of_run in ((of_runs, True), (of_files, False))
            for item, *names, problem in found
        ]

    def scores(self) -> list[tuple[str, str, int]]:
        """Return item, rater and score of all that was scored, sorted."""
        return self._db.execute(
            "SELECT item, rater, score FROM words JOIN items ON id = item WHERE status = 'scored' AND need > 0 "
            "ORDER BY item, rater"
        ).fetchall()
