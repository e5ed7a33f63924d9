"""From a seed and a number to a finished question: the record and the pixels, nothing on disk yet."""

import io
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from PIL import Image

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, TASK_SUFFIX, Pair
from vmevalkit.tasks.domain import DIFFICULTIES, PROMPT_STYLES, Difficulty, Domain, PromptStyle
from vmevalkit.tasks.seeding import question_rng

_COMPRESSION = 3  # half the time of zlib's default 6, for files that stay near 10 kB


@dataclass(frozen=True)
class QuestionSpec:
    """All that a question depends on. The same spec gives the same question, whatever else is made."""

    domain: str
    seed: int
    index: int
    difficulty: Difficulty
    prompt_style: PromptStyle
    attempt: int = 0
    """How many candidates before this one were puzzles that the data set already has."""


@dataclass(frozen=True)
class Question:
    """A finished question: its record and the two frames as PNG files."""

    pair: Pair
    first_frame: bytes
    final_frame: bytes


def question_id(domain: str, index: int) -> str:
    """Return the id of a domain's question number ``index``, such as ``chess_0000``."""
    return f"{domain}_{index:04d}"


def frame_paths(domain: str, task_id: str) -> tuple[str, str]:
    """Return where a question's first and final frame lie, relative to ``questions/``."""
    folder = f"{domain}{TASK_SUFFIX}/{task_id}"
    return f"{folder}/{FIRST_FRAME_NAME}", f"{folder}/{FINAL_FRAME_NAME}"


def difficulty_of(index: int, only: Difficulty | None) -> Difficulty:
    """Return a question's difficulty: the one asked for, or easy, medium and hard in turn."""
    return only or DIFFICULTIES[index % len(DIFFICULTIES)]


def make_question(domain: Domain[Any, Any], spec: QuestionSpec) -> Question:
    """Make, prove and draw one question.

    Raises:
        PuzzleError: the domain made a puzzle whose solution is not the only one.

    """
    identity = (domain.name, domain.version, spec.seed, spec.index)
    puzzle = domain.sample(question_rng(*identity, "puzzle", spec.attempt), spec.difficulty)
    domain.check(puzzle)
    first, final = domain.draw(puzzle)
    prompts = {style: domain.prompt(puzzle, style, question_rng(*identity, "prompt", style)) for style in PROMPT_STYLES}
    task_id = question_id(domain.name, spec.index)
    first_path, final_path = frame_paths(domain.name, task_id)
    pair = Pair(
        id=task_id,
        domain=domain.name,
        difficulty=spec.difficulty,
        task_category=domain.task_category,
        first_image_path=first_path,
        final_image_path=final_path,
        prompt=prompts[spec.prompt_style],
        created_at=timestamp(),
        metadata={
            **domain.to_metadata(puzzle),
            "generator": {"name": domain.name, "version": domain.version},
            "seed": spec.seed,
            "index": spec.index,
            "attempt": spec.attempt,
            "key": blake2b(domain.key(puzzle).encode(), digest_size=16).hexdigest(),
            "prompt_style": spec.prompt_style,
            "prompts": prompts,
        },
    )
    return Question(pair, to_png(first), to_png(final))


def to_png(image: Image.Image) -> bytes:
    """Encode a picture as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()
