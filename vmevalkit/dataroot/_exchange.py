"""Two folders change places, so that there is no moment at which one of the names is missing."""

import ctypes
import errno
import os
import secrets
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_HERE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})
"""What a kernel or a file system answers that cannot do it, such as NFS."""


def exchange(first: Path, second: Path) -> None:
    """Let two existing paths change places: by Linux's ``renameat2``, or in three steps where that is not to be had."""
    if not _in_one_step(first, second):
        aside = first.with_name(f"{first.name.removesuffix('.tmp')}.{secrets.token_hex(3)}.tmp")
        second.rename(aside)
        first.rename(second)
        aside.rename(first)


def _in_one_step(first: Path, second: Path) -> bool:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(second))
