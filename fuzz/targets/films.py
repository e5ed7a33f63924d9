"""Pictures and films, which Pillow and FFmpeg decode."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz.target import Target
from vmevalkit.media import declared, overview, probe, write_video
from vmevalkit.runner.local import read_frame


def _picture() -> bytes:
    out = io.BytesIO()
    pixels = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(pixels).quantize(8).save(out, "PNG")
    return out.getvalue()


PICTURE = _picture()
"""A small PNG."""


def film() -> bytes:
    """Return a small MP4."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="vmevalkit-fuzz-") as folder:
        path = Path(folder, "film.mp4")
        frames = (np.full((32, 32, 3), 20 * number, dtype=np.uint8) for number in range(4))
        write_video(path, frames, fps=8)
        return path.read_bytes()


def _frame(data: bytes, folder: Path) -> object:
    path = folder / "frame.png"
    path.write_bytes(data)
    return read_frame(path).shape


def _film(data: bytes, folder: Path) -> object:
    path = folder / "film.mp4"
    path.write_bytes(data)
    return declared(path), probe(path), overview(path, side=16, max_frames=100)


TARGETS = (
    Target("picture", _frame, (PICTURE,), (b"IHDR", b"IDAT", b"PLTE", b"IEND", b"\xff\xff\xff\xff")),
    Target("film", _film, (film(),), (b"moov", b"trak", b"stsz", b"mdat", b"\xff\xff\xff\xff")),
)
