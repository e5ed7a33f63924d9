"""Which frames of a film a judge is shown.

A film is decoded twice: once into tiny pictures, from which the frames are chosen, and once for the chosen frames, each
of which is shrunk as it comes. No more than that is ever in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmevalkit.media import overview, picked_frames

Sampling = Literal["last", "uniform", "keyframe", "hybrid"]

_SIDE: Final = 16
"""The shorter side of the tiny pictures, in pixels."""
_MOST_FRAMES: Final = 18_000
"""Ten minutes at 30 frames per second."""
_TAIL_SHARE: Final = 3
"""Of the frames of ``hybrid``, one in so many is for the end."""
_PAUSE: Final = 2
"""``keyframe`` chooses frames that lie at least 1 / _PAUSE of their mean distance apart."""


@dataclass(frozen=True)
class SampledFrame:
    """A frame of a film."""

    number: int
    """From 0."""
    seconds: float
    image: Image.Image
    """RGB, no side longer than was asked for."""


@dataclass(frozen=True)
class SampledFilm:
    """What is shown of a film."""

    frames: tuple[SampledFrame, ...]
    """In the order of time; the last one is the film's last."""
    seconds: float
    """How long the whole film is."""


def sample_film(path: Path, sampling: Sampling, count: int, *, tail_seconds: float, max_side: int) -> SampledFilm:
    """Take frames out of a film; the same file always gives the same frames.

    Args:
        path: the film.
        sampling: see `choose_frames`.
        count: how many frames at most.
        tail_seconds: see `choose_frames`.
        max_side: larger frames are shrunk until no side is longer, in pixels.

    Raises:
        VideoError: the file is missing, broken, cut short, longer than 18,000 frames, or has none.

    """
    seen = overview(path, side=_SIDE, max_frames=_MOST_FRAMES)
    rate = seen.info.fps or seen.info.frames  # a film that names no rate counts as one second
    numbers = choose_frames(seen.small, sampling, count, tail=round(tail_seconds * rate))
    frames = (
        SampledFrame(number, number / rate, shrunk(Image.fromarray(pixels), max_side))
        for number, pixels in picked_frames(path, numbers)
    )
    return SampledFilm(tuple(frames), seen.info.frames / rate)


def choose_frames(small: NDArray[np.uint8], sampling: Sampling, count: int, *, tail: int) -> list[int]:
    """Choose frames by their numbers, in their order; the last frame is always among them.

    - ``last``: evenly over the tail, which is the last frame alone if ``count`` is 1.
    - ``uniform``: evenly over the film, from the first frame to the last.
    - ``keyframe``: the first, the last, and the frames that differ most from the one before them, some distance apart:
      cuts and moves, not what a codec calls key frames. A film in which nothing moves has only two.
    - ``hybrid``: two thirds evenly over the film before the tail, from the first frame on, and one third evenly over
      the tail.

    Args:
        small: the film; shape (frames, height, width), brightness.
        sampling: one of these.
        count: how many, at least 1; fewer if the film has fewer.
        tail: how many frames before the last one count as the end of the film.

    """
    last = len(small) - 1
    begin = max(last - tail, 0)
    match sampling:
        case "last":
            chosen = _evenly(begin, last, count)
        case "uniform":
            chosen = _evenly(0, last, count)
        case "keyframe":
            chosen = {last} if count == 1 else {0, last, *_changes(small, count - 2, last // (_PAUSE * count))}
        case "hybrid":
            at_end = max(count // _TAIL_SHARE, 1)
            chosen = _evenly(begin, last, at_end)
            if begin == 0:  # all of it is the end
                chosen = _evenly(0, last, count)
            elif count > at_end:
                before = min(count - at_end, begin)
                chosen |= {number * begin // before for number in range(before)}
    return sorted(chosen)


def _evenly(first: int, last: int, count: int) -> set[int]:
    """Return numbers from ``first`` to ``last``; the last alone if there is to be one."""
    steps = min(count - 1, last - first)
    if steps == 0:
        return {last}
    return {first + (2 * step * (last - first) + steps) // (2 * steps) for step in range(steps + 1)}


def _changes(small: NDArray[np.uint8], count: int, distance: int) -> Iterator[int]:
    """Yield the numbers of the frames that change most, each more than ``distance`` away from the others' numbers."""
    changes = np.zeros(len(small))
    for number in range(
        1, len(small)
    ):  # one by one: the differences of a long film would need several times its memory
        changes[number] = np.abs(small[number].astype(np.int16) - small[number - 1]).mean()
    for _ in range(count):
        number = int(np.argmax(changes))
        if changes[number] == 0:
            return
        yield number
        changes[max(number - distance, 0) : number + distance + 1] = 0


def shrunk(image: Image.Image, max_side: int) -> Image.Image:
    """Return a picture that is no longer than ``max_side`` on either side; a small one stays as it is."""
    copy = image.copy()
    copy.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return copy
