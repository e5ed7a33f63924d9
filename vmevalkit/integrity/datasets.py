"""Validation in the form that scripts know: a data set in memory goes in, a list of findings comes out."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.integrity._duplicates import seen_questions
from vmevalkit.integrity._entries import MANIFEST_PATH, UNCOMPARED, as_text, read_entry
from vmevalkit.integrity._folders import Scanner, question_path
from vmevalkit.integrity._jobs import Depth, Job, Worker, batches
from vmevalkit.integrity._questions import Listed
from vmevalkit.integrity.checking import Options, validate
from vmevalkit.integrity.findings import Finding
from vmevalkit.runner.executors import map_ordered
from vmevalkit.settings import load_settings


def validate_dataset(dataset: Mapping[str, Any] | None = None, *, deep: bool = False) -> list[Finding]:
    """Check a data set against the files in the data root of the settings.

    Args:
        dataset: what `vmevalkit.runner.create_dataset.read_dataset_from_folders` returns: its questions are checked;
            `None` for all questions, runs and evaluations.
        deep: read, hash and decode every file, and prove every solution.

    Returns:
        What is wrong; each finding is, as text, a sentence.

    Raises:
        UsageError: there is no data root, or the data set has no list of pairs.

    """
    return parallel_validate(dataset, num_workers=1, deep=deep)


def parallel_validate(
    dataset: Mapping[str, Any] | None = None, num_workers: int = 4, *, deep: bool = False
) -> list[Finding]:
    """Do as `validate_dataset` in worker processes; the findings and their order are the same."""
    if num_workers < 1:
        raise UsageError(f"num_workers must be at least 1, not {num_workers}")
    root = DataRoot(load_settings().data_dir).existing()
    if dataset is None:
        return list(validate(root, Options(deep=deep, workers=num_workers)))
    return list(_of_dataset(root, dataset, num_workers, deep=deep))


def _of_dataset(root: DataRoot, dataset: Mapping[str, Any], workers: int, *, deep: bool) -> Iterator[Finding]:
    pairs = dataset.get("pairs")
    if not isinstance(pairs, list):
        raise UsageError("the data set has no list of pairs", hint="pass what read_dataset_from_folders() returns")
    scanner = Scanner.of(root.path)

    def jobs() -> Iterator[Job]:
        for domain, some in groupby(_listed(scanner, pairs), key=lambda found: found[0]):
            for tasks in batches(task for _, task in some):
                news = tuple(scanner.found)
                scanner.found.clear()
                yield Job("questions", domain, tasks, news)

    worker = Worker(root.path, Depth(decode=deep, prove=deep), has_manifest=True)
    with seen_questions(root) as seen:
        for outcome in map_ordered(worker, jobs(), workers):
            yield from outcome.findings
            for one in outcome.seen:
                seen.add(one)
        yield from scanner.found
        yield from seen.duplicates()


def _listed(scanner: Scanner, pairs: list[Any]) -> Iterator[tuple[str, Listed]]:
    for number, entry in enumerate(pairs, start=1):
        key, pair = read_entry(scanner, MANIFEST_PATH, number, entry)
        if key is not None:
            on_disk = scanner.file(question_path(*key)).is_dir()
            yield key[0], Listed(key[1], UNCOMPARED if pair is None else as_text(pair), on_disk)
