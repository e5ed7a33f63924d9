"""What a target is, and the promise that it is held to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vmevalkit.errors import VMEvalError


@dataclass(frozen=True)
class Target:
    """Something that reads bytes which nobody trusts."""

    name: str
    read: Callable[[bytes, Path], object]
    """Is given the bytes and an empty folder to write them to; reads them to their end."""
    seeds: tuple[bytes, ...]
    """Input that is good, from which more is made by damaging it."""
    words: tuple[bytes, ...] = ()
    """What such input has in it, for those who make it up."""
    errors: tuple[type[Exception], ...] = field(default=())
    """Documented errors that are no `VMEvalError`."""


class BrokenPromiseError(Exception):
    """A reader that says nothing, or too much, when it refuses."""


def check(target: Target, data: bytes, folder: Path) -> None:
    """Have a target read some bytes.

    Raises:
        BrokenPromiseError: it refused them, but not in one line.
        Exception: any other one than those that are documented.

    """
    try:
        target.read(data, folder)
    except VMEvalError as error:
        if not error.message or "\n" in error.message:
            raise BrokenPromiseError(f"{target.name}: {type(error).__name__}: {error.message!r}") from error
    except target.errors:
        pass
