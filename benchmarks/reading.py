"""How surely frames are read after what video models do to them: other sizes, black bars, lossy compression.

``python -m benchmarks.reading`` makes questions of every domain, distorts their first and final frames, reads them
and prints the shares that were read correctly, wrongly and not at all. It exits with 1 if a frame was read wrongly or
a wrong answer passed for the solution.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vmevalkit import media
from vmevalkit.errors import UnreadableFrameError
from vmevalkit.media import Frame
from vmevalkit.progress import shown
from vmevalkit.runner.executors import default_workers, map_ordered
from vmevalkit.tasks import DIFFICULTIES, Domain, domain_names, get_domain, question_rng

CORRECT, WRONG, UNREADABLE, PASSED = "correct", "wrong", "unreadable", "wrong passes"

_CHUNK = 5
_CRF = 28
_STILLS = 2  # an intra-coded picture and one predicted from it, which is the one that is read
_LISTED = 20  # mishaps that are spelled out per domain, so that a reader that always fails does not fill the memory


def _scaled(side: int, frame: Frame) -> Frame:
    return np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC))


def _letterboxed(width: int, height: int, frame: Frame) -> Frame:
    side = min(width, height)
    picture = Image.new("RGB", (width, height))
    picture.paste(Image.fromarray(_scaled(side, frame)), ((width - side) // 2, (height - side) // 2))
    return np.asarray(picture)


def _compressed(frame: Frame) -> Frame:
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        path = Path(folder) / "still.mp4"
        media.write_video(path, [frame] * _STILLS, fps=8, crf=_CRF)
        return media.last_frame(path)


def _compressed_letterboxed(width: int, height: int, frame: Frame) -> Frame:
    return _compressed(_letterboxed(width, height, frame))


CONDITIONS: dict[str, Callable[[Frame], Frame]] = {
    "480x480": partial(_scaled, 480),
    "720x720": partial(_scaled, 720),
    "1280x1280": partial(_scaled, 1280),
    "in 1280x720": partial(_letterboxed, 1280, 720),
    "in 720x1280": partial(_letterboxed, 720, 1280),
    f"CRF {_CRF}": _compressed,
    f"in 1280x720, CRF {_CRF}": partial(_compressed_letterboxed, 1280, 720),
}
_WRONG_ANSWER_CONDITION = f"CRF {_CRF}"


@dataclass(frozen=True)
class Chunk:
    """Neighbouring questions of one domain, for one worker."""

    domain: str
    seed: int
    indices: range
    keep: Path | None


@dataclass(frozen=True)
class Mishap:
    """A frame that was not read as it was drawn, or a wrong answer that passed."""

    domain: str
    index: int
    difficulty: str
    frame: str
    condition: str
    outcome: str
    reason: str


@dataclass
class Tally:
    """How often each outcome happened under each condition, and the first mishaps."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    mishaps: list[Mishap] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in another tally."""
        self.counts.update(other.counts)
        self.mishaps += other.mishaps[: _LISTED - len(self.mishaps)]


@dataclass(frozen=True)
class Row:
    """One line of the table; ``wrong_passes`` is `None` where wrong answers were not tried."""

    domain: str
    condition: str
    frames: int
    correct: int
    wrong: int
    unreadable: int
    wrong_passes: int | None


def examine(chunk: Chunk) -> Tally:
    """Make a chunk's questions, distort their frames and read them."""
    domain = _readable(chunk.domain)
    if domain is None:
        raise TypeError(f"{chunk.domain} has no reader")
    tally = Tally()
    for index in chunk.indices:
        _examine_question(domain, index, chunk, tally)
    return tally


def _examine_question(domain: Domain[Any, Any], index: int, chunk: Chunk, tally: Tally) -> None:
    identity = (domain.name, domain.version, chunk.seed, index)
    difficulty = DIFFICULTIES[index % len(DIFFICULTIES)]
    puzzle = domain.sample(question_rng(*identity, "puzzle", 0), difficulty)

    def note(outcome: str, frame_name: str, condition: str, frame: Frame, reason: str) -> None:
        tally.mishaps.append(Mishap(domain.name, index, difficulty, frame_name, condition, outcome, reason))
        if chunk.keep is not None:
            words = f"{domain.name}_{index:04d} {frame_name} {condition} {outcome}".replace(",", "").split()
            Image.fromarray(frame).save(chunk.keep / f"{'_'.join(words)}.png")

    for frame_name, drawn, solved in zip(("first", "final"), domain.draw(puzzle), (False, True), strict=True):
        pixels = np.asarray(drawn.convert("RGB"))
        expected = domain.state(puzzle, solved=solved)
        for condition, distort in CONDITIONS.items():
            frame = distort(pixels)
            outcome, reason = _outcome(domain, frame, expected)
            tally.counts[condition, outcome] += 1
            if outcome != CORRECT:
                note(outcome, frame_name, condition, frame, reason)

    wrong = domain.wrong(puzzle, question_rng(*identity, "wrong"))
    frame = CONDITIONS[_WRONG_ANSWER_CONDITION](np.asarray(domain.render(wrong, 1.0).convert("RGB")))
    if _outcome(domain, frame, domain.state(puzzle, solved=True))[0] == CORRECT:
        tally.counts[_WRONG_ANSWER_CONDITION, PASSED] += 1
        note(PASSED, "wrong answer", _WRONG_ANSWER_CONDITION, frame, "read as the solution")


