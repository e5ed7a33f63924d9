"""Small pictures of videos and frames: made when they are first asked for, and kept as files.

They can be deleted at any time. A picture's name follows from its file's place, size and time of change, so that a file
that was replaced has another picture; what is not asked for any more goes when the folder has become too large.
"""

import io
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vmevalkit.dataroot import is_temporary, write_bytes
from vmevalkit.errors import VideoError
from vmevalkit.media import glimpses

_FORM = "1"
"""Changed whenever the pictures would be others."""
_POSTER_BOX = (256, 512)
_STRIP_FRAMES = 8
_STRIP_BOX = (480, 160)
_STRIP_GAP = 2
_THUMBNAIL_BOX = (160, 160)
_THUMBNAIL_COLOURS = 64
_MOST_PIXELS = 25 * 10**6
"""Of a question's frame; a larger one is not looked at."""
_JPEG_QUALITY = 82

_MOST_BYTES = 256 << 20
_BLOCK_BYTES = 4096
_LOOK_AFTER = 250
"""After so many new pictures, somebody looks how large the folder is."""
_TRY_AGAIN_SECONDS = 3600
_ABANDONED_SECONDS = 3600
_NONE = ".none"
"""Ends the name of a mark that no picture can be made."""


class NoPictureError(Exception):
    """No picture can be made of a file."""


@dataclass(frozen=True)
class Kind:
    """A kind of small pictures."""

    name: str
    media_type: str
    draw: Callable[[Path], bytes]
    """Raises `NoPictureError`."""


class Posters:
    """Small pictures, kept in a folder; safe to use from several threads and processes.

    Args:
        folder: theirs alone.
        most_bytes: how large it may become, in bytes; then the oldest pictures are removed.

    """

    def __init__(self, folder: Path, *, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._new = 0

    def tag(self, kind: Kind, source: Path) -> str:
        """Return a name for the picture of a file as it is now; `FileNotFoundError` if it is gone."""
        stat = source.stat()
        return sha256(f"{_FORM}\0{kind.name}\0{source}\0{stat.st_mtime_ns}\0{stat.st_size}".encode()).hexdigest()[:32]

    def kept(self, tag: str) -> bytes | None:
        """Return a picture that was made before; `None` if there is none yet.

        Raises:
            NoPictureError: somebody has tried not long ago, in vain.

        """
        path = self._place(tag)
        with suppress(OSError):
            return path.read_bytes()
        with suppress(OSError):
            if time.time() - path.with_suffix(_NONE).stat().st_mtime < _TRY_AGAIN_SECONDS:
                raise NoPictureError
        return None

    def make(self, kind: Kind, source: Path, tag: str) -> bytes:
        """Return a picture, made now unless somebody has done so meanwhile; `NoPictureError` if it cannot be."""
        found = self.kept(tag)
        if found is not None:
            return found
        path = self._place(tag)
        try:
            data = kind.draw(source)
        except NoPictureError:
            self._keep(path.with_suffix(_NONE), b"")
            raise
        self._keep(path, data)
        return data

    def _place(self, tag: str) -> Path:
        return self._folder / tag[:2] / f"{tag}.picture"

    def _keep(self, path: Path, data: bytes) -> None:
        # Without room for it, on a full disk or in a folder of somebody else, a picture is made each time.
        with suppress(OSError):
            write_bytes(path, data)
        with self._lock:
            is_time = self._new % _LOOK_AFTER == 0
            self._new += 1
        if is_time:
            self._tidy()

    def _tidy(self) -> None:
        """Remove the oldest pictures until a quarter of the room is free, if there are too many."""
        found = sorted(self._files())
        excess = sum(size for _, size, _ in found) - self._most_bytes
        if excess <= 0:
            return
        excess += self._most_bytes // 4
        for _, size, path in found:
            _remove(path)
            excess -= size
            if excess <= 0:
                return

    def _files(self) -> list[tuple[float, int, str]]:
        """List all pictures: when they were made, the room that they take, and where they are."""
        found = []
        abandoned = time.time() - _ABANDONED_SECONDS
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)  # noqa: PTH118 - tens of thousands
                with suppress(FileNotFoundError):
                    stat = os.stat(path)  # noqa: PTH116
                    if not is_temporary(name):
                        found.append((stat.st_mtime, max(stat.st_size, _BLOCK_BYTES), path))
                    elif stat.st_mtime < abandoned:
                        _remove(path)
        return found


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()


def _poster(video: Path) -> bytes:
    return _jpeg(_frames(video, 1, _POSTER_BOX)[0])


def _strip(video: Path) -> bytes:
    frames = _frames(video, _STRIP_FRAMES, _STRIP_BOX)
    height = max(frame.height for frame in frames)
    width = sum(frame.width for frame in frames) + _STRIP_GAP * (len(frames) - 1)
    strip = Image.new("RGB", (width, height), "white")
    left = 0
    for frame in frames:
        strip.paste(frame, (left, 0))
        left += frame.width + _STRIP_GAP
    return _jpeg(strip)


def _frames(video: Path, count: int, box: tuple[int, int]) -> list[Image.Image]:
    try:
        return [Image.fromarray(np.ascontiguousarray(frame)) for frame in glimpses(video, count, box=box)]
    except VideoError as error:
        raise NoPictureError from error


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return out.getvalue()


def _thumbnail(frame: Path) -> bytes:
    """Draw a frame in few colours: most are drawings, and stay small that way."""
    try:
        with Image.open(frame, formats=["PNG"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise NoPictureError
            picture = _on_white(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise NoPictureError from error
    picture.thumbnail(_THUMBNAIL_BOX, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.quantize(_THUMBNAIL_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("RGB")


POSTER = Kind("poster", "image/jpeg", _poster)
"""The last frame of a video, about 256 pixels wide."""
STRIP = Kind("strip", "image/jpeg", _strip)
"""Frames of a video side by side, evenly over its time, the first and the last among them; 160 pixels high."""
THUMBNAIL = Kind("thumbnail", "image/png", _thumbnail)
"""A frame of a question, no side longer than 160 pixels."""
