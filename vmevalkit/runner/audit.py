"""Audit an evaluator: have it score films whose worth is known beforehand."""

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from vmevalkit import media
from vmevalkit.clock import timestamp
from vmevalkit.dataroot import PASS_SCORE
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.evaluators import Evaluator, Item, Question, Verdict
from vmevalkit.media import Frame
from vmevalkit.models import BASELINES, FilmRequest
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.evaluation import map_evaluator
from vmevalkit.runner.executors import Workers
from vmevalkit.runner.scoring import rules_of
from vmevalkit.tasks import BUILT_IN_DOMAINS, DIFFICULTIES, Domain, get_domain, question_rng

__all__ = ["CONDITIONS", "KINDS", "Audit", "Condition", "Finding", "Tally", "audit_evaluator"]

FPS, FRAMES = 16, 32


@dataclass(frozen=True)
class Condition:
    """How the films are made: a frame of this size, black bars around the square picture, x264's rate factor."""

    name: str
    width: int
    height: int
    crf: int


CONDITIONS = (
    Condition("512x512", 512, 512, 18),
    Condition("1280x720, CRF 28", 1280, 720, 28),
)
"""Each film is made under all of them."""

ORACLE = "oracle"
KINDS: dict[str, str] = {
    **{name: model.description for name, model in BASELINES.items()},
    "jump": "holds the first frame, then the final frame",
    "near-miss": "films a solution that is off by the least that counts",
    "reversed": "films the solution backwards",
    "tampered": "films the solution after changing one of the givens",
    "detour": "films a wrong solution, then jumps to the final frame",
}
"""The kinds of films: what the baselines make, and more. The oracle is to pass, all others are to fail."""


@dataclass(frozen=True)
class Finding:
    """One film that was scored otherwise than it deserves."""

    domain: str
    index: int
    kind: str
    condition: str
    score: int
    explanation: str
    video: str | None
    """Where it is kept, if it is."""


@dataclass(frozen=True)
class Tally:
    """The films of one kind from one domain, in numbers of films."""

    domain: str
    kind: str
    films: int
    passed: int
    failed: int
    errors: int
    """Films that the evaluator could not judge."""

    @property
    def right(self) -> int:
        """How many were scored as they deserve."""
        return self.passed if self.kind == ORACLE else self.failed

    @property
    def judged(self) -> int:
        """How many were scored at all."""
        return self.passed + self.failed


@dataclass(frozen=True)
class Audit:
    """What an audit found."""

    evaluator: str
    version: str
    questions: int
    """Per domain."""
    seed: int
    conditions: tuple[str, ...]
    tallies: tuple[Tally, ...]
    findings: tuple[Finding, ...]
    errors: dict[str, int]
    """How often each reason was given for not judging a film."""
    created_at: str

    def accuracy(self, domain: str) -> float | None:
        """Return the share of a domain's judged films that were scored as they deserve; `None` if none was judged."""
        mine = [tally for tally in self.tallies if tally.domain == domain]
        judged = sum(tally.judged for tally in mine)
        return sum(tally.right for tally in mine) / judged if judged else None


@dataclass(frozen=True)
class _Job:
    domain: str
    index: int


@dataclass(frozen=True)
class _Scored:
    job: _Job
    kind: str
    condition: str
    verdict: Verdict
    video: str | None


