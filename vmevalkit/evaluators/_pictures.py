"""Pictures as they are sent to a judge."""

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, UnidentifiedImageError

from vmevalkit.errors import RecordError
from vmevalkit.evaluators.frames import shrunk

ImageFormat = Literal["jpeg", "png"]


@dataclass(frozen=True)
class Picture:
    """A picture, encoded."""

    data: bytes
    media_type: str

    @property
    def sha256(self) -> str:
        """Of the bytes that are sent."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


def encode_picture(image: Image.Image, image_format: ImageFormat, quality: int) -> Picture:
    """Encode a picture; the same pixels always give the same bytes. JPEG keeps its colours at full size."""
    out = io.BytesIO()
    if image_format == "png":
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=quality, subsampling=0)
    return Picture(out.getvalue(), f"image/{image_format}")


def read_picture(path: Path, max_side: int) -> Image.Image:
    """Read a question's frame, shrunk as a film's frames are; `RecordError` if it cannot be decoded."""
    try:
        with Image.open(path) as image:
            return shrunk(image.convert("RGB"), max_side)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise RecordError(path, f"cannot be decoded: {error}") from error
