"""Encoding frames as a video."""

from collections.abc import Iterable
from errno import EDQUOT, EFBIG, ENOSPC
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from vmevalkit.errors import VideoError
from vmevalkit.media._container import Frame, is_lack_of_memory, reason

_BT709 = 1  # ITU-T H.273 code point, for matrix, primaries and transfer alike
_LIMITED_RANGE = 1
_DISK_FULL = (ENOSPC, EDQUOT, EFBIG)
"""Errors that say nothing about a video."""
_LONGEST_SIDE = 16384
"""What x264 takes, in pixels."""


def write_video(path: Path, frames: Iterable[Frame], *, fps: int, crf: int = 18) -> int:
    """Encode frames as H.264 (yuv420p, BT.709, fast start), the form that every browser plays.

    One encoder thread and FFmpeg's bit-exact mode make the bytes depend on the frames alone; parallel work is
    done a video per process.

    Args:
        path: the file to write; not atomic, give a temporary path.
        frames: equal-sized pictures with even sides of at most 16384 pixels.
        fps: frames per second.
        crf: x264's constant rate factor, 0 (lossless) to 51.

    Returns:
        The number of frames written.

    Raises:
        VideoError: there are no frames, or none of a size that can be encoded.
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
                    _check_sides(path, pixels)
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
        # Given frames that it can encode, x264 itself fails for lack of memory alone.
        if isinstance(error, av.error.ExternalError) or is_lack_of_memory(error):
            raise MemoryError("not enough memory") from error
        raise VideoError(f"{path.name}: cannot be written: {reason(error)}") from error
    return count


def _check_sides(path: Path, pixels: Frame) -> None:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2 or max(height, width) > _LONGEST_SIDE:
        problem = f"{width} x {height} pixels, where even sides of at most {_LONGEST_SIDE} can"
        raise VideoError(f"{path.name}: cannot be written: {problem}")


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
