"""Synthetic catalogues: the index of a data root that is not there, as many rows as one likes."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from vmevalkit.catalog import index_path
from vmevalkit.catalog._schema import open_for_writing
from vmevalkit.catalog._tallies import count
from vmevalkit.dataroot import DataRoot

EXPERIMENTS: Final = ("pilot_experiment", "second_experiment")
MODELS: Final = tuple(f"model-{number:02d}" for number in range(10))
DOMAINS: Final = ("chess", "maze", "raven", "rotation", "sudoku")
RUN_ID: Final = "20261123T000000Z-000"
EVALUATORS: Final = ("RuleEvaluator", "GPT4OEvaluator")
"""The second one has looked at a tenth of the runs."""
FEWEST_RUNS: Final = len(EXPERIMENTS) * len(MODELS) * len(DOMAINS)

_RUN = (
    "INSERT INTO run (team, task_id, run_id, mtime, is_last, status, difficulty, created_at, duration, cost,"
    " model_version, sample, width, height, fps, frames, seconds, error_type, error_message, retryable)"
    " VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?, 0.1, '1', 0, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_VIDEO = (512, 512, 16.0, 32, 2.0)
_ERROR = ("ModelError", "the provider said no", True)


def fill(root: DataRoot, runs: int) -> None:
    """Write an index of so many runs, a multiple of `FEWEST_RUNS`; there are no files for them."""
    questions = runs // FEWEST_RUNS
    with closing(open_for_writing(index_path(root), anew=True)) as database:
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO question (domain, task_id, mtime, difficulty, category, prompt, created_at, files)"
            " VALUES (?, ?, 1, ?, 'puzzle', ?, '2026-11-01T00:00:00Z', 3)",
            _questions(questions),
        )
        for number, (experiment, model, domain) in enumerate(_teams(), start=1):
            database.execute("INSERT INTO team VALUES (?, ?, ?, ?)", (number, experiment, model, domain))
            database.executemany(_RUN, _runs(number, domain, questions))
            database.executemany(
                "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, 1, ?, '2026-11-24T00:00:00Z')",
                _verdicts(number, domain, questions),
            )
            count(database, number)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def task_id(domain: str, number: int) -> str:
    """Return the id of a question, counted from 0."""
    return f"{domain}_{number:06d}"


def _teams() -> Iterator[tuple[str, str, str]]:
    return ((experiment, model, domain) for experiment in EXPERIMENTS for model in MODELS for domain in DOMAINS)


def _difficulty(number: int) -> str:
    return ("easy", "medium", "hard")[number % 3]


def _fails(team: int, number: int) -> bool:
    """One run in fifty has failed."""
    return (number * 7 + team) % 50 == 0


def _questions(count: int) -> Iterator[tuple[object, ...]]:
    for domain in DOMAINS:
        for number in range(count):
            prompt = f"Solve this {domain}, number {number}, and think of word{number % 977}."
            yield domain, task_id(domain, number), _difficulty(number), prompt


def _runs(team: int, domain: str, count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        fails = _fails(team, number)
        when = f"2026-11-{1 + (number + team) % 28:02d}T{team % 24:02d}:{number % 60:02d}:{number // 60 % 60:02d}Z"
        yield (
            *(team, task_id(domain, number), RUN_ID, "failed" if fails else "succeeded"),
            *(_difficulty(number), when, 1.5 + number % 9),
            *((None,) * len(_VIDEO) if fails else _VIDEO),
            *(_ERROR if fails else (None,) * len(_ERROR)),
        )


def _verdicts(team: int, domain: str, count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        if _fails(team, number):
            continue
        for place, evaluator in enumerate(EVALUATORS):
            if place and number % 10:
                continue
            score = 1 + (number * 31 + team * 17 + number * team // 7 + place) % 5
            outcome = "passed" if score >= 4 else "failed"
            yield team, evaluator, task_id(domain, number), RUN_ID, outcome, score, number % 100 == 0
