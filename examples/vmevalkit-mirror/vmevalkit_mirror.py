"""The domain ``mirror``: the right half of a grid becomes the mirror image of the left half."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import FRAME_SIZE, Domain
from vmevalkit.tasks.canvas import Canvas, Palette, brightened, nearest_colours, square_view

ROWS, HALF = 4, 4
FILLED = {"easy": (3, 6), "medium": (7, 9), "hard": (10, 13)}  # fewest and most filled cells
PALETTE = Palette({"paper": "#ffffff", "given": "#1f2933", "mirrored": "#1f6feb", "line": "#9aa5b1", "axis": "#e02424"})
PAPER, GIVEN, MIRRORED, UNKNOWN = range(4)  # what a pixel is taken for; the first three are colours of the palette
FARTHEST = 70  # in RGB; a pixel that is farther from all three is unknown
VIEW = 256  # side of the square in which frames are read, in pixels
PROMPTS = {
    "open": (
        "The red line is a mirror. One after the other, the cells of the right half that mirror a dark cell of the "
        "left half turn blue. Nothing else in the picture changes, and the camera does not move.",
        "Complete the pattern so that the two halves of the grid are mirror images across the red line. Fill cells of "
        "the right half in blue, and leave the left half as it is. The camera stays fixed.",
        "Reflect the dark cells across the red line: fill their mirror images in the empty half of the grid with blue. "
        "The dark cells and the lines do not change, and the view is still.",
    ),
    "instructed": (
        "One after the other, these cells of the grid turn blue: {cells}. Nothing else in the picture changes, and "
        "the camera does not move.",
        "Mirror the dark cells across the red line. To do so, fill these cells in blue: {cells}. The camera stays "
        "fixed.",
        "Fill the mirror images of the dark cells with blue, which are {cells}. The dark cells and the lines do not "
        "change, and the view is still.",
    ),
}


@dataclass(frozen=True)
class Mirror:
    """A puzzle: the rows of both halves from the top, ``#`` for a filled cell and ``.`` for an empty one."""

    left: tuple[str, ...]
    right: tuple[str, ...]  # the answer


def rows_with(cells):
    """Return the rows of a half whose filled cells have these numbers, counted row by row."""
    text = "".join("#" if cell in cells else "." for cell in range(ROWS * HALF))
    return tuple(text[start : start + HALF] for start in range(0, ROWS * HALF, HALF))


def filled(rows):
    """Return the row and the column of each filled cell, counted from 0."""
    return [(row, column) for row, text in enumerate(rows) for column, cell in enumerate(text) if cell == "#"]


def place(row, column):
    """Name a cell for people, who count from 1."""
    return f"row {row + 1}, column {column + 1}"


