"""The protocol of a puzzle domain: make, prove, draw, film, describe and read one kind of puzzle.

A domain is one class. It works with two values of its own, both frozen and comparable:

- the *puzzle* ``P``: the question together with its answer;
- the *state* ``S``: what a single frame shows, such as the pieces on a board. A state is read from pixels, and two
  states are equal when they show the same thing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.errors import PuzzleError
from vmevalkit.vocabulary import DIFFICULTIES, PROMPT_STYLES, Difficulty, PromptStyle

__all__ = ["DIFFICULTIES", "FRAME_SIZE", "PROMPT_STYLES", "Difficulty", "Domain", "Faults", "PromptStyle"]

FRAME_SIZE = 512
"""The side of a question's square frames, in pixels."""

P = TypeVar("P")
S = TypeVar("S")


@dataclass(frozen=True)
class Faults:
    """What was seen to go wrong on the way from the first frame to the last, in the order of time."""

    givens: tuple[str, ...] = ()
    """A sentence for each glimpse in which something was not as the question gave it."""
    way: tuple[str, ...] = ()
    """A sentence for each thing that is no legal way to the solution."""


class Domain(ABC, Generic[P, S]):
    """A family of puzzles. Instances keep no state of their own, so that one serves any number of questions."""

    name: ClassVar[str]
    """Lower-case word that starts the ids, such as ``chess`` in ``chess_0000``."""
    title: ClassVar[str]
    """The name for people."""
    description: ClassVar[str]
    """One sentence for the manifest: which ability it tests."""
    task_category: ClassVar[str]
    """The kind of task, such as ``mate_in_1``."""
    version: ClassVar[int]
    """Version of the generator; raised whenever the same seed gives another question or other pixels."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> P:
        """Make a puzzle with exactly one solution. All chance comes from ``rng``. Pure logic, no pixels."""

    @abstractmethod
    def solve(self, puzzle: P) -> list[str]:
        """Find the solutions from the question alone, as text; two are enough to show that it is ambiguous."""

    @abstractmethod
    def answer(self, puzzle: P) -> str:
        """Return the puzzle's own answer in the text form of `solve`."""

    def check(self, puzzle: P) -> None:
        """Raise `PuzzleError` unless the puzzle has exactly one solution and its answer is that one."""
        solutions = self.solve(puzzle)
        if solutions != [self.answer(puzzle)]:
            found = ", ".join(solutions) or "none"
            raise PuzzleError(f"{self.name}: the answer is {self.answer(puzzle)}, the solver finds {found}")

    @abstractmethod
    def key(self, puzzle: P) -> str:
        """Return a text that is equal for two puzzles that ask the same question."""

    @abstractmethod
    def wrong(self, puzzle: P, rng: np.random.Generator) -> P:
        """Return the same question with a plausible answer that is not the solution."""

    def near_miss(self, puzzle: P, rng: np.random.Generator) -> P:
        """Return the same question with an answer that is off by the least that counts, such as one digit."""
        return self.wrong(puzzle, rng)

    def tampered(self, puzzle: P, rng: np.random.Generator) -> P | None:  # noqa: ARG002 - others do use them
        """Return the puzzle with one of its givens changed and its answer left as it is.

        It need not be a proper puzzle, but it can be drawn. `None` if the domain cannot do that.
        """
        return None

    @abstractmethod
    def to_metadata(self, puzzle: P) -> dict[str, Any]:
        """Describe the puzzle and its solution as JSON values; enough for `from_metadata`."""

    @abstractmethod
    def from_metadata(self, metadata: dict[str, Any]) -> P:
        """Rebuild a puzzle from what `to_metadata` gave; other keys are ignored.

        Raises:
            PuzzleError: a field is missing or does not describe a puzzle.

        """

    @abstractmethod
    def prompt(self, puzzle: P, style: PromptStyle, rng: np.random.Generator) -> str:
        """Word the task; ``rng`` chooses among paraphrases."""

    @abstractmethod
    def render(self, puzzle: P, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the puzzle at a point of its solution.

        Args:
            puzzle: the puzzle.
            progress: 0 for the question, 1 for the answer, between them for the way there.
            size: side of the square picture in pixels.

        Returns:
            A palette picture (mode ``P``) where ``progress`` is 0 or 1; ``P`` or ``RGB`` between.

        """

    def draw(self, puzzle: P, size: int = FRAME_SIZE) -> tuple[Image.Image, Image.Image]:
        """Draw the first and the final frame, as palette pictures."""
        return self.render(puzzle, 0.0, size), self.render(puzzle, 1.0, size)

    def animate(self, puzzle: P, frames: int, size: int = FRAME_SIZE) -> Iterator[NDArray[np.uint8]]:
        """Film the solution.

        Args:
            puzzle: the puzzle.
            frames: how many frames, at least two; the first and last eighth hold still.
            size: side of the square picture in pixels.

        Yields:
            Pictures of shape (size, size, 3), RGB. The first is the first frame, the last the final frame.

        """
        still = frames // 8
        previous: tuple[float, NDArray[np.uint8]] | None = None
        for number in range(frames):
            progress = min(max((number - still) / max(frames - 1 - 2 * still, 1), 0.0), 1.0)
            if previous is None or previous[0] != progress:
                previous = progress, np.asarray(self.render(puzzle, progress, size).convert("RGB"))
            yield previous[1]

    @abstractmethod
    def state(self, puzzle: P, *, solved: bool) -> S:
        """Return what the final frame shows if ``solved``, otherwise what the first frame shows."""

    @abstractmethod
    def read(self, frame: NDArray[np.uint8]) -> S:
        """See the state in a frame of shape (height, width, 3), RGB, of any size, letterboxed or compressed.

        Raises:
            UnreadableFrameError: nothing can be seen with certainty. Never a guess.

        """

    def matches(self, seen: S, expected: S) -> bool:
        """Tell whether a state that was read is the expected one."""
        return seen == expected

    def glimpse(self, frame: NDArray[np.uint8]) -> object:
        """See what can be seen in a frame from the middle of a film, where things may be on the move.

        Returns:
            What `follow` takes; by default the state.

        Raises:
            UnreadableFrameError: nothing can be seen with certainty.

        """
        return self.read(frame)

    def follow(self, puzzle: P, glimpses: Sequence[Any | None]) -> Faults:  # noqa: ARG002 - others do use them
        """Say what is wrong with a film that ends on the solution.

        Args:
            puzzle: the puzzle, with its right answer.
            glimpses: of some frames in the order of time, the first and the last among them; `None` where nothing
                could be seen.

        """
        return Faults()

    @abstractmethod
    def difference(self, seen: S, expected: S) -> str:
        """Say in one sentence, for people, where what was seen departs from what was expected."""