def audit_evaluator(
    evaluator: Evaluator,
    *,
    domains: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    questions: int = 20,
    seed: int = 7,
    keep: Path | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Audit:
    """Film questions in all ways in which a video can be right or wrong, and have them scored.

    Args:
        evaluator: what is audited.
        domains: only these; by default the built-in ones.
        kinds: only these of `KINDS`.
        questions: how many of each domain, of all difficulties in turn.
        seed: decides which.
        keep: a folder for the films that were scored otherwise than they deserve.
        workers: number of processes or a cluster, for an evaluator that computes.
        progress: told of every question.

    Raises:
        UnknownNameError: there is no such domain or kind.
        UsageError: a domain comes without a solver, so that nothing is known of its films; or nothing can be scored.

    """
    domains = tuple(dict.fromkeys(domains or BUILT_IN_DOMAINS))
    kinds = tuple(dict.fromkeys(kinds or KINDS))
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownNameError("kind of film", kind, KINDS)
    for name in domains:
        _solvable(name)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    progress = progress or Silent()
    progress.start(len(domains) * questions, "questions")
    counts: Counter[tuple[str, str, str]] = Counter()
    errors: Counter[str] = Counter()
    findings: list[Finding] = []
    jobs = (_Job(domain, index) for domain, index in product(domains, range(questions)))
    audit = partial(_audit_question, evaluator, kinds, seed, keep)
    with closing(map_evaluator(evaluator, audit, jobs, workers)) as results:
        for scored in results:
            for film in scored:
                passed = _passed(film.verdict)
                outcome = "error" if passed is None else "passed" if passed else "failed"
                counts[film.job.domain, film.kind, outcome] += 1
                if passed is None:
                    errors[f"{film.kind}: {film.verdict.explanation}"] += 1
                elif passed != (film.kind == ORACLE):
                    findings.append(_finding(film))
            progress.advance()
    tallies = [
        Tally(domain, kind, sum(outcomes), *outcomes)
        for domain, kind in product(domains, kinds)
        for outcomes in [[counts[domain, kind, outcome] for outcome in ("passed", "failed", "error")]]
        if sum(outcomes)
    ]
    return Audit(
        evaluator=evaluator.name,
        version=evaluator.version,
        questions=questions,
        seed=seed,
        conditions=tuple(condition.name for condition in CONDITIONS),
        tallies=tuple(tallies),
        findings=tuple(findings),
        errors=dict(errors.most_common()),
        created_at=timestamp(),
    )


def _solvable(name: str) -> Domain[Any, Any]:
    domain = get_domain(name)
    if not isinstance(domain, Domain):
        raise UsageError(f"domain {name} comes without a solver: nothing is known of its films")
    return domain


def _passed(verdict: Verdict) -> bool | None:
    return None if verdict.score is None else verdict.score >= PASS_SCORE


def _finding(film: _Scored) -> Finding:
    return Finding(
        domain=film.job.domain,
        index=film.job.index,
        kind=film.kind,
        condition=film.condition,
        score=film.verdict.score or 0,
        explanation=film.verdict.explanation,
        video=film.video,
    )


def _audit_question(
    evaluator: Evaluator, kinds: Collection[str], seed: int, keep: Path | None, job: _Job
) -> list[_Scored]:
    """Film one question in all ways and have the films scored. Runs in a worker."""
    domain = _solvable(job.domain)

    def rng(purpose: str) -> np.random.Generator:
        return question_rng(domain.name, domain.version, seed, job.index, purpose)

    puzzle = domain.sample(rng("puzzle"), DIFFICULTIES[job.index % len(DIFFICULTIES)])
    films = _Films(domain, puzzle, rng)
    scored: list[_Scored] = []
    with TemporaryDirectory(prefix="vmevalkit-") as name:
        folder = Path(name)
        first, final = folder / "first_frame.png", folder / "final_frame.png"
        for path, picture in zip((first, final), domain.draw(puzzle), strict=True):
            picture.save(path)
        prompt = domain.prompt(puzzle, "open", rng("prompt"))
        question = Question(domain.name, f"{domain.name}_{job.index:04d}", prompt, first, final)
        for kind, condition in product(kinds, CONDITIONS):
            frames = films.of(kind)
            if frames is None:
                continue
            video = folder / f"{domain.name}_{job.index:04d}.{kind}.{condition.width}x{condition.height}.mp4"
            media.write_video(video, _placed(frames, condition), fps=FPS, crf=condition.crf)
            verdict = evaluator.evaluate(Item(video, question, rules_of(domain, puzzle)))
            kept = None
            passed = _passed(verdict)
            if keep is not None and passed is not None and passed != (kind == ORACLE):
                kept = video.name
                shutil.copyfile(video, keep / kept)
            scored.append(_Scored(job, kind, condition.name, verdict, kept))
            video.unlink()
    return scored


def _placed(frames: Sequence[Frame], condition: Condition) -> Iterator[Frame]:
    """Fit square pictures into the frame of a condition, between black bars."""
    before: tuple[Frame, Frame] | None = None
    for frame in frames:
        if before is None or before[0] is not frame:
            before = frame, _fitted(frame, condition)
        yield before[1]


def _fitted(frame: Frame, condition: Condition) -> Frame:
    height, width = frame.shape[:2]
    if (width, height) == (condition.width, condition.height):
        return frame
    side = min(condition.width, condition.height)
    picture = Image.new("RGB", (condition.width, condition.height))
    scaled = Image.fromarray(frame).resize((side, side), Image.Resampling.BICUBIC)
    picture.paste(scaled, ((condition.width - side) // 2, (condition.height - side) // 2))
    return np.asarray(picture)


class _Films:
    """The films of one question; the solution is drawn once."""

    def __init__(self, domain: Domain[Any, Any], puzzle: object, rng: Callable[[str], np.random.Generator]) -> None:
        self._domain, self._puzzle, self._rng = domain, puzzle, rng
        self._oracle = list(domain.animate(puzzle, FRAMES))

    def of(self, kind: str) -> Sequence[Frame] | None:
        """Return the frames of a kind of film; `None` if the domain cannot make it."""
        oracle, half = self._oracle, FRAMES // 2
        match kind:
            case "jump":
                return oracle[:1] * half + oracle[-1:] * half
            case "reversed":
                return oracle[::-1]
            case "near-miss":
                return self._variant(self._domain.near_miss, kind, FRAMES)
            case "tampered":
                film = self._variant(self._domain.tampered, kind, FRAMES)
                return film and oracle[:2] + film[2:]
            case "detour":
                film = self._variant(self._domain.wrong, "wrong", half)
                return film and film + oracle[-1:] * half
            case _:
                return list(BASELINES[kind]().frames(self._request()))

    def _variant(
        self, change: Callable[[Any, np.random.Generator], Any], purpose: str, frames: int
    ) -> list[Frame] | None:
        changed = change(self._puzzle, self._rng(purpose))
        return None if changed is None else list(self._domain.animate(changed, frames))

    def _request(self) -> FilmRequest:
        return FilmRequest(
            prompt="",
            first_frame=self._oracle[0],
            fps=FPS,
            frames=FRAMES,
            seed=int(self._rng("noise").integers(1 << 31)),
            final_frame=self._oracle[-1],
            solution=lambda _: iter(self._oracle),
            wrong=lambda count: iter(self._variant(self._domain.wrong, "wrong", count) or ()),
        )
