"""Matrices of three by three panels, the last of which is missing, in the tradition of Raven's tests."""

from vmevalkit.tasks.raven_task.domain import RavenDomain

__all__ = ["RavenDomain"]
