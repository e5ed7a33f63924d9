"""Names that are legal elsewhere, and what they become here.

A name that can be a folder of ours stays as it is. Any other one becomes ``q=`` and its UTF-8 bytes, where each byte
that is no ASCII letter, no digit and none of ``. _ + @ -`` is written as ``=`` and two hexadecimal digits (as in
quoted-printable, RFC 2045): ``my maze`` becomes ``q=my=20maze``. If that is longer than a name may be, it becomes
``Q=``, its beginning, and the SHA-256 of the whole. Two names never become one: what a name becomes can be undone (or
has another SHA-256), and a name that begins with ``q=`` or ``Q=`` itself is written in the same way, too.
"""

from hashlib import sha256

from vmevalkit.dataroot import TEMP_SUFFIX, is_name
from vmevalkit.errors import UnsafePathError

_MAPPED, _SHORTENED = "q=", "Q="
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+@-")
_LONGEST = 128
_HEAD = 48
"""How much of a long name is left to be read."""
_LONGEST_SHOWN = 80


def local_name(kind: str, name: str, *, is_ours: bool = False) -> str:
    """Return what a name of a source becomes in our layout.

    Args:
        kind: what it names, for the message.
        name: as the source has it.
        is_ours: whether it has been through this rule already; a legal name then stays as it is in any case.

    Raises:
        UnsafePathError: it is empty, has a slash, a backslash or a NUL, is ``.`` or ``..``, or is no Unicode text.

    """
    if not name or name in {".", ".."} or set(name) & {"/", "\\", "\0"}:
        raise UnsafePathError(f"{kind} {_shown(name)} is not a safe name")
    try:
        data = name.encode()
    except UnicodeEncodeError as error:
        raise UnsafePathError(f"{kind} {_shown(name)} is not UTF-8") from error
    if is_name(name) and (is_ours or not name.startswith((_MAPPED, _SHORTENED))):
        return name
    mapped = _MAPPED + "".join(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in data)
    if mapped.endswith(TEMP_SUFFIX):
        mapped = f"{mapped.removesuffix(TEMP_SUFFIX)}=2E{TEMP_SUFFIX[1:]}"
    if len(mapped) <= _LONGEST:
        return mapped
    return f"{_SHORTENED}{mapped[len(_MAPPED) :][:_HEAD]}={sha256(data).hexdigest()}"


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}...")
