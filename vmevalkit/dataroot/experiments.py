"""Who may write to an experiment: many at a time who add to it, or one who takes something away."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmevalkit.dataroot.files import shared
from vmevalkit.dataroot.layout import DataRoot, check_name
from vmevalkit.dataroot.records import load_archived
from vmevalkit.errors import UsageError


def experiment_lock(root: DataRoot, experiment: str) -> Path:
    """Return the lock that who adds to an experiment shares, and who takes from it holds alone."""
    return root.lock("experiment", check_name("experiment", experiment))


def refuse_archived(root: DataRoot, experiment: str) -> None:
    """Raise a `UsageError` if an experiment is archived: what is not here can be neither scored nor added to."""
    archived = load_archived(root, experiment)
    if archived is not None:
        raise UsageError(
            f"experiment {experiment} is archived as {archived.snapshot}",
            hint=f"bring it back with 'vmevalkit unarchive {experiment} --yes'",
        )


@contextmanager
def at_work(root: DataRoot, experiment: str) -> Iterator[None]:
    """Add to an experiment for the length of the block: nobody archives it or removes something from it meanwhile.

    Raises:
        BusyError: somebody is doing that just now.
        UsageError: it is archived.

    """
    with shared(experiment_lock(root, experiment), f"archiving or tidying experiment {experiment}"):
        refuse_archived(root, experiment)
        yield
