"""What was tried, how it ended, and what was lost by it: a line of JSON for each trial."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trial:
    """One verb under one fault."""

    verb: str
    kind: str
    detail: str
    """Which fault of its kind it was."""
    outcome: str
    """How the disturbed command ended."""
    losses: tuple[str, ...]
    """What was lost, doubled, half or unexplained: there should be none."""
    seconds: float


class Ledger:
    """The trials of a session, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, trial: Trial) -> None:
        """Write a line and wait until it is on the disk: a trial that takes the session along is still in it."""
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(trial)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def trials(self) -> list[Trial]:
        """Read all that were written."""
        if not self.path.exists():
            return []
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [Trial(**{**line, "losses": tuple(line["losses"])}) for line in lines]

    def losses(self) -> list[str]:
        """Return what was lost in any trial, a line each."""
        return [f"{t.verb}, {t.kind} ({t.detail}): {loss}" for t in self.trials() for loss in t.losses]


def table(trials: Iterable[Trial], excused: dict[tuple[str, str], str]) -> str:
    """Render verbs by kinds: how often it was tried and how that ended, or why it was not."""
    trials = list(trials)
    lines = ["| verb | fault | tried | ended | losses |", "| :-- | :-- | --: | :-- | --: |"]
    for verb, kind in dict.fromkeys((t.verb, t.kind) for t in trials):
        these = [t for t in trials if (t.verb, t.kind) == (verb, kind)]
        ends = ", ".join(f"{count} {end}" for end, count in sorted(Counter(t.outcome for t in these).items()))
        lines.append(f"| {verb} | {kind} | {len(these)} | {ends} | {sum(len(t.losses) for t in these)} |")
    lines += [f"| {verb} | {kind} | - | {reason} | - |" for (verb, kind), reason in excused.items()]
    seconds = sum(t.seconds for t in trials)
    lost = sum(len(t.losses) for t in trials)
    return "\n".join([*lines, "", f"{len(trials)} trials in {seconds:.0f} seconds, {lost} losses"])
