"""Which questions are the same, among any number of them, in bounded memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from vmevalkit.dataroot import METADATA_NAME, DataRoot, Pair, temporary_database
from vmevalkit.errors import PuzzleError, RecordError
from vmevalkit.integrity._questions import Seen, solver
from vmevalkit.integrity.findings import Code, Finding, finding

_SAME_PUZZLE = """
    SELECT path, earliest FROM (SELECT path, min(path) OVER (PARTITION BY key) AS earliest FROM seen WHERE key NOTNULL)
    WHERE path != earliest ORDER BY path
"""
_SAME_FRAME = """
    SELECT path, earliest FROM (
        SELECT path, key, min(path) OVER this AS earliest, first_value(key) OVER this AS earliest_key
        FROM seen WHERE first_frame NOTNULL WINDOW this AS (PARTITION BY first_frame ORDER BY path)
    ) WHERE path != earliest AND (key IS NULL OR key IS NOT earliest_key) ORDER BY path
"""


class SeenQuestions:
    """All questions that were seen; to be used inside the block of `seen_questions`."""

    def __init__(self, root: DataRoot, database: sqlite3.Connection) -> None:
        self._root, self._database = root, database

    def add(self, seen: Seen) -> None:
        """Remember one."""
        self._database.execute("INSERT INTO seen VALUES (?, ?, ?)", seen)

    def duplicates(self) -> Iterator[Finding]:
        """Yield a finding for every question that an earlier one, by path, asks already."""
        for path, earliest in self._database.execute(_SAME_PUZZLE):
            yield finding(Code.DUPLICATE_PUZZLE, path, f"asks the same puzzle as {earliest}")
        for path, earliest in self._database.execute(_SAME_FRAME):
            if not _begin_alike(self._root, path, earliest):
                yield finding(Code.SAME_FIRST_FRAME, path, f"has the same first frame as {earliest}")


@contextmanager
def seen_questions(root: DataRoot) -> Iterator[SeenQuestions]:
    """Give room for any number of questions; `RecordError` if the disk has none."""
    with temporary_database("CREATE TABLE seen (path TEXT, key BLOB, first_frame BLOB)") as database:
        yield SeenQuestions(root, database)


def _begin_alike(root: DataRoot, one: str, other: str) -> bool:
    """Tell whether two different puzzles of one domain begin with the same picture, as their metadata has it.

    The same figure can be turned in two ways, for example.
    """
    try:
        pairs = [Pair.load(root.path / path / METADATA_NAME) for path in (one, other)]
        domain = solver(pairs[0].domain)
        if domain is None or pairs[1].domain != pairs[0].domain:
            return False
        first, second = (domain.state(domain.from_metadata(pair.metadata), solved=False) for pair in pairs)
    except (RecordError, PuzzleError):
        return False
    return domain.matches(first, second)
