"""Have evaluators score the videos of an experiment."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import file_digest
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    PASS_SCORE,
    DataRoot,
    Evaluation,
    Pair,
    PairKey,
    RunKey,
    Score,
    at_work,
    load_evaluation,
    load_pair,
    load_run,
    note_change,
    refuse_archived,
    resolve_inside,
)
from vmevalkit.errors import UnknownNameError, UsageError, VMEvalError
from vmevalkit.evaluators import (
    Evaluator,
    Item,
    Question,
    Rules,
    Verdict,
    evaluators,
    find_evaluator,
    open_evaluator,
)
from vmevalkit.first_few import FirstFew
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.executors import Workers, map_ordered
from vmevalkit.runner.selection import domain_of
from vmevalkit.runner.shards import Shard, alone
from vmevalkit.tasks import Domain
from vmevalkit.threads import in_order

__all__ = ["Scoring", "evaluate_experiment"]

P = TypeVar("P")
S = TypeVar("S")
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
    """Whether it ended early because the budget was spent."""
    failed: int
    """Questions whose files could not be read or written."""
    failures: tuple[str, ...]
    """A line for each of them; at most a thousand."""


@dataclass(frozen=True)
class _Job:
    """One question of one model, with all its runs."""

    model: str
    pair: PairKey
    runs: tuple[RunKey, ...]


@dataclass(frozen=True)
class _Done:
    new: tuple[Score, ...]
    kept: int
    failure: str | None = None


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
        budget: US dollars; once so much is spent, no further run is begun.
        shard: only this part of the questions of each model.
        workers: number of processes or a cluster, for an evaluator that computes.
        progress: told of every question and model.

    Raises:
        UnknownNameError: the experiment, a model or the evaluator does not exist.
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
    progress = progress or Silent()
    counts: Counter[str] = Counter()
    spent: float | None = None
    failures = FirstFew[str]()
    over_budget = False

    def affordable(jobs: Iterator[_Job]) -> Iterator[_Job]:
        nonlocal over_budget
        for job in jobs:
            if budget is not None and (spent or 0.0) >= budget:
                over_budget = True
                return
            yield job

    what = f"scoring experiment {experiment} with {judge.name}"
    with at_work(root, experiment), alone(root.lock("evaluate", experiment, judge.name), what, shard):
        progress.start(None, "questions")
        jobs = affordable(_jobs(root, experiment, models, domains, shard))
        for done in map_evaluator(judge, partial(_score, root, judge, force), jobs, workers):
            for score in done.new:
                counts[score.status] += 1
                counts["passed"] += score.passed is True
                counts["needs_review"] += score.needs_review is True
                if score.cost_usd is not None:
                    spent = (spent or 0.0) + score.cost_usd
            counts["kept"] += done.kept
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
        cost_usd=spent,
        over_budget=over_budget,
        failed=failures.count,
        failures=tuple(failures.first),
    )


def map_evaluator(
    evaluator: Evaluator, function: Callable[[Job], Done], jobs: Iterable[Job], workers: Workers
) -> Iterator[Done]:
    """Apply a function that uses an evaluator to jobs, in their order: in threads if it waits, else in workers."""
    if evaluator.at_once:
        return in_order(function, jobs, workers=evaluator.at_once, window=2 * evaluator.at_once)
    return map_ordered(function, jobs, workers)


def _jobs(
    root: DataRoot,
    experiment: str,
    models: Collection[str] | None,
    domains: Collection[str] | None,
    shard: Shard | None,
) -> Iterator[_Job]:
    runs = (
        run
        for run in root.iter_runs(experiment)
        if (not models or run.model in models) and (not domains or run.domain in domains)
    )
    for index, ((model, pair), group) in enumerate(groupby(runs, key=lambda run: (run.model, run.pair))):
        if shard is None or shard.takes(index):
            yield _Job(model, pair, tuple(group))


def _score(root: DataRoot, judge: Evaluator, force: bool, job: _Job) -> _Done:
    """Score the runs of one question and write their file. Runs in a worker."""
    experiment = job.runs[0].experiment
    try:
        evaluation = load_evaluation(root, experiment, job.model, job.pair, judge.name) or Evaluation(
            evaluator=judge.name,
            version=judge.version,
            experiment=experiment,
            model=job.model,
            domain=job.pair.domain,
            task_id=job.pair.task_id,
        )
        pair = load_pair(root, job.pair)
        question = _question(root, pair)
        rules = _rules(pair)
        new: list[Score] = []
        for key in job.runs:
            score = _judged(root, judge, key, question, rules, None if force else evaluation)
            if score is not None:
                new.append(score)
                evaluation = evaluation.with_score(score, judge.version)
        if new:
            path = root.evaluation_file(experiment, job.model, job.pair, judge.name)
            evaluation.save(path)
            note_change(root, path.parent)
    except UsageError:
        raise
    except (VMEvalError, OSError) as error:
        return _Done((), 0, f"{job.model} on {job.pair.task_id}: {error}")
    return _Done(tuple(new), len(job.runs) - len(new))


def _judged(
    root: DataRoot,
    judge: Evaluator,
    key: RunKey,
    question: Question,
    rules: Rules | None,
    before: Evaluation | None,
) -> Score | None:
    """Score one run; `None` if it was scored before, by the same version and on the same video."""
    run = load_run(root, key)
    if before is not None and before.version == judge.version:
        for score in before.records:
            if (score.run_id, score.rater, score.video_sha256) == (key.run_id, judge.name, run.video_sha256):
                if score.retryable:
                    break
                return None
    if run.status == "succeeded":
        video = root.run_video(key)
        verdict = judge.evaluate(Item(video, question, rules))
        if verdict.status == "error" and not _is_intact(video, run.video_sha256):
            # It is no word on the run's own video: once that is back, it is looked at again.
            verdict = replace(verdict, retryable=True)
    else:
        reason = run.error.message if run.error else "it has not finished"
        verdict = Verdict("skipped", None, f"there is no video: {reason}")
    return Score(
        run_id=key.run_id,
        rater=judge.name,
        status=verdict.status,
        score=verdict.score,
        passed=None if verdict.score is None else verdict.score >= PASS_SCORE,
        explanation=verdict.explanation,
        dimensions=verdict.dimensions,
        created_at=timestamp(),
        video_sha256=run.video_sha256,
        retryable=verdict.retryable or None,
        needs_review=verdict.needs_review or None,
        cost_usd=verdict.cost_usd,
        judge=verdict.judge,
    )


def _is_intact(video: Path, sha256: str | None) -> bool:
    try:
        with video.open("rb") as file:
            return sha256 is None or file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _question(root: DataRoot, pair: Pair) -> Question:
    first, final = (resolve_inside(root.questions, path) for path in (pair.first_image_path, pair.final_image_path))
    return Question(pair.domain, pair.id, pair.prompt, first, final)


def _rules(pair: Pair) -> Rules | None:
    domain = domain_of(pair)
    return None if domain is None else rules_of(domain, domain.from_metadata(pair.metadata))


def rules_of(domain: Domain[P, S], puzzle: P) -> Rules:
    """Return what an evaluator may ask of a puzzle's domain."""
    return Rules(
        read=domain.read,
        matches=domain.matches,
        difference=domain.difference,
        initial=domain.state(puzzle, solved=False),
        solved=domain.state(puzzle, solved=True),
        glimpse=domain.glimpse,
        follow=partial(domain.follow, puzzle),
    )