def edges(cells, size):
    """Return where the lines around and between a number of cells lie in a picture of a size, in pixels."""
    return [size // 2 + round((number - cells / 2) * size * 7 / 64) for number in range(cells + 1)]


class MirrorDomain(Domain[Mirror, tuple[str, ...]]):
    """Grids of four rows and eight columns. A state is the rows of the whole grid."""

    name = "mirror"
    title = "Mirror"
    description = "Symmetry and spatial correspondence"
    task_category = "mirror_completion"
    version = 1

    def sample(self, rng, difficulty):
        fewest, most = FILLED[difficulty]
        left = rows_with(rng.choice(ROWS * HALF, rng.integers(fewest, most + 1), replace=False))
        return Mirror(left, tuple(row[::-1] for row in left))

    def solve(self, puzzle):
        return ["/".join(row[::-1] for row in puzzle.left)]

    def answer(self, puzzle):
        return "/".join(puzzle.right)

    def key(self, puzzle):
        return "/".join(puzzle.left)

    def wrong(self, puzzle, rng):
        changed = rng.choice(ROWS * HALF, rng.integers(1, 3), replace=False).tolist()
        right = {row * HALF + HALF - 1 - column for row, column in filled(puzzle.left)}
        return Mirror(puzzle.left, rows_with(right.symmetric_difference(changed)))

    def to_metadata(self, puzzle):
        return {"left": list(puzzle.left), "right": list(puzzle.right), "filled": len(filled(puzzle.left))}

    def from_metadata(self, metadata):
        for half in ("left", "right"):
            rows = metadata.get(half)
            if not (isinstance(rows, list) and re.fullmatch("([#.]{4},){4}", "".join(f"{row}," for row in rows))):
                raise PuzzleError(f"mirror: '{half}' must be {ROWS} texts of {HALF} characters, # or .")
        if not filled(metadata["left"]):
            raise PuzzleError("mirror: 'left' has no filled cell")
        return Mirror(tuple(metadata["left"]), tuple(metadata["right"]))

    def prompt(self, puzzle, style, rng):
        cells = "; ".join(place(row, HALF + column) for row, column in filled(puzzle.right))
        return PROMPTS[style][rng.integers(len(PROMPTS[style]))].format(cells=cells)

    def render(self, puzzle, progress, size=FRAME_SIZE):
        canvas = Canvas(size, size, PALETTE, "paper")
        xs, ys, thin = edges(2 * HALF, size), edges(ROWS, size), size // 256
        for x in xs:
            canvas.fill(x - thin, ys[0] - thin, x + thin, ys[-1] + thin, "line")
        for y in ys:
            canvas.fill(xs[0] - thin, y - thin, xs[-1] + thin, y + thin, "line")
        canvas.fill(xs[HALF] - 2 * thin, ys[0] - 9 * thin, xs[HALF] + 2 * thin, ys[-1] + 9 * thin, "axis")

        def fill(row, column, share, colour):  # the share of the cell that is nearest to the left
            left, right = xs[column] + 3 * thin, xs[column + 1] - 3 * thin
            canvas.fill(left, ys[row] + 3 * thin, left + round((right - left) * share), ys[row + 1] - 3 * thin, colour)

        for row, column in filled(puzzle.left):
            fill(row, column, 1, "given")
        answer = filled(puzzle.right)
        for number, (row, column) in enumerate(answer):
            fill(row, HALF + column, min(max(progress * len(answer) - number, 0), 1), "mirrored")
        return canvas.image()

    def state(self, puzzle, *, solved):
        return tuple(a + (b if solved else "." * HALF) for a, b in zip(puzzle.left, puzzle.right, strict=True))

    def read(self, frame):
        xs, ys, view = edges(2 * HALF, VIEW), edges(ROWS, VIEW), square_view(frame, VIEW)
        margin = np.r_[8 : ys[0] - 16, ys[-1] + 16 : VIEW - 8]  # the rows above and below the grid
        view = brightened(view, view[margin].reshape(-1, 3))
        kinds, distances = nearest_colours(view, PALETTE.table[:UNKNOWN])
        kinds[distances > FARTHEST**2] = UNKNOWN
        ink = kinds != PAPER
        lines = [ink[ys[0] : ys[-1], x - 3 : x + 4].any(axis=1).mean() for x in xs]
        lines += [ink[y - 3 : y + 4, xs[0] : xs[-1]].any(axis=0).mean() for y in ys]
        if ink[margin].mean() > 0.02 or min(lines) < 0.9:
            raise UnreadableFrameError("there is no grid on white ground")
        rows = [""] * ROWS
        for row, (top, bottom) in enumerate(pairwise(ys)):
            for column, (left, right) in enumerate(pairwise(xs)):
                cell = kinds[top + 6 : bottom - 6, left + 6 : right - 6]
                shares = [(cell == kind).mean() for kind in (PAPER, GIVEN, MIRRORED)]
                if max(shares) < 0.9:
                    raise UnreadableFrameError(f"{place(row, column)} is neither empty nor filled")
                rows[row] += ".##"[np.argmax(shares)]
        return tuple(rows)

    def difference(self, seen, expected):
        there, wanted = set(filled(seen)), set(filled(expected))
        words = {True: "empty instead of filled", False: "filled instead of empty"}
        found = [f"{place(*cell)} is {words[cell in wanted]}" for cell in sorted(there ^ wanted)]
        return f"{'; '.join(found)}." if found else "both show the same."
