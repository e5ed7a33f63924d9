"""Have evaluators score the videos of an experiment."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    PASS_SCORE,
    VIDEO_NAME,
    DataRoot,
    Evaluation,
    PairKey,
    RunKey,
    Score,
    exclusive,
    load_evaluation,
    load_pair,
    load_run,
)
from vmevalkit.errors import UnknownNameError, UsageError, VMEvalError
from vmevalkit.evaluators import Evaluator, Item, Rules, Verdict, get_evaluator
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.executors import map_ordered
from vmevalkit.runner.selection import domain_of


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
    failures: tuple[str, ...]
    """A line for each question whose files could not be read."""


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
    evaluator: str,
    *,
    models: Collection[str] | None = None,
    domains: Collection[str] | None = None,
    force: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Scoring:
    """Score every run of an experiment that this version of the evaluator has not scored yet.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        evaluator: name of the evaluator.
        models: only these models.
        domains: only these domains.
        force: score again what has been scored.
        workers: number of processes.
        progress: told of every question and model.

    Raises:
        UnknownNameError: the experiment, a model or the evaluator does not exist.
        UsageError: there is no data root, or no experiment in it.
        BusyError: another process is scoring this experiment with this evaluator.

    """
    judge = get_evaluator(evaluator)
    there = root.existing().experiments()
    if not there:
        raise UsageError(f"no experiments in {root.outputs}", hint="make one with 'vmevalkit run'")
    if experiment not in there:
        raise UnknownNameError("experiment", experiment, there)
    for model in models or ():
        if model not in root.models(experiment):
            raise UnknownNameError("model", model, root.models(experiment))
    progress = progress or Silent()
    counts: Counter[str] = Counter()
    failures: list[str] = []
    what = f"scoring experiment {experiment} with {evaluator}"
    with exclusive(root.lock(f"evaluate.{experiment}.{evaluator}"), what):
        progress.start(None, "questions")
        jobs = _jobs(root, experiment, models, domains)
        for done in map_ordered(partial(_score, root, judge, force), jobs, workers):
            counts.update(score.status for score in done.new)
            counts["passed"] += sum(score.passed is True for score in done.new)
            counts["kept"] += done.kept
            if done.failure:
                failures.append(done.failure)
            progress.advance()
    return Scoring(
        counts["scored"], counts["passed"], counts["error"], counts["skipped"], counts["kept"], tuple(failures)
    )


def _jobs(
    root: DataRoot, experiment: str, models: Collection[str] | None, domains: Collection[str] | None
) -> Iterator[_Job]:
    runs = (
        run
        for run in root.iter_runs(experiment)
        if (not models or run.model in models) and (not domains or run.domain in domains)
    )
    for (model, pair), group in groupby(runs, key=lambda run: (run.model, run.pair)):
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
        rules = _rules(root, job.pair)
        new: list[Score] = []
        for key in job.runs:
            score = _judged(root, judge, key, rules, None if force else evaluation)
            if score is not None:
                new.append(score)
                evaluation = evaluation.with_score(score, judge.version)
        if new:
            evaluation.save(root.evaluation_file(experiment, job.model, job.pair, judge.name))
    except (VMEvalError, OSError) as error:
        return _Done((), 0, f"{job.model} on {job.pair.task_id}: {error}")
    return _Done(tuple(new), len(job.runs) - len(new))


def _judged(
    root: DataRoot, judge: Evaluator, key: RunKey, rules: Rules | None, before: Evaluation | None
) -> Score | None:
    """Score one run; `None` if it was scored before, by the same version and on the same video."""
    run = load_run(root, key)
    if before is not None and before.version == judge.version:
        for score in before.records:
            if (score.run_id, score.rater, score.video_sha256) == (key.run_id, judge.name, run.video_sha256):
                return None
    if run.status == "succeeded":
        verdict = judge.evaluate(Item(root.run_folder(key) / "video" / VIDEO_NAME, rules))
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
    )


def _rules(root: DataRoot, key: PairKey) -> Rules | None:
    pair = load_pair(root, key)
    domain = domain_of(pair)
    if domain is None:
        return None
    puzzle = domain.from_metadata(pair.metadata)
    return Rules(
        read=domain.read,
        matches=domain.matches,
        difference=domain.difference,
        initial=domain.state(puzzle, solved=False),
        solved=domain.state(puzzle, solved=True),
    )
