"""What a judge goes by: one scale from 1 to 5, spelled out for each domain.

The scale is the rule evaluator's, so that scores of both kinds can be compared. The only digits in these texts are the
five scores, so that no text can speak of another scale.
"""

from dataclasses import dataclass
from typing import Final

SCORES: Final = (1, 2, 3, 4, 5)

SCALE: Final = (
    "5 = solved: the film ends on the solution, the givens are as they were, and the way was legal; "
    "4 = solved with a brief blemish that was put right and changes nothing; "
    "3 = the film ends on the solution, but the way was not legal, or givens were disturbed for long; "
    "2 = the film ends on something else than the solution; "
    "1 = the film ends as it began, or on nothing that can be recognised"
)
"""What the total means, in every domain."""

PARTS: Final[dict[str, str]] = {
    "solution": (
        "what the last frame shows: 5 = the solution; 4 = the solution, drawn carelessly; 3 = nearly the solution, one "
        "detail is off; 2 = another answer; 1 = still the question, or nothing that can be recognised"
    ),
    "givens": (
        "what must not change: 5 = as it was in every frame; 4 = a flaw that can hardly be seen; 3 = disturbed for a "
        "moment and put right; 2 = disturbed for long, or at the end; 1 = most of it is gone"
    ),
    "way": (
        "how the film gets there: 5 = legal from the first frame to the last; 4 = legal, but halting; 3 = in doubt, "
        "because the frames do not show it; 2 = against the rules in one place; 1 = against the rules "
        "throughout, or there is no way, as in a cut or a dissolve"
    ),
}
"""What each sub-score means."""


@dataclass(frozen=True)
class Rubric:
    """How films of one domain are judged."""

    givens: str
    """What the question gives, and what must stay as it is."""
    solution: str
    """What the last frame must show."""
    way: str
    """What is a legal way there, and what is not."""
    levels: tuple[str, str, str, str, str]
    """What the scores 1, 2, 3, 4 and 5 mean, in this order."""

    def text(self) -> str:
        """Return the rubric as the judge reads it."""
        levels = (f"{score}: {level}" for score, level in zip(reversed(SCORES), reversed(self.levels), strict=True))
        return "\n".join(
            [
                f"What is given: {self.givens}",
                f"What the last frame must show: {self.solution}",
                f"What a legal way is: {self.way}",
                "The scores:",
                *levels,
            ]
        )


GENERAL: Final = Rubric(
    givens=(
        "The first frame is the question. Everything in it that the task does not ask to change stays as it is: "
        "objects, marks, background and camera."
    ),
    solution=(
        "The state that the task asks for. If an expected final frame is shown, the last frame shows the same state."
    ),
    way=(
        "The state of the first frame turns into that of the last one step by step, by changes that the task allows. "
        "A cut, a dissolve from one picture into another, and objects that appear from nowhere are not legal, unless "
        "the task asks for them."
    ),
    levels=(
        "The film ends as it began, or on a picture in which the question can no longer be recognised.",
        "The film ends on a state that is neither the question nor the solution, however near to it.",
        "The film ends on the solution, but it got there by a way that is not legal, or things that had to stay were "
        "changed for a long part of the film or at its end.",
        "The film ends on the solution by a legal way, with a brief blemish: something that had to stay was disturbed "
        "for a moment and put right.",
        "The film ends on the solution, by a legal way, and nothing else was changed at any time.",
    ),
)
"""For domains that have no rubric of their own."""

