"""Small pictures out of a video of any length, with a bound on the work."""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vmevalkit.errors import VideoError
from vmevalkit.media._container import Frame, declared_seconds, opened, to_pixels

_FEW_PIXELS = 10**9
"""A video of no more is decoded as a whole: 16 seconds of full HD."""
_MOST_PIXELS = 4 * 10**9
"""No more are decoded for one video: a quarter of a minute of work."""
_MOST_KEPT = 96
"""Small pictures of one video, at any time."""


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
    with opened(path) as (container, stream):
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
        return to_pixels(self._reformatter.reformat(frame, width, height, "rgb24", interpolation="AREA"))


def _end(container: InputContainer, stream: VideoStream) -> int | None:
    """Return when a video ends as its header has it, in the stream's unit of time; `None` if it does not say."""
    if stream.time_base is None:
        return None
    duration = stream.duration
    if duration is None and container.duration is not None:
        duration = int(container.duration / av.time_base / stream.time_base)
    return (stream.start_time or 0) + duration if duration else None


def _declared_pixels(stream: VideoStream) -> float:
    seconds = declared_seconds(stream)
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
