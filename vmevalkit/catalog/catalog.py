"""The index of a data root as a whole: kept up to date, and asked."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from vmevalkit.catalog import _comparing, _questions, _runs, _several, _sums
from vmevalkit.catalog._archived import archived
from vmevalkit.catalog._schema import open_for_reading, remove
from vmevalkit.catalog.records import (
    DEFAULT_EVALUATOR,
    ComparedPage,
    ComparedRow,
    Comparison,
    ComparisonKind,
    ExperimentRow,
    Facets,
    Hit,
    Problem,
    QuestionPage,
    QuestionRow,
    RunFilters,
    RunPage,
    RunRow,
    Side,
    Sort,
    Standing,
)
from vmevalkit.catalog.refresh import Refreshed, index_path, refresh
from vmevalkit.dataroot import Archived, ChangeLog, DataRoot, PairKey, RunKey
from vmevalkit.errors import BusyError, RecordError
from vmevalkit.progress import Progress

_log = logging.getLogger(__name__)

_LEAST_SECONDS = 1.0
_SHARE = 20
"""How many times as long as a look at all folders takes lies between two of them, at least."""
_POLL_SECONDS = 0.25
_MOST_WAITING = 10_000
_FIRST_SECONDS = 60.0
"""How long a question waits for another process that builds the index for the first time."""
_PATIENCE_SECONDS = 2.0
"""How long, from the beginning, questions wait until all folders have been looked at; most data roots are small."""
_TRIES = 3
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _StoppedError(Exception):
    """The index need not be kept up to date any more."""


class _Changes:
    """What has been noted in the change log; nothing is lost where it cannot be looked at yet."""

    def __init__(self, root: DataRoot, stopped: threading.Event) -> None:
        self._log = ChangeLog(root)
        self._stopped = stopped
        self._taken: list[str] = []
        self._waiting: list[str] = []
        self.are_incomplete = False
        """Whether some have been missed, so that all folders have to be looked at."""

    def take(self) -> list[str]:
        """Return what has been noted since the last call; `_StoppedError` if nobody needs it any more."""
        if self._stopped.is_set():
            raise _StoppedError
        noted = self._log.read()
        if noted is None:
            self.are_incomplete = True
        self._taken, self._waiting = [*self._waiting, *(noted or ())], []
        return self._taken

    def give_back(self) -> None:
        """Let the last call's changes be returned once more."""
        self._waiting = self._taken[-_MOST_WAITING:]


