"""How the videos of an experiment are shared out among the people who rate them."""

import json
from hashlib import blake2b
from typing import NamedTuple

from pydantic import Field, field_validator

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import DataRoot, Record, RunKey, check_name, refuse_archived
from vmevalkit.errors import UnknownNameError, UnsafePathError

_ID_BYTES, _NUMBER_BYTES = 10, 8


class RatingPlan(Record):
    """The plan of one experiment: ``evaluations/<experiment>/human-eval.plan.json``.

    It can be changed at any time: scores stay what they are. Another seed gives the items other names, another order
    and another choice of those that several people rate.
    """

    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides the order, the names of the items, and which of them several people rate."""
    overlap: float = Field(default=0.2, ge=0, le=1, allow_inf_nan=False)
    """The share of the items that ``raters_per_item`` people rate; all others are rated once."""
    raters_per_item: int = Field(default=2, ge=1, le=100)
    blind: bool = True
    """Whether raters are not told which model made a video."""
    domains: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Only these; `None` for all."""
    models: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Only these; `None` for all."""
    created_at: str | None = None
    """When it was written; `None` for the default one, which no file holds."""

    @field_validator("domains", "models")
    @classmethod
    def _names(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        try:
            return None if names is None else tuple(sorted({check_name("name", name) for name in names}))
        except UnsafePathError as error:
            raise ValueError(error.message) from error

    def wants(self, model: str, domain: str) -> bool:
        """Tell whether a model's videos of a domain are to be rated."""
        return (self.models is None or model in self.models) and (self.domains is None or domain in self.domains)

    @property
    def fingerprint(self) -> str:
        """Text that differs if and only if another plan would share the items out differently, or to other people."""
        return json.dumps([self.seed, self.overlap, self.raters_per_item, self.domains, self.models])


class Place(NamedTuple):
    """Where a plan puts a run. It depends on nothing but the plan and the run: other runs move nobody."""

    item: str
    """The name by which raters know the run: 20 hexadecimal digits that tell nothing about it."""
    turn: int
    """Its place in the order, 0 to 2**63 - 1."""
    need: int
    """How many people are to rate it."""


def place_of(plan: RatingPlan, key: RunKey) -> Place:
    """Return where a plan puts a run."""
    path = f"{key.experiment}/{key.model}/{key.domain}/{key.task_id}/{key.run_id}"
    size = _ID_BYTES + 2 * _NUMBER_BYTES
    digest = blake2b(path.encode(), key=str(plan.seed).encode(), digest_size=size).digest()
    turn, chance = (
        int.from_bytes(digest[start : start + _NUMBER_BYTES]) for start in (_ID_BYTES, size - _NUMBER_BYTES)
    )
    is_shared = chance < plan.overlap * 2 ** (8 * _NUMBER_BYTES)
    return Place(digest[:_ID_BYTES].hex(), turn >> 1, plan.raters_per_item if is_shared else 1)


def load_plan(root: DataRoot, experiment: str) -> RatingPlan:
    """Read an experiment's plan; the default one if there is no file.

    Raises:
        RecordError: the file is malformed; the error names it, and the first field that is wrong.

    """
    path = root.rating_plan(experiment)
    return RatingPlan.load(path) if path.exists() else RatingPlan()


def save_plan(root: DataRoot, experiment: str, plan: RatingPlan) -> RatingPlan:
    """Write an experiment's plan and return it with its time.

    Raises:
        UnknownNameError: there is no such experiment, model or domain.

    """
    check_experiment(root, experiment)
    for kind, names, known in (
        ("model", plan.models, root.models(experiment)),
        ("domain", plan.domains, root.domains()),
    ):
        for name in names or ():
            if name not in known:
                raise UnknownNameError(kind, name, known)
    written = plan.model_copy(update={"created_at": timestamp()})
    written.save(root.rating_plan(experiment))
    return written


def check_experiment(root: DataRoot, experiment: str) -> str:
    """Return the name of an experiment that has runs.

    Raises:
        UnsafePathError: the name cannot be one.
        UnknownNameError: there is no such experiment.
        UsageError: it is archived.

    """
    if not (root.outputs / check_name("experiment", experiment)).is_dir():
        raise UnknownNameError("experiment", experiment, root.experiments())
    refuse_archived(root, experiment)
    return experiment
