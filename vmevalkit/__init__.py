"""Evaluate whether video-generation models can reason: questions, runs, scores, snapshots, dashboard."""

__version__ = "0.1.0"
