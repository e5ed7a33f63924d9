"""One verb under one fault: the disturbed process, what must hold after it, and the undisturbed repetition."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fault_disk import Disk
from fault_invariants import broken_files, errors_of, losses_between, misconduct
from fault_ledger import Ledger, Trial
from fault_sites import Said, Site, State, leftovers, state_of
from fault_verbs import STATES, Verb
from support.stepping import PRELOAD

PATIENCE_SECONDS = 120
"""A command that takes longer hangs."""
HUNG = "Traceback: it hung"
"""What is added to what such a command has said: that is misconduct."""


@dataclass(frozen=True)
class Reference:
    """A verb that nobody disturbed."""

    before: State
    after: State
    removed: frozenset[str]
    """Leftovers of others that it removes."""
    steps: int
    """How often it opens or changes something."""
    writes: int
    """How often it changes something."""
    grown: int
    """How many bytes of memory it takes for its work."""
    size: int
    """How many bytes on the disk it takes."""


Disturbed = tuple[str, list[str]]
"""How a disturbed command ended, and what is wrong with that."""


class Workshop:
    """Where trials are made: states to begin with, undisturbed runs to compare with, and the ledger."""

    def __init__(self, folder: Path, disk: Disk, ledger: Ledger) -> None:
        self.folder, self.disk, self.ledger = folder, disk, ledger
        self.attempts = 0
        """How many trials were begun: so many lines the ledger must have."""
        self._states: dict[str, Site] = {}
        self._references: dict[str, Reference] = {}
        self._numbers = iter(range(1_000_000))

    def site(self, verb: Verb, *, on_disk: bool = False) -> Site:
        """Return a site of its own in the state that a verb begins with; on the disk that can be filled if asked."""
        if verb.state not in self._states:
            made = Site(self.folder / "states" / verb.state)
            made.folder.mkdir(parents=True)
            STATES[verb.state](made)
            self._states[verb.state] = made
        parent = self.disk.folder if on_disk else self.folder
        site = self._states[verb.state].copy_to(parent / f"trial-{next(self._numbers)}")
        if verb.prepare is not None:
            verb.prepare(site)
        return site

    def reference(self, verb: Verb) -> Reference:
        """Return what the verb does when nobody disturbs it."""
        if verb.name not in self._references:
            self._references[verb.name] = self._measure(verb)
        return self._references[verb.name]

    def _measure(self, verb: Verb) -> Reference:
        site = self.site(verb)
        report = site.folder / "report.json"
        before, old, size = state_of(site, with_index=verb.with_index), set(leftovers(site.data)), _size(site)
        said = self.victim(site, verb, {"report": str(report)})
        assert said.code == 0, said.all
        assert errors_of(site, derived=True) == []
        assert broken_files(site.folder) == []
        counts = json.loads(report.read_text())
        report.unlink()
        return Reference(
            before,
            state_of(site, with_index=verb.with_index),
            frozenset(old - set(leftovers(site.data))),
            **counts,
            size=_size(site) - size,
        )

    def start(self, site: Site, verb: Verb, fault: dict[str, object]) -> subprocess.Popen[str]:
        """Start a verb as a process under a fault."""
        work = site.folder / "work"
        work.mkdir(exist_ok=True)
        own = {"FAULT": json.dumps({"folder": str(site.folder), **fault}), "PYTHONPATH": str(PRELOAD)}
        return subprocess.Popen(
            [sys.executable, "-m", "vmevalkit", *site.words(verb.command)],
            env={**os.environ, **site.variables(), **own},
            cwd=work,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def victim(self, site: Site, verb: Verb, fault: dict[str, object]) -> Said:
        """Run a verb as a process under a fault, to its end."""
        return ended(self.start(site, verb, fault))

    def attempt(
        self,
        verb: Verb,
        kind: str,
        detail: str,
        site: Site,
        disturb: Callable[[Reference], Disturbed],
        *,
        noted: tuple[str, ...] = (),
    ) -> Trial:
        """Disturb a verb, look at what it has left, repeat it in peace, and write down what was lost.

        Args:
            verb: which.
            kind: of the fault, for the ledger.
            detail: which one of that kind.
            site: where.
            disturb: does it, and tells how it ended.
            noted: how the paths begin at which the verb may write down what went wrong, or leave something out.

        """
        self.attempts += 1
        begun = time.monotonic()
        reference = self.reference(verb)
        outcome, losses = disturb(reference)
        losses = [*losses, *losses_after(site, verb, reference, noted), *self._repeat(site, verb, reference)]
        trial = Trial(verb.name, kind, detail, outcome, tuple(losses), time.monotonic() - begun)
        self.ledger.add(trial)
        return trial

    def _repeat(self, site: Site, verb: Verb, reference: Reference) -> list[str]:
        was_done = not state_of(site, with_index=verb.with_index).differences(reference.after)
        said = site.do(*verb.command, *verb.again)
        told = [f"repeated: {wrong}" for wrong in misconduct(said)]
        if said.code != 0 and not was_done:
            told.append(f"repeated: exit status {said.code}: {said.all[-1000:]}")
        now = state_of(site, with_index=verb.with_index)
        told += [f"repeated: {difference}" for difference in now.differences(reference.after)]
        told += [f"repeated: {error}" for error in errors_of(site, derived=True)]
        told += [f"repeated: still there: {path}" for path in reference.removed & set(leftovers(site.data))]
        cleaned = site.do("clean", "--older-than", "0", "--yes")
        told += [f"clean: exit status {cleaned.code}: {cleaned.all}"] if cleaned.code else []
        return told + [f"cleaned: still there: {path}" for path in leftovers(site.data)]


def losses_after(site: Site, verb: Verb, reference: Reference, noted: tuple[str, ...]) -> list[str]:
    """Say what a disturbed command has broken."""
    return [
        *broken_files(site.folder),
        *losses_between(reference.before, state_of(site), reference.after, moves=verb.moves, noted=noted),
        *errors_of(site, derived=False),
    ]


def ended(process: subprocess.Popen[str]) -> Said:
    """Wait for a process; one that hangs is killed, and that shows in its exit status."""
    with process:
        try:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\n{HUNG}"
    return Said(process.returncode, out, err)


def randomness(*words: object) -> random.Random:
    """Return random numbers that are the same for the same trial in each session."""
    return random.Random(repr(words))


def _size(site: Site) -> int:
    total = 0
    for path in site.folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.lstat().st_blocks * 512
    return total
