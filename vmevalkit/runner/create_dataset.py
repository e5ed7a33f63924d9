"""Make the questions of a data set, and read them back.

Run as ``python -m vmevalkit.runner.create_dataset`` it is ``vmevalkit create``.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vmevalkit.dataroot import (
    DATASET_NAME,
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    METADATA_NAME,
    PROMPT_NAME,
    QUESTION_NAMES,
    DataRoot,
    Pair,
    PairKey,
    Request,
    atomic_folder,
    dump_json,
    iter_pairs_on_disk,
    load_pair,
    read_header,
    remove_abandoned,
    remove_folder,
    write_bytes,
    write_manifest,
)
from vmevalkit.errors import UsageError
from vmevalkit.progress import Progress, Silent
from vmevalkit.runner.distinct import distinct, short_key
from vmevalkit.runner.executors import Workers, check_workers, map_ordered
from vmevalkit.runner.manifests import descriptions
from vmevalkit.runner.shards import Shard, alone
from vmevalkit.settings import load_settings
from vmevalkit.tasks import (
    DOMAIN_REGISTRY,
    FRAME_SIZE,
    Difficulty,
    Domain,
    FunctionDomain,
    PromptStyle,
    domain_names,
    get_domain,
)
from vmevalkit.tasks.question import (
    FilmSpec,
    Question,
    QuestionSpec,
    check_size,
    difficulty_of,
    film_solution,
    make_question,
    question_id,
)
from vmevalkit.threads import in_order

__all__ = ["DOMAIN_REGISTRY", "Created", "create_dataset", "read_dataset_from_folders"]

DEFAULT_PAIRS_PER_DOMAIN = 15
DEFAULT_SEED = 42
_WRITERS, _WINDOW = 16, 64


@dataclass(frozen=True)
class Created:
    """What `create_dataset` did."""

    made: int
    """Questions that were made now."""
    kept: int
    """Questions that were there already, untouched."""
    beyond: int
    """Questions that were there beyond the number asked for; they stay."""
    missing: dict[str, int]
    """Domain to the number of questions that its function did not deliver."""
    not_filmed: tuple[str, ...]
    """Domains whose solutions nobody can film, although films were asked for."""
    manifest_changed: bool


def create_dataset(
    root: DataRoot,
    *,
    pairs_per_domain: int = DEFAULT_PAIRS_PER_DOMAIN,
    random_seed: int = DEFAULT_SEED,
    domains: Iterable[str] | None = None,
    difficulty: Difficulty | None = None,
    prompt_style: PromptStyle = "open",
    size: int = FRAME_SIZE,
    film: FilmSpec | None = None,
    shard: Shard | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Created:
    """Bring a data root to at least ``pairs_per_domain`` questions of each domain.

    Questions that are there stay as they are, so that a data set can be grown and an interrupted call repeated.

    Args:
        root: where to; made if it is missing.
        pairs_per_domain: how many of each domain.
        random_seed: the seed of the whole data set.
        domains: names; all domains if `None`.
        difficulty: of every question; easy, medium and hard in turn if `None`.
        prompt_style: whether prompts name the solution.
        size: side of the frames in pixels.
        film: how to film the solutions; no ``ground_truth.mp4`` if `None`. Films that are there stay as they are.
        shard: make this part of the questions only, and leave the manifest to `merge_shards`. A domain that is a
            function is made as a whole, with the first part.
        workers: number of processes, or a cluster.
        progress: told of every question.

    Raises:
        UnknownNameError: there is no such domain.
        UsageError: the numbers make no sense, or the folder holds questions made with other arguments.
        BusyError: another process is making questions here.
        PuzzleError: a domain has no further distinct puzzle.

    """
    if pairs_per_domain < 1:
        raise UsageError(f"pairs per domain must be at least 1, not {pairs_per_domain}")
    check_workers(workers)
    check_size(size)
    names = list(dict.fromkeys(domains if domains is not None else domain_names()))
    loaded = [get_domain(name) for name in names]
    progress = progress or Silent()
    made = kept = beyond = 0
    missing: dict[str, int] = {}
    with alone(root.lock("create"), f"creating questions in {root.path}", shard):
        part = range(pairs_per_domain) if shard is None else range(shard.number - 1, pairs_per_domain, shard.count)
        progress.start(len(part) * len(names), "questions")
        for name, domain in zip(names, loaded, strict=True):
            if shard is None:
                remove_abandoned(root.domain_folder(name))
            if isinstance(domain, FunctionDomain):
                if shard is not None and shard.number > 1:
                    continue
                new, old = _from_function(root, domain, pairs_per_domain, progress)
                if new + old < pairs_per_domain:
                    missing[name] = pairs_per_domain - new - old
            else:
                specs = (
                    QuestionSpec(
                        domain.name, random_seed, index, difficulty_of(index, difficulty), prompt_style, size, film
                    )
                    for index in range(pairs_per_domain)
                )
                new, old = _from_generator(root, domain, specs, shard, workers, progress)
            made, kept = made + new, kept + old
            if shard is None:
                beyond += sum(1 for _ in root.iter_pairs([name])) - new - old
        changed = False
        if shard is None:
            request = Request(random_seed, pairs_per_domain, tuple(names))
            changed = write_manifest(root, request, descriptions(root), progress)
    unable = (name for name, domain in zip(names, loaded, strict=True) if isinstance(domain, FunctionDomain))
    return Created(made, kept, beyond, missing, tuple(unable) if film else (), changed)


def _from_generator(
    root: DataRoot,
    domain: Domain[Any, Any],
    specs: Iterable[QuestionSpec],
    shard: Shard | None,
    workers: Workers,
    progress: Progress,
) -> tuple[int, int]:
    made = kept = 0
    found = map_ordered(partial(_find_or_make, root, domain, shard), specs, workers)
    # Each file waits for the disk; several at once let the disk do it in one go.
    for is_new in in_order(partial(_store, root), distinct(domain, found), workers=_WRITERS, window=_WINDOW):
        made, kept = made + is_new, kept + (not is_new)
        progress.advance()
    return made, kept


@dataclass(frozen=True)
class _Kept:
    """A finished question on disk, and the film that it still lacks."""

    pair: Pair
    film: bytes | None


def _store(root: DataRoot, question: _Kept | Question) -> bool:
    """Write what is not on disk yet; return whether it is a new question."""
    if isinstance(question, Question):
        _publish(root, question)
        return True
    if question.film is not None:
        folder = root.pair_folder(question.pair.key)
        remove_abandoned(folder)
        write_bytes(folder / GROUND_TRUTH_NAME, question.film)
    return False


def _find_or_make(
    root: DataRoot, domain: Domain[Any, Any], shard: Shard | None, spec: QuestionSpec
) -> tuple[QuestionSpec, _Kept | Question | int]:
    """Return the finished question on disk, or a candidate for it, or the key of another shard's. Runs in a worker."""
    if shard is not None and not shard.takes(spec.index):
        return spec, short_key(domain, spec)
    pair = _finished(root, domain, spec)
    if pair is None:
        return spec, make_question(domain, spec)
    if spec.film is None or (root.pair_folder(pair.key) / GROUND_TRUTH_NAME).exists():
        return spec, _Kept(pair, None)
    return spec, _Kept(pair, film_solution(domain, domain.from_metadata(pair.metadata), spec.size, spec.film))


