"""Mazes: draw the one way from the green dot to the red target."""

from vmevalkit.tasks.maze_task.domain import MazeDomain
from vmevalkit.tasks.maze_task.puzzle import Maze
from vmevalkit.tasks.maze_task.reading import MazeState

__all__ = ["Maze", "MazeDomain", "MazeState"]
