"""The cost of making a question, against Pillow encoding its two frames as RGB PNG with its defaults."""

import io
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.measure import Ratio, alternate
from vmevalkit import media
from vmevalkit.runner.local import FPS, SECONDS
from vmevalkit.tasks import DIFFICULTIES, Domain, domain_names, get_domain, question_rng
from vmevalkit.tasks.question import Question, QuestionSpec, make_question

_COUNT = 60
_ROUNDS = 3
_FRAMES_TARGET = 0.35
_VIDEO_TARGET = 1.3


def ratios() -> Iterator[Ratio]:
    """Measure every domain, then their mean; then the films of each domain."""
    domains = [domain for domain in map(get_domain, domain_names()) if isinstance(domain, Domain)]
    costs = []
    for domain in domains:
        numbers = iter(range(10**9))

        def make(domain: Domain[object, object] = domain, numbers: Iterator[int] = numbers) -> list[Question]:
            specs = (
                QuestionSpec(domain.name, 7, index, DIFFICULTIES[index % 3], "open")
                for index in (next(numbers) for _ in range(_COUNT))
            )
            return [make_question(domain, spec) for spec in specs]

        frames = [_decoded(data) for q in make() for data in (q.first_frame, q.final_frame)]
        ours, yardstick = alternate(make, partial(_encode_all, frames), rounds=_ROUNDS)
        costs.append((ours / _COUNT, yardstick / _COUNT))
        yield Ratio(
            f"create {domain.name}, CPU per pair", _ms(costs[-1][0]), "Pillow RGB", _ms(costs[-1][1]), _FRAMES_TARGET
        )
    ours, yardstick = (sum(column) / len(costs) for column in zip(*costs, strict=True))
    yield Ratio("create, mean of the domains", _ms(ours), "Pillow RGB", _ms(yardstick), _FRAMES_TARGET)
    for domain in domains:
        yield _film(domain)


def _film(domain: Domain[object, object]) -> Ratio:
    puzzle = domain.sample(question_rng(domain.name, domain.version, 7, 1), "medium")
    count = round(FPS * SECONDS)
    frames = list(domain.animate(puzzle, count))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        ours, yardstick = alternate(
            lambda: media.write_video(path, domain.animate(puzzle, count), fps=FPS),
            lambda: media.write_video(path, frames, fps=FPS),
            rounds=5,
        )
    return Ratio(f"film {domain.name}, CPU", _ms(ours), "libx264 alone", _ms(yardstick), _VIDEO_TARGET)


def _decoded(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _encode_all(images: list[Image.Image]) -> None:
    for image in images:
        image.save(io.BytesIO(), "PNG")


def _ms(seconds: float) -> float:
    return seconds * 1000
