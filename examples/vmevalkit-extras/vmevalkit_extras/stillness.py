"""The evaluator ``StillnessEvaluator``: how much of a video stays as it was in the first frame."""

from bisect import bisect_left
from typing import ClassVar

import numpy as np

from vmevalkit.errors import VideoError
from vmevalkit.evaluators import Item, Verdict
from vmevalkit.media import overview

SIDE = 64  # pixels; the shorter side of the pictures that are compared
MAX_FRAMES = 7200  # two minutes at 60 frames per second
MOST_CHANGED = (0.05, 0.1, 0.2, 0.4)  # the shares of the picture up to which the scores 5, 4, 3 and 2 are given


class StillnessEvaluator:
    """Scores 5 if at most a twentieth of the picture is ever another one than in the first frame, and 1 if half is."""

    name: ClassVar[str] = "StillnessEvaluator"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "likes videos that stay as they begin"
    at_once: ClassVar[int] = 0  # it computes; one that waits for a server says how many videos it wants at once

    def __init__(self, tolerance: float = 32) -> None:
        """Take by how much a pixel may become brighter or darker, of 255, and still count as the same."""
        self._tolerance = float(tolerance)  # a text, if it was typed on the command line
        if not 0 <= self._tolerance < 255:
            raise ValueError("tolerance must be from 0 to below 255")

    def evaluate(self, item: Item) -> Verdict:
        """Score one video."""
        try:
            film = overview(item.video, side=SIDE, max_frames=MAX_FRAMES)
        except VideoError as error:
            return Verdict("error", None, f"undecodable: {error}", retryable=error.retryable)
        first = film.small[0].astype(np.int16)
        changed = max(float((abs(frame - first) > self._tolerance).mean()) for frame in film.small)
        score = 5 - bisect_left(MOST_CHANGED, changed)
        return Verdict("scored", score, f"Up to {changed:.0%} of the picture changes.", {"changed": round(changed, 4)})
