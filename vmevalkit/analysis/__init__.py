"""What the scores say."""

from vmevalkit.analysis.leaderboard import Cell, Leaderboard, Row, leaderboard

__all__ = ["Cell", "Leaderboard", "Row", "leaderboard"]
