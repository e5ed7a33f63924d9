"""Who is making a snapshot: of two pushes of one name one wins, and one that died can go on later.

The mark of a push is an object beside the data that it sends; a note of it lies under the data root.
"""

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import DataRoot, read_json, write_json
from vmevalkit.errors import ConflictError, RecordError
from vmevalkit.snapshots.names import claim_key, data_prefix, is_snapshot_name, manifest_key
from vmevalkit.snapshots.remote import Remote
from vmevalkit.threads import meanwhile

_NOTE = "push.json"


@dataclass(frozen=True)
class Claim:
    """A snapshot that is ours to make."""

    snapshot: str
    token: str
    resumed: bool
    """Whether an earlier attempt of ours may have sent files already."""


def left_behind(remote: Remote, root: DataRoot, scope: str) -> str | None:
    """Return the snapshot that a push of the same data to the same remote was making when it ended before its end."""
    note = root.state / _NOTE
    if note.exists():
        with suppress(RecordError):
            mark = read_json(note)
            name = mark.get("snapshot")
            if (mark.get("remote"), mark.get("scope")) != (remote.url, scope) or not isinstance(name, str):
                return None
            if is_snapshot_name(name) and token_of(remote.read(claim_key(name))) == mark.get("token"):
                return name
    return None


def forget(root: DataRoot) -> None:
    """Forget the last push; it has come to its end."""
    (root.state / _NOTE).unlink(missing_ok=True)


def claim(remote: Remote, name: str, root: DataRoot, scope: str) -> Claim:
    """Mark a snapshot as ours before anything is written to it.

    Raises:
        ConflictError: there is such a snapshot, or somebody else is making it.

    """
    with (
        meanwhile(lambda: remote.exists(manifest_key(name))) as is_there,
        meanwhile(lambda: remote.exists(claim_key(name))) as is_marked,
        meanwhile(lambda: remote.is_empty(data_prefix(name))) as is_empty,
    ):
        ours = left_behind(remote, root, scope) == name
    if is_there.result():
        raise ConflictError(
            f"there is a snapshot {name} on {remote.url} already", hint="wait a minute, or name another one with --date"
        )
    taken = ConflictError(
        f"another push is making {remote.uri(name)}",
        hint="wait for it, or name another one with --date; 'vmevalkit gc' removes one that has died",
    )
    if not ours and is_marked.result():
        raise taken
    if not ours and not is_empty.result():
        raise ConflictError(
            f"{remote.uri(data_prefix(name))} has files that no push of ours has put there",
            hint="name another snapshot with --date",
        )
    note = root.state / _NOTE
    token = str(read_json(note)["token"]) if ours else secrets.token_hex(16)
    mark = {"token": token, "snapshot": name, "remote": remote.url, "scope": scope, "started_at": timestamp()}
    text = (json.dumps(mark) + "\n").encode()
    write_json(note, mark)

    def renewed(current: bytes | None) -> bytes:
        if token_of(current) != token:
            raise ConflictError(f"{remote.uri(name)} was cleaned up just now", hint="push again")
        return text

    if ours:
        # Written anew, so that its age tells whoever cleans up that somebody is at it; if they have not been faster.
        remote.update(claim_key(name), renewed)
    else:
        try:
            remote.create(claim_key(name), text)
        except ConflictError as error:
            raise taken from error
    return Claim(name, token, ours)


def make_sure(remote: Remote, mine: Claim) -> None:
    """Make sure that nobody has taken the snapshot over.

    Raises:
        ConflictError: somebody has; what we have sent is marked, so that it can be cleaned up.

    """
    mark = remote.read(claim_key(mine.snapshot))
    if token_of(mark) == mine.token:
        return
    if mark is None:
        remote.create(claim_key(mine.snapshot), (json.dumps({"token": mine.token}) + "\n").encode())
    raise ConflictError(f"{remote.uri(mine.snapshot)} has been taken over or cleaned up meanwhile", hint="push again")


def token_of(mark: bytes | None) -> str | None:
    """Return the token of a mark; `None` if there is none that we can read."""
    try:
        value = json.loads(mark or b"null")
    except (ValueError, RecursionError):
        return None
    token = value.get("token") if isinstance(value, dict) else None
    return token if isinstance(token, str) else None
