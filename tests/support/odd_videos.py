"""Files that people and models hand in as videos and that are anything but ordinary, made on the spot.

Each function makes a file in a folder and returns its path. All are called something.mp4, whatever they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

_ONE_AUDIO_FRAME = 1024


def pictures(count: int, width: int = 128, height: int = 96) -> Iterator[np.ndarray]:
    """A dark box that moves over a light ground, as RGB arrays."""
    for number in range(count):
        picture = np.full((height, width, 3), (240, 217, 181), np.uint8)
        left = number * (width // 2) // count
        picture[height // 4 : height // 2, left : left + width // 4] = (30, 60, 120)
        yield picture


def encoded(
    path: Path,
    frames: Iterator[np.ndarray],
    *,
    fps: int = 16,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    container: str = "mp4",
    options: Mapping[str, str] | None = None,
    ticks: Sequence[int] | None = None,
) -> Path:
    """Encode a video.

    Args:
        path: where to.
        frames: of equal size.
        fps: ticks per second.
        codec: FFmpeg's name of the encoder.
        pixels: FFmpeg's name of the pixel format.
        container: FFmpeg's name of the format.
        options: the encoder's.
        ticks: when to show each frame; by default one per tick.

    """
    with av.open(
        str(path), "w", format=container, options={"movflags": "+faststart"} if container == "mp4" else {}
    ) as file:
        stream = None
        for number, picture in enumerate(frames):
            if stream is None:
                stream = file.add_stream(codec, rate=fps, options=dict(options or {}))
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = pixels
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)
            frame.pts = ticks[number] if ticks else number
            frame.time_base = Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def ordinary(folder: Path) -> Path:
    """Two seconds at 16 frames per second, to compare with."""
    return encoded(folder / "ordinary.mp4", pictures(32))


# No video at all


def empty(folder: Path) -> Path:
    """A file of no bytes."""
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


def text(folder: Path) -> Path:
    """What a server says instead of sending the video."""
    path = folder / "text.mp4"
    path.write_text('{"error": "the video has expired"}\n' * 20)
    return path


def random_bytes(folder: Path) -> Path:
    """Bytes without any meaning."""
    path = folder / "random_bytes.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(20_000))
    return path


def undecodable(folder: Path) -> Path:
    """A sound container whose pictures have been overwritten with bytes without any meaning."""
    path = encoded(folder / "undecodable.mp4", pictures(32))
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + np.random.default_rng(1).bytes(len(data) - start))
    return path


def audio_only(folder: Path) -> Path:
    """Half a second of sound."""
    path = folder / "audio_only.mp4"
    rate = 16_000
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=rate, layout="mono")
        for start in range(0, rate // 2, _ONE_AUDIO_FRAME):
            wave = 0.2 * np.sin(np.arange(start, start + _ONE_AUDIO_FRAME) * (2 * np.pi * 440 / rate))
            frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def truncated(folder: Path) -> Path:
    """The first half of a video whose index comes first, as after a lost connection."""
    path = encoded(folder / "truncated.mp4", pictures(32), options={"g": "4"})
    data = path.read_bytes()
    start = data.index(b"mdat")
    path.write_bytes(data[: start + (len(data) - start) // 2])
    return path


# Pictures and very short, long, large or small videos


def picture(folder: Path) -> Path:
    """A PNG under another name."""
    path = folder / "picture.mp4"
    Image.fromarray(next(pictures(1))).save(path, format="PNG")
    return path


def one_frame(folder: Path) -> Path:
    """A video of a single frame."""
    return encoded(folder / "one_frame.mp4", pictures(1))


def four_k(folder: Path) -> Path:
    """A second of 3840 by 2160 pixels."""
    return encoded(folder / "four_k.mp4", pictures(12, 3840, 2160), fps=12, options={"preset": "ultrafast"})


def ten_minutes(folder: Path) -> Path:
    """Ten minutes of 64 by 64 pixels, 2 frames per second."""
    return encoded(folder / "ten_minutes.mp4", pictures(1200, 64, 64), fps=2, options={"preset": "ultrafast"})


def odd_size(folder: Path) -> Path:
    """Sides that are odd numbers of pixels."""
    return encoded(folder / "odd_size.mp4", pictures(16, 127, 95), pixels="yuv444p")


# Other ways to pack the same thing


def variable_rate(folder: Path) -> Path:
    """Frames of unequal length: 16 within the first second, 4 within the next."""
    ticks = [*range(16), 16, 20, 24, 28]
    return encoded(folder / "variable_rate.mp4", pictures(20), options={"bf": "0"}, ticks=ticks)


def b_frames(folder: Path) -> Path:
    """Frames that refer to later ones, and an edit list that sets the start right again."""
    options = {"bf": "3", "b_strategy": "0", "g": "16"}
    return encoded(folder / "b_frames.mp4", pictures(32), options=options)


def webm(folder: Path) -> Path:
    """VP9 in WebM under another name."""
    options = {"cpu-used": "8", "deadline": "realtime"}
    return encoded(folder / "webm.mp4", pictures(32), codec="libvpx-vp9", container="webm", options=options)


NO_VIDEOS = (empty, text, random_bytes, undecodable, audio_only, truncated)
"""Nothing that could be scored."""
VIDEOS = (ordinary, picture, one_frame, four_k, ten_minutes, odd_size, variable_rate, b_frames, webm)
"""They can be decoded."""
