"""Opening a video, and what reading and writing have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EAGAIN
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vmevalkit.errors import VideoError

Frame = NDArray[np.uint8]
"""A picture as an array of shape (height, width, 3), RGB, 0 to 255."""


@dataclass(frozen=True)
class VideoInfo:
    """What a decoder found in a file: pixels, frames per second, number of frames, seconds."""

    width: int
    height: int
    fps: float
    frames: int
    duration: float


@contextmanager
def opened(video: Path | bytes) -> Iterator[tuple[InputContainer, VideoStream]]:
    name = video.name if isinstance(video, Path) else "the video"
    try:
        with av.open(str(video) if isinstance(video, Path) else BytesIO(video), "r") as container:
            if not container.streams.video:
                raise VideoError(f"{name}: has no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise VideoError(f"{name}: has a codec that is not known")
            yield container, stream
    except FileNotFoundError as error:
        raise VideoError(f"{name}: no such file") from error
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        raise VideoError(f"{name}: cannot be decoded: {reason(error)}", retryable=is_lack_of_memory(error)) from error


def is_lack_of_memory(error: Exception) -> bool:
    """Tell whether there was no memory, or no thread for a decoder, which says nothing about a video."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == EAGAIN)


def reason(error: Exception) -> str:
    """Return what FFmpeg says, without the number of the error and the whole path."""
    return getattr(error, "strerror", None) or str(error)


def to_pixels(frame: av.VideoFrame) -> Frame:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def declared_seconds(stream: VideoStream) -> float:
    """Return how long a video is as its header has it; 0 if it does not say."""
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
