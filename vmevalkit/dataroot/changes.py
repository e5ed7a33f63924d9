"""A log of folders that were written to, so that an index need not look at a million of them to find one.

It is a hint and no record: it may be deleted at any time, and who reads it looks everywhere now and then as well, as
other programs write to a data root, too.
"""

import os
from contextlib import suppress
from pathlib import Path

from vmevalkit.dataroot.layout import DataRoot

_LARGEST = 4 << 20
_LONGEST_LINE = 1 << 12


def _log(root: DataRoot) -> Path:
    return root.state / "changes.log"


def note_change(root: DataRoot, folder: Path) -> None:
    """Say that the folder of a question, a run or an evaluation was written to; a hint that fails is no error."""
    sections = {"questions": root.questions, "outputs": root.outputs, "evaluations": root.evaluations}
    section = next((name for name, place in sections.items() if folder.is_relative_to(place)), None)
    if section is None:
        return
    line = f"{section}/{folder.relative_to(sections[section]).as_posix()}\n".encode()
    with suppress(OSError):
        log = _log(root)
        log.parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line in this mode is never mixed with another.
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, line)
            if os.fstat(descriptor).st_size > _LARGEST:
                log.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


class ChangeLog:
    """Reads what has been noted since it was made."""

    def __init__(self, root: DataRoot) -> None:
        self._path = _log(root)
        self._inode, self._offset = self._end()

    def read(self) -> list[str] | None:
        """Return the folders noted since the last call, relative to the root; `None` if some were missed."""
        inode, end = self._end()
        if (inode, end) == (self._inode, self._offset):
            return []
        if inode != self._inode or end < self._offset:
            was_none = not self._inode
            self._inode, self._offset = inode, 0 if was_none else end
            if not was_none:
                return None
        try:
            with self._path.open("rb") as log:
                log.seek(self._offset)
                data = log.read(_LARGEST + _LONGEST_LINE)
        except FileNotFoundError:
            return None
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return list(dict.fromkeys(whole.decode(errors="replace").splitlines()))

    def _end(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_ino, status.st_size
