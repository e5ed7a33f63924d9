"""The files of a question that has a folder of its own, and what stands in for a missing picture of the solution."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vmevalkit import media
from vmevalkit.dataroot import GROUND_TRUTH_NAME
from vmevalkit.errors import RecordError, VideoError
from vmevalkit.media import Frame
from vmevalkit.migration._reading import PICTURES, relative, text_at, with_suffix
from vmevalkit.migration.source import Content, NotUnderstood

GOAL_NAME = "goal.txt"
_MARGIN = 0.08
_SMALLEST_LETTERS = 10  # pixels


@dataclass(frozen=True)
class Frames:
    """The pictures of a question, and its film if it has one."""

    first: Content
    final: Content
    film: Path | None
    notes: Mapping[str, object] = field(default_factory=dict)
    """What else the folder says, and where a picture comes from that is no file of it; goes into the metadata."""


def read_frames(base: Path, folder: Path) -> Frames | NotUnderstood:
    """Find the pictures and the film in a question's folder.

    A question without a final frame gets one: a card with its ``goal.txt``, or else the last frame of its film.
    """
    first = with_suffix(folder, "first_frame", PICTURES)
    if first is None:
        return NotUnderstood(relative(base, folder), "has no first_frame.png")
    notes: dict[str, object] = {}
    goal = text_at(base, folder / GOAL_NAME) if (folder / GOAL_NAME).is_file() else None
    if isinstance(goal, NotUnderstood):
        return goal
    if goal is not None:
        notes["goal"] = goal
    final: Content | None = with_suffix(folder, "final_frame", PICTURES)
    film = folder / GROUND_TRUTH_NAME
    try:
        if final is None and goal:
            final, notes["final_frame_from"] = answer_card(goal, first), GOAL_NAME
        elif final is None and film.is_file():
            final, notes["final_frame_from"] = to_png(media.last_frame(film)), GROUND_TRUTH_NAME
    except (RecordError, VideoError) as error:
        return NotUnderstood(relative(base, folder), error.message)
    if final is None:
        return NotUnderstood(relative(base, folder), "has no final_frame.png, no goal.txt and no ground_truth.mp4")
    return Frames(first, final, film if film.is_file() else None, notes)


def to_png(frame: Frame) -> bytes:
    """Encode a frame without loss."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "PNG")
    return buffer.getvalue()


def answer_card(text: str, like: Path) -> bytes:
    """Draw a text on a white card of the size of another picture, as a PNG file.

    People and judges are shown a picture of the solution; where the solution is a text, this is it.

    Raises:
        RecordError: the other picture cannot be read.

    """
    try:
        with Image.open(like) as picture:
            width, height = picture.size
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise RecordError(like.name, f"cannot be decoded: {error}") from error
    card = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(card)
    room = (1 - 2 * _MARGIN) * width, (1 - 2 * _MARGIN) * height
    letters = max(height // 8, _SMALLEST_LETTERS)
    while True:
        font = ImageFont.load_default(letters)
        lines = _wrapped(draw, text, font, room[0])
        left, top, right, bottom = draw.multiline_textbbox((0, 0), lines, font=font, align="center")
        if letters <= _SMALLEST_LETTERS or (right - left <= room[0] and bottom - top <= room[1]):
            break
        letters = max(letters * 4 // 5, _SMALLEST_LETTERS)
    place = (width - (right - left)) / 2 - left, (height - (bottom - top)) / 2 - top
    draw.multiline_text(place, lines, fill="black", font=font, align="center")
    buffer = io.BytesIO()
    card.save(buffer, "PNG")
    return buffer.getvalue()


def _wrapped(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float
) -> str:
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and draw.textlength(longer, font=font) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines)
