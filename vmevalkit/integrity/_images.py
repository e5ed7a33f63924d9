"""Frames: whether they can be decoded, how large they are, and whether two of them show the same."""

import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AROUND_CHUNK = 12
"""The bytes of a chunk's length, name and checksum."""
_SAMPLE = 64
"""Side of the picture in which most differences are seen at once."""
_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for files that are no pictures, damaged or far too large."""


class BrokenImageError(Exception):
    """A picture that cannot be decoded; says why in a few words."""


@dataclass(frozen=True)
class Picture:
    """A picture that could be opened."""

    size: tuple[int, int]
    """Width and height in pixels."""
    format: str
    image: Image.Image | None
    """The pixels, if they were asked for."""


@contextmanager
def bombs_refused() -> Iterator[None]:
    """Make pictures of a size that nobody means an error, and say nothing of other oddities, inside the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def open_picture(source: str | bytes, *, decoded: bool) -> Picture:
    """Open a picture; to be called within `bombs_refused`.

    Args:
        source: a file's path, or its bytes.
        decoded: decode all of it, and keep the pixels.

    Raises:
        BrokenImageError: it cannot be decoded.

    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            if not decoded:
                return Picture(image.size, image.format or "", None)
            kind = image.format or ""
            if kind == "PNG" and isinstance(source, bytes):
                _check_chunks(source)
            image.load()
            return Picture(image.size, kind, image)
    except UnidentifiedImageError as error:
        raise BrokenImageError("not a picture") from error
    except _ERRORS as error:
        raise BrokenImageError(str(error) or type(error).__name__) from error


def _check_chunks(data: bytes) -> None:
    """Compare every chunk of a PNG file with its checksum, as Pillow does not for the pixels.

    See https://www.w3.org/TR/png-3/#5Chunk-layout.

    Raises:
        BrokenImageError: one is damaged, or the last one is missing.

    """
    start = len(_SIGNATURE)
    while (end := start + _AROUND_CHUNK + int.from_bytes(data[start : start + 4])) <= len(data):
        kind = data[start + 4 : start + 8]
        if zlib.crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise BrokenImageError(f"the checksum of its chunk {kind.decode('latin-1')} is wrong")
        if kind == b"IEND":
            return
        start = end
    raise BrokenImageError("cut short")


def show_the_same(one: Image.Image, other: Image.Image) -> bool:
    """Tell whether two decoded pictures have the same pixels."""
    if one.size != other.size:
        return False
    small = (_SAMPLE, _SAMPLE)
    return _same(one.resize(small, Image.Resampling.NEAREST), other.resize(small, Image.Resampling.NEAREST)) and _same(
        one, other
    )


def _same(one: Image.Image, other: Image.Image) -> bool:
    return one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()
