"""Have an evaluator score the runs of one question."""

from dataclasses import dataclass, replace
from functools import partial
from hashlib import file_digest
from pathlib import Path
from threading import Lock
from typing import TypeVar

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    PASS_SCORE,
    DataRoot,
    Evaluation,
    Pair,
    PairKey,
    Run,
    RunKey,
    Score,
    load_evaluation,
    load_pair,
    load_run,
    note_change,
    resolve_inside,
)
from vmevalkit.errors import UsageError, VMEvalError
from vmevalkit.evaluators import Evaluator, Item, Question, Rules, Verdict
from vmevalkit.runner.selection import domain_of
from vmevalkit.tasks import Domain

P = TypeVar("P")
S = TypeVar("S")


class Spending:
    """What the answers of one command have cost so far. Threads share it."""

    def __init__(self, budget: float | None) -> None:
        self._budget = budget
        """US dollars."""
        self._lock = Lock()
        self.usd: float | None = None
        """`None` while nobody knows."""
        self.over_budget = False
        """Whether something was not begun because the budget was spent."""

    def may_go_on(self) -> bool:
        """Tell whether something may be begun."""
        with self._lock:
            if self._budget is not None and (self.usd or 0.0) >= self._budget:
                self.over_budget = True
            return not self.over_budget

    def add(self, usd: float | None) -> None:
        """Count what something has cost; `None` if nobody knows."""
        if usd is not None:
            with self._lock:
                self.usd = (self.usd or 0.0) + usd


@dataclass(frozen=True)
class QuestionJob:
    """One question of one model, with all its runs."""

    model: str
    pair: PairKey
    runs: tuple[RunKey, ...]


@dataclass(frozen=True)
class QuestionScores:
    """What came of it."""

    new: tuple[Score, ...]
    """They are on disk."""
    kept: int
    """Runs that had been scored before."""
    failure: str | None = None
    """The first thing that could not be read or written."""


def score_question(
    root: DataRoot, judge: Evaluator, force: bool, spending: Spending | None, job: QuestionJob
) -> QuestionScores:
    """Score the runs of one question and write their file. Runs in a worker.

    What goes wrong with one run keeps no other from being scored, and whatever ends the work, what has been scored by
    then is written: it may have been paid.

    Args:
        root: the data root.
        judge: the evaluator.
        force: score again what has been scored.
        spending: counts each answer as it comes, and says before each whether it may be asked for; `None` where it
            cannot be shared.
        job: the question.

    Raises:
        UsageError: the evaluator cannot score anything.

    """
    new: list[Score] = []
    kept = 0
    problem: Exception | None = None
    try:
        before = _sheet(root, judge, job)
        pair = load_pair(root, job.pair)
        question, rules = _question(root, pair), _rules(pair)
        try:
            for key in job.runs:
                try:
                    run = load_run(root, key)
                    if not force and _is_scored(before, judge, run):
                        kept += 1
                        continue
                    if run.status != "succeeded" or spending is None or spending.may_go_on():
                        new.append(_judged(root, judge, key, run, question, rules, spending))
                except UsageError:
                    raise
                except (VMEvalError, OSError) as error:
                    problem = problem or error
        finally:
            _write(root, judge, job, before, new)
    except UsageError:
        raise
    except (VMEvalError, OSError) as error:
        return QuestionScores((), kept, f"{job.model} on {job.pair.task_id}: {error}")
    failure = f"{job.model} on {job.pair.task_id}: {problem}" if problem else None
    return QuestionScores(tuple(new), kept, failure)


def _sheet(root: DataRoot, judge: Evaluator, job: QuestionJob) -> Evaluation:
    """Return what the evaluator has said of the question, in the version that it has now."""
    found = load_evaluation(root, job.runs[0].experiment, job.model, job.pair, judge.name) or Evaluation(
        evaluator=judge.name,
        version=judge.version,
        experiment=job.runs[0].experiment,
        model=job.model,
        domain=job.pair.domain,
        task_id=job.pair.task_id,
    )
    if found.version == judge.version:
        return found
    # The version is that of the whole file: what an older one said must not stay in it under the new one's name.
    others = tuple(score for score in found.records if score.rater != judge.name)
    return found.model_copy(update={"version": judge.version, "records": others})


def _is_scored(sheet: Evaluation, judge: Evaluator, run: Run) -> bool:
    """Tell whether there is a word on a run's video that will not change."""
    known = (run.run_id, judge.name, run.video_sha256)
    return any(
        (score.run_id, score.rater, score.video_sha256) == known and not score.retryable for score in sheet.records
    )


def _write(root: DataRoot, judge: Evaluator, job: QuestionJob, sheet: Evaluation, new: list[Score]) -> None:
    if not new:
        return
    for score in new:
        sheet = sheet.with_score(score, judge.version)
    path = root.evaluation_file(sheet.experiment, job.model, job.pair, judge.name)
    sheet.save(path)
    note_change(root, path.parent)


def _judged(
    root: DataRoot,
    judge: Evaluator,
    key: RunKey,
    run: Run,
    question: Question,
    rules: Rules | None,
    spending: Spending | None,
) -> Score:
    """Score one run."""
    if run.status == "succeeded":
        video = root.run_video(key)
        verdict = judge.evaluate(Item(video, question, rules))
        if spending is not None:
            spending.add(verdict.cost_usd)
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
