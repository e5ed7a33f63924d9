"""A data root cut into jobs for worker processes, and what a worker does with one."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from vmevalkit.dataroot import (
    ARCHIVED_NAME,
    MANIFEST_NAME,
    TASK_SUFFIX,
    Archived,
    DataRoot,
    HashCache,
    Record,
)
from vmevalkit.dataroot.layout import RATING_PLAN_NAME
from vmevalkit.integrity._entries import Entry, Manifest
from vmevalkit.integrity._evaluations import EvaluationCheck
from vmevalkit.integrity._files import Reader
from vmevalkit.integrity._folders import Scanner
from vmevalkit.integrity._images import bombs_refused
from vmevalkit.integrity._questions import Listed, QuestionCheck, Seen
from vmevalkit.integrity._runs import RunCheck
from vmevalkit.integrity.findings import Code, Finding
from vmevalkit.runner.rating import RatingPlan

_RECORDS: dict[str, tuple[type[Record], str]] = {
    "outputs": (Archived, ARCHIVED_NAME),
    "evaluations": (RatingPlan, RATING_PLAN_NAME),
}
"""What may lie beside the models of an experiment."""
_AT_ONCE = 64
"""Tasks in one job."""

T = TypeVar("T")


@dataclass(frozen=True)
class Depth:
    """How closely files are looked at."""

    decode: bool
    """Whether pictures and films are decoded, and files compared with what they were."""
    prove: bool
    """Whether solvers look for the solutions."""


class Job(NamedTuple):
    """Some tasks of one folder, for one worker."""

    section: Literal["questions", "outputs", "evaluations"]
    domain: str
    tasks: tuple[Listed, ...]
    before: tuple[Finding, ...] = ()
    """What was found on the way to these tasks."""
    experiment: str = ""
    model: str = ""


class Outcome(NamedTuple):
    """What a worker found."""

    findings: list[Finding]
    seen: list[Seen]
    tasks: int


@dataclass(frozen=True)
class Worker:
    """Does jobs; sent to worker processes."""

    root: Path
    depth: Depth
    has_manifest: bool

    def __call__(self, job: Job) -> Outcome:
        """Check the tasks of a job."""
        scanner = Scanner.of(self.root)
        scanner.found.extend(job.before)
        seen: list[Seen] = []
        with ExitStack() as stack:
            stack.enter_context(bombs_refused())
            hashes = stack.enter_context(HashCache(DataRoot(self.root))) if self.depth.decode else None
            reader = Reader(scanner, hashes)
            match job.section:
                case "questions":
                    questions = QuestionCheck(scanner, reader, self.depth.decode, self.depth.prove, self.has_manifest)
                    found = (questions.check(job.domain, task) for task in job.tasks)
                    seen = [one for one in found if one is not None]
                case "outputs":
                    runs = RunCheck(scanner, reader, self.depth.decode)
                    for task in job.tasks:
                        runs.check(job.experiment, job.model, job.domain, task.task_id)
                case "evaluations":
                    evaluations = EvaluationCheck(scanner, reader)
                    for task in job.tasks:
                        evaluations.check(job.experiment, job.model, job.domain, task.task_id)
        return Outcome(scanner.found, seen, len(job.tasks))


@dataclass(frozen=True)
class Cutter:
    """Walks a data root and cuts it into jobs."""

    scanner: Scanner

    def jobs(self, manifest: Manifest) -> Iterator[Job]:
        """Yield all jobs: the questions, then the runs, then the evaluations, each sorted by name."""
        there = self.scanner.sections()
        if "questions" in there or manifest.is_whole:
            yield from self._questions(manifest)
        if "outputs" in there:
            yield from self._tasks("outputs")
        if "evaluations" in there:
            yield from self._tasks("evaluations")
        yield Job("questions", "", (), self._news())

    def _news(self) -> tuple[Finding, ...]:
        """Take what was noted since the last job."""
        news = tuple(self.scanner.found)
        self.scanner.found.clear()
        return news

    def _questions(self, manifest: Manifest) -> Iterator[Job]:
        domains = self.scanner.folders("questions", suffix=TASK_SUFFIX, known=(MANIFEST_NAME,))
        entries = _Ahead(manifest)
        for domain in domains:
            yield from self._missing(entries, before=domain)
            folder = f"questions/{domain}{TASK_SUFFIX}"
            yield from self._of_domain(domain, _matched(self.scanner.folders(folder), domain, entries))
        yield from self._missing(entries, before=None)

    def _missing(self, entries: "_Ahead", before: str | None) -> Iterator[Job]:
        """Yield the questions that are listed in domains that have no folder."""
        while entries.next is not None and (before is None or entries.next.domain < before):
            domain = entries.next.domain
            yield from self._of_domain(domain, _matched([], domain, entries))

    def _of_domain(self, domain: str, tasks: Iterable[Listed]) -> Iterator[Job]:
        for some in batches(tasks):
            yield Job("questions", domain, some, self._news())

    def _tasks(self, section: Literal["outputs", "evaluations"]) -> Iterator[Job]:
        for experiment in self.scanner.folders(section):
            path = f"{section}/{experiment}"
            models = self.scanner.folders(path, known=(_RECORDS[section][1],))
            self._record(path, experiment)
            for model in models:
                for domain in self.scanner.folders(f"{path}/{model}", suffix=TASK_SUFFIX):
                    tasks = self.scanner.folders(f"{path}/{model}/{domain}{TASK_SUFFIX}")
                    for some in batches(map(_unlisted, tasks)):
                        yield Job(section, domain, some, self._news(), experiment, model)

    def _record(self, path: str, experiment: str) -> None:
        """Check the record that may lie beside the models of an experiment."""
        section = path.partition("/")[0]
        kind, name = _RECORDS[section]
        entry = self.scanner.aside().listing(path).files.get(name)
        record = None if entry is None else Reader(self.scanner, None).record(kind, f"{path}/{name}", entry)
        if isinstance(record, Archived) and record.experiment != experiment:
            self.scanner.note(Code.INVALID_RECORD, f"{path}/{name}", f"is about the experiment {record.experiment}")


class _Ahead:
    """The manifest's entries, of which the next one can be looked at."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self.next = next(self._entries, None)

    def take(self) -> Entry | None:
        """Return the next one and go on."""
        taken, self.next = self.next, next(self._entries, None)
        return taken


def _matched(on_disk: Iterable[str], domain: str, entries: _Ahead) -> Iterator[Listed]:
    """Bring the folders of a domain and the entries of the manifest together; both are sorted."""

    def missing(before: str | None) -> Iterator[Listed]:
        while (
            entries.next is not None
            and entries.next.domain == domain
            and (before is None or entries.next.task_id < before)
        ):
            yield Listed(entries.next.task_id, entries.next.text, on_disk=False)
            entries.take()

    for task_id in on_disk:
        yield from missing(task_id)
        is_listed = entries.next is not None and (entries.next.domain, entries.next.task_id) == (domain, task_id)
        entry = entries.take() if is_listed else None
        yield Listed(task_id, None if entry is None else entry.text)
    yield from missing(None)


def _unlisted(task_id: str) -> Listed:
    return Listed(task_id, None)


def batches(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield the items, as many at once as one job has."""
    iterator = iter(items)
    while some := tuple(islice(iterator, _AT_ONCE)):
        yield some