class Catalog:
    """What is in a data root, in an answer's time. Safe to use from several threads and processes.

    As a context manager it keeps the index up to date in the background; otherwise it does so before it answers, if
    the last time was a while ago.
    """

    def __init__(self, root: DataRoot) -> None:
        self.root = root
        self._path = index_path(root)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._refreshed_at: datetime | None = None
        self._first_look = threading.Event()
        self._patient_until = float("inf")
        self._took = 0.0
        self._keeper: threading.Thread | None = None
        self._stopped = threading.Event()

    # Keeping

    def refresh(
        self,
        progress: Progress | None = None,
        *,
        rebuild: bool = False,
        meanwhile: Callable[[], Collection[str]] = tuple,
    ) -> Refreshed:
        """Look at all folders and bring the index up to date, or build it anew.

        Raises:
            BusyError: another process is at it.
            RecordError: the data root is not there.

        """
        try:
            done = refresh(self.root, rebuild=rebuild, progress=progress, meanwhile=meanwhile)
        except sqlite3.DatabaseError:
            _log.warning("the index was damaged and is built again")
            remove(self._path)
            done = refresh(self.root, progress=progress, meanwhile=meanwhile)
        self._took, self._refreshed_at = done.seconds, datetime.now(UTC)
        self._has_looked()
        return done

    def _has_looked(self) -> None:
        self._looked_at = time.monotonic()
        self._first_look.set()

    def __enter__(self) -> Self:
        self._stopped.clear()
        self._patient_until = time.monotonic() + _PATIENCE_SECONDS
        self._keeper = threading.Thread(target=self._keep, name="vmevalkit-index", daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None

    @property
    def is_building(self) -> bool:
        """Whether all folders have never been looked at since this was made."""
        return self._looked_at == float("-inf")

    @property
    def refreshed_at(self) -> datetime | None:
        """When this process last looked at all folders, in UTC; `None` if it never has, or leaves it to another one."""
        return self._refreshed_at

    def _keep(self) -> None:
        changes = _Changes(self.root, self._stopped)
        while not self._stopped.wait(_POLL_SECONDS if not self.is_building else 0):
            try:
                noted = changes.take()
                if changes.are_incomplete or self._is_old() or not self._path.exists():
                    changes.are_incomplete = False
                    self.refresh(meanwhile=changes.take)
                elif noted:
                    refresh(self.root, changed=noted)
            except BusyError:
                # Another server keeps the same index, or somebody has told it to look at all folders.
                changes.give_back()
                self._has_looked()
            except _StoppedError:
                return
            except (OSError, sqlite3.Error, RecordError) as error:
                _log.warning("the index cannot be brought up to date: %s", error)
                self._has_looked()

    def _is_old(self) -> bool:
        return time.monotonic() - self._looked_at > max(_LEAST_SECONDS, _SHARE * self._took)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection, in one transaction: all that is read belongs together.

        Raises:
            BusyError: the index is being built for the first time, or was damaged.

        """
        try:
            connection = self._begun()
            try:
                yield connection
            finally:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _DAMAGED:
                raise
            remove(self._path)
            raise BusyError("the index was damaged and is built again", hint="try again in a while") from error

    def _begun(self) -> sqlite3.Connection:
        """Begin a transaction, in another index if the one that was there is deleted in this very moment."""
        for _ in range(_TRIES):
            self._freshen()
            try:
                connection = self._connection()
                connection.execute("BEGIN")
                connection.execute("PRAGMA user_version").fetchone()  # From here on, it is ours, whoever deletes it.
            except sqlite3.OperationalError as error:
                problem = error
                self._local.inode = None
            else:
                return connection
        raise problem

    def _freshen(self) -> None:
        is_kept = self._keeper is not None
        if is_kept and self.is_building:
            self._first_look.wait(max(self._patient_until - time.monotonic(), 0))
        if self._path.exists() and (is_kept or not self._is_old()):
            return
        with self._lock:
            if self._path.exists() and (is_kept or not self._is_old()):
                return
            until = time.monotonic() + _FIRST_SECONDS
            while not self._refreshed():
                # Another process builds the index. What it has done so far can be read.
                if self._path.exists():
                    return
                if time.monotonic() > until:
                    raise BusyError("another process builds the index", hint="try again in a while")
                time.sleep(_POLL_SECONDS)

    def _refreshed(self) -> bool:
        try:
            self.refresh()
        except BusyError:
            return False
        return True

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection to the file that is there now."""
        inode = _inode(self._path)
        if getattr(self._local, "inode", None) != inode:
            with suppress(AttributeError):
                self._local.connection.close()
            self._local.connection = open_for_reading(self._path)
            self._local.inode = inode
        connection: sqlite3.Connection = self._local.connection
        return connection

    # Asking

    def runs(
        self,
        filters: RunFilters,
        *,
        sort: Sort = "key",
        descending: bool = False,
        limit: int = 50,
        cursor: str | None = None,
        before: str | None = None,
    ) -> RunPage:
        """Return up to ``limit`` matching runs, behind ``cursor`` or before ``before``.

        Sorted by score, runs without one are left out.

        Raises:
            UsageError: a cursor is malformed, or belongs to another order.

        """
        with self._reading() as database:
            return _runs.page(
                database, filters, sort=sort, descending=descending, limit=limit, cursor=cursor, before=before
            )

    def run(self, key: RunKey, evaluator: str = DEFAULT_EVALUATOR) -> RunRow | None:
        """Return one run; `None` if it is not known."""
        with self._reading() as database:
            return _runs.find(database, key, evaluator)

    def questions(
        self,
        *,
        domain: str | None = None,
        difficulty: str | None = None,
        text: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        before: str | None = None,
    ) -> QuestionPage:
        """Return up to ``limit`` matching questions, in the order of their keys.

        Raises:
            UsageError: a cursor is malformed.

        """
        with self._reading() as database:
            return _questions.page(
                database,
                domain=domain,
                difficulty=difficulty,
                text=text,
                limit=limit,
                cursor=cursor,
                before=before,
            )

    def question(self, key: PairKey) -> QuestionRow | None:
        """Return one question; `None` if it is not known."""
        with self._reading() as database:
            return _questions.find(database, key)

    def neighbours(self, key: PairKey) -> tuple[PairKey | None, PairKey | None]:
        """Return the questions before and after one."""
        with self._reading() as database:
            return _questions.neighbours(database, key)

    def question_counts(self) -> dict[str, int]:
        """Return how many questions there are of each domain."""
        with self._reading() as database:
            return _questions.counts(database)

    def experiments(self) -> tuple[ExperimentRow, ...]:
        """Return all experiments, by name."""
        with self._reading() as database:
            return _sums.experiments(database)

    def sides(self) -> tuple[Side, ...]:
        """Return every model with runs in each experiment, by name: what can be compared."""
        with self._reading() as database:
            return _sums.sides(database)

    def archived(self) -> tuple[Archived, ...]:
        """Return the experiments that are archived, by name."""
        return archived(self.root)

    def facets(self, experiment: str | None = None) -> Facets:
        """Return what runs can be filtered by, in one experiment or in all."""
        with self._reading() as database:
            return _sums.facets(database, experiment)

    def standings(self, experiment: str, evaluator: str = DEFAULT_EVALUATOR) -> tuple[Standing, ...]:
        """Return how each model of an experiment does on each domain, by the runs that count."""
        with self._reading() as database:
            return _sums.standings(database, experiment, evaluator)

    def last_failures(self, experiment: str, limit: int = 10) -> tuple[RunRow, ...]:
        """Return the last runs of an experiment that failed, newest first."""
        with self._reading() as database:
            return _runs.last_failures(database, experiment, limit)

    def compare(
        self, first: Side, second: Side, *, evaluator: str = DEFAULT_EVALUATOR, domain: str | None = None
    ) -> dict[str, Comparison]:
        """Count, for each domain, on how many questions two sides agree and differ."""
        with self._reading() as database:
            return _comparing.counts(database, first, second, evaluator, domain)

    def compared(
        self,
        first: Side,
        second: Side,
        kind: ComparisonKind,
        *,
        evaluator: str = DEFAULT_EVALUATOR,
        domain: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> ComparedPage:
        """Return up to ``limit`` questions on which two sides agree or differ, in the order of their keys.

        Raises:
            UsageError: the cursor is malformed.

        """
        with self._reading() as database:
            keys, next_cursor = _comparing.page(
                database, first, second, kind, evaluator=evaluator, domain=domain, limit=limit, cursor=cursor
            )
            ones, others = (_runs.last_runs(database, side, keys, evaluator) for side in (first, second))
        rows = (ComparedRow(ones[key], others[key]) for key in keys if key in ones and key in others)
        return ComparedPage(tuple(rows), next_cursor)

    def scored_by_several(self, experiment: str, limit: int) -> tuple[tuple[RunKey, ...], bool]:
        """Return about ``limit`` runs that several evaluators or raters have scored, and whether those are all."""
        with self._reading() as database:
            return _several.scored_by_several(database, experiment, limit)

    def search(self, text: str, limit: int = 20) -> tuple[Hit, ...]:
        """Find experiments, models and domains by name, questions by the beginning of their id or by their prompt."""
        with self._reading() as database:
            return _questions.search(database, text, limit)

    def problems(self, limit: int = 100) -> tuple[int, tuple[Problem, ...]]:
        """Return how many files could not be read, and some of them."""
        with self._reading() as database:
            return _sums.problems(database, limit)

    def changes(self) -> int:
        """Return a number that grows whenever the index changes: what was answered before still holds while it is."""
        with self._reading() as database:
            return _sums.changes(database)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