RUBRICS: Final[dict[str, Rubric]] = {
    "chess": Rubric(
        givens=(
            "A chess position, seen from above: the kind, the colour and the square of every piece. The board, its "
            "orientation and the letters and digits at its edge belong to it. Only the piece that moves, and a piece "
            "that it captures, may change."
        ),
        solution=(
            "The position after exactly one legal move of the side to move, by which the other king is checkmated. A "
            "move that only gives check, or that wins pieces, is another answer. Compare every square with the "
            "expected final frame if it is shown."
        ),
        way=(
            "One piece of the side to move leaves its square and travels to its new one in a way that this kind of "
            "piece may move; what it captures disappears when it arrives. A second piece that moves, a piece that "
            "passes through another (a knight may), jumps across the board without moving, changes its kind (a pawn "
            "may, on the last rank) or appears from nowhere is not legal."
        ),
        levels=(
            "No move was made: the last frame is still the position of the first frame, or no board can be recognised.",
            "Another position: the wrong piece or the wrong square, more than one move, no checkmate, or pieces that "
            "are missing or too many at the end.",
            "The last frame shows the checkmate, but the way was not legal, such as a piece that jumped or a second "
            "piece that moved and came back, or other pieces were changed for long.",
            "The checkmating move was played legally; for a moment another piece or the board flickered or bent, and "
            "was then as before.",
            "Exactly the checkmating move was played, legally, and every other piece stayed where and what it was.",
        ),
    ),
    "maze": Rubric(
        givens=(
            "A maze seen from above: dark walls, a green dot at the start and a red target. None of them may change."
        ),
        solution=(
            "One continuous blue line from the green dot to the red target through the open corridors. It joins the "
            "two marks without a gap, crosses no wall and has no side branches."
        ),
        way=(
            "The line grows from the green dot and follows the corridors to the target. What has been drawn stays. A "
            "line that crosses a wall, even at a corner, that grows from elsewhere, runs into a dead end and is taken "
            "back, or appears all at once is not legal."
        ),
        levels=(
            "No line was drawn: the last frame is still the empty maze, or no maze can be recognised.",
            "Another picture: the line stops short of the target, takes a wrong turn, crosses a wall or has gaps or "
            "branches at the end, or walls or marks are changed at the end.",
            "The last frame shows the right line in the right maze, but on the way the line crossed a wall, was taken "
            "back from a dead end or appeared all at once, or walls or marks were changed for long.",
            "The right line was drawn along the corridors; for a moment a wall, a mark or the line itself flickered "
            "or bent, and was then as before.",
            "The right line grew from the dot to the target inside the corridors, and the maze never changed.",
        ),
    ),
    "sudoku": Rubric(
        givens=(
            "A grid in which some cells hold dark printed digits. These digits, the lines and the outlined boxes may "
            "not change."
        ),
        solution=(
            "The full grid: every cell that was empty holds one blue digit, and no digit occurs twice in a row, in a "
            "column or, where boxes are outlined, in a box. Compare every cell with the expected final frame if it is "
            "shown."
        ),
        way=(
            "Digits appear in the empty cells, by fading in or by being written, one after the other or several at a "
            "time, and stay. A digit that is replaced by another one after it has been finished, or that is written "
            "over a printed one, and a cut to the full grid are not legal."
        ),
        levels=(
            "Nothing was filled in: the last frame is still the question, or no grid can be recognised.",
            "Another grid: cells are empty, at least one digit is wrong or cannot be read, or a printed digit is "
            "changed at the end.",
            "The last frame shows the solution, but finished digits were replaced on the way, the grid was full from "
            "one frame to the next, or printed digits were changed for long.",
            "The right digits appeared and stayed; for a moment a printed digit or a line flickered or bent, and was "
            "then as before.",
            "Every empty cell got its right digit and kept it, and the printed digits and the lines never changed.",
        ),
    ),
    "rotation": Rubric(
        givens=(
            "A figure made of cubes on a round turntable with an orange mark near its rim. The number of cubes and how "
            "they are joined, the size and the colours, the light, the background and the camera may not change."
        ),
        solution=(
            "The same figure after the turn that the task asks for: by this angle, in this direction, about the "
            "upright axis, together with the turntable and its mark. A mirror image, another angle or the other "
            "direction is another answer. If an expected final frame is shown, the last frame shows the same view."
        ),
        way=(
            "Figure and turntable turn as one rigid piece, in the direction asked for, through the views in between, "
            "and stop. Turning the other way round, past the end and back, cutting or dissolving to the last view, "
            "and cubes that come off, melt or appear are not legal."
        ),
        levels=(
            "Nothing has turned: the last frame is still the view of the first frame, or no figure can be recognised.",
            "Another view or another figure: a wrong angle or direction, a mirror image, or cubes that are missing, "
            "too many or elsewhere at the end.",
            "The last frame shows the right view of the right figure, but it turned the wrong way round or past the "
            "end, was cut or dissolved, or the figure was deformed for long.",
            "The figure turned rightly to the right view; for a moment a cube, a colour or the turntable flickered or "
            "bent, and was then as before.",
            "The figure turned as one rigid piece by the angle and in the direction asked for, and nothing else "
            "changed.",
        ),
    ),
    "raven": Rubric(
        givens=(
            "A matrix of nine panels in three rows; the last panel holds a question mark. The other eight panels, "
            "their frames, the background and the camera may not change."
        ),
        solution=(
            "The same matrix, with the figures in the last panel that the rules of the rows call for: their shape, "
            "size, colour, number and position. The question mark is gone. A panel in which one of these is "
            "off is another answer. Compare the panel with the expected final frame if it is shown."
        ),
        way=(
            "The question mark gives way and the figures appear in its place, by fading in, by growing or by being "
            "drawn. Figures of another answer that are shown and then replaced, figures that are taken from other "
            "panels, and a cut to the full matrix are not legal."
        ),
        levels=(
            "Nothing was completed: the question mark is still there or the panel is empty, or no matrix can be "
            "recognised.",
            "Another matrix: the last panel holds other figures than the rules call for, or another panel is changed "
            "at the end.",
            "The last frame shows the right panel, but another answer was shown first, the panel was full from one "
            "frame to the next, or other panels were changed for long.",
            "The right figures appeared in the place of the question mark; for a moment another panel flickered or "
            "bent, and was then as before.",
            "The right figures appeared in the place of the question mark, and the other eight panels never changed.",
        ),
    ),
}
"""By the name of the domain."""


def rubric_of(domain: str) -> Rubric:
    """Return what films of a domain are judged by."""
    return RUBRICS.get(domain, GENERAL)
