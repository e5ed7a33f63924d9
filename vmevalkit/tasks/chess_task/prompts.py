"""Words the task."""

from typing import Final

import numpy as np

from vmevalkit.tasks.chess_task.board import EMPTY, PIECE_NAMES, SIDE_NAMES
from vmevalkit.tasks.chess_task.puzzle import Puzzle
from vmevalkit.tasks.domain import PromptStyle

_TEMPLATES: Final[dict[PromptStyle, tuple[str, ...]]] = {
    "open": (
        "{Side} to move and checkmate in 1. Show the one {side} move that checkmates the {other} king: the piece "
        "slides to its new square, a piece that it captures disappears, and everything else stays where it is. "
        "The camera is fixed above the board.",
        "On this chessboard it is {side}'s turn, and a single move gives checkmate. Find that move and play it by "
        "sliding the piece in a straight line to its square; a captured piece vanishes when it arrives. "
        "No other piece moves, and the view stays still.",
        "Play the only {side} move that mates the {other} king at once. Exactly one {side} piece moves, nothing "
        "else on the board changes except a piece that is captured, and the picture ends with the {other} king "
        "checkmated. Static camera, seen from straight above.",
        "It is a mate in one for {side}. Film the winning move from above with a camera that does not move: one "
        "{side} piece glides to the square from which the {other} king is checkmated, taking what stands there, "
        "while all the other pieces remain in place.",
        "{Side} has exactly one move that ends this game by checkmate. Slide that piece to its square and leave "
        "every other piece untouched, unless it is captured by the move. The board, its colours and the fixed "
        "overhead view stay the same.",
    ),
    "instructed": (
        "{Side} to move and checkmate in 1. Move the {piece} from {origin} to {target}{extra}. Everything else "
        "stays where it is, and the camera is fixed above the board.",
        "The {side} {piece} on {origin} slides in a straight line to {target}{extra}, which checkmates the {other} "
        "king. No other piece moves, and the view stays still.",
        "Play the mating move for {side}: {piece} from {origin} to {target}{extra}. Nothing else on the board "
        "changes. Static camera, seen from straight above.",
        "{Side} mates in one by moving the {piece} on {origin} to {target}{extra}. Film it from above with a camera "
        "that does not move, while all the other pieces remain in place.",
    ),
}


def word_prompt(puzzle: Puzzle, style: PromptStyle, rng: np.random.Generator) -> str:
    """Word the task in one of several ways."""
    templates = _TEMPLATES[style]
    side, other = SIDE_NAMES[puzzle.side], SIDE_NAMES["b" if puzzle.side == "w" else "w"]
    extra = ""
    if puzzle.captured != EMPTY:
        extra += f", capturing the {other} {PIECE_NAMES[puzzle.captured.lower()]} there"
    if puzzle.promotion:
        extra += f", where it turns into a {PIECE_NAMES[puzzle.promotion]}"
    return templates[int(rng.integers(len(templates)))].format(
        Side=side.capitalize(),
        side=side,
        other=other,
        piece=PIECE_NAMES[puzzle.mover.lower()],
        origin=puzzle.move[:2],
        target=puzzle.move[2:4],
        extra=extra,
    )
