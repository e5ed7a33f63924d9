"""Pictures and videos of a source, checked, and made what our layout calls for."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from vmevalkit import media
from vmevalkit.dataroot import VideoFacts
from vmevalkit.errors import RecordError, UnsafePathError
from vmevalkit.migration.source import Content

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What an MP4 or QuickTime file can begin with (ISO/IEC 14496-12)."""


@dataclass(frozen=True)
class Picture:
    """A PNG file."""

    png: Content
    converted_from: str | None
    """The format that the source has, if it is no PNG."""


class Contents:
    """The files of one source.

    Args:
        base: the folder that they must lie in.

    """

    def __init__(self, base: Path) -> None:
        self._base = base.resolve()

    def checked(self, content: Content) -> Content:
        """Return bytes as they are, and a path without links.

        Raises:
            UnsafePathError: a link leads out of the source.
            RecordError: it cannot be read.

        """
        if isinstance(content, bytes):
            return content
        try:
            path = content.resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise RecordError(content.name, f"cannot be read: {error}") from error
        if not path.is_relative_to(self._base):
            raise UnsafePathError(f"{content.name} leads out of the source through a link")
        if not path.is_file() or not os.access(path, os.R_OK):
            raise RecordError(content.name, "is no file that can be read")
        return path

    def picture(self, what: str, content: Content) -> Picture:
        """Return a PNG as it is, whatever its size and mode; any other picture becomes one, pixel by pixel.

        Raises:
            UnsafePathError: a link leads out of the source.
            RecordError: it is no picture, a broken one, or a moving one.

        """
        content = self.checked(content)
        try:
            with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as image:
                if image.format == "PNG":
                    image.verify()
                    return Picture(content, None)
                if getattr(image, "n_frames", 1) > 1:
                    raise RecordError(what, f"is a {image.format} of several pictures")
                return Picture(_png(image), image.format)
        except UnidentifiedImageError as error:
            raise RecordError(what, "cannot be decoded: it is no picture") from error
        except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
            raise RecordError(what, f"cannot be decoded: {error}") from error

    def video(self, what: str, content: Content) -> tuple[Content, VideoFacts]:
        """Return an MP4 as it is, and what its header says; it is not decoded.

        Raises:
            UnsafePathError: a link leads out of the source.
            RecordError: it is no MP4.
            VideoError: its header cannot be read.

        """
        content = self.checked(content)
        if _beginning(content)[4:8] not in _MP4_BOXES:
            raise RecordError(what, "is no MP4", hint="convert it first, for instance with ffmpeg")
        return content, VideoFacts(**vars(media.declared(content)))


def size_of(content: Content) -> int:
    """Return how many bytes a file has."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _beginning(content: Content) -> bytes:
    if isinstance(content, bytes):
        return content[:8]
    with content.open("rb") as file:
        return file.read(8)


def _png(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    buffer = io.BytesIO()
    (upright if upright.mode in _PNG_MODES else upright.convert("RGB")).save(buffer, "PNG")
    return buffer.getvalue()
