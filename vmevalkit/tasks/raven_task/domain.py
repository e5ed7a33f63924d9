"""The matrices as a domain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.tasks.domain import FRAME_SIZE, Difficulty, Domain, Faults, PromptStyle
from vmevalkit.tasks.raven_task import drawing, generation, reading, records, variations, watching, wording
from vmevalkit.tasks.raven_task.puzzle import Puzzle, complete, question_key
from vmevalkit.tasks.raven_task.reading import Glimpse, State, panel_as_seen


class RavenDomain(Domain[Puzzle, State]):
    """Three by three panels whose rows follow the same rules; the ninth is to be found."""

    name = "raven"
    title = "Raven matrices"
    description = "Abstract reasoning by completing a pattern"
    task_category = "matrix_completion"
    version = 1

    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
        """Make a matrix; difficulty decides how many attributes vary along the rows and by which kinds of rule."""
        return generation.sample_puzzle(rng, difficulty)

    def solve(self, puzzle: Puzzle) -> list[str]:
        """Find the panels that can come ninth from the eight others."""
        return [str(panel) for panel in complete(puzzle.panels)]

    def answer(self, puzzle: Puzzle) -> str:
        """Return the ninth panel as text."""
        return str(puzzle.answer)

    def key(self, puzzle: Puzzle) -> str:
        """Return a digest of the eight panels."""
        return question_key(puzzle.panels)

    def wrong(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Change one attribute of the ninth panel to a value seen elsewhere."""
        return generation.mistaken_puzzle(puzzle, rng)

    def near_miss(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Change one attribute of the ninth panel by one step, or one of its slots."""
        return variations.near_miss(puzzle, rng)

    def tampered(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Change one attribute of one of the eight given panels."""
        return variations.tampered(puzzle, rng)

    def to_metadata(self, puzzle: Puzzle) -> dict[str, Any]:
        """Describe the panels, the rules and the answer."""
        return records.to_metadata(puzzle)

    def from_metadata(self, metadata: dict[str, Any]) -> Puzzle:
        """Rebuild a matrix."""
        return records.from_metadata(metadata)

    def prompt(self, puzzle: Puzzle, style: PromptStyle, rng: np.random.Generator) -> str:
        """Word the task."""
        return wording.prompt(puzzle.answer, style, rng)

    def render(self, puzzle: Puzzle, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the matrix while its last panel is filled in."""
        return drawing.render(puzzle, progress, size)

    def state(self, puzzle: Puzzle, *, solved: bool) -> State:
        """Return the nine panels, the last one missing unless solved."""
        last = panel_as_seen(puzzle.answer) if solved else None
        return State((*(panel_as_seen(panel) for panel in puzzle.panels), last))

    def read(self, frame: NDArray[np.uint8]) -> State:
        """See the nine panels in a frame."""
        return reading.read_state(frame)

    def glimpse(self, frame: NDArray[np.uint8]) -> Glimpse:
        """See the panels that are clear; the others are marked with `reading.UNCLEAR`."""
        return reading.glimpse_panels(frame)

    def follow(self, puzzle: Puzzle, glimpses: Sequence[Glimpse | None]) -> Faults:
        """Watch the given panels, and whether the last one held another answer before the right one."""
        return watching.follow(puzzle, glimpses)

    def difference(self, seen: State, expected: State) -> str:
        """Name the panels that differ."""
        return wording.difference(seen, expected)
