"""The turning figures as a domain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.tasks.domain import FRAME_SIZE, Difficulty, Domain, Faults, PromptStyle
from vmevalkit.tasks.rotation_task import drawing, generation, reading, records, watching, wording
from vmevalkit.tasks.rotation_task.puzzle import Puzzle, labels_after, question_key, solutions
from vmevalkit.tasks.rotation_task.reading import Glimpse, State


class RotationDomain(Domain[Puzzle, State]):
    """A figure of cubes on a turntable; the task is to see it after a turn."""

    name = "rotation"
    title = "3D rotation"
    description = "Mental rotation of three-dimensional figures"
    task_category = "3d_mental_rotation"
    version = 1

    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
        """Make a figure and a turn; difficulty decides the number of cubes and bends and the angle."""
        return generation.sample_puzzle(rng, difficulty)

    def solve(self, puzzle: Puzzle) -> list[str]:
        """Find the turns that lead to the view that the asked turn leads to."""
        return solutions(puzzle)

    def answer(self, puzzle: Puzzle) -> str:
        """Return the turn that the final frame shows."""
        return str(puzzle.shown)

    def key(self, puzzle: Puzzle) -> str:
        """Return a digest of the view and the turn."""
        return question_key(puzzle)

    def wrong(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Turn the wrong way or by a wrong angle, or end in the mirror image."""
        return generation.mistaken_puzzle(puzzle, rng)

    def near_miss(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Turn a little too far or not far enough."""
        return generation.nearly_right_puzzle(puzzle, rng)

    def tampered(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle | None:
        """Move one cube of the figure; `None` if no such figure looks different in the end."""
        return generation.tampered_puzzle(puzzle, rng)

    def to_metadata(self, puzzle: Puzzle) -> dict[str, Any]:
        """Describe the figure, the view and the turn."""
        return records.to_metadata(puzzle)

    def from_metadata(self, metadata: dict[str, Any]) -> Puzzle:
        """Rebuild a question."""
        return records.from_metadata(metadata)

    def prompt(self, puzzle: Puzzle, style: PromptStyle, rng: np.random.Generator) -> str:
        """Word the task."""
        return wording.prompt(puzzle, style, rng)

    def render(self, puzzle: Puzzle, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the figure on its way."""
        return drawing.render(puzzle, progress, size)

    def state(self, puzzle: Puzzle, *, solved: bool) -> State:
        """Return what is seen before the turn, or after the one that the puzzle shows."""
        return State(labels_after(puzzle, puzzle.shown if solved else None).tobytes())

    def read(self, frame: NDArray[np.uint8]) -> State:
        """See which way the faces of the figure look."""
        return reading.read_state(frame)

    def matches(self, seen: State, expected: State) -> bool:
        """Tell whether two states show the same view, up to what compression and scaling do to edges."""
        return reading.similarity(seen, expected) >= reading.SAME_VIEW

    def glimpse(self, frame: NDArray[np.uint8]) -> Glimpse:
        """See what can be seen of the figure, and how well."""
        return reading.read_glimpse(frame)

    def follow(self, puzzle: Puzzle, glimpses: Sequence[Glimpse | None]) -> Faults:
        """Tell whether it was always this figure, and whether it turned the asked way and in one go."""
        return watching.follow(puzzle, glimpses)

    def difference(self, seen: State, expected: State) -> str:
        """Say how much of the figure is as expected."""
        return wording.difference(seen, expected)
