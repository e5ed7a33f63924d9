"""Archived experiments: they have no runs here, only a file that says where they are."""

from contextlib import suppress

from vmevalkit.dataroot import Archived, DataRoot, load_archived
from vmevalkit.errors import RecordError


def archived(root: DataRoot) -> tuple[Archived, ...]:
    """Return all archived experiments, by name; one whose file is damaged is passed over."""
    found = []
    for experiment in root.experiments():
        with suppress(RecordError):
            stub = load_archived(root, experiment)
            if stub is not None:
                found.append(stub)
    return tuple(found)
