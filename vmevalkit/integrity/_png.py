"""PNG files: their checksums, and a quick way to decode those that hold the frames of questions.

Frames are PNG files with a palette (https://www.w3.org/TR/png-3/). Nearly all the time that Pillow needs for one goes
into zlib; libdeflate decodes the same data several times as fast, as it is given all of it at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple
from zlib import crc32

import deflate
import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AROUND_CHUNK = 12
"""The bytes of a chunk's length, name and checksum."""
_HEADER_END = bytes([8, 3, 0, 0, 0])
"""Eight bits per pixel, a palette, and the only methods of compression, filtering and (no) interlacing."""
_KINDS = [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
_STEP = 61
"""Every so many-th byte of two pictures shows most differences; a prime, so that these are no columns."""


class BrokenPngError(Exception):
    """A file that is damaged; says where in a few words."""


class Chunk(NamedTuple):
    """A part of a PNG file."""

    kind: bytes
    body: bytes


@dataclass(frozen=True)
class Frame:
    """A decoded picture with a palette."""

    palette: bytes
    """Red, green and blue of each colour."""
    rows: bytes | bytearray
    """The lines of the picture, each a zero and then the place of every pixel's colour in the palette."""


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG file, each of which has been compared with its checksum.

    Raises:
        BrokenPngError: one is damaged, or the last one is missing.

    """
    start = len(SIGNATURE)
    while (end := start + _AROUND_CHUNK + int.from_bytes(data[start : start + 4])) <= len(data):
        kind = data[start + 4 : start + 8]
        if crc32(data[start + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise BrokenPngError(f"the checksum of its chunk {kind.decode('latin-1')} is wrong")
        yield Chunk(kind, data[start + 8 : end - 4])
        if kind == b"IEND":
            return
        start = end
    raise BrokenPngError("cut short")


def decode_frame(parts: list[Chunk]) -> Frame | None:
    """Decode a picture that is as plain as the frames of questions are.

    Args:
        parts: all chunks of the file.

    Returns:
        The picture; `None` if it has anything that needs a full decoder, to give its pixels or to say what is wrong.

    """
    if [kind for kind, _ in groupby(part.kind for part in parts)] != _KINDS:
        return None
    header, palette = parts[0].body, parts[1].body
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    is_palette = palette and len(palette) % 3 == 0 and len(palette) <= 3 * 256
    if header[8:] != _HEADER_END or not width or not height or parts[2].kind != b"IDAT" or not is_palette:
        return None
    line = width + 1
    try:
        rows = deflate.zlib_decompress(b"".join(part.body for part in parts[2:-1]), line * height)
    except deflate.DeflateError:
        return None
    if len(rows) != line * height or any(rows[::line]) or np.frombuffer(rows, np.uint8).max() >= len(palette) // 3:
        return None
    return Frame(palette, rows)


def differ(one: Frame, other: Frame) -> bool | None:
    """Tell whether two frames of the same size show something else; `None` if that takes a closer look."""
    if one.palette != other.palette:
        return None
    # Two places of a palette may hold the same colour.
    first: dict[bytes, int] = {}
    colours = (one.palette[start : start + 3] for start in range(0, len(one.palette), 3))
    table = bytes(first.setdefault(colour, place) for place, colour in enumerate(colours)).ljust(256)
    return any(one.rows[::step].translate(table) != other.rows[::step].translate(table) for step in (_STEP, 1))
