"""Which archives this data root has made itself.

Only these are used again. One that another data root has made is its own to delete, and a copy of a data root is
another one: it lies in another folder, which the system tells by its number.
"""

from contextlib import suppress
from pathlib import Path

from vmevalkit.dataroot import DataRoot, read_json, write_json
from vmevalkit.errors import RecordError
from vmevalkit.snapshots import Remote
from vmevalkit.snapshots.claim import token_of
from vmevalkit.snapshots.names import ARCHIVE, claim_key


def note_own(root: DataRoot, remote: Remote, snapshot: str) -> None:
    """Note that this data root has made an archive. Without the note, its next archive takes room of its own."""
    write_json(_note(root, snapshot), _mark(root, remote, snapshot))


def is_own(root: DataRoot, remote: Remote, snapshot: str) -> bool:
    """Tell whether this data root has made the archive that is on the remote under a name."""
    note = _note(root, snapshot)
    with suppress(RecordError):
        if note.exists():
            mark = read_json(note)
            return mark == _mark(root, remote, snapshot) and mark["token"] is not None
    return False


def forget_own(root: DataRoot, snapshot: str) -> None:
    """Forget an archive that is deleted."""
    _note(root, snapshot).unlink(missing_ok=True)


def _note(root: DataRoot, snapshot: str) -> Path:
    return root.state / "archives" / f"{snapshot.removeprefix(f'{ARCHIVE}/')}.json"


def _mark(root: DataRoot, remote: Remote, snapshot: str) -> dict[str, str | int | None]:
    token = token_of(remote.read(claim_key(snapshot)))
    return {"remote": remote.url, "token": token, "folder": root.path.stat().st_ino}
