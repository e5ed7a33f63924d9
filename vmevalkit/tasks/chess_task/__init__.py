"""Chess: find and play the one move that checkmates."""

from vmevalkit.tasks.chess_task.domain import ChessDomain
from vmevalkit.tasks.chess_task.puzzle import Puzzle

__all__ = ["ChessDomain", "Puzzle"]
