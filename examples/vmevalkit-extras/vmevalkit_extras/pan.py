"""The model ``pan``: a camera that goes once around the first frame."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from vmevalkit.media import Frame, write_video
from vmevalkit.models import FilmRequest


class PanModel:
    """Moves the first frame to the left; what leaves the picture there comes in again on the right."""

    name: ClassVar[str] = "pan"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "moves the first frame to the left, once around"

    def __init__(self, turns: float = 1.0) -> None:
        """Take how often the picture goes around; a film of whole turns ends as it began."""
        if turns <= 0:
            raise ValueError("turns must be above 0")
        self._turns = turns

    def film(self, request: FilmRequest, path: Path) -> None:
        """Write the video."""
        write_video(path, self._frames(request), fps=request.fps)

    def _frames(self, request: FilmRequest) -> Iterator[Frame]:
        height, width = request.first_frame.shape[:2]
        picture = request.first_frame[: height // 2 * 2, : width // 2 * 2]  # H.264 wants even sides
        for number in range(request.frames):
            share = number / max(request.frames - 1, 1)
            yield np.roll(picture, -round(share * self._turns * picture.shape[1]), axis=1)
