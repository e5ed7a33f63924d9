"""Bring the index up to date with the folders.

Everything in a data root is written as a temporary name that is renamed into place, so that a folder's modification
time changes whenever something in it does. A folder that looks as it did is not read again; one that was written to a
moment before it was read is not trusted, and read once more the next time.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vmevalkit.catalog import _reading
from vmevalkit.catalog._folders import folders_in, folders_with_times, mtime_of, names_in
from vmevalkit.catalog._reading import BrokenFileError
from vmevalkit.catalog._schema import open_for_writing
from vmevalkit.catalog._tallies import count
from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    METADATA_NAME,
    TASK_SUFFIX,
    DataRoot,
    exclusive,
    is_name,
    naming_full_disk,
)
from vmevalkit.errors import RecordError
from vmevalkit.progress import Progress, Silent

_SETTLED_NS = 2_000_000_000
_LISTEN_SECONDS = 0.25
_AT_ONCE = 2000
"""How many tasks are written in one transaction."""
_FILES = {
    FIRST_FRAME_NAME: _reading.FIRST_FRAME,
    FINAL_FRAME_NAME: _reading.FINAL_FRAME,
    GROUND_TRUTH_NAME: _reading.GROUND_TRUTH,
}
_RUN_FIELDS = ", ".join(_reading.RunFacts._fields)
_RUN_MARKS = ", ".join(f"?{number + 7}" for number in range(len(_reading.RunFacts._fields)))
_PUT_RUN = (
    f"INSERT OR REPLACE INTO run (difficulty, task_id, team, run_id, mtime, is_last, {_RUN_FIELDS})"  # noqa: S608
    " VALUES (COALESCE((SELECT difficulty FROM question WHERE (domain, task_id) = (?1, ?2)), ''),"
    f" ?2, ?3, ?4, ?5, ?6, {_RUN_MARKS})"
)


@dataclass
class Refreshed:
    """What a refresh did, in numbers of folders."""

    questions: int = 0
    runs: int = 0
    evaluations: int = 0
    """Folders of evaluations, one for each question of each model."""
    removed: int = 0
    seconds: float = 0.0

    @property
    def changes(self) -> int:
        """How much was read or removed."""
        return self.questions + self.runs + self.evaluations + self.removed


def index_path(root: DataRoot) -> Path:
    """Return where the index of a data root lies; it can be deleted at any time."""
    return root.state / "index.sqlite"


def refresh(
    root: DataRoot,
    *,
    changed: Collection[str] | None = None,
    rebuild: bool = False,
    progress: Progress | None = None,
    meanwhile: Callable[[], Collection[str]] = tuple,
) -> Refreshed:
    """Bring the index up to date.

    Args:
        root: the data root.
        changed: only look at these folders of questions, runs and evaluations, relative to the root.
        rebuild: delete the index first.
        progress: told of every folder that was read.
        meanwhile: asked every now and then, while all folders are looked at, which have changed and cannot wait until
            it is their turn; what it raises ends the refresh, and the index is as good as when a refresh is killed.

    Raises:
        BusyError: another process is at it.
        RecordError: the data root is not there; it is not made, as it may be moved or mounted again.
        OSError: the disk is full.

    """
    began = time.monotonic()
    if not root.path.is_dir():
        raise RecordError(root.path, "is not there", hint="bring the data root back, or start again with another one")
    with (
        naming_full_disk(index_path(root)),
        exclusive(root.lock("index"), "bringing the index up to date"),
        closing(open_for_writing(index_path(root), anew=rebuild)) as database,
    ):
        work = _Refresh(root, database, progress or Silent(), meanwhile)
        if changed is None:
            work.all()
        else:
            work.some(changed)
        work.done.seconds = time.monotonic() - began
        return work.done


class _Team(NamedTuple):
    """What one model made of one domain in one experiment."""

    number: int
    experiment: str
    model: str
    domain: str

    @property
    def folder(self) -> str:
        return f"{self.experiment}/{self.model}/{self.domain}{TASK_SUFFIX}"


class _Refresh:
    """One refresh, in one thread."""

    def __init__(
        self,
        root: DataRoot,
        database: sqlite3.Connection,
        progress: Progress,
        meanwhile: Callable[[], Collection[str]],
    ) -> None:
        self._root, self._database, self._progress, self._meanwhile = root, database, progress, meanwhile
        self._questions, self._outputs, self._evaluations = map(str, (root.questions, root.outputs, root.evaluations))
        self._began_ns = time.time_ns()
        self._has_problems = database.execute("SELECT 1 FROM problem LIMIT 1").fetchone() is not None
        self._touched: set[int] = set()
        self._pending = 0
        self._listened_at = time.monotonic()
        self.done = Refreshed()

    # Which folders

    def all(self) -> None:
        """Look at every folder."""
        self._progress.start(None, "folders")
        self._database.execute("BEGIN IMMEDIATE")
        domains = self._root.domains()
        for domain in domains:
            self._domain(domain)
        for (domain,) in self._database.execute("SELECT DISTINCT domain FROM question").fetchall():
            if domain not in domains and not self._root.domain_folder(domain).is_dir():
                self._forget_questions(domain, self._known_questions(domain))
        there = set()
        for experiment, model, domain in self._teams():
            team = self._team(experiment, model, domain)
            there.add(team.number)
            self._runs_of(team)
            self._scores_of(team)
            self._count_touched()
        for number, *names in self._database.execute("SELECT id, experiment, model, domain FROM team").fetchall():
            team = _Team(number, *names)
            if number not in there and not self._has_folder(team):
                self._forget_team(team)
        self._finish()

    def some(self, changed: Collection[str]) -> None:
        """Look at these folders only."""
        self._database.execute("BEGIN IMMEDIATE")
        self._each(changed)
        self._finish()

    def _each(self, changed: Collection[str]) -> None:
        for path in sorted(set(changed)):
            section, *parts = path.split("/")
            if all(map(is_name, parts)):
                self._one(section, parts)
                self._step()

    def _listen(self) -> None:
        """Look at what has changed just now, if somebody has said so."""
        now = time.monotonic()
        if now - self._listened_at < _LISTEN_SECONDS:
            return
        self._listened_at = now
        changed = self._meanwhile()
        if changed:
            self._each(changed)
            self._count_touched()
            self._publish()

    def _one(self, section: str, parts: list[str]) -> None:
        """Look at the folder of a question, a run or a task's evaluations."""
        match section, parts:
            case "questions", [folder, task_id]:
                self._question(
                    folder.removesuffix(TASK_SUFFIX), task_id, mtime_of(f"{self._questions}/{folder}/{task_id}")
                )
            case "outputs", [experiment, model, folder, task_id, _]:
                team = self._team(experiment, model, folder.removesuffix(TASK_SUFFIX))
                mtime = mtime_of(f"{self._outputs}/{team.folder}/{task_id}")
                self._runs_of_task(team, task_id, mtime, self._known_runs(team, task_id), None)
            case "evaluations", [experiment, model, folder, task_id]:
                team = self._team(experiment, model, folder.removesuffix(TASK_SUFFIX))
                self._scores_of_task(team, task_id, mtime_of(f"{self._evaluations}/{team.folder}/{task_id}"))
            case _:
                pass

    def _teams(self) -> Iterator[tuple[str, str, str]]:
        """Yield what has a folder of runs or of evaluations."""
        found = set()
        for section in (self._outputs, self._evaluations):
            for experiment in folders_in(section):
                for model in folders_in(f"{section}/{experiment}"):
                    for folder in folders_in(f"{section}/{experiment}/{model}"):
                        if folder.endswith(TASK_SUFFIX):
                            found.add((experiment, model, folder.removesuffix(TASK_SUFFIX)))
        yield from sorted(found)

    # Questions

    def _domain(self, domain: str) -> None:
        known = self._known_questions(domain)
        for task_id, mtime in folders_with_times(f"{self._questions}/{domain}{TASK_SUFFIX}"):
            self._listen()
            if known.pop(task_id, None) != mtime:
                self._question(domain, task_id, mtime)
                self._step()
        self._forget_questions(domain, known)

    def _known_questions(self, domain: str) -> dict[str, int]:
        return dict(self._database.execute("SELECT task_id, mtime FROM question WHERE domain = ?", (domain,)))

    def _question(self, domain: str, task_id: str, mtime: int) -> None:
        """Read a question, or forget it if its folder is gone."""
        if not mtime:
            self._forget_questions(domain, [task_id] if self._has_question(domain, task_id) else [])
            return
        self._database.execute("DELETE FROM question WHERE (domain, task_id) = (?, ?)", (domain, task_id))
        folder = f"{self._questions}/{domain}{TASK_SUFFIX}/{task_id}"
        path = f"questions/{domain}{TASK_SUFFIX}/{task_id}/{METADATA_NAME}"
        try:
            facts = _reading.question_facts(_reading.read_object(f"{folder}/{METADATA_NAME}"), domain, task_id)
            self._forget_problem(path)
        except BrokenFileError as error:
            facts = _reading.broken_question(str(error))
            self._note_problem(path, str(error))
        files = _reading.files_of(names_in(folder), _FILES)
        self._database.execute(
            "INSERT INTO question (domain, task_id, mtime, files, difficulty, category, prompt, created_at, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (domain, task_id, self._trusted(mtime), files, *facts),
        )
        self._tell_runs(domain, task_id, facts.difficulty)
        self.done.questions += 1

    def _has_question(self, domain: str, task_id: str) -> bool:
        row = self._database.execute("SELECT 1 FROM question WHERE (domain, task_id) = (?, ?)", (domain, task_id))
        return row.fetchone() is not None

    def _forget_questions(self, domain: str, task_ids: Collection[str]) -> None:
        for task_id in task_ids:
            self._database.execute("DELETE FROM question WHERE (domain, task_id) = (?, ?)", (domain, task_id))
            self._forget_problem(f"questions/{domain}{TASK_SUFFIX}/{task_id}/{METADATA_NAME}")
            self._tell_runs(domain, task_id, "")
            self.done.removed += 1

    def _tell_runs(self, domain: str, task_id: str, difficulty: str) -> None:
        """Write a question's difficulty into its runs, so that they can be found by it."""
        for (team,) in self._database.execute("SELECT id FROM team WHERE domain = ?", (domain,)).fetchall():
            changed = self._database.execute(
                "UPDATE run SET difficulty = ? WHERE team = ? AND task_id = ? AND difficulty != ?",
                (difficulty, team, task_id, difficulty),
            )
            if changed.rowcount:
                self._touched.add(team)

    # Runs

    def _runs_of(self, team: _Team) -> None:
        times = dict(
            self._database.execute("SELECT task_id, runs_mtime FROM task WHERE team = ? AND runs_mtime", (team.number,))
        )
        known: dict[str, dict[str, int]] = {}
        for task_id, run_id, mtime in self._database.execute(
            "SELECT task_id, run_id, mtime FROM run WHERE team = ?", (team.number,)
        ):
            known.setdefault(task_id, {})[run_id] = mtime
        for task_id, mtime in folders_with_times(f"{self._outputs}/{team.folder}"):
            self._listen()
            runs = known.pop(task_id, {})
            listed = list(runs) if times.get(task_id) == mtime else None
            if self._runs_of_task(team, task_id, mtime, runs, listed):
                self._step()
        for task_id, runs in known.items():
            self._forget_runs(team, task_id, runs)

    def _runs_of_task(
        self, team: _Team, task_id: str, mtime: int, known: dict[str, int], listed: Collection[str] | None
    ) -> bool:
        """Read the runs of a task that have changed; ``listed`` spares listing a folder that has not."""
        task = f"{self._outputs}/{team.folder}/{task_id}"
        gone = dict(known)
        changed = listed is None
        names = folders_in(task) if listed is None else listed
        is_alone = not known and len(names) == 1
        for run_id in names:
            seen = mtime_of(f"{task}/{run_id}")
            if not seen:
                continue
            if gone.pop(run_id, None) != seen:
                self._run(team, task_id, run_id, seen, is_last=is_alone)
                changed = True
        self._forget_runs(team, task_id, gone)
        if changed or gone:
            if not is_alone:
                self._mark_last(team, task_id)
            self._note_time("runs_mtime", team, task_id, mtime)
        return changed or bool(gone)

    def _known_runs(self, team: _Team, task_id: str) -> dict[str, int]:
        return dict(
            self._database.execute(
                "SELECT run_id, mtime FROM run WHERE (team, task_id) = (?, ?)", (team.number, task_id)
            )
        )

    def _run(self, team: _Team, task_id: str, run_id: str, mtime: int, *, is_last: bool) -> None:
        path = f"outputs/{team.folder}/{task_id}/{run_id}/metadata.json"
        try:
            facts = _reading.run_facts(_reading.read_object(f"{self._outputs}/{path.partition('/')[2]}"), run_id)
            self._forget_problem(path)
        except BrokenFileError as error:
            facts = _reading.broken_run(str(error))
            self._note_problem(path, str(error))
        self._database.execute(
            _PUT_RUN, (team.domain, task_id, team.number, run_id, self._trusted(mtime), is_last, *facts)
        )
        self._touched.add(team.number)
        self.done.runs += 1

    def _mark_last(self, team: _Team, task_id: str) -> None:
        """Mark the run that counts: the last of its question."""
        self._database.execute(
            "UPDATE run SET is_last = (run_id = (SELECT MAX(run_id) FROM run WHERE (team, task_id) = (?1, ?2)))"
            " WHERE (team, task_id) = (?1, ?2)",
            (team.number, task_id),
        )

    def _forget_runs(self, team: _Team, task_id: str, run_ids: Collection[str]) -> None:
        for run_id in run_ids:
            self._database.execute(
                "DELETE FROM run WHERE (team, task_id, run_id) = (?, ?, ?)", (team.number, task_id, run_id)
            )
            self._forget_problem(f"outputs/{team.folder}/{task_id}/{run_id}/metadata.json")
            self._touched.add(team.number)
            self.done.removed += 1

    # Evaluations

    def _scores_of(self, team: _Team) -> None:
        known = dict(
            self._database.execute(
                "SELECT task_id, scores_mtime FROM task WHERE team = ? AND scores_mtime", (team.number,)
            )
        )
        is_new = self._has_no_scores(team)
        for task_id, mtime in folders_with_times(f"{self._evaluations}/{team.folder}"):
            self._listen()
            if known.pop(task_id, None) != mtime:
                self._scores_of_task(team, task_id, mtime, is_new=is_new)
                self._step()
        for task_id in known:
            self._forget_scores(team, task_id)
            self._note_time("scores_mtime", team, task_id, 0)
            self.done.removed += 1

    def _has_no_scores(self, team: _Team) -> bool:
        row = self._database.execute("SELECT 1 FROM verdict WHERE team = ? LIMIT 1", (team.number,)).fetchone()
        return row is None

    def _scores_of_task(self, team: _Team, task_id: str, mtime: int, *, is_new: bool = False) -> None:
        """Read the evaluations of a task; what is new need not be forgotten first."""
        if not is_new:
            self._forget_scores(team, task_id)
        folder = f"evaluations/{team.folder}/{task_id}"
        place = f"{self._evaluations}/{team.folder}/{task_id}"
        for name in names_in(place):
            if not name.endswith(".json"):
                continue
            path, evaluator = f"{folder}/{name}", name.removesuffix(".json")
            try:
                found = list(_reading.verdicts(_reading.read_object(f"{place}/{name}"), evaluator))
            except BrokenFileError as error:
                self._note_problem(path, str(error))
                found = list(self._unreadable(team, task_id, evaluator))
            self._database.executemany(
                "INSERT OR REPLACE INTO verdict (team, task_id, evaluator, run_id, outcome, score, raters,"
                " needs_review, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(team.number, task_id, *facts) for facts in found],
            )
        self._note_time("scores_mtime", team, task_id, mtime)
        self._touched.add(team.number)
        self.done.evaluations += 1

    def _unreadable(self, team: _Team, task_id: str, evaluator: str) -> Iterator[_reading.VerdictFacts]:
        """Yield what stands for an evaluation that cannot be read: an error for each run."""
        for run_id in self._known_runs(team, task_id):
            yield _reading.VerdictFacts(
                evaluator, run_id, "error", _reading.MISSING, 0, needs_review=False, created_at=""
            )

    def _forget_scores(self, team: _Team, task_id: str) -> None:
        self._database.execute("DELETE FROM verdict WHERE (team, task_id) = (?, ?)", (team.number, task_id))
        if self._has_problems:
            folder = f"evaluations/{team.folder}/{task_id}"
            self._database.execute("DELETE FROM problem WHERE path BETWEEN ? AND ?", (f"{folder}/", f"{folder}0"))
        self._touched.add(team.number)

    # Teams

    def _team(self, experiment: str, model: str, domain: str) -> _Team:
        names = (experiment, model, domain)
        self._database.execute("INSERT OR IGNORE INTO team (experiment, model, domain) VALUES (?, ?, ?)", names)
        (number,) = self._database.execute(
            "SELECT id FROM team WHERE (experiment, model, domain) = (?, ?, ?)", names
        ).fetchone()
        return _Team(number, *names)

    def _has_folder(self, team: _Team) -> bool:
        return any(mtime_of(f"{section}/{team.folder}") for section in (self._outputs, self._evaluations))

    def _forget_team(self, team: _Team) -> None:
        (runs,) = self._database.execute("SELECT COUNT(*) FROM run WHERE team = ?", (team.number,)).fetchone()
        for table in ("task", "run", "verdict", "tally", "result"):
            self._database.execute(f"DELETE FROM {table} WHERE team = ?", (team.number,))  # noqa: S608
        self._database.execute("DELETE FROM team WHERE id = ?", (team.number,))
        for section in ("outputs", "evaluations"):
            self._database.execute("DELETE FROM problem WHERE path GLOB ?", (f"{section}/{team.folder}/*",))
        self.done.removed += runs
        self._touched.discard(team.number)

    # Bookkeeping

    def _trusted(self, mtime: int) -> int:
        """Return a folder's time if a later change would change it, otherwise one that it never has."""
        return mtime if mtime + _SETTLED_NS < self._began_ns else 0

    def _note_time(self, column: str, team: _Team, task_id: str, mtime: int) -> None:
        self._database.execute(
            f"INSERT INTO task (team, task_id, {column}) VALUES (?1, ?2, ?3)"  # noqa: S608 - one of two words
            f" ON CONFLICT DO UPDATE SET {column} = ?3",
            # A folder that is there is never noted as 0, or nobody would miss it when it is gone.
            (team.number, task_id, self._trusted(mtime) or min(mtime, 1)),
        )

    def _note_problem(self, path: str, reason: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO problem VALUES (?, ?)", (path, reason))
        self._has_problems = True

    def _forget_problem(self, path: str) -> None:
        if self._has_problems:
            self._database.execute("DELETE FROM problem WHERE path = ?", (path,))

    def _step(self) -> None:
        """Let readers see what has been done, every now and then."""
        self._progress.advance()
        self._pending += 1
        if self._pending >= _AT_ONCE:
            self._publish()

    def _publish(self) -> None:
        self._pending = 0
        self._note_change()
        self._database.execute("COMMIT")
        self._database.execute("BEGIN IMMEDIATE")

    def _count_touched(self) -> None:
        for team in sorted(self._touched):
            count(self._database, team)
        self._touched.clear()

    def _finish(self) -> None:
        self._count_touched()
        if self.done.changes:
            self._note_change()
        self._database.execute("COMMIT")

    def _note_change(self) -> None:
        # It starts at the time, so that an index that was built anew never counts what an earlier one has counted.
        self._database.execute(
            "INSERT INTO fact VALUES ('changes', ?) ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1",
            (str(time.time_ns() // 1000),),
        )
