"""The command line: one file per group of commands, and the one place where errors are shown."""

import errno
import os
import signal
import sys
from collections.abc import Sequence

import typer

from vmevalkit import __version__
from vmevalkit.cli import (
    check,
    dashboard,
    dataset,
    demo,
    export,
    index,
    lifecycle,
    migrate,
    reports,
    runs,
    scores,
    snapshots,
    upkeep,
    validate,
    versions,
)
from vmevalkit.errors import VMEvalError

__all__ = ["app", "main"]

_INTERRUPTED = 128 + signal.SIGINT
_NO_MEMORY = ("can't start new thread", "failed to map segment", "cannot allocate memory")
"""How Python says that there was no memory for a thread, or for a library of a package."""

app = typer.Typer(
    name="vmevalkit",
    help="Evaluate whether video models can reason: create questions, run models, evaluate, push, look.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        print(f"vmevalkit {__version__}")
        raise typer.Exit


for group in (
    dataset,
    runs,
    scores,
    reports,
    snapshots,
    versions,
    upkeep,
    check,
    validate,
    lifecycle,
    migrate,
    export,
    index,
    dashboard,
    demo,
):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 done, 1 something failed, 2 wrong usage or settings.

    Args:
        arguments: without the program's name; those of the process if `None`.

    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="vmevalkit")
    except VMEvalError as error:
        return show_error(error.message, error.hint, error.exit_code)
    except PermissionError as error:
        return show_error(f"{error.filename}: permission denied", "choose a folder that you may write to", 2)
    except BrokenPipeError:
        # The reader of our output has gone; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        hint = "make room on the disk, then run the command again" if error.errno == errno.ENOSPC else None
        return show_error(f"{where}{error.strerror or error}", hint, 1)
    except (MemoryError, RuntimeError, ImportError) as error:
        if not isinstance(error, MemoryError) and not any(sign in str(error) for sign in _NO_MEMORY):
            raise
        return show_error("not enough memory", "the same command goes on where this one stopped", 1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            return show_error("interrupted", "the same command goes on where this one stopped", _INTERRUPTED)
        return end.code if isinstance(end.code, int) else 1
    return 0


def show_error(message: str, hint: str | None, code: int) -> int:
    """Print an error in one line, and the way out in another; return the exit status."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return code