def _outcome(domain: Domain[Any, Any], frame: Frame, expected: object) -> tuple[str, str]:
    try:
        seen = domain.read(frame)
    except UnreadableFrameError as error:
        return UNREADABLE, str(error)
    return (CORRECT, "") if domain.matches(seen, expected) else (WRONG, domain.difference(seen, expected))


def _readable(name: str) -> Domain[Any, Any] | None:
    domain = get_domain(name)
    return domain if isinstance(domain, Domain) else None


def measure(domains: Sequence[str], questions: int, seed: int, workers: int, keep: Path | None) -> Iterator[Tally]:
    """Examine the domains one after the other and yield the tally of each; memory does not grow with the questions."""
    spans = [range(start, min(start + _CHUNK, questions)) for start in range(0, questions, _CHUNK)]
    chunks = (Chunk(domain, seed, span, keep) for domain in domains for span in spans)
    with shown("Reading") as progress:
        progress.start(questions * len(domains), "questions")
        results = map_ordered(examine, chunks, workers)
        for _ in domains:
            tally = Tally()
            for span, result in zip(spans, results, strict=False):
                tally.add(result)
                progress.advance(len(span))
            yield tally


def rows(domain: str, tally: Tally) -> Iterator[Row]:
    """Lay a domain's tally out as lines of the table."""
    for condition in CONDITIONS:
        correct, wrong, unreadable = (tally.counts[condition, outcome] for outcome in (CORRECT, WRONG, UNREADABLE))
        passes = tally.counts[condition, PASSED] if condition == _WRONG_ANSWER_CONDITION else None
        yield Row(domain, condition, correct + wrong + unreadable, correct, wrong, unreadable, passes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    readable = [name for name in domain_names() if _readable(name)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--questions", type=int, default=1000, help="how many per domain (default: 1000)")
    parser.add_argument("--workers", type=int, default=default_workers(), help="processes (default: one per core)")
    parser.add_argument("--domains", nargs="+", choices=readable, default=readable, help="default: all")
    parser.add_argument("--seed", type=int, default=11, help="the seed of the questions (default: 11)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save the frames that were not read correctly")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.questions < 1:
        parser.error("--questions must be at least 1")
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)

    table: list[Row] = []
    mishaps: list[Mishap] = []
    if not options.json:
        columns = (CORRECT, WRONG, UNREADABLE, PASSED)
        print(f"{'':<9} {'':<20} {'frames':>7} " + " ".join(f"{column:>12}" for column in columns))
    tallies = measure(options.domains, options.questions, options.seed, options.workers, options.keep)
    for domain, tally in zip(options.domains, tallies, strict=True):
        lines = list(rows(domain, tally))
        table += lines
        mishaps += tally.mishaps
        if not options.json:
            _print_rows(lines)
    if options.json:
        json.dump(
            {
                "questions": options.questions,
                "seed": options.seed,
                "rows": [asdict(row) for row in table],
                "mishaps": [asdict(mishap) for mishap in mishaps],
            },
            sys.stdout,
            indent=2,
        )
    else:
        _print_mishaps(mishaps)
    if any(row.wrong or row.wrong_passes for row in table):
        sys.exit(1)


def _print_rows(lines: list[Row]) -> None:
    for row in lines:
        shares = (f"{count / row.frames:>12.3%}" for count in (row.correct, row.wrong, row.unreadable))
        passes = "" if row.wrong_passes is None else f"{row.wrong_passes:>12}"
        print(f"{row.domain:<9} {row.condition:<20} {row.frames:>7} {' '.join(shares)} {passes}".rstrip(), flush=True)


def _print_mishaps(mishaps: list[Mishap]) -> None:
    if mishaps:
        print(f"\nFrames that were not read correctly, at most {_LISTED} per domain:")
    for mishap in mishaps:
        where = f"{mishap.domain}_{mishap.index:04d} ({mishap.difficulty}), {mishap.frame} frame, {mishap.condition}"
        print(f"  {where}: {mishap.outcome}: {mishap.reason}")


if __name__ == "__main__":
    main()
