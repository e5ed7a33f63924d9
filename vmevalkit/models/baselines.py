"""Models that need no key, no GPU and no network, and whose scores are known beforehand.

They are the yardsticks of an evaluator: one that does not pass the oracle, or that passes any of the others, is wrong.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import ClassVar

import numpy as np

from vmevalkit.media import Frame, write_video
from vmevalkit.models.base import Film, FilmRequest, ModelError

_NOISE_GRAIN = 16  # pixels; finer noise makes files many times as large and shows nothing more


class _Baseline(ABC):
    name: ClassVar[str]
    version: ClassVar[str] = "1"
    description: ClassVar[str]

    def film(self, request: FilmRequest, path: Path) -> None:
        """Write the baseline's video."""
        write_video(path, map(_even, self.frames(request)), fps=request.fps)

    @abstractmethod
    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""


class Oracle(_Baseline):
    """Films the solution: what a perfect model would do."""

    name = "oracle"
    description = "films the solution"

    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""
        return _needed(request.solution, self.name)(request.frames)


class Wrong(_Baseline):
    """Films a plausible answer that is not the solution."""

    name = "wrong"
    description = "films a plausible wrong solution"

    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""
        return _needed(request.wrong, self.name)(request.frames)


class Static(_Baseline):
    """Holds the first frame: what a model does that ignores the prompt."""

    name = "static"
    description = "holds the first frame"

    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""
        return repeat(request.first_frame, request.frames)


class Crossfade(_Baseline):
    """Blends the first frame into the final one: the right end without any way there."""

    name = "crossfade"
    description = "blends the first frame into the final frame"

    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""
        first, final = request.first_frame.astype(np.float32), request.final_frame.astype(np.float32)
        for number in range(request.frames):
            share = number / max(request.frames - 1, 1)
            yield (first + (final - first) * share).round().astype(np.uint8)


class Noise(_Baseline):
    """Shows noise: nothing can be read from it."""

    name = "noise"
    description = "shows random noise"

    def frames(self, request: FilmRequest) -> Iterator[Frame]:
        """Yield what the video shows."""
        rng = np.random.Generator(np.random.PCG64(request.seed))
        height, width = request.first_frame.shape[:2]
        rows, columns = -(-height // _NOISE_GRAIN), -(-width // _NOISE_GRAIN)
        for _ in range(request.frames):
            grains = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
            yield grains.repeat(_NOISE_GRAIN, axis=0).repeat(_NOISE_GRAIN, axis=1)[:height, :width]


def _even(picture: Frame) -> Frame:
    """Show the last row or column of a picture with an odd side twice: H.264's colours are in blocks of two by two."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return picture


def _needed(film: Film | None, name: str) -> Film:
    if film is None:
        raise ModelError(f"the {name} baseline cannot film this domain: it comes without a solver")
    return film


BASELINES: dict[str, type[_Baseline]] = {model.name: model for model in (Oracle, Static, Crossfade, Noise, Wrong)}
"""The baselines, by name."""
