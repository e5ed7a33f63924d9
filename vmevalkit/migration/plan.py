"""What a migration would do, and what it did."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from vmevalkit.first_few import FirstFew
from vmevalkit.migration._parcels import Kind, Parcel

KINDS: tuple[Kind, ...] = ("questions", "runs", "evaluations")
Why: TypeAlias = Literal["conflict", "refused", "not understood"]
MOST_PROBLEMS = 10_000
"""So many are kept; all are counted."""


@dataclass(frozen=True)
class Problem:
    """Something that is not brought along."""

    path: str
    """Relative to the source."""
    kind: Why
    """``conflict``: something else is in its place; ``refused``: its name or path is not safe, or its place is closed;
    ``not understood``: it is broken, or nobody knows what it is."""
    why: str


@dataclass(frozen=True)
class Tally:
    """Numbers of one domain's questions, or of one experiment's runs or evaluations."""

    new: int = 0
    """Brought along, or to be."""
    there: int = 0
    """In the data root already, the same."""
    conflicts: int = 0
    """Left alone, as something else is in their place."""


@dataclass(frozen=True)
class Plan:
    """What a migration finds, and what it would do."""

    source: str
    """The name of the layout."""
    path: Path
    found: Mapping[Kind, Mapping[str, Tally]]
    """Questions by domain, runs and evaluations by experiment; by name."""
    new_bytes: int
    """Of the files that are brought along."""
    problems: tuple[Problem, ...]
    """The first `MOST_PROBLEMS`, in the order of the source."""
    problem_counts: Mapping[Why, int]

    def total(self, kind: Kind) -> Tally:
        """Return the sum over all domains, or all experiments."""
        tallies = self.found[kind].values()
        return Tally(sum(t.new for t in tallies), sum(t.there for t in tallies), sum(t.conflicts for t in tallies))

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be brought along."""
        return not any(self.total(kind).new for kind in KINDS)


@dataclass(frozen=True)
class Report(Plan):
    """What a migration did."""

    manifest_changed: bool


@dataclass
class Count:
    """A plan in the making."""

    tallies: dict[Kind, dict[str, Counter[str]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    new_bytes: int = 0
    problems: FirstFew[Problem] = field(default_factory=lambda: FirstFew(MOST_PROBLEMS))
    problem_counts: Counter[Why] = field(default_factory=Counter)

    def add(self, parcel: Parcel, what: Literal["new", "there", "conflicts"]) -> None:
        """Count a parcel."""
        self.tallies[parcel.kind].setdefault(parcel.group, Counter())[what] += 1
        if what == "new":
            self.new_bytes += parcel.size

    def problem(self, path: str, kind: Why, why: str) -> None:
        """Count a problem."""
        self.problem_counts[kind] += 1
        self.problems.add(Problem(path, kind, why))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found, not even a problem."""
        return not self.problem_counts and not any(self.tallies.values())

    def plan(self, source: str, path: Path) -> Plan:
        """Return what was counted."""
        found = {
            kind: {group: Tally(**counts) for group, counts in sorted(groups.items())}
            for kind, groups in self.tallies.items()
        }
        return Plan(source, path, found, self.new_bytes, tuple(self.problems.first), dict(self.problem_counts))
