"""What a command is going to film: the same for a dry run and for the real one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from vmevalkit.dataroot import DataRoot, PairKey, RunKey
from vmevalkit.errors import RecordError
from vmevalkit.runner.runs import find_runs

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
    root: DataRoot, experiment: str, model: str, pairs: Collection[PairKey], *, runs: int, retry: Retry | None
) -> Iterator[Step | Passed | Broken]:
    """Yield what is to be done for a model, question by question."""
    for pair in pairs:
        try:
            found = find_runs(root, experiment, model, pair)
        except RecordError as error:
            yield Broken(pair, error.message)
            continue
        for sample in range(runs):
            last = found.get(sample)
            if last is None or (last.state == "failed" and retry == "failed"):
                yield Step(pair, sample)
            elif last.state == "unfinished":
                begun = last.run is not None and last.run.status == "running"
                yield Step(
                    pair, sample, last.key, begun, begun and last.run is not None and last.run.job_id is not None
                )
            else:
                yield Passed(pair, sample, failed=last.state == "failed")
