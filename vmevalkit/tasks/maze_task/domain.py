"""The maze domain: the parts of this package under the names of the protocol."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.tasks.domain import FRAME_SIZE, Difficulty, Domain, Faults, PromptStyle
from vmevalkit.tasks.maze_task.drawing import draw_maze
from vmevalkit.tasks.maze_task.following import follow
from vmevalkit.tasks.maze_task.generation import sample_maze
from vmevalkit.tasks.maze_task.glimpses import MazeGlimpse, glimpse
from vmevalkit.tasks.maze_task.metadata import from_metadata, to_metadata
from vmevalkit.tasks.maze_task.puzzle import (
    Maze,
    letters,
    near_misses,
    question_key,
    solve,
    tamperings,
    wrong_answers,
)
from vmevalkit.tasks.maze_task.reading import MazeState, read, shown_state
from vmevalkit.tasks.maze_task.wording import difference, prompt


class MazeDomain(Domain[Maze, MazeState]):
    """Perfect mazes: a line is drawn along the one way from the green dot to the red target."""

    name: ClassVar[str] = "maze"
    title: ClassVar[str] = "Maze"
    description: ClassVar[str] = "Spatial reasoning and navigation planning"
    task_category: ClassVar[str] = "path_finding"
    version: ClassVar[int] = 1

    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> Maze:
        """Carve a maze and choose two cells in it."""
        return sample_maze(rng, difficulty)

    def solve(self, puzzle: Maze) -> list[str]:
        """Find at most two ways, spelt as steps U, R, D and L."""
        return [letters(path) for path in solve(puzzle.walls, puzzle.start, puzzle.goal)]

    def answer(self, puzzle: Maze) -> str:
        """Spell the puzzle's own path."""
        return letters(puzzle.path)

    def key(self, puzzle: Maze) -> str:
        """Return a text that mirroring and rotating a maze do not change."""
        return question_key(puzzle)

    def wrong(self, puzzle: Maze, rng: np.random.Generator) -> Maze:
        """Run into a dead end or through a wall."""
        kinds = [kind for kind in wrong_answers(puzzle) if kind]
        kind = kinds[int(rng.integers(len(kinds)))]
        return kind[int(rng.integers(len(kind)))]

    def near_miss(self, puzzle: Maze, rng: np.random.Generator) -> Maze:
        """Stop one cell before the target, or cut one corner through a wall."""
        options = near_misses(puzzle)
        return options[int(rng.integers(len(options)))]

    def tampered(self, puzzle: Maze, rng: np.random.Generator) -> Maze | None:
        """Take one wall away, or move one mark and have the line end there."""
        kinds = [kind for kind in tamperings(puzzle) if kind]
        kind = kinds[int(rng.integers(len(kinds)))]
        return kind[int(rng.integers(len(kind)))]

    def to_metadata(self, puzzle: Maze) -> dict[str, Any]:
        """Describe a maze as JSON values."""
        return to_metadata(puzzle)

    def from_metadata(self, metadata: dict[str, Any]) -> Maze:
        """Rebuild a maze; `PuzzleError` names the field that is wrong."""
        return from_metadata(metadata)

    def prompt(self, puzzle: Maze, style: PromptStyle, rng: np.random.Generator) -> str:
        """Word the task."""
        return prompt(puzzle, style, rng)

    def render(self, puzzle: Maze, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the maze and its path as far as ``progress``."""
        return draw_maze(puzzle, progress, size)

    def state(self, puzzle: Maze, *, solved: bool) -> MazeState:
        """Return what the first or the final frame shows."""
        return shown_state(puzzle, solved=solved)

    def read(self, frame: NDArray[np.uint8]) -> MazeState:
        """See a maze in a frame."""
        return read(frame)

    def glimpse(self, frame: NDArray[np.uint8]) -> MazeGlimpse:
        """See what is certain in a frame from the middle of a film."""
        return glimpse(frame)

    def follow(self, puzzle: Maze, glimpses: Sequence[MazeGlimpse | None]) -> Faults:
        """Say where walls and marks changed, and where the line was not drawn along the way from the dot."""
        return follow(puzzle, glimpses)

    def difference(self, seen: MazeState, expected: MazeState) -> str:
        """Say where two states differ."""
        return difference(seen, expected)