def _finished(root: DataRoot, domain: Domain[Any, Any], spec: QuestionSpec) -> Pair | None:
    """Return what is on disk if it is the whole of the question that the spec describes; `None` if half is missing."""
    key = PairKey(spec.domain, question_id(spec.domain, spec.index))
    folder = root.pair_folder(key)
    if not (folder / METADATA_NAME).exists():
        return None
    pair = load_pair(root, key)
    there = {"difficulty": pair.difficulty, **pair.metadata}
    wanted = {
        "generator": {"name": domain.name, "version": domain.version},
        "seed": spec.seed,
        "index": spec.index,
        "difficulty": spec.difficulty,
        "prompt_style": spec.prompt_style,
        "frame_size": spec.size,
    }
    for name, value in wanted.items():
        if there.get(name) != value:
            raise UsageError(
                f"{folder} holds a question with {name} {there.get(name)}, not {value}",
                hint="ask for the same again, or use another --data-dir; nothing is replaced",
            )
    return pair if _is_whole(root, key) else None


def _from_function(root: DataRoot, domain: FunctionDomain, count: int, progress: Progress) -> tuple[int, int]:
    keys = [PairKey(domain.name, question_id(domain.name, index)) for index in range(count)]
    kept = sum(_is_whole(root, key) for key in keys)
    if kept == count:
        progress.advance(count)
        return 0, kept
    made = kept = 0
    for question in domain.questions(count):
        if _is_whole(root, question.pair.key):
            kept += 1
        else:
            _publish(root, question)
            made += 1
        progress.advance()
    return made, kept


def _is_whole(root: DataRoot, key: PairKey) -> bool:
    folder = root.pair_folder(key)
    return all((folder / name).is_file() for name in QUESTION_NAMES)


def _publish(root: DataRoot, question: Question) -> None:
    folder = root.pair_folder(question.pair.key)
    remove_folder(folder)
    with atomic_folder(folder) as temporary:
        (temporary / FIRST_FRAME_NAME).write_bytes(question.first_frame)
        (temporary / FINAL_FRAME_NAME).write_bytes(question.final_frame)
        (temporary / PROMPT_NAME).write_text(question.pair.prompt, encoding="utf-8")
        if question.film is not None:
            (temporary / GROUND_TRUTH_NAME).write_bytes(question.film)
        (temporary / METADATA_NAME).write_text(dump_json(question.pair.to_json()), encoding="utf-8")


def read_dataset_from_folders(data_dir: Path | None = None) -> dict[str, Any]:
    """Read a data set from its question folders, in the shape of the manifest.

    Args:
        data_dir: the data root; the one of the settings if `None`.

    Returns:
        The manifest's fields, with ``pairs`` and their counts as they are on disk.

    Raises:
        UsageError: there is no such folder.
        RecordError: a question is broken; the message names its file.

    """
    root = DataRoot(data_dir if data_dir is not None else load_settings().data_dir).existing()
    header = read_header(root.manifest) if root.manifest.exists() else {}
    pairs = [pair.to_json() for pair in iter_pairs_on_disk(root)]
    return {**header, "name": DATASET_NAME, "total_pairs": len(pairs), "pairs": pairs}


if __name__ == "__main__":
    from vmevalkit.cli import main

    sys.exit(main(["create", *sys.argv[1:]]))
