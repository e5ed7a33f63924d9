"""Decoding a video: all of it, some of it, or what its header says."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vmevalkit.errors import VideoError
from vmevalkit.media._container import Frame, VideoInfo, declared_seconds, opened, to_pixels

_LEAST_SHARE = 0.9
"""Of the duration that a file declares, how much must be there."""
_MOST_ELONGATED = 4
"""How many times as long as wide a small picture may be."""


def read_frames(path: Path) -> Iterator[Frame]:
    """Decode a video frame by frame.

    Raises:
        VideoError: the file is missing, no video, or broken.

    """
    with opened(path) as (container, stream):
        for frame in container.decode(stream):
            yield to_pixels(frame)


def last_frame(path: Path) -> Frame:
    """Decode the last frame of a video.

    Raises:
        VideoError: the file is missing, broken, or has no frames.

    """
    with opened(path) as (container, stream):
        tail = deque(container.decode(stream), maxlen=1)
        if not tail:
            raise VideoError(f"{path.name}: has no frames")
        return to_pixels(tail[0])


def probe(path: Path) -> VideoInfo:
    """Decode a whole video and say what it holds; nothing is taken on trust from its header but the rate.

    Raises:
        VideoError: the file is missing, broken, cut short, or has no frames.

    """
    with opened(path) as (container, stream):
        count, width, height = 0, 0, 0
        for frame in container.decode(stream):
            count, width, height = count + 1, frame.width, frame.height
        return _checked(path, stream, count, width, height)


def declared(video: Path | bytes) -> VideoInfo:
    """Say what a video's header declares, without decoding anything: quick, and to be trusted as far as the header.

    Raises:
        VideoError: it is missing or no video, or its header names no size or no frames.

    """
    name = video.name if isinstance(video, Path) else "the video"
    with opened(video) as (_, stream):
        fps = float(stream.average_rate or 0)
        duration = declared_seconds(stream)
        frames = stream.frames or round(duration * fps)
        width, height = stream.codec_context.width, stream.codec_context.height
        if not (width and height and frames):
            raise VideoError(f"{name}: its header names no size or no frames")
        return VideoInfo(width, height, fps, frames, duration or (frames / fps if fps else 0.0))


@dataclass(frozen=True)
class Overview:
    """All frames of a video, small, and the first and the last of them as they are."""

    info: VideoInfo
    small: NDArray[np.uint8]
    """Shape (frames, height, width): brightness. The shorter side is as asked for."""
    first: Frame
    last: Frame


def overview(path: Path, *, side: int, max_frames: int) -> Overview:
    """Decode a whole video into small pictures.

    Args:
        path: the video.
        side: the shorter side of the small pictures, in pixels.
        max_frames: a longer video is refused, so that the memory needed has a bound.

    Raises:
        VideoError: the file is missing, broken, cut short, too long, or has no frames.

    """
    with opened(path) as (container, stream):
        _refuse_long(path, stream.frames, max_frames)
        small: list[NDArray[np.uint8]] = []
        reformatter = VideoReformatter()
        first: av.VideoFrame | None = None
        last: av.VideoFrame | None = None
        for frame in container.decode(stream):
            if first is None:
                first = frame
            elif (frame.width, frame.height) != (first.width, first.height):
                raise VideoError(f"{path.name}: the size changes from frame to frame")
            last = frame
            shrink = min(side / min(frame.width, frame.height), _MOST_ELONGATED * side / max(frame.width, frame.height))
            width, height = (max(round(length * shrink), 1) for length in (frame.width, frame.height))
            grey = reformatter.reformat(frame, width, height, "gray", interpolation="AREA")
            small.append(np.asarray(grey.to_ndarray(), dtype=np.uint8))
            _refuse_long(path, len(small), max_frames)
        if first is None or last is None:
            raise VideoError(f"{path.name}: has no frames")
        info = _checked(path, stream, len(small), last.width, last.height)
        return Overview(info, np.stack(small), to_pixels(first), to_pixels(last))


def picked_frames(path: Path, numbers: Collection[int]) -> Iterator[tuple[int, Frame]]:
    """Decode a video and yield the frames with these numbers, counted from 0, in their order.

    Raises:
        VideoError: the file is missing, no video, or broken.

    """
    wanted = set(numbers)
    last = max(wanted, default=-1)
    with opened(path) as (container, stream):
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                yield number, to_pixels(frame)
            if number >= last:
                return


def _refuse_long(path: Path, frames: int, max_frames: int) -> None:
    if frames > max_frames:
        raise VideoError(f"{path.name}: too long: more than {max_frames} frames")


def _checked(path: Path, stream: VideoStream, count: int, width: int, height: int) -> VideoInfo:
    """Return what was found, unless it is nothing, or less than the file declares."""
    if not count:
        raise VideoError(f"{path.name}: has no frames")
    fps = float(stream.average_rate or 0)
    duration = count / fps if fps else 0.0
    declared = declared_seconds(stream)
    # A file whose index comes first decodes as far as it goes. What an edit list hides may be missing.
    if fps and duration < _LEAST_SHARE * declared - 1 / fps:
        raise VideoError(f"{path.name}: cut short: {duration:.2f} of {declared:.2f} s")
    return VideoInfo(width, height, fps, count, duration)
