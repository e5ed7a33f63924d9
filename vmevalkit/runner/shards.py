"""Parts of a piece of work, for an array of jobs that share a data root."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vmevalkit.dataroot import exclusive, is_held, shared
from vmevalkit.errors import BusyError, UsageError


@dataclass(frozen=True)
class Shard:
    """A part of the questions, such as the second of eight: every eighth one, beginning with the second."""

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise UsageError(f"shard {self.number}/{self.count} does not exist", hint="say 1/8 to 8/8")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``i/n``; `UsageError` if it is something else."""
        number, slash, count = text.partition("/")
        if not slash or not (number + count).isascii() or not number.isdecimal() or not count.isdecimal():
            raise UsageError(f"{text!r} is not a shard", hint="say 1/8 for the first of eight")
        return cls(int(number), int(count))

    def takes(self, index: int) -> bool:
        """Tell whether the question with this index, from 0, belongs to it."""
        return index % self.count == self.number - 1


@contextmanager
def alone(lock: Path, what: str, shard: Shard | None) -> Iterator[None]:
    """Do a piece of work and let nobody do the same meanwhile: not the whole of it, nor this part, nor other parts.

    Args:
        lock: the lock of all of it.
        what: completes "another process is ...".
        shard: the part of it that is done; the parts of the same number may be done at the same time.

    Raises:
        BusyError: somebody else is at it.

    """
    if shard is None:
        with exclusive(lock, what):
            yield
        return
    with (
        shared(lock, what),
        shared(_part_of(lock, f"{shard.count}"), what),
        exclusive(_part_of(lock, f"{shard.number}of{shard.count}"), f"{what}, part {shard}"),
    ):
        for other in sorted(lock.parent.iterdir()):
            count = other.stem.removeprefix(f"{lock.stem}~")
            if count != other.stem and count.isdecimal() and int(count) != shard.count and is_held(other):
                raise BusyError(
                    f"another process is {what}, in {count} parts", hint=f"wait for it to end, or say --shard I/{count}"
                )
        yield


def _part_of(lock: Path, part: str) -> Path:
    """Return the lock of a part; no name that people give has the sign in it."""
    return lock.with_name(f"{lock.stem}~{part}{lock.suffix}")
