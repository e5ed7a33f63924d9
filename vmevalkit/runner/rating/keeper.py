"""Keeps the index of an experiment open, fresh and whole."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from vmevalkit.dataroot import DataRoot, exclusive, remove_database, waiting_lock
from vmevalkit.errors import BusyError, RecordError
from vmevalkit.runner.rating.index import Index
from vmevalkit.runner.rating.plan import RatingPlan, load_plan
from vmevalkit.runner.rating.scan import Scanner

REFRESH_SECONDS = 5.0
"""What changes in the folders without us is noticed after this time, or later where looking takes long."""

_REFRESH_SHARE = 100
"""Looking at the folders takes at most this part of the time: whoever asks first waits for it."""
_FIRST_LOOK_SECONDS = 600.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

T = TypeVar("T")


class Keeper:
    """The index of one experiment; safe to use from several threads and processes.

    An index that is missing, damaged, or of another plan is made from the files before it is used. To be closed.
    """

    def __init__(self, root: DataRoot, experiment: str, clock: Callable[[], float]) -> None:
        self._root, self._experiment, self._clock = root, experiment, clock
        self._file = root.state / "rating" / f"{experiment}.sqlite"
        self._lock = threading.RLock()
        self._open: Index | None = None

    def close(self) -> None:
        """Close the index; `using` opens it again."""
        with self._lock:
            if self._open:
                self._open.close()
            self._open = None

    def using(self, work: Callable[[Index, RatingPlan], T]) -> T:
        """Call ``work`` with an index that is up to date, and the plan that it follows.

        No other thread has the index meanwhile. If it turns out to be damaged, ``work`` is called once more.

        Raises:
            RecordError: the plan is malformed, or the index cannot be written.
            BusyError: others hold the index for too long.

        """
        problem = ""
        for _ in range(2):
            try:
                plan = self._refreshed()
                with self._lock:
                    return work(self._opened(), plan)
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", None) in _BUSY:
                    raise BusyError("the index of the ratings is locked", hint="try again") from error
                problem = str(error)
                self._remove()
        raise RecordError(self._file, problem, hint="make room on the disk, or remove the file")

    def _opened(self) -> Index:
        if self._open and not self._open.is_there():
            self.close()
        if self._open is None:
            self._open = Index(self._file, self._experiment)
        return self._open

    def _refreshed(self) -> RatingPlan:
        """Look at the folders if that was not done lately; return the plan under which it was."""
        plan = load_plan(self._root, self._experiment)
        with self._lock:
            about = self._opened().about()
        lock = self._root.lock("rating", self._experiment, "index")
        what = f"looking for what there is to rate in {self._experiment}"
        if about.plan != plan.fingerprint or not about.is_whole:
            with waiting_lock(lock, what, seconds=_FIRST_LOOK_SECONDS):
                return self._look(is_first=True)
        pause = max(REFRESH_SECONDS, _REFRESH_SHARE * about.cost)
        if not 0 <= self._clock() - about.refreshed_at < pause:
            # Somebody else who is looking is as good; what is handed out meanwhile is checked anyway.
            with suppress(BusyError), exclusive(lock, what):
                return self._look(is_first=False)
        return plan

    def _look(self, *, is_first: bool) -> RatingPlan:
        # Another thread or process may have looked, or written another plan, while this one waited for the lock.
        plan = load_plan(self._root, self._experiment)
        with Index(self._file, self._experiment) as index:
            about = index.about()
            if is_first and about.plan == plan.fingerprint and about.is_whole:
                return plan
            if about.plan != plan.fingerprint:
                with index.transaction():
                    index.start(plan.fingerprint)
            began = time.monotonic()
            Scanner(self._root, self._experiment, plan, index).look_at_all()
            with index.transaction():
                index.finish(self._clock(), time.monotonic() - began)
        return plan

    def _remove(self) -> None:
        self.close()
        remove_database(self._file)
