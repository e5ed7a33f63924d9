"""What a command is going to film: the same for a dry run and for the real one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from vmevalkit.dataroot import DataRoot, PairKey, RunKey
from vmevalkit.errors import RecordError
from vmevalkit.runner.runs import Found, find_runs

Retry = Literal["failed"]

_PASSING = frozenset(
    {"DownloadError", "RateLimitError", "UnavailableError", "UnknownSubmissionError", "UnreachableError"}
)
"""Why a run can have failed although its job is sound."""


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
                yield Step(pair, sample, last.key, is_begun=True, is_submitted=_has_job(last))
            elif last.state == "failed" and retry == "failed":
                yield Step(pair, sample)
            else:
                yield Passed(pair, sample, failed=last.state == "failed")


def _has_job(found: Found) -> bool:
    return found.run is not None and found.run.job_id is not None


def _can_be_taken_up(found: Found, idempotent: bool) -> bool:
    if found.run is None or found.run.error is None:
        return False
    return found.run.error.type in _PASSING and (_has_job(found) or idempotent)
