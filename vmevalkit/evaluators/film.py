"""What can be said of a film without knowing the puzzle: whether the way from its first to its last frame was shown.

Every frame is projected onto the straight line between the first and the last one, in the pixels where those differ:
the *progress* is where on the line it lies, 0 at the first and 1 at the last frame, and the *departure* how far beside
the line, both in units of the line's length. A film that cuts to the end has no frame between; one that blends the end
in has frames between, but on the line. What moves, grows or is written piece by piece leaves it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmevalkit.media import Overview

SMALL_SIDE = 96
"""The shorter side of the pictures that are compared, in pixels."""

_LEAST_CHANGE = 12
"""By how much a pixel must differ, of 255, to count as different; more than compression does."""
_LEAST_PIXELS = 8
_BETWEEN = (0.1, 0.9)
_DEPARTURE = 0.15
"""Frames that lie nearer to the line than this are blends: these depart by 0.02, drawn ways by 0.3 and more."""
_LARGEST_DISTURBANCE = 24.0
"""How far, of 255, most of what is alike in the first and the last frame may be off in a frame that shows something."""
_LEAST_SHOWN = 0.25
"""The share of the frames between that must not be blends."""


@dataclass(frozen=True)
class Course:
    """How a film gets from its first frame to its last."""

    progress: NDArray[np.float64]
    """Of each frame."""
    departure: NDArray[np.float64]
    """Of each frame."""
    clear: NDArray[np.bool_]
    """Whether a frame still shows the picture, rather than a fade to black or another scene."""

    @property
    def between(self) -> NDArray[np.bool_]:
        """Which frames show neither the beginning nor the end."""
        return (self.progress > _BETWEEN[0]) & (self.progress < _BETWEEN[1])

    @property
    def cut(self) -> int | None:
        """The number of the frame at which the film jumps to its end; `None` if there is something between."""
        if self.between.any():
            return None
        return int(np.flatnonzero(self.progress <= _BETWEEN[0])[-1]) + 1

    @property
    def dissolve(self) -> bool:
        """Whether the frames between are blends of the first and the last."""
        between = self.between
        shown = between & self.clear & (self.departure > _DEPARTURE)
        return bool(np.count_nonzero(shown) < _LEAST_SHOWN * np.count_nonzero(between))


def course(film: Overview) -> Course | None:
    """Follow a film from its first to its last frame; `None` if the two are alike."""
    small = film.small
    first, last = small[0].astype(np.float64), small[-1].astype(np.float64)
    differs = np.abs(last - first) > _LEAST_CHANGE
    if np.count_nonzero(differs) < _LEAST_PIXELS:
        return None
    line = (last - first)[differs]
    length = float(np.sqrt(line @ line))
    progress, departure = np.zeros(len(small)), np.zeros(len(small))
    clear = np.ones(len(small), dtype=np.bool_)
    for number, picture in enumerate(small):
        moved = picture[differs] - first[differs]
        progress[number] = (moved @ line) / length**2
        beside = moved - progress[number] * line
        departure[number] = np.sqrt(beside @ beside) / length
        disturbance = np.abs(picture[~differs] - first[~differs])
        clear[number] = not disturbance.size or np.median(disturbance) <= _LARGEST_DISTURBANCE
    return Course(progress, departure, clear)


def spread(film: Overview, count: int) -> list[int]:
    """Choose frames, spread evenly over time and over change alike, the first and the last among them.

    A motion that takes a second of a film of ten gets as many frames as one that takes all of it.

    Returns:
        At most ``count`` numbers, in ascending order.

    """
    frames = len(film.small)
    if frames <= count:
        return list(range(frames))
    steps = np.array(
        [np.abs(film.small[n].astype(np.int16) - film.small[n - 1]).mean() for n in range(1, frames)], dtype=np.float64
    )
    change = steps / max(steps.sum(), 1e-9)
    place = np.concatenate([[0.0], np.cumsum(change + 1 / (frames - 1))])
    wanted = np.linspace(0.0, place[-1], count)
    picks = np.searchsorted(place, wanted - 1e-9).clip(0, frames - 1)
    return sorted({0, frames - 1, *(int(pick) for pick in picks)})
