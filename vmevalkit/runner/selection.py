"""Which questions a command is about, and what is known of their domains."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from vmevalkit.dataroot import DataRoot, Pair, PairKey, load_pair
from vmevalkit.errors import PuzzleError, UnknownNameError, UsageError
from vmevalkit.runner.shards import Shard
from vmevalkit.tasks import Domain, domain_names, get_domain


def select_pairs(
    root: DataRoot,
    *,
    domains: Collection[str] | None = None,
    task_ids: Collection[str] | None = None,
    difficulties: Collection[str] | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
) -> list[PairKey]:
    """Return the questions on disk that a command asks for, sorted by domain and id.

    Args:
        root: the data root.
        domains: only these domains.
        task_ids: only these questions.
        difficulties: only questions of these difficulties.
        limit: at most so many questions of each domain.
        shard: only this part of all that.

    Raises:
        UsageError: there is no data root, or it has no questions, or the limit is below 1.
        UnknownNameError: a domain or question is not there.
        RecordError: a question whose difficulty counts cannot be read.

    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit must be at least 1, not {limit}")
    there = root.existing().domains()
    if not there:
        raise UsageError(f"no questions in {root.questions}", hint="make some with 'vmevalkit create'")
    for domain in domains or ():
        if domain not in there:
            raise UnknownNameError("domain", domain, there)
    if task_ids:
        known = {key.task_id for key in root.iter_pairs(domains or None)}
        for task_id in task_ids:
            if task_id not in known:
                raise UnknownNameError("question", task_id, known)
    chosen = [
        key
        for domain in there
        if not domains or domain in domains
        for key in islice(_of(root, domain, task_ids, difficulties), limit)
    ]
    if not chosen and difficulties:
        raise UsageError(
            f"there is no question of difficulty {' or '.join(difficulties)}", hint="say easy, medium, hard"
        )
    return chosen if shard is None else [key for index, key in enumerate(chosen) if shard.takes(index)]


def _of(
    root: DataRoot, domain: str, task_ids: Collection[str] | None, difficulties: Collection[str] | None
) -> Iterator[PairKey]:
    for key in root.iter_pairs([domain]):
        if (not task_ids or key.task_id in task_ids) and (
            not difficulties or load_pair(root, key).difficulty in difficulties
        ):
            yield key


def domain_of(pair: Pair) -> Domain[Any, Any] | None:
    """Return the domain that can film and read a question; `None` if nobody here knows its kind.

    A question that was made elsewhere may have a domain's name and say something else of its puzzle than that domain
    would.
    """
    if pair.domain not in domain_names():
        return None
    domain = get_domain(pair.domain)
    if not isinstance(domain, Domain):
        return None
    if not isinstance(pair.metadata.get("generator"), dict):
        try:
            domain.from_metadata(pair.metadata)
        except PuzzleError:
            return None
    return domain
