"""The sudoku domain: the parts of this package under the names of the protocol."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.tasks.domain import FRAME_SIZE, Difficulty, Domain, Faults, PromptStyle
from vmevalkit.tasks.sudoku_task.drawing import draw_sudoku
from vmevalkit.tasks.sudoku_task.following import follow
from vmevalkit.tasks.sudoku_task.generation import sample_sudoku
from vmevalkit.tasks.sudoku_task.metadata import from_metadata, to_metadata
from vmevalkit.tasks.sudoku_task.puzzle import Sudoku, near_miss, question_key, solve, tampered, text, wrong_answer
from vmevalkit.tasks.sudoku_task.reading import SudokuState, glimpse, read, shown_state
from vmevalkit.tasks.sudoku_task.wording import difference, prompt


class SudokuDomain(Domain[Sudoku, SudokuState]):
    """Sudokus of 3x3, 4x4, 6x6 and 9x9 cells: the missing digits are filled in."""

    name: ClassVar[str] = "sudoku"
    title: ClassVar[str] = "Sudoku"
    description: ClassVar[str] = "Logical deduction under constraints"
    task_category: ClassVar[str] = "sudoku_completion"
    version: ClassVar[int] = 1

    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> Sudoku:
        """Fill a board and take digits away."""
        return sample_sudoku(rng, difficulty)

    def solve(self, puzzle: Sudoku) -> list[str]:
        """Find at most two solutions, written as their rows."""
        return [text(puzzle.side, grid) for grid in solve(puzzle.side, puzzle.givens)]

    def answer(self, puzzle: Sudoku) -> str:
        """Write the puzzle's own solution as its rows."""
        return text(puzzle.side, puzzle.solution)

    def key(self, puzzle: Sudoku) -> str:
        """Return a text that renaming the digits, mirroring and rotating a sudoku do not change."""
        return question_key(puzzle)

    def wrong(self, puzzle: Sudoku, rng: np.random.Generator) -> Sudoku:
        """Swap two of the digits that were to be filled in."""
        return wrong_answer(puzzle, rng)

    def near_miss(self, puzzle: Sudoku, rng: np.random.Generator) -> Sudoku:
        """Fill in one wrong digit."""
        return near_miss(puzzle, rng)

    def tampered(self, puzzle: Sudoku, rng: np.random.Generator) -> Sudoku | None:
        """Change one given digit."""
        return tampered(puzzle, rng)

    def to_metadata(self, puzzle: Sudoku) -> dict[str, Any]:
        """Describe a sudoku as JSON values."""
        return to_metadata(puzzle)

    def from_metadata(self, metadata: dict[str, Any]) -> Sudoku:
        """Rebuild a sudoku; `PuzzleError` names the field that is wrong."""
        return from_metadata(metadata)

    def prompt(self, puzzle: Sudoku, style: PromptStyle, rng: np.random.Generator) -> str:
        """Word the task."""
        return prompt(puzzle, style, rng)

    def render(self, puzzle: Sudoku, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the sudoku and the digits that are written by ``progress``."""
        return draw_sudoku(puzzle, progress, size)

    def state(self, puzzle: Sudoku, *, solved: bool) -> SudokuState:
        """Return what the first or the final frame shows."""
        return shown_state(puzzle, solved=solved)

    def read(self, frame: NDArray[np.uint8]) -> SudokuState:
        """See a sudoku in a frame."""
        return read(frame)

    def glimpse(self, frame: NDArray[np.uint8]) -> SudokuState:
        """See what is certain in a frame from the middle of a film."""
        return glimpse(frame)

    def follow(self, puzzle: Sudoku, glimpses: Sequence[SudokuState | None]) -> Faults:
        """Say where given digits changed, and where what was filled in was wrong or did not stay."""
        return follow(puzzle, glimpses)

    def difference(self, seen: SudokuState, expected: SudokuState) -> str:
        """Say where two states differ."""
        return difference(seen, expected)
