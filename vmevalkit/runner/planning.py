"""What a command is going to film: the same for a dry run and for the real one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from vmevalkit.dataroot import DataRoot, FittedRequest, PairKey, RunKey
from vmevalkit.errors import RecordError
from vmevalkit.runner.runs import PASSING, Found, find_runs

Retry = Literal["failed"]


@dataclass(frozen=True)
class Step:
    """One run to make, or to take up."""

    pair: PairKey
    sample: int
    unfinished: RunKey | None = None
    """The run that was interrupted, whose folder it goes on in."""
    is_begun: bool = False
    """Whether its metadata is on disk."""
    is_submitted: bool = False
    """Whether a provider has the job already: then it costs nothing more."""
    is_unknown: bool = False
    """Whether nobody knows if a provider has the job: then the run fails, for it might be paid twice."""
    fitted: FittedRequest | None = None
    """What a model was, or would have been, asked for when the run was begun; that counts, whatever is wanted now."""


@dataclass(frozen=True)
class Passed:
    """A run that is not made, because there is one."""

    pair: PairKey
    sample: int
    failed: bool
    """Whether the one that is there has failed."""


@dataclass(frozen=True)
class Broken:
    """A question whose runs cannot be read."""

    pair: PairKey
    problem: str


def plan(
    root: DataRoot,
    experiment: str,
    model: str,
    pairs: Collection[PairKey],
    *,
    runs: int,
    retry: Retry | None,
    idempotent: bool = False,
) -> Iterator[Step | Passed | Broken]:
    """Yield what is to be done for a model, question by question.

    A run that has failed while its video may still be had is taken up in its own folder, not paid anew.

    Args:
        root: the data root.
        experiment: name of the folder under ``outputs/``.
        model: the model's name.
        pairs: the questions.
        runs: how many runs each question has.
        retry: whether what has failed gets a new run.
        idempotent: whether the model's provider makes no second job of a submission that is repeated.

    """
    for pair in pairs:
        try:
            found = find_runs(root, experiment, model, pair)
        except RecordError as error:
            yield Broken(pair, error.message)
            continue
        for sample in range(runs):
            last = found.get(sample)
            if last is None or (last.run is None and last.state == "unfinished"):
                yield Step(pair, sample, None if last is None else last.key)
            elif last.state == "unfinished" or (
                last.state == "failed" and retry == "failed" and _can_be_taken_up(last, idempotent)
            ):
                yield _taken_up(last, pair, sample, idempotent)
            elif last.state == "failed" and retry == "failed":
                yield Step(pair, sample)
            else:
                yield Passed(pair, sample, failed=last.state == "failed")


def _taken_up(found: Found, pair: PairKey, sample: int, idempotent: bool) -> Step:
    run = found.run
    return Step(
        pair,
        sample,
        found.key,
        is_begun=True,
        is_submitted=found.has_job,
        is_unknown=run is not None and run.submitted_at is not None and run.job_id is None and not idempotent,
        fitted=None if run is None else run.fitted,
    )


def _can_be_taken_up(found: Found, idempotent: bool) -> bool:
    if found.run is None or found.run.error is None:
        return False
    return found.run.error.type in PASSING and (found.has_job or idempotent)
