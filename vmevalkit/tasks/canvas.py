"""Drawing with few colours and smooth edges, and looking at frames that come back from a model.

Frames are palette pictures: they are drawn as arrays of colour numbers and stored a quarter as large and several
times as fast as RGB. Smooth edges come from shapes that are drawn large, shrunk to a *coverage* (how much of each
pixel they fill), and looked up in a ramp of colours between what lies under and what lies over.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vmevalkit.errors import UnreadableFrameError

Pixels = NDArray[np.uint8]
Point = tuple[float, float]
RGB = tuple[int, int, int]

_STEPS = 16
_OVERSAMPLING = 4
_LARGEST_OFFSET = 32  # of 255; a margin that is darker was not white


def rgb(colour: str) -> RGB:
    """Turn ``#rrggbb`` into numbers."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


class Palette:
    """Named colours and, for pairs that meet at an edge, the steps between them; 256 at most.

    Args:
        colours: name to ``#rrggbb``.
        blends: pairs (under, over) of names whose edges are to be smooth.

    """

    def __init__(self, colours: Mapping[str, str], blends: Iterable[tuple[str, str]] = ()) -> None:
        self._numbers = {name: number for number, name in enumerate(colours)}
        table = [rgb(colour) for colour in colours.values()]
        self._ramps: dict[tuple[str, str], Pixels] = {}
        for under, over in blends:
            low, high = np.array(rgb(colours[under])), np.array(rgb(colours[over]))
            steps = [low + (high - low) * step // _STEPS for step in range(1, _STEPS)]
            start = len(table)
            table += [(int(r), int(g), int(b)) for r, g, b in steps]
            ends = [self._numbers[under], *range(start, start + len(steps)), self._numbers[over]]
            level = (np.arange(256) * _STEPS + 127) // 255
            self._ramps[under, over] = np.array(ends, dtype=np.uint8)[level]
        if len(table) > 256:
            raise ValueError(f"a palette holds 256 colours, not {len(table)}")
        self.table: Pixels = np.array(table, dtype=np.uint8)
        """The colours, shape (n, 3)."""

    def number(self, name: str) -> int:
        """Return the number that stands for a named colour."""
        return self._numbers[name]

    def ramp(self, under: str, over: str) -> Pixels:
        """Return 256 colour numbers, from ``under`` at coverage 0 to ``over`` at 255."""
        return self._ramps[under, over]


class Canvas:
    """A picture in the making: colour numbers of shape (height, width) and the palette they refer to."""

    def __init__(self, width: int, height: int, palette: Palette, background: str) -> None:
        self.palette = palette
        self.pixels: Pixels = np.full((height, width), palette.number(background), dtype=np.uint8)

    def fill(self, left: int, top: int, right: int, bottom: int, colour: str) -> None:
        """Fill the rectangle of whole pixels [left, right) x [top, bottom)."""
        self.pixels[top:bottom, left:right] = self.palette.number(colour)

    def stamp(self, coverage: Pixels, left: int, top: int, *, under: str, over: str) -> None:
        """Put a shape in the colour ``over`` where the canvas shows ``under``; (left, top) is its corner."""
        height, width = coverage.shape
        target = self.pixels[top : top + height, left : left + width]
        np.copyto(target, self.palette.ramp(under, over)[coverage], where=coverage > 0)

    def image(self) -> Image.Image:
        """Return the picture, mode ``P``."""
        image = Image.fromarray(self.pixels)
        image.putpalette(self.palette.table.tobytes())
        return image


def coverage(
    width: int,
    height: int,
    polygons: Sequence[Sequence[Point]] = (),
    lines: Sequence[tuple[Sequence[Point], float]] = (),
    holes: Sequence[Sequence[Point]] = (),
) -> Pixels:
    """Rasterise shapes to a coverage of shape (height, width), 0 outside to 255 inside.

    Args:
        width: pixels.
        height: pixels.
        polygons: closed outlines to fill, in pixels from the upper left corner.
        lines: (points, width) of strokes with round ends and joints, in pixels.
        holes: closed outlines to cut out after all else is drawn.

    """
    scale = _OVERSAMPLING
    large = Image.new("L", (width * scale, height * scale))
    pen = ImageDraw.Draw(large)
    for outline in polygons:
        pen.polygon([(x * scale, y * scale) for x, y in outline], fill=255)
    for points, stroke in lines:
        radius = stroke * scale / 2
        scaled = [(x * scale, y * scale) for x, y in points]
        pen.line(scaled, fill=255, width=round(stroke * scale), joint="curve")
        for x, y in scaled:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    for outline in holes:
        pen.polygon([(x * scale, y * scale) for x, y in outline], fill=0)
    return np.asarray(large.reduce(scale))


def square_view(frame: Pixels, size: int) -> Pixels:
    """Cut the centred square out of a frame and scale it: undoes a letterbox or pillarbox.

    Args:
        frame: shape (height, width, 3), RGB.
        size: side of the result in pixels.

    Returns:
        Shape (size, size, 3).

    Raises:
        UnreadableFrameError: the frame is too small to see anything.

    """
    height, width = frame.shape[:2]
    side = min(height, width)
    if side < 64:
        raise UnreadableFrameError(f"the frame is only {width}x{height} pixels")
    top, left = (height - side) // 2, (width - side) // 2
    square = frame[top : top + side, left : left + side]
    if side == size:
        return square
    return np.asarray(
        Image.fromarray(square).resize((size, size), Image.Resampling.BOX if side > size else Image.Resampling.BICUBIC)
    )


def brightened(view: Pixels, margin: Pixels) -> Pixels:
    """Brighten a view so that its margin is white, as it was drawn: undoes a slight change of brightness or tint.

    Args:
        view: shape (height, width, 3), RGB.
        margin: those of its pixels that should be white, shape (n, 3).

    Raises:
        UnreadableFrameError: they are far from white.

    """
    offset = 255 - np.median(margin, axis=0).astype(np.int16)
    if offset.max() > _LARGEST_OFFSET:
        raise UnreadableFrameError("the margin is not white")
    return np.asarray(np.minimum(view + offset, 255), dtype=np.uint8)


def nearest_colours(frame: Pixels, colours: Pixels) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Find the nearest of a few colours for each pixel.

    Args:
        frame: shape (..., 3).
        colours: shape (n, 3).

    Returns:
        The colour's index and its squared RGB distance, both of shape (...).

    """
    delta = frame[..., None, :].astype(np.int32) - colours.astype(np.int32)
    distance = (delta * delta).sum(axis=-1)
    index = distance.argmin(axis=-1)
    return index, np.take_along_axis(distance, index[..., None], axis=-1)[..., 0]
