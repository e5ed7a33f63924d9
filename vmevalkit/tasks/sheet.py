"""A sheet of thumbnails: what the questions of a domain look like, first and final frame side by side."""

from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from vmevalkit.tasks.domain import DIFFICULTIES, Difficulty, Domain
from vmevalkit.tasks.seeding import question_rng

_TILE = 176
_ACROSS = 5
_GAP, _BETWEEN = 12, 2
_LINE = 20
_TITLE = 56
_INK, _MUTED, _GROUND, _FRAME = "#1f2933", "#616e7c", "#f5f7fa", "#cbd2d9"


def thumbnail_sheet(domains: Sequence[Domain[Any, Any]], samples: int, seed: int) -> Image.Image:
    """Draw questions of each domain, the difficulties in turn.

    Args:
        domains: what to show, from top to bottom.
        samples: how many questions of each.
        seed: which questions.

    Returns:
        An RGB picture, about 1,850 pixels wide.

    """
    rows = -(-samples // _ACROSS)
    pair_width, pair_height = 2 * _TILE + _BETWEEN, _TILE + _LINE
    width = _GAP + min(samples, _ACROSS) * (pair_width + _GAP)
    height = len(domains) * (_TITLE + rows * (pair_height + _GAP)) + _GAP
    sheet = Image.new("RGB", (width, height), _GROUND)
    pen = ImageDraw.Draw(sheet)
    top = 0
    for domain in domains:
        pen.text((_GAP, top + 14), domain.title, fill=_INK, font=ImageFont.load_default(26))
        offset = _GAP + pen.textlength(domain.title, font=ImageFont.load_default(26)) + 14
        pen.text((offset, top + 23), domain.description, fill=_MUTED, font=ImageFont.load_default(15))
        top += _TITLE
        for number, (difficulty, first, final) in enumerate(_questions(domain, samples, seed)):
            left = _GAP + number % _ACROSS * (pair_width + _GAP)
            upper = top + number // _ACROSS * (pair_height + _GAP)
            for place, frame in enumerate((first, final)):
                corner = left + place * (_TILE + _BETWEEN)
                sheet.paste(frame, (corner, upper))
                pen.rectangle((corner, upper, corner + _TILE - 1, upper + _TILE - 1), outline=_FRAME)
            pen.text((left, upper + _TILE + 3), difficulty, fill=_MUTED, font=ImageFont.load_default(13))
        top += rows * (pair_height + _GAP)
    return sheet


def _questions(
    domain: Domain[Any, Any], samples: int, seed: int
) -> Iterator[tuple[Difficulty, Image.Image, Image.Image]]:
    for index in range(samples):
        difficulty = DIFFICULTIES[index % len(DIFFICULTIES)]
        puzzle = domain.sample(question_rng(domain.name, domain.version, seed, index, "puzzle", 0), difficulty)
        first, final = (
            frame.convert("RGB").resize((_TILE, _TILE), Image.Resampling.LANCZOS) for frame in domain.draw(puzzle)
        )
        yield difficulty, first, final
