"""Questions that are made straight into tar files on a remote, for more of them than a disk holds.

A tar file holds a fixed range of a domain's questions: file by file, an interrupted call is repeated and the work is
shared out. Beside each file lies what it holds, written after it. When all are there, the folder on the remote is a
``webdataset`` export like any other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import ValidationError

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import (
    Record,
    Request,
    dump_json,
    manifest_header,
)
from vmevalkit.errors import ConflictError, RecordError, UsageError
from vmevalkit.export._sink import WrittenFile
from vmevalkit.export.folder import MARKER_NAME, Marker
from vmevalkit.export.webdataset import Sample, ShardWriter, question_sample
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.distinct import make_distinct
from vmevalkit.runner.executors import Workers, check_workers
from vmevalkit.runner.shards import Shard
from vmevalkit.snapshots import Remote, upload_file
from vmevalkit.tasks import FRAME_SIZE, Difficulty, Domain, PromptStyle, describe, domain_names, get_domain
from vmevalkit.tasks.question import FilmSpec, Question, QuestionSpec, check_size, difficulty_of
from vmevalkit.threads import in_order

QUESTIONS_PER_FILE = 10_000
REQUEST_NAME = "request.json"
_NEVER = 1 << 62
_UPLOADS = 2


class Asked(Record):
    """What a folder of tar files is made of; it lies there from the beginning, and all calls must agree with it."""

    format: Literal["vmevalkit-request-1"] = "vmevalkit-request-1"
    domains: dict[str, int]
    """Name to the version of its generator."""
    pairs_per_domain: int
    random_seed: int
    difficulty: Difficulty | None
    prompt_style: PromptStyle
    size: int
    film: FilmSpec | None
    questions_per_file: int
    created_at: str


class Part(Record):
    """What a tar file holds; it is written after the file."""

    path: str
    size: int
    sha256: str
    items: int


@dataclass(frozen=True)
class Streamed:
    """What `stream_dataset` did."""

    files: int
    """Tar files that were made now."""
    questions: int
    """Questions in them."""
    bytes: int
    kept: int
    """Tar files that were there."""
    missing: int
    """Tar files that other shards have yet to make."""


@dataclass(frozen=True)
class _Place:
    """A tar file of the data set."""

    domain: str
    number: int

    @property
    def stem(self) -> str:
        return f"questions-{self.domain}-{self.number:06d}"

    @property
    def tar(self) -> str:
        return f"{self.stem}.tar"

    @property
    def part(self) -> str:
        return f"{self.stem}.json"


@dataclass(frozen=True)
class _Wanted:
    """Tells which questions of a domain are in the tar files that are to be made."""

    files: frozenset[int]
    per_file: int

    def __call__(self, index: int) -> bool:
        return index // self.per_file in self.files


def stream_dataset(
    remote: Remote,
    *,
    pairs_per_domain: int,
    random_seed: int,
    domains: Iterable[str] | None = None,
    difficulty: Difficulty | None = None,
    prompt_style: PromptStyle = "open",
    size: int = FRAME_SIZE,
    film: FilmSpec | None = None,
    questions_per_file: int = QUESTIONS_PER_FILE,
    shard: Shard | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Streamed:
    """Make questions and write them to tar files on a remote; of the local disk, only two files' worth is used.

    The questions are those that `create_dataset` makes of the same arguments. What is on the remote already is not made
    again.

    Args:
        remote: a folder of its own there.
        pairs_per_domain: how many of each domain.
        random_seed: the seed of the whole data set.
        domains: names; all that can be made in parts if `None`.
        difficulty: of every question; easy, medium and hard in turn if `None`.
        prompt_style: whether prompts name the solution.
        size: side of the frames in pixels.
        film: how to film the solutions; no films if `None`.
        questions_per_file: how many go into one tar file.
        shard: make this part of the tar files only.
        workers: number of processes, or a cluster.
        progress: told of every question.

    Raises:
        UnknownNameError: there is no such domain.
        UsageError: the numbers make no sense, or the remote holds a data set that was made with other arguments.
        PuzzleError: a domain has no further distinct puzzle.
        RemoteError: the store fails or refuses; repeat the call.

    """
    check_workers(workers)
    check_size(size)
    if questions_per_file < 1 or pairs_per_domain < 1:
        raise UsageError("there must be at least one question of each domain, and one in each file")
    made = {domain.name: domain for domain in _domains(domains)}
    asked = Asked(
        domains={name: domain.version for name, domain in made.items()},
        pairs_per_domain=pairs_per_domain,
        random_seed=random_seed,
        difficulty=difficulty,
        prompt_style=prompt_style,
        size=size,
        film=film,
        questions_per_file=questions_per_file,
        created_at=timestamp(),
    )
    asked = _agree(remote, asked)
    places = [_Place(name, number) for name in made for number in range(-(-pairs_per_domain // questions_per_file))]
    there = {found.key for found in remote.listing("")}
    missing = [(index, place) for index, place in enumerate(places) if place.part not in there]
    mine = [place for index, place in missing if not shard or shard.takes(index)]
    progress = progress or Silent()
    progress.start(
        sum(min(questions_per_file, pairs_per_domain - place.number * questions_per_file) for place in mine),
        "questions",
    )
    done: list[Part] = []
    with TemporaryDirectory(prefix="vmevalkit-") as folder:
        tars = _tars(Path(folder), asked, made, mine, workers, progress.advance)
        done.extend(in_order(partial(_send, remote), tars, workers=_UPLOADS, window=_UPLOADS))
    there = {found.key for found in remote.listing("")}
    left = sum(place.part not in there for place in places)
    if not left:
        _finish(remote, asked, places)
    return Streamed(
        files=len(done),
        questions=sum(part.items for part in done),
        bytes=sum(part.size for part in done),
        kept=len(places) - len(missing),
        missing=left,
    )


def _domains(names: Iterable[str] | None) -> Iterator[Domain[Any, Any]]:
    """Yield the domains; one that is a function makes all of its questions at once, and cannot be shared out."""
    for name in dict.fromkeys(domain_names() if names is None else names):
        domain = get_domain(name)
        if isinstance(domain, Domain):
            yield domain
        elif names is not None:
            raise UsageError(f"domain {name} is a function, whose questions cannot be made file by file")


def _agree(remote: Remote, asked: Asked) -> Asked:
    """Write down what is asked for, or check that it is what was asked for before; return what is written there."""
    with suppress(ConflictError):
        remote.create(REQUEST_NAME, dump_json(asked.to_json()).encode())
    try:
        before = Asked.model_validate_json(remote.read(REQUEST_NAME) or b"")
    except (ValidationError, UsageError) as error:
        raise RecordError(remote.uri(REQUEST_NAME), "is not what this version writes") from error
    for name in Asked.model_fields:
        then, now = getattr(before, name), getattr(asked, name)
        if name != "created_at" and then != now:
            raise UsageError(
                f"{remote.url} holds a data set with {name} {then}, not {now}",
                hint="ask for the same again, or name another place",
            )
    return before


def _tars(
    folder: Path,
    asked: Asked,
    domains: Mapping[str, Domain[Any, Any]],
    places: Iterable[_Place],
    workers: Workers,
    advance: Callable[[], None],
) -> Iterator[tuple[_Place, Path, WrittenFile]]:
    """Make the tar files in a folder; who takes one removes it."""
    for name, group in groupby(places, key=lambda place: place.domain):
        numbers = frozenset(place.number for place in group)
        # The questions after the last file that is wanted are nobody's business here.
        last = min(asked.pairs_per_domain, (max(numbers) + 1) * asked.questions_per_file)
        specs = (
            QuestionSpec(
                name,
                asked.random_seed,
                index,
                difficulty_of(index, asked.difficulty),
                asked.prompt_style,
                asked.size,
                asked.film,
            )
            for index in range(last)
        )
        questions = make_distinct(domains[name], specs, _Wanted(numbers, asked.questions_per_file), workers)
        for number, part in groupby(questions, key=lambda q: int(q.pair.metadata["index"]) // asked.questions_per_file):
            place = _Place(name, number)
            with closing(ShardWriter(folder, place.stem, shard_bytes=_NEVER)) as writer:
                for question in part:
                    writer.add(*_sample(question))
                    advance()
                (written,) = writer.finish()
            yield place, folder / written.path, written


def _sample(question: Question) -> Sample:
    record = dump_json(question.pair.to_json())
    return question_sample(question.pair, record, question.first_frame, question.final_frame, question.film)


def _send(remote: Remote, tar: tuple[_Place, Path, WrittenFile]) -> Part:
    place, path, written = tar
    upload_file(remote, place.tar, path)
    part = Part(path=place.tar, size=written.size, sha256=written.sha256, items=written.items)
    remote.write(place.part, dump_json(part.to_json()).encode())
    path.unlink()
    return part


def _finish(remote: Remote, asked: Asked, places: Iterable[_Place]) -> None:
    """Write what makes the files an export."""
    parts = list(in_order(lambda place: Part.model_validate_json(remote.read(place.part) or b""), places))
    counts = Counter(dict.fromkeys(asked.domains, asked.pairs_per_domain))
    request = Request(asked.random_seed, asked.pairs_per_domain, tuple(asked.domains))
    descriptions = {name: describe(name)[1] for name in asked.domains}
    marker = Marker(
        form="webdataset",
        counts={"questions": counts.total()},
        whole=("questions",),
        dataset=manifest_header(request, counts, descriptions, asked.created_at, asked.created_at),
        files=tuple(part.to_json() for part in sorted(parts, key=lambda part: part.path)),
    )
    remote.write(MARKER_NAME, dump_json(marker.to_json()).encode())
