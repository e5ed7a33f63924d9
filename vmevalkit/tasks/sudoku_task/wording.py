"""What a sudoku's prompt says, and how two states of a sudoku differ, in words."""

import numpy as np

from vmevalkit.tasks.domain import PromptStyle
from vmevalkit.tasks.sudoku_task.puzzle import BOXES, Sudoku
from vmevalkit.tasks.sudoku_task.reading import SudokuState, place

_OPEN = (
    "Solve this {side}x{side} {game}. One after the other, the missing digits appear in blue in the empty cells until "
    "the grid is full: {rule}. The printed digits and the lines stay exactly as they are. The camera does not move.",
    "The picture shows a {game} with some empty cells. Fill every empty cell with a blue digit so that {rule}. Do not "
    "change, move or remove the dark digits or the grid, and keep the view from straight above still.",
    "Blue digits fade in, each upright in the middle of an empty cell and as large as the dark ones, and complete the "
    "{game}. In the end {rule}. Nothing else in the picture changes, and the camera stays fixed.",
    "Complete the {side}x{side} grid step by step, writing only blue digits and only into empty cells. It is solved "
    "when {rule}. The dark digits, the lines and the white background remain the same, filmed with a fixed camera.",
    "Find the one solution of this {game}, in which {rule}. Each missing digit is written into its cell in blue and "
    "stays there, and at the end no cell is empty. The given digits do not change, and the camera does not move.",
)
_INSTRUCTED = (
    "Solve this {side}x{side} {game}. The missing digits appear in blue, so that the rows read, from top to bottom, "
    "{rows}. The dark digits and the lines stay exactly as they are, and the camera does not move.",
    "Blue digits fade in, each in the middle of an empty cell, and complete the {game}. The finished rows are {rows}, "
    "from top to bottom. Nothing else in the picture changes, and the camera stays fixed.",
    "Fill every empty cell of this {game} with a blue digit. At the end the rows read {rows}, the top row first. Do "
    "not change the dark digits or the grid, and keep the view from straight above still.",
    "One after the other, the missing digits are written into the empty cells in blue until the {side}x{side} grid "
    "reads, row by row from the top, {rows}. The given digits do not change, and the camera does not move.",
)
_RULE = "every row{other} and every {last} holds each digit from 1 to {side} exactly once"


def prompt(sudoku: Sudoku, style: PromptStyle, rng: np.random.Generator) -> str:
    """Word the task; ``rng`` chooses among paraphrases."""
    wordings = _OPEN if style == "open" else _INSTRUCTED
    box = BOXES[sudoku.side]
    rule = _RULE.format(
        other=", every column" if box else "",
        last=f"outlined box of {box[0]} by {box[1]} cells" if box else "column",
        side=sudoku.side,
    )
    starts = range(0, len(sudoku.solution), sudoku.side)
    rows = ["".join(map(str, sudoku.solution[start : start + sudoku.side])) for start in starts]
    return wordings[int(rng.integers(len(wordings)))].format(
        side=sudoku.side,
        game="sudoku" if box else "Latin square",
        rule=rule,
        rows=f"{', '.join(rows[:-1])} and {rows[-1]}",
    )


def difference(seen: SudokuState, expected: SudokuState) -> str:
    """Say where two states of a sudoku differ."""
    if seen.side != expected.side:
        return f"the grid has {seen.side}x{seen.side} cells instead of {expected.side}x{expected.side}."
    found = [
        f"{place(cell, seen.side)} holds {named(digit)} instead of {named(right)}"
        for cell, (digit, right) in enumerate(zip(seen.digits, expected.digits, strict=True))
        if digit != right
    ]
    if not found:
        return "both show the same."
    return listed(found)


def listed(found: list[str]) -> str:
    """Make a sentence of the first few of some findings."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{'; '.join(found[:3])}{more}."


def named(digit: int) -> str:
    """Name what a cell holds."""
    return str(digit) if digit else "nothing"
