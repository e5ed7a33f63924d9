"""Videos: H.264 in MP4 out, RGB frames in. The only module that talks to FFmpeg's libraries."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EAGAIN, EDQUOT, EFBIG, ENOSPC
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vmevalkit.errors import VideoError

Frame = NDArray[np.uint8]
"""A picture as an array of shape (height, width, 3), RGB, 0 to 255."""

_BT709 = 1  # ITU-T H.273 code point, for matrix, primaries and transfer alike
_LIMITED_RANGE = 1
_LEAST_SHARE = 0.9
"""Of the duration that a file declares, how much must be there."""
_FEW_PIXELS = 10**9
"""For small pictures, a video of no more is decoded as a whole: 16 seconds of full HD."""
_MOST_PIXELS = 4 * 10**9
"""No more are decoded for the small pictures of one video: a quarter of a minute of work."""
_MOST_KEPT = 96
"""Small pictures of one video, at any time."""
_DISK_FULL = (ENOSPC, EDQUOT, EFBIG)
"""Errors that say nothing about a video."""


@dataclass(frozen=True)
class VideoInfo:
    """What a decoder found in a file: pixels, frames per second, number of frames, seconds."""

    width: int
    height: int
    fps: float
    frames: int
    duration: float


def write_video(path: Path, frames: Iterable[Frame], *, fps: int, crf: int = 18) -> int:
    """Encode frames as H.264 (yuv420p, BT.709, fast start), the form that every browser plays.

    One encoder thread and FFmpeg's bit-exact mode make the bytes depend on the frames alone; parallel work is
    done a video per process.

    Args:
        path: the file to write; not atomic, give a temporary path.
        frames: equal-sized pictures with even sides.
        fps: frames per second.
        crf: x264's constant rate factor, 0 (lossless) to 51.

    Returns:
        The number of frames written.

    Raises:
        VideoError: there are no frames, or they cannot be encoded.
        OSError: the disk is full.
        MemoryError: there is not enough memory.

    """
    count = 0
    try:
        with av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        ) as container:
            stream: VideoStream | None = None
            reformatter = VideoReformatter()
            for pixels in frames:
                if stream is None:
                    stream = _h264_stream(container, pixels, fps, crf)
                frame = reformatter.reformat(
                    av.VideoFrame.from_ndarray(pixels, format="rgb24"),
                    format="yuv420p",
                    dst_colorspace=Colorspace.ITU709,
                    dst_color_range=ColorRange.MPEG,
                )
                frame.pts = count
                frame.time_base = Fraction(1, fps)
                container.mux(stream.encode(frame))
                count += 1
            if stream is None:
                raise VideoError(f"{path.name}: no frames to write")
            container.mux(stream.encode())
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise OSError(error.errno, error.strerror) from error
        if _is_lack_of_memory(error):
            raise MemoryError("not enough memory") from error
        raise VideoError(f"{path.name}: cannot be written: {_reason(error)}") from error
    return count


def _h264_stream(container: av.container.OutputContainer, pixels: Frame, fps: int, crf: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "veryfast"})
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.thread_count = 1
    context = stream.codec_context
    context.flags |= av.codec.context.Flags.bitexact.value
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


@contextmanager
def _opened(video: Path | bytes) -> Iterator[tuple[InputContainer, VideoStream]]:
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
        raise VideoError(f"{name}: cannot be decoded: {_reason(error)}", retryable=_is_lack_of_memory(error)) from error


def _is_lack_of_memory(error: Exception) -> bool:
    """Tell whether there was no memory, or no thread for a decoder, which says nothing about a video."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == EAGAIN)


def _reason(error: Exception) -> str:
    """Return what FFmpeg says, without the number of the error and the whole path."""
    return getattr(error, "strerror", None) or str(error)


def _pixels(frame: av.VideoFrame) -> Frame:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def read_frames(path: Path) -> Iterator[Frame]:
    """Decode a video frame by frame.

    Raises:
        VideoError: the file is missing, no video, or broken.

    """
    with _opened(path) as (container, stream):
        for frame in container.decode(stream):
            yield _pixels(frame)


def last_frame(path: Path) -> Frame:
    """Decode the last frame of a video.

    Raises:
        VideoError: the file is missing, broken, or has no frames.

    """
    with _opened(path) as (container, stream):
        tail = deque(container.decode(stream), maxlen=1)
        if not tail:
            raise VideoError(f"{path.name}: has no frames")
        return _pixels(tail[0])


def probe(path: Path) -> VideoInfo:
    """Decode a whole video and say what it holds; nothing is taken on trust from its header but the rate.

    Raises:
        VideoError: the file is missing, broken, cut short, or has no frames.

    """
    with _opened(path) as (container, stream):
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
    with _opened(video) as (_, stream):
        fps = float(stream.average_rate or 0)
        duration = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
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
    with _opened(path) as (container, stream):
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
        return Overview(info, np.stack(small), _pixels(first), _pixels(last))


_MOST_ELONGATED = 4
"""How many times as long as wide a small picture may be."""


def picked_frames(path: Path, numbers: Collection[int]) -> Iterator[tuple[int, Frame]]:
    """Decode a video and yield the frames with these numbers, counted from 0, in their order.

    Raises:
        VideoError: the file is missing, no video, or broken.

    """
    wanted = set(numbers)
    last = max(wanted, default=-1)
    with _opened(path) as (container, stream):
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                yield number, _pixels(frame)
            if number >= last:
                return


