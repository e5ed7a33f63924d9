"""Frames: whether they can be decoded, how large they are, and whether two of them show the same."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PIL import Image, UnidentifiedImageError

from vmevalkit.integrity._png import BrokenPngError, Frame, chunks, decode_frame, differ

_SAMPLE = 64
"""Side of the picture in which most differences are seen at once."""
_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for files that are no pictures, damaged or far too large."""


class BrokenImageError(Exception):
    """A picture that cannot be decoded; says why in a few words."""


@dataclass(frozen=True)
class Picture:
    """A picture that could be opened, and decoded if that was asked for."""

    size: tuple[int, int]
    """Width and height in pixels."""
    format: str
    source: str | bytes
    """A file's path, or its bytes."""
    frame: Frame | None = None
    """The pixels, if they were asked for and could be had quickly."""


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
        decoded: decode all of it; and compare every chunk of a PNG file with its checksum, as Pillow does not for the
            pixels. Only bytes can be decoded.

    Raises:
        BrokenImageError: it cannot be decoded.

    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            picture = Picture(image.size, image.format or "", source)
            if not decoded:
                return picture
            if picture.format == "PNG" and isinstance(source, bytes):
                frame = decode_frame(list(chunks(source)))
                if frame is not None:
                    return replace(picture, frame=frame)
            image.load()
            return picture
    except UnidentifiedImageError as error:
        raise BrokenImageError("not a picture") from error
    except BrokenPngError as error:
        raise BrokenImageError(str(error)) from error
    except _ERRORS as error:
        raise BrokenImageError(str(error) or type(error).__name__) from error


def show_the_same(one: Picture, other: Picture) -> bool:
    """Tell whether two decoded pictures of the same size have the same pixels."""
    if one.source == other.source:
        return True
    if one.frame is not None and other.frame is not None:
        different = differ(one.frame, other.frame)
        if different is not None:
            return not different
    with _reopened(one) as first, _reopened(other) as second:
        small = (_SAMPLE, _SAMPLE)
        return _same(
            first.resize(small, Image.Resampling.NEAREST), second.resize(small, Image.Resampling.NEAREST)
        ) and _same(first, second)


def _reopened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.source) if isinstance(picture.source, bytes) else picture.source)


def _same(one: Image.Image, other: Image.Image) -> bool:
    return one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()
