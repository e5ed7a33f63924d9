"""Every error that a user can cause or meet, as one small hierarchy.

An error is one sentence that names what is at fault, plus a ``hint`` that says the way out. The command line
prints the two on one line each and exits with ``exit_code``; the web application turns them into its JSON shape.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "BusyError",
    "ConflictError",
    "PuzzleError",
    "RecordError",
    "RemoteError",
    "UnknownNameError",
    "UnreadableFrameError",
    "UnsafePathError",
    "UsageError",
    "VMEvalError",
    "VideoError",
    "WorkerError",
]


class VMEvalError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes as it is, whatever the constructor of its class takes."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[VMEvalError], args: tuple[object, ...], state: dict[str, object]) -> VMEvalError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def first_problem(error: "ValidationError") -> str:
    """Say what is wrong with a record: the first field at fault, and why; ``record`` stands for all of it."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'record'}: {first['msg']}"


class UsageError(VMEvalError):
    """The command, the call or a setting is wrong; nothing was done."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A domain, model, evaluator or the like that does not exist; carries the near matches."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = get_close_matches(name, self.known, n=3)
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif self.known:
            hint = f"known: {', '.join(self.known[:20])}"
        else:
            hint = f"there is no {kind} yet"
        super().__init__(f"unknown {kind}: {name}", hint=hint)


class RecordError(VMEvalError):
    """A file that is missing, truncated, or not what it should be."""

    def __init__(self, path: Path | str, problem: str, *, hint: str | None = None) -> None:
        problem = " ".join(problem.split())  # Parsers like to draw where they stopped.
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}", hint=hint)


class UnsafePathError(VMEvalError):
    """A path or a name that would lead out of the folder that it belongs to."""

    exit_code = 2


class BusyError(VMEvalError):
    """Another process is doing the same work on the same data."""


class VideoError(VMEvalError):
    """A video that cannot be written or decoded; the message says why."""

    def __init__(self, message: str, *, hint: str | None = None, retryable: bool = False) -> None:
        self.retryable = retryable
        """Whether the machine lacked memory or threads, so that it may well succeed a moment later."""
        super().__init__(message, hint=hint)


class UnreadableFrameError(VMEvalError):
    """A frame in which no puzzle state can be seen with certainty."""


class PuzzleError(VMEvalError):
    """A puzzle that is broken: no solution, several, or metadata that does not describe one."""


class RemoteError(VMEvalError):
    """An object store that refuses or fails a request."""

    def __init__(self, message: str, *, hint: str | None = None, retryable: bool = False) -> None:
        self.retryable = retryable
        """Whether the same request may well succeed a moment later."""
        super().__init__(message, hint=hint)


class ConflictError(VMEvalError):
    """What should be written is already there; the first writer won."""


class WorkerError(VMEvalError):
    """Worker processes that the system kills again and again."""
