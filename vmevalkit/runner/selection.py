"""Which questions a command is about, and what is known of their domains."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from vmevalkit.dataroot import DataRoot, Pair, PairKey
from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.tasks import Domain, domain_names, get_domain


def select_pairs(
    root: DataRoot,
    *,
    domains: Collection[str] | None = None,
    task_ids: Collection[str] | None = None,
    limit: int | None = None,
) -> list[PairKey]:
    """Return the questions on disk that a command asks for, sorted by domain and id.

    Args:
        root: the data root.
        domains: only these domains.
        task_ids: only these questions.
        limit: at most so many questions of each domain.

    Raises:
        UsageError: there is no data root, or it has no questions, or the limit is below 1.
        UnknownNameError: a domain or question is not there.

    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit must be at least 1, not {limit}")
    there = root.existing().domains()
    if not there:
        raise UsageError(f"no questions in {root.questions}", hint="make some with 'vmevalkit create'")
    for domain in domains or ():
        if domain not in there:
            raise UnknownNameError("domain", domain, there)
    chosen = [key for domain in there if not domains or domain in domains for key in _of(root, domain, task_ids, limit)]
    found = {key.task_id for key in chosen}
    for task_id in task_ids or ():
        if task_id not in found:
            raise UnknownNameError("question", task_id, (key.task_id for key in root.iter_pairs(domains or None)))
    return chosen


def _of(root: DataRoot, domain: str, task_ids: Collection[str] | None, limit: int | None) -> Iterator[PairKey]:
    keys = (key for key in root.iter_pairs([domain]) if not task_ids or key.task_id in task_ids)
    return islice(keys, limit)


def domain_of(pair: Pair) -> Domain[Any, Any] | None:
    """Return the domain that can film and read a question; `None` if nobody here knows its kind."""
    if pair.domain not in domain_names():
        return None
    domain = get_domain(pair.domain)
    return domain if isinstance(domain, Domain) else None
