"""The chess domain: positions with one mate in one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.canvas import Pixels
from vmevalkit.tasks.chess_task import rules, variations, watching
from vmevalkit.tasks.chess_task.board import EMPTY, PIECE_NAMES, SIDE_NAMES, contrast
from vmevalkit.tasks.chess_task.drawing import draw_board, draw_slide
from vmevalkit.tasks.chess_task.prompts import word_prompt
from vmevalkit.tasks.chess_task.puzzle import Puzzle, canonical
from vmevalkit.tasks.chess_task.reading import glimpse_board, read_board
from vmevalkit.tasks.chess_task.sampling import sample_puzzle
from vmevalkit.tasks.domain import FRAME_SIZE, Difficulty, Domain, Faults, PromptStyle


class ChessDomain(Domain[Puzzle, str]):
    """Mate in one. A state is a board: 64 characters in the reading order of FEN."""

    name = "chess"
    title = "Chess"
    description = "Strategic thinking and tactical pattern recognition"
    task_category = "mate_in_1"
    version = 1

    def sample(self, rng: np.random.Generator, difficulty: Difficulty) -> Puzzle:
        """Find a position with exactly one mating move; `sampling.BANDS` defines the difficulties."""
        return sample_puzzle(rng, difficulty)

    def solve(self, puzzle: Puzzle) -> list[str]:
        """Try all legal moves; return those that mate, in UCI, two at most."""
        return list(rules.analyse(puzzle.fen).mates)

    def answer(self, puzzle: Puzzle) -> str:
        """Return the move in UCI."""
        return puzzle.move

    def key(self, puzzle: Puzzle) -> str:
        """Return the position, the same for its mirror image and for the position with the sides swapped."""
        return canonical(puzzle.board, puzzle.side)

    def wrong(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Choose a legal move that does not mate: a mere check, another move of the right piece, or any other."""
        analysis = rules.analyse(puzzle.fen)
        others = [move for move in rules.legal_moves(puzzle.fen) if move not in analysis.mates]
        tempting = (
            [move for move in others if move in analysis.checks],
            [move for move in others if move[:2] == puzzle.move[:2]],
        )
        first = int(rng.integers(len(tempting)))
        if not others:
            raise PuzzleError(f"chess: every legal move mates: {puzzle.fen}")
        moves = tempting[first] or tempting[1 - first] or others
        return Puzzle(puzzle.fen, moves[int(rng.integers(len(moves)))])

    def near_miss(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Let the piece come to rest one square off its target."""
        return variations.near_miss(puzzle, rng)

    def tampered(self, puzzle: Puzzle, rng: np.random.Generator) -> Puzzle:
        """Have one other piece vanish, appear, change its kind or stand one square off."""
        return variations.tampered(puzzle, rng)

    def to_metadata(self, puzzle: Puzzle) -> dict[str, Any]:
        """Describe the position, the move in FEN, SAN and UCI, and what makes it easy or hard."""
        analysis = rules.analyse(puzzle.fen)
        captured, promotion = puzzle.captured, puzzle.promotion
        return {
            "fen_initial": puzzle.fen,
            "fen_final": rules.fen_after(puzzle.fen, puzzle.move),
            "solution": rules.san(puzzle.fen, puzzle.move),
            "solution_uci": puzzle.move,
            "side_to_move": SIDE_NAMES[puzzle.side],
            "mating_piece": PIECE_NAMES[puzzle.mover.lower()],
            "captured_piece": None if captured == EMPTY else PIECE_NAMES[captured.lower()],
            "promoted_to": PIECE_NAMES[promotion] if promotion else None,
            "legal_moves": analysis.legal_moves,
            "checks": len(analysis.checks),
            "pieces": 64 - puzzle.board.count(EMPTY),
        }

    def from_metadata(self, metadata: dict[str, Any]) -> Puzzle:
        """Rebuild a puzzle from ``fen_initial`` and ``solution_uci``, or the SAN in ``solution`` in its place."""
        fen = _text(metadata, "fen_initial")
        rules.position(fen)
        if "solution_uci" in metadata:
            move = _text(metadata, "solution_uci")
            if move not in rules.legal_moves(fen):
                raise PuzzleError(f"chess: solution_uci: not a legal move here: {move[:20]!r}")
        else:
            move = rules.move_from_san(fen, _text(metadata, "solution"))
        return Puzzle(fen, move)

    def prompt(self, puzzle: Puzzle, style: PromptStyle, rng: np.random.Generator) -> str:
        """Name the side to move and the task, or the move itself."""
        return word_prompt(puzzle, style, rng)

    def render(self, puzzle: Puzzle, progress: float, size: int = FRAME_SIZE) -> Image.Image:
        """Draw the board. On its way the piece slides above all others; what it captures goes when it arrives."""
        if progress <= 0:
            return draw_board(puzzle.board, size)
        if progress >= 1:
            return draw_board(puzzle.board_after, size)
        board = puzzle.board[: puzzle.origin] + EMPTY + puzzle.board[puzzle.origin + 1 :]
        eased = progress * progress * (3 - 2 * progress)
        return draw_slide(board, puzzle.mover, puzzle.origin, puzzle.target, eased, size)

    def state(self, puzzle: Puzzle, *, solved: bool) -> str:
        """Return the board before or after the move."""
        return puzzle.board_after if solved else puzzle.board

    def read(self, frame: Pixels) -> str:
        """See what is on each of the 64 squares."""
        return read_board(frame)

    def glimpse(self, frame: Pixels) -> str:
        """See what is on the squares that are clear; the others are marked with `reading.UNCLEAR`."""
        return glimpse_board(frame)

    def follow(self, puzzle: Puzzle, glimpses: Sequence[str | None]) -> Faults:
        """Watch the squares that have no part in the move, and whether only the right piece moved, and only there."""
        return watching.follow(puzzle, glimpses)

    def difference(self, seen: str, expected: str) -> str:
        """Name the squares that differ."""
        wrong = [square for square in range(64) if seen[square] != expected[square]]
        return contrast(seen, expected, wrong) if wrong else "The board is as expected."


def _text(metadata: dict[str, Any], field: str) -> str:
    value = metadata.get(field)
    if not isinstance(value, str):
        raise PuzzleError(f"chess: {field}: expected text, found {type(value).__name__}")
    return value
