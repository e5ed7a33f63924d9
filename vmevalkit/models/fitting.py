"""Fitting a question to what a model can make: the nearest size and duration, with the first frame on a canvas."""

import io
from dataclasses import dataclass
from math import log

from PIL import Image

from vmevalkit.media import Frame
from vmevalkit.models.entry import Limits


@dataclass(frozen=True)
class Fitted:
    """What a model is asked for in place of what was wanted."""

    width: int
    height: int
    """Pixels."""
    seconds: float
    letterboxed: bool
    """Whether the frame has another shape than the video, and bars fill the rest."""


def fit(limits: Limits, width: int, height: int, seconds: float | None) -> Fitted:
    """Choose the size and the duration that a model allows and that come nearest.

    Of the sizes, the shape counts first, then the area. Of the durations, the shortest that is long enough, or else the
    longest.

    Args:
        limits: what the model allows.
        width: of the first frame, in pixels.
        height: of the first frame, in pixels.
        seconds: the wanted duration; `None` for the shortest that the model makes, or 2 seconds if it makes any.

    """
    sizes = limits.sizes or ((width, height),)
    shape = log(width / height)
    chosen = min(
        sizes,
        key=lambda size: (
            round(abs(log(size[0] / size[1]) - shape), 3),
            abs(log(_area(size) / (width * height))),
            size,
        ),
    )
    durations = sorted(limits.seconds)
    if not durations:
        length = 2.0 if seconds is None else seconds
    elif seconds is None:
        length = durations[0]
    else:
        length = next((duration for duration in durations if duration >= seconds), durations[-1])
    same_shape = abs(chosen[0] * height - chosen[1] * width) <= max(chosen)
    return Fitted(chosen[0], chosen[1], length, letterboxed=not same_shape)


def on_canvas(frame: Frame, width: int, height: int) -> bytes:
    """Return a frame as a PNG of the given size: scaled to fit, centred, with black bars where its shape differs."""
    picture = Image.fromarray(frame)
    if picture.size != (width, height):
        scale = min(width / picture.width, height / picture.height)
        inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        canvas = Image.new("RGB", (width, height))
        canvas.paste(
            picture.resize(inner, Image.Resampling.LANCZOS), ((width - inner[0]) // 2, (height - inner[1]) // 2)
        )
        picture = canvas
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
