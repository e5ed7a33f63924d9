"""What a remote says about its snapshots and versions, asked for in a page's time.

A server that does not answer must not hold up the dashboard: whoever asks waits a while and is then told so, and the
question goes on in the background, so that asking again a little later finds the answer.
"""

import copy
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from vmevalkit.dataroot import VersionLog
from vmevalkit.errors import RecordError, RemoteError, UsageError, VMEvalError
from vmevalkit.settings import Settings
from vmevalkit.web.public import public_message, public_uri

if TYPE_CHECKING:
    from vmevalkit.snapshots import Amount, Change, ChangeSummary

PATIENCE_SECONDS = 8.0
_KEPT_SECONDS = 15.0
_CHANGES = 100

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class RemoteSnapshot:
    """A finished snapshot."""

    name: str
    uri: str
    """Its data folder, without where a folder lies on this host."""
    created_at: str
    files: int
    bytes: int
    scope: str
    """The part of the data root that was pushed; empty for all of it."""
    is_latest: bool


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of a remote, oldest first, the archived ones last."""

    snapshots: tuple[RemoteSnapshot, ...]
    problems: tuple[str, ...]
    """Those whose manifest cannot be read, and why."""


@dataclass(frozen=True)
class SnapshotDifference:
    """What is different between two snapshots."""

    old: str
    new: str
    scope: str
    """The part of the data root that was compared; empty for all of it."""
    unchanged: "Amount"
    summary: "ChangeSummary"
    changes: "tuple[Change, ...]"
    """The first of them, by path."""


@dataclass
class _Question:
    answer: "Future[Any]"
    asked_at: float

    def is_over(self) -> bool:
        """Tell whether it has to be asked again: it has failed, or was answered a while ago."""
        if not self.answer.done():
            return False
        return self.answer.exception() is not None or time.monotonic() - self.asked_at > _KEPT_SECONDS


class RemoteReader:
    """Asks a remote; safe to use from several threads, whose same questions are asked once.

    Args:
        url: the remote; `None` if none is configured.
        settings: where its keys are found.
        patience: how many seconds somebody waits for an answer.

    """

    def __init__(self, url: str | None, settings: Settings | None, patience: float = PATIENCE_SECONDS) -> None:
        self._url, self._settings, self._patience = url, settings, patience
        self._lock = threading.Lock()
        self._questions: dict[str, _Question] = {}

    @property
    def is_configured(self) -> bool:
        """Whether there is a remote to ask."""
        return self._url is not None

    @property
    def name(self) -> str | None:
        """The remote's address, without where a folder lies on this host."""
        return None if self._url is None else public_uri(f"{self._url.rstrip('/')}/x/x").removesuffix("/x/x")

    def log(self) -> VersionLog:
        """Return the version log of the remote.

        Raises:
            UsageError: no remote is configured, or it cannot be used.
            RemoteError: it fails, or does not answer in time.
            RecordError: the log is damaged.

        """
        return self._ask("versions", self._read_log)

    def snapshots(self) -> Snapshots:
        """Return the snapshots of the remote; the errors are those of `log`."""
        return self._ask("snapshots", self._read_snapshots)

    def difference(self, old: str, new: str) -> SnapshotDifference:
        """Return what is different between two snapshots; the errors are those of `log`."""
        return self._ask(f"difference {old} {new}", lambda: self._read_difference(old, new))

    def _read_log(self) -> VersionLog:
        from vmevalkit.snapshots import open_remote, read_log

        url, settings = self._configured()
        return read_log(open_remote(url, settings))

    def _read_snapshots(self) -> Snapshots:
        from vmevalkit.snapshots import list_snapshots, open_remote, read_latest

        url, settings = self._configured()
        remote = open_remote(url, settings)
        pointer = read_latest(remote)
        latest = pointer.snapshot if pointer else None
        found, problems = [], []
        for listed in list_snapshots(remote):
            if isinstance(listed, RecordError):
                problems.append(public_message(listed))
                continue
            header = listed.header
            found.append(
                RemoteSnapshot(
                    name=listed.snapshot,
                    uri=public_uri(listed.uri),
                    created_at=header.created_at,
                    files=header.files,
                    bytes=header.bytes,
                    scope=header.scope,
                    is_latest=listed.snapshot == latest,
                )
            )
        return Snapshots(tuple(found), tuple(problems))

    def _read_difference(self, old: str, new: str) -> SnapshotDifference:
        from vmevalkit.snapshots import difference, fetched_manifest, open_remote

        url, settings = self._configured()
        remote = open_remote(url, settings)
        with (
            fetched_manifest(remote, old, checked=False) as before,
            fetched_manifest(remote, new, checked=False) as after,
            difference(before, after) as found,
        ):
            changes = tuple(islice(found.changes(), _CHANGES))
            return SnapshotDifference(old, new, found.scope, found.unchanged, found.summary(), changes)

    def _configured(self) -> tuple[str, Settings]:
        if self._url is None or self._settings is None:
            raise UsageError("no remote is configured", hint="set VMEVAL_REMOTE, then start the dashboard again")
        return self._url, self._settings

    def _ask(self, name: str, work: Callable[[], Answer]) -> Answer:
        self._configured()
        try:
            answer: Answer = self._question(name, work).answer.result(self._patience)
        except TimeoutError as error:
            raise RemoteError(
                f"{self.name} has not answered for {self._patience:g} seconds",
                hint="try again in a while, or look with 'vmevalkit check --only remote'",
                retryable=True,
            ) from error
        except (RemoteError, UsageError) as error:
            raise self._as_public(error) from error
        return answer

    def _question(self, name: str, work: Callable[[], Any]) -> _Question:
        """Return the question that is under way or was answered a moment ago, or ask it."""
        with self._lock:
            self._questions = {known: asked for known, asked in self._questions.items() if not asked.is_over()}
            question = self._questions.get(name)
            if question is None:
                question = _Question(Future(), time.monotonic())
                self._questions[name] = question
                threading.Thread(
                    target=_answer, args=(question.answer, work), name=f"vmevalkit-remote-{name}", daemon=True
                ).start()
            return question

    def _as_public(self, error: VMEvalError) -> VMEvalError:
        """Return an error of the same kind, with all that it carries, in words that can be shown."""
        shown = copy.copy(error)
        shown.message = self._public(error.message)
        shown.hint = error.hint and self._public(error.hint)
        shown.args = (shown.message,)
        return shown

    def _public(self, text: str) -> str:
        return text.replace(self._url, self.name or "") if self._url else text


def _answer(answer: "Future[Any]", work: Callable[[], Any]) -> None:
    try:
        answer.set_result(work())
    except OSError as error:
        answer.set_exception(RemoteError(error.strerror or "failed"))
    except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for the answer
        answer.set_exception(error)
