"""The tables of the index, and how its file is opened."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from vmevalkit.errors import RecordError

VERSION = 3
"""Raised whenever the tables change: an index of another version is thrown away and built again."""

_WAIT_SECONDS = 10.0
_CACHE_KIB = 32 << 10
_READER_CACHE_KIB = 8 << 10
"""A server has a reader in each of its threads."""

_TABLES = """
CREATE TABLE question (
    id INTEGER PRIMARY KEY,
    domain TEXT NOT NULL,
    task_id TEXT NOT NULL,
    mtime INTEGER NOT NULL,
    difficulty TEXT NOT NULL,
    category TEXT NOT NULL,
    prompt TEXT NOT NULL,
    created_at TEXT NOT NULL,
    files INTEGER NOT NULL,
    problem TEXT,
    UNIQUE (domain, task_id)
);
CREATE VIRTUAL TABLE prompt_words USING fts5(task_id, prompt, content = 'question', content_rowid = 'id');
CREATE INDEX question_by_beginning ON question (domain, task_id COLLATE NOCASE);
-- How many questions of each domain there are.
CREATE TABLE question_tally (domain TEXT PRIMARY KEY, questions INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER question_made AFTER INSERT ON question BEGIN
    INSERT INTO prompt_words (rowid, task_id, prompt) VALUES (new.id, new.task_id, new.prompt);
    INSERT INTO question_tally VALUES (new.domain, 1) ON CONFLICT DO UPDATE SET questions = questions + 1;
END;
CREATE TRIGGER question_gone AFTER DELETE ON question BEGIN
    INSERT INTO prompt_words (prompt_words, rowid, task_id, prompt) VALUES ('delete', old.id, old.task_id, old.prompt);
    UPDATE question_tally SET questions = questions - 1 WHERE domain = old.domain;
END;
-- A group is what one model made of one domain in one experiment: the folder that holds its tasks.
CREATE TABLE team (
    id INTEGER PRIMARY KEY,
    experiment TEXT NOT NULL,
    model TEXT NOT NULL,
    domain TEXT NOT NULL,
    UNIQUE (experiment, model, domain)
);
CREATE TABLE task (
    team INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    runs_mtime INTEGER NOT NULL DEFAULT 0,
    scores_mtime INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (team, task_id)
) WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    team INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    mtime INTEGER NOT NULL,
    is_last INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    difficulty TEXT NOT NULL,
    created_at TEXT NOT NULL,
    duration REAL NOT NULL,
    cost REAL NOT NULL,
    model_version TEXT,
    job_id TEXT,
    sample INTEGER,
    width INTEGER,
    height INTEGER,
    fps REAL,
    frames INTEGER,
    seconds REAL,
    error_type TEXT,
    error_message TEXT,
    retryable INTEGER
);
CREATE UNIQUE INDEX run_by_key ON run (team, task_id, run_id);
CREATE INDEX run_by_time ON run (team, created_at, task_id, run_id);
CREATE INDEX run_by_status ON run (team, status, task_id, run_id);
CREATE INDEX failed_run_by_time ON run (team, created_at, task_id, run_id) WHERE status = 'failed';
-- What one evaluator says of one run, all its raters together.
CREATE TABLE verdict (
    team INTEGER NOT NULL,
    evaluator TEXT NOT NULL,
    task_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    score REAL NOT NULL,
    raters INTEGER NOT NULL,
    needs_review INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (team, task_id, run_id, evaluator)
) WITHOUT ROWID;
CREATE INDEX verdict_by_outcome ON verdict (team, evaluator, outcome, task_id, run_id);
CREATE INDEX verdict_by_score ON verdict (team, evaluator, score, task_id, run_id);
-- How many runs there are of each kind; derived from the tables above, team by team.
CREATE TABLE tally (
    team INTEGER NOT NULL,
    evaluator TEXT NOT NULL,
    difficulty TEXT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    is_last INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    needs_review INTEGER NOT NULL,
    cost REAL NOT NULL,
    PRIMARY KEY (team, evaluator, difficulty, status, outcome, is_last)
) WITHOUT ROWID;
-- Which questions a team passed and failed, as an evaluator sees the runs that count: bitmaps, lowest bit first.
CREATE TABLE result (
    team INTEGER NOT NULL,
    evaluator TEXT NOT NULL,
    passed BLOB NOT NULL,
    failed BLOB NOT NULL,
    PRIMARY KEY (team, evaluator)
);
-- Which bit is a question's; every question that was scored has one, counted from 0 in each domain.
CREATE TABLE question_bit (
    domain TEXT NOT NULL,
    task_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (domain, task_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX question_by_bit ON question_bit (domain, number);
CREATE TABLE problem (path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def open_for_writing(path: Path, *, anew: bool = False) -> sqlite3.Connection:
    """Open the index; one that is missing, damaged, of another version or to be made anew gives way to an empty one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        database = _opened(path) if path.exists() and not anew else None
    except sqlite3.DatabaseError:
        database = None
    if database is None:
        _make(path)
        database = _opened(path)
    if database is None:
        raise RecordError(path, "another version of this program made it anew meanwhile")
    return database


def _make(path: Path) -> None:
    """Put an empty index in place: whoever sees it, sees its tables."""
    new = path.with_name(f".{path.name}.tmp")
    remove(new)
    with closing(sqlite3.connect(new, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    # What an index that somebody has deleted leaves behind does not belong to this one.
    remove(path)
    new.replace(path)


def _opened(path: Path) -> sqlite3.Connection | None:
    """Open the index; `None` if it is of another version."""
    database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")  # what is lost with the power is built again
        database.execute(f"PRAGMA cache_size = {-_CACHE_KIB}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
    except BaseException:
        database.close()
        raise
    if version == VERSION:
        return database
    database.close()
    return None


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an index that is there; `sqlite3.OperationalError` if it is not."""
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    database.row_factory = sqlite3.Row
    database.execute(f"PRAGMA cache_size = {-_READER_CACHE_KIB}")
    database.execute("PRAGMA temp_store = MEMORY")
    return database


def remove(path: Path) -> None:
    """Delete an index with what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").unlink()
