"""From a seed and a number to a finished question: the record and the pixels, nothing on disk yet."""

import io
from dataclasses import dataclass
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from PIL import Image

from vmevalkit import media
from vmevalkit.clock import timestamp
from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, GROUND_TRUTH_NAME, TASK_SUFFIX, Pair
from vmevalkit.errors import UsageError
from vmevalkit.tasks.domain import DIFFICULTIES, FRAME_SIZE, PROMPT_STYLES, Difficulty, Domain, PromptStyle
from vmevalkit.tasks.seeding import question_rng

P = TypeVar("P")

SMALLEST_SIZE, LARGEST_SIZE = 256, 2048
"""The side of frames in pixels; in smaller ones, pieces and digits cannot be told apart."""
LONGEST_FILM = 10_000
"""Frames."""

_COMPRESSION = 3  # half the time of zlib's default 6, for files that stay near 10 kB


@dataclass(frozen=True)
class FilmSpec:
    """How the film of the solution shall be.

    Raises:
        UsageError: it would have fewer than two frames, or too many.

    """

    fps: int = 16
    seconds: float = 3.0

    def __post_init__(self) -> None:
        if not isfinite(self.seconds):
            raise UsageError(f"a film cannot be {self.seconds} seconds long")
        if not (self.fps >= 1 and self.frames in range(2, LONGEST_FILM + 1)):
            raise UsageError(
                f"a film of {self.seconds:g} seconds at {self.fps} frames per second has {self.frames} frames",
                hint=f"it can have 2 to {LONGEST_FILM}",
            )

    @property
    def frames(self) -> int:
        """The number of frames."""
        return round(self.fps * self.seconds)


@dataclass(frozen=True)
class QuestionSpec:
    """All that a question depends on. The same spec gives the same question, whatever else is made."""

    domain: str
    seed: int
    index: int
    difficulty: Difficulty
    prompt_style: PromptStyle
    size: int = FRAME_SIZE
    """The side of the frames in pixels."""
    film: FilmSpec | None = None
    """The film of the solution to make; it is not part of what the question is."""
    attempt: int = 0
    """How many candidates before this one were puzzles that the data set already has."""


@dataclass(frozen=True)
class Question:
    """A finished question: its record, the two frames as PNG files, and the film as MP4 if one was asked for."""

    pair: Pair
    first_frame: bytes
    final_frame: bytes
    film: bytes | None = None


def check_size(size: int) -> None:
    """Raise a `UsageError` if frames cannot be so many pixels wide and high."""
    if size % 2 or not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise UsageError(f"the size of frames must be even, from {SMALLEST_SIZE} to {LARGEST_SIZE}, not {size}")


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


def puzzle_key(domain: Domain[Any, Any], spec: QuestionSpec) -> str:
    """Return what tells a question's puzzle from all others, as 32 hexadecimal digits, without making the question."""
    return _key(domain, _puzzle(domain, spec))


def _puzzle(domain: Domain[P, Any], spec: QuestionSpec) -> P:
    rng = question_rng(domain.name, domain.version, spec.seed, spec.index, "puzzle", spec.attempt)
    return domain.sample(rng, spec.difficulty)


def _key(domain: Domain[P, Any], puzzle: P) -> str:
    return blake2b(domain.key(puzzle).encode(), digest_size=16).hexdigest()


def make_question(domain: Domain[Any, Any], spec: QuestionSpec) -> Question:
    """Make, prove, draw and, if asked to, film one question.

    Raises:
        PuzzleError: the domain made a puzzle whose solution is not the only one.

    """
    identity = (domain.name, domain.version, spec.seed, spec.index)
    puzzle = _puzzle(domain, spec)
    domain.check(puzzle)
    first, final = domain.draw(puzzle, spec.size)
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
            "frame_size": spec.size,
            "key": _key(domain, puzzle),
            "prompt_style": spec.prompt_style,
            "prompts": prompts,
        },
    )
    film = film_solution(domain, puzzle, spec.size, spec.film) if spec.film else None
    return Question(pair, to_png(first), to_png(final), film)


def film_solution(domain: Domain[Any, Any], puzzle: object, size: int, film: FilmSpec) -> bytes:
    """Film a puzzle's solution and return the MP4 file."""
    with TemporaryDirectory(prefix="vmevalkit-") as folder:
        path = Path(folder) / GROUND_TRUTH_NAME
        media.write_video(path, domain.animate(puzzle, film.frames, size), fps=film.fps)
        return path.read_bytes()


def to_png(image: Image.Image) -> bytes:
    """Encode a picture as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()