def glimpses(path: Path, count: int, *, box: tuple[int, int]) -> list[Frame]:
    """Take small pictures out of a video, about evenly over its time.

    The work and the memory have a bound, however long or large the video is: a short one is decoded as a whole, in a
    long one each moment is looked for from the key frame before it, and not found exactly if that is far away.

    Args:
        path: the video.
        count: how many pictures at most; there are fewer if the video has fewer frames. The first and the last frame
            are among them; of a single picture, it is the last frame.
        box: width and height that a picture fits in. Smaller ones stay as they are.

    Raises:
        VideoError: the file is missing or broken, has no frames, or its last frame is too far from a key frame.

    """
    with _opened(path) as (container, stream):
        # Whoever wants many pictures makes them in several threads.
        stream.codec_context.thread_count = 1
        shrink = _Shrinker(box)
        end = _end(container, stream)
        if end is not None and (count == 1 or _declared_pixels(stream) > _FEW_PIXELS):
            found = _sought(container, stream, end, count, shrink)
            if found:
                return found
            container.seek(0)
        return _evenly(_passed(path, container, stream, shrink), count)


class _Shrinker:
    """Turns frames into pictures that fit in a box."""

    def __init__(self, box: tuple[int, int]) -> None:
        self._box = box
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Frame:
        shrink = min(self._box[0] / frame.width, self._box[1] / frame.height, 1)
        width, height = (max(round(side * shrink), 1) for side in (frame.width, frame.height))
        return _pixels(self._reformatter.reformat(frame, width, height, "rgb24", interpolation="AREA"))


def _end(container: InputContainer, stream: VideoStream) -> int | None:
    """Return when a video ends as its header has it, in the stream's unit of time; `None` if it does not say."""
    if stream.time_base is None:
        return None
    duration = stream.duration
    if duration is None and container.duration is not None:
        duration = int(container.duration / av.time_base / stream.time_base)
    return (stream.start_time or 0) + duration if duration else None


def _declared_pixels(stream: VideoStream) -> float:
    seconds = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    frames = stream.frames or seconds * float(stream.average_rate or 0)
    return frames * stream.codec_context.width * stream.codec_context.height


def _sought(
    container: InputContainer, stream: VideoStream, end: int, count: int, shrink: _Shrinker
) -> list[Frame] | None:
    """Look for each moment by itself; `None` if that does not lead to the last frame."""
    start = stream.start_time or 0
    found: dict[int | None, Frame] = {}
    try:
        for number in range(1, count):
            at = start + (end - start) * (number - 1) // (count - 1)
            frame, _ = _latest(container, stream, at, _MOST_PIXELS // count)
            if frame is not None:
                found[frame.pts] = shrink(frame)
        frame, is_last = _latest(container, stream, end, _MOST_PIXELS)
    except (av.error.FFmpegError, EOFError):
        return None
    if frame is None or not is_last:
        return None
    found[frame.pts] = shrink(frame)
    return list(found.values())


def _latest(
    container: InputContainer, stream: VideoStream, at: int, most_pixels: int
) -> tuple[av.VideoFrame | None, bool]:
    """Return the frame that is shown at a time, or the last one before it that is near; and whether it is the last."""
    container.seek(at, stream=stream)
    latest: av.VideoFrame | None = None
    for frame in container.decode(stream):
        if latest is not None and (most_pixels < 0 or (frame.pts is not None and frame.pts > at)):
            return latest, False
        latest = frame
        most_pixels -= frame.width * frame.height
    return latest, True


def _passed(path: Path, container: InputContainer, stream: VideoStream, shrink: _Shrinker) -> list[tuple[float, Frame]]:
    """Decode a whole video and keep some of its frames with their times, at equal distances, and the last one."""
    kept: list[tuple[float, Frame]] = []
    step, left = 1, _MOST_PIXELS
    last: tuple[float, av.VideoFrame] | None = None
    for number, frame in enumerate(container.decode(stream)):
        left -= frame.width * frame.height
        if left < 0:
            raise VideoError(f"{path.name}: too long to be looked at as a whole")
        last = (number if frame.time is None else frame.time, frame)
        if number % step == 0:
            kept.append((last[0], shrink(frame)))
            if len(kept) > _MOST_KEPT:
                kept, step = kept[::2], 2 * step
    if last is None:
        raise VideoError(f"{path.name}: has no frames")
    if kept[-1][0] != last[0]:
        kept.append((last[0], shrink(last[1])))
    return kept


def _evenly(kept: list[tuple[float, Frame]], count: int) -> list[Frame]:
    """Choose ``count`` moments at about equal distances in time, or all if there are no more."""
    if len(kept) <= count:
        return [picture for _, picture in kept]
    start, end = kept[0][0], kept[-1][0]
    wanted = [start + (end - start) * number / (count - 1) for number in range(count - 1)]
    chosen = {min(range(len(kept)), key=lambda number: abs(kept[number][0] - time)) for time in wanted}
    return [kept[number][1] for number in sorted(chosen | {len(kept) - 1})]


def _refuse_long(path: Path, frames: int, max_frames: int) -> None:
    if frames > max_frames:
        raise VideoError(f"{path.name}: too long: more than {max_frames} frames")


def _checked(path: Path, stream: VideoStream, count: int, width: int, height: int) -> VideoInfo:
    """Return what was found, unless it is nothing, or less than the file declares."""
    if not count:
        raise VideoError(f"{path.name}: has no frames")
    fps = float(stream.average_rate or 0)
    duration = count / fps if fps else 0.0
    declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    # A file whose index comes first decodes as far as it goes. What an edit list hides may be missing.
    if fps and duration < _LEAST_SHARE * declared - 1 / fps:
        raise VideoError(f"{path.name}: cut short: {duration:.2f} of {declared:.2f} s")
    return VideoInfo(width, height, fps, count, duration)
