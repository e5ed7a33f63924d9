"""Whether a snapshot holds what shall be removed here: the same paths with the same bytes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import RecordError, VMEvalError
from vmevalkit.first_few import FirstFew
from vmevalkit.lifecycle._units import Unit, hidden_in
from vmevalkit.lifecycle.cleanup import is_junk
from vmevalkit.snapshots import Remote
from vmevalkit.snapshots.download import prove
from vmevalkit.snapshots.manifest import Row
from vmevalkit.snapshots.reading import hash_file, twice
from vmevalkit.snapshots.remote import MissingObjectError
from vmevalkit.snapshots.walk import LocalFile
from vmevalkit.threads import in_order


@dataclass(frozen=True)
class Judged:
    """A unit, and whether it may go."""

    unit: Unit
    sha256: tuple[str, ...]
    """Of each of its files; empty for a link."""
    rows: tuple[Row, ...]
    """Its files in the snapshot that holds them; empty if none was asked."""
    problem: str | None
    """Why it has to stay."""


def judged(root: DataRoot, units: Iterable[Unit], rows: Iterable[Row] | None, holder: str) -> Iterator[Judged]:
    """Yield each unit with the word on it, in their order; nothing is written.

    Args:
        root: the data root.
        units: sorted by path.
        rows: what the snapshot holds, sorted by path; `None` if it does not matter.
        holder: what the snapshot is called.

    """
    find = (lambda _: None) if rows is None else _finder(rows)
    pairs = ((unit, tuple(find(file.path) for file in unit.files)) for unit in units)
    yield from in_order(partial(_judge, root, None if rows is None else holder), pairs)


def _finder(rows: Iterable[Row]) -> Callable[[str], Row | None]:
    """Return what finds rows by path, if it is asked for paths in their order."""
    remaining = iter(rows)
    current = next(remaining, None)

    def find(path: str) -> Row | None:
        nonlocal current
        while current is not None and current.path < path:
            current = next(remaining, None)
        return current if current is not None and current.path == path else None

    return find


def _judge(root: DataRoot, holder: str | None, pair: tuple[Unit, tuple[Row | None, ...]]) -> Judged:
    unit, found = pair
    problem: str | None = None
    hashes = []
    try:
        problem = _unknown_file(root, unit)
        for file, row in zip(unit.files, found, strict=True):
            sha256 = "" if file.link else twice(hash_file, file.source).sha256
            hashes.append(sha256)
            if holder is not None and problem is None:
                problem = _difference(file, sha256, row, holder)
    except (VMEvalError, OSError) as error:
        problem = str(error)
    return Judged(unit, tuple(hashes), tuple(row for row in found if row is not None), problem)


def _unknown_file(root: DataRoot, unit: Unit) -> str | None:
    if unit.section == "evaluations":
        return None
    for place in hidden_in(root.path / unit.path):
        if not is_junk(place.rpartition("/")[2]):
            return f"{place} is hidden, so that no snapshot holds it"
    return None


def _difference(file: LocalFile, sha256: str, row: Row | None, holder: str) -> str | None:
    if row is None:
        return f"{file.path} is not in {holder}"
    if (file.size, sha256, file.link) != (row.size, row.sha256, row.link):
        return f"{file.path} is different in {holder}"
    return None


def prove_all(remote: Remote, rows: Iterable[Row], advance: Callable[[Row], None]) -> FirstFew[str]:
    """Read objects back, every byte, and return what is wrong with them, a sentence each.

    Args:
        remote: where they are.
        rows: what they have to be; links are passed over.
        advance: is told of each.

    Raises:
        RemoteError: the store fails or refuses.

    """
    problems = FirstFew[str]()

    def one(row: Row) -> tuple[Row, str | None]:
        try:
            prove(remote, row)
        except (RecordError, MissingObjectError) as error:
            return row, error.message
        return row, None

    for row, problem in in_order(one, (row for row in rows if not row.link)):
        advance(row)
        if problem is not None:
            problems.add(problem)
    return problems
