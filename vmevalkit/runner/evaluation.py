"""Have evaluators score the videos of an experiment."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TypeVar

from vmevalkit.dataroot import DataRoot, PairKey, at_work, refuse_archived
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.evaluators import Closable, Evaluator, evaluators, find_evaluator, open_evaluator
from vmevalkit.first_few import FirstFew
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.executors import Workers, map_ordered
from vmevalkit.runner.scoring import QuestionJob, QuestionScores, Spending, score_question
from vmevalkit.runner.shards import Shard, alone
from vmevalkit.threads import ctrl_c_at_ease, in_order

__all__ = ["Scoring", "evaluate_experiment"]

Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Scoring:
    """What `evaluate_experiment` did, in numbers of runs."""

    scored: int
    passed: int
    errors: int
    skipped: int
    """Runs without a video, or of a domain that the evaluator has no rules for."""
    kept: int
    """Runs that had been scored before."""
    needs_review: int
    """Runs that a person should look at, because a judge's votes differ."""
    cost_usd: float | None
    """What it cost; `None` if nobody knows."""
    over_budget: bool
    """Whether videos were left for another time because the budget was spent."""
    failed: int
    """Questions whose files could not be read or written."""
    failures: tuple[str, ...]
    """A line for each of them; at most a thousand."""


def evaluate_experiment(
    root: DataRoot,
    experiment: str,
    evaluator: str | Evaluator,
    *,
    models: Collection[str] | None = None,
    domains: Collection[str] | None = None,
    force: bool = False,
    budget: float | None = None,
    shard: Shard | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Scoring:
    """Score every run of an experiment that this version of the evaluator has not scored yet.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        evaluator: the evaluator, or the name of one that needs no options.
        models: only these models.
        domains: only these domains.
        force: score again what has been scored.
        budget: US dollars; once so much is spent, no further run is begun. The runs that are under way then, at most
            as many as the evaluator wants at once, are ended and paid.
        shard: only this part of the questions, counted as `run_models` counts them: by their place among all
            questions of the data root, or of the domains.
        workers: number of processes or a cluster, for an evaluator that computes.
        progress: told of every question and model.

    Raises:
        UnknownNameError: the experiment, a model, a domain or the evaluator does not exist.
        UsageError: there is no data root, or no experiment in it; it is archived; or the evaluator cannot score
            anything.
        BusyError: another process is scoring this experiment with this evaluator, or archives it.

    """
    judge = open_evaluator(find_evaluator(evaluators(), evaluator)) if isinstance(evaluator, str) else evaluator
    there = root.existing().experiments()
    if not there:
        raise UsageError(f"no experiments in {root.outputs}", hint="make one with 'vmevalkit run'")
    if experiment not in there:
        raise UnknownNameError("experiment", experiment, there)
    refuse_archived(root, experiment)
    for model in models or ():
        if model not in root.models(experiment):
            raise UnknownNameError("model", model, root.models(experiment))
    _check_domains(root, experiment, domains or ())
    progress = progress or Silent()
    counts: Counter[str] = Counter()
    spending = Spending(budget)
    # Threads ask before each run whether there is money left. Processes cannot: there it is looked at as work is given
    # out, which is a few questions ahead of what is known of the costs.
    shared = spending if judge.at_once else None
    failures = FirstFew[str]()

    def affordable(jobs: Iterator[QuestionJob]) -> Iterator[QuestionJob]:
        for job in jobs:
            if spending.over_budget or (shared is None and not spending.may_go_on()):
                return
            yield job

    what = f"scoring experiment {experiment} with {judge.name}"
    with at_work(root, experiment), alone(root.lock("evaluate", experiment, judge.name), what, shard):
        progress.start(None, "questions")
        jobs = affordable(_jobs(root, experiment, models, domains, shard))
        with closing(
            map_evaluator(judge, partial(score_question, root, judge, force, shared), jobs, workers)
        ) as all_done:
            for done in all_done:
                _count(done, counts)
                if shared is None:
                    for score in done.new:
                        spending.add(score.cost_usd)
                if done.failure:
                    failures.add(done.failure)
                progress.advance()
    return Scoring(
        scored=counts["scored"],
        passed=counts["passed"],
        errors=counts["error"],
        skipped=counts["skipped"],
        kept=counts["kept"],
        needs_review=counts["needs_review"],
        cost_usd=spending.usd,
        over_budget=spending.over_budget,
        failed=failures.count,
        failures=tuple(failures.first),
    )


def _check_domains(root: DataRoot, experiment: str, domains: Collection[str]) -> None:
    """Raise an `UnknownNameError` for a domain that has neither questions nor runs of the experiment."""
    there = root.domains()
    for domain in domains:
        if domain not in there and next(root.iter_runs(experiment, domain=domain), None) is None:
            raise UnknownNameError("domain", domain, {*there, *(run.domain for run in root.iter_runs(experiment))})


def _count(done: QuestionScores, counts: Counter[str]) -> None:
    counts["kept"] += done.kept
    for score in done.new:
        counts[score.status] += 1
        counts["passed"] += score.passed is True
        counts["needs_review"] += score.needs_review is True


def map_evaluator(
    evaluator: Evaluator, function: Callable[[Job], Done], jobs: Iterable[Job], workers: Workers
) -> Generator[Done, None, None]:
    """Apply a function that uses an evaluator to jobs, in their order: in threads if it waits, else in workers.

    Ctrl-C closes an evaluator that can be closed, so that nobody waits for what it is waiting for.
    """
    if not evaluator.at_once:
        yield from map_ordered(function, jobs, workers)
        return
    close = evaluator.close if isinstance(evaluator, Closable) else lambda: None
    at_once = evaluator.at_once
    with (
        ctrl_c_at_ease(close) as check,
        closing(in_order(function, jobs, workers=at_once, window=2 * at_once)) as results,
    ):
        for result in results:
            check()
            yield result


def _jobs(
    root: DataRoot,
    experiment: str,
    models: Collection[str] | None,
    domains: Collection[str] | None,
    shard: Shard | None,
) -> Iterator[QuestionJob]:
    for model in root.models(experiment):
        if models and model not in models:
            continue
        runs = (run for run in root.iter_runs(experiment, model) if not domains or run.domain in domains)
        questions = (QuestionJob(model, pair, tuple(group)) for pair, group in groupby(runs, key=lambda run: run.pair))
        if shard is None:
            yield from questions
        else:
            places = _placed(questions, root.iter_pairs(domains or None))
            yield from (job for place, job in places if shard.takes(place))


def _placed(jobs: Iterable[QuestionJob], pairs: Iterator[PairKey]) -> Iterator[tuple[int, QuestionJob]]:
    """Yield each job with its question's place among all, from 0, whichever of them have been filmed so far.

    Both are sorted by question. One that is no longer there has the place where it would be.
    """
    numbered = enumerate(pairs)
    place, pair = next(numbered, (0, None))
    for job in jobs:
        while pair is not None and pair < job.pair:
            place, pair = next(numbered, (place + 1, None))
        yield place, job
