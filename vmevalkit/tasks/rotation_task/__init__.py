"""Figures of cubes on a turntable, to be imagined after a turn, in the tradition of Shepard and Metzler."""

from vmevalkit.tasks.rotation_task.domain import RotationDomain

__all__ = ["RotationDomain"]
