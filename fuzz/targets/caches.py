"""What may be deleted at any time, and may therefore be anything: caches, journals, logs."""

from pathlib import Path

from fuzz.target import Target
from vmevalkit.dataroot import ChangeLog, DataRoot, FileState, HashCache
from vmevalkit.evaluators._cache import AnswerCache
from vmevalkit.snapshots.journal import opened_journal


def _hashes(data: bytes, folder: Path) -> object:
    """Open a database of ours that holds anything: the first byte says which."""
    root = DataRoot(folder)
    root.state.mkdir(exist_ok=True)
    for left in root.state.iterdir():
        left.unlink()
    match data[:1]:
        case b"\0":
            (root.state / "push-0.sqlite").write_bytes(data[1:])
            with opened_journal(root, "0") as journal:
                return journal.has("key"), list(journal.left_over())
        case b"\1":
            (root.state / "judge.answers.sqlite").write_bytes(data[1:])
            return AnswerCache(root.state / "judge.answers.sqlite").get("key")
    (root.state / "hashes.sqlite").write_bytes(data[1:])
    with HashCache(root) as cache:
        return cache.get("questions/a", FileState(1, 2, 3))


def _changes(data: bytes, folder: Path) -> object:
    root = DataRoot(folder)
    root.state.mkdir(exist_ok=True)
    log = root.state / "changes.log"
    log.unlink(missing_ok=True)
    watched = ChangeLog(root)
    log.write_bytes(data)
    return watched.read()


def _database() -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="vmevalkit-fuzz-") as folder:
        root = DataRoot(Path(folder))
        with HashCache(root) as cache:
            cache.put("questions/a", FileState(1, 2, 3), "0" * 64)
        return (root.state / "hashes.sqlite").read_bytes()


TARGETS = (
    Target(
        "cache", _hashes, tuple(bytes([n]) + _database() for n in range(3)), (b"SQLite format 3\0", b"CREATE TABLE")
    ),
    Target(
        "change-log", _changes, (b"questions/maze_task/maze_0000\noutputs/pilot\n",), (b"\n", b"../", b"\xff", b"\0")
    ),
)
