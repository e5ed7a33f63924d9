"""What lies in the folders of a data root, and what should not."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from vmevalkit.dataroot import SECTIONS, TASK_SUFFIX, TEMP_SUFFIX, is_name
from vmevalkit.integrity.findings import Code, Finding, finding

_RUBBISH = {"__pycache__", ".DS_Store"}


@dataclass(frozen=True)
class Listing:
    """The entries of a folder by name; those that were found fault with are left out."""

    files: dict[str, os.DirEntry[str]]
    folders: dict[str, os.DirEntry[str]]


@dataclass(frozen=True)
class Scanner:
    """Lists folders of a data root and notes what is wrong with their entries."""

    top: str
    """The data root."""
    inside: str
    """The same with all links followed."""
    found: list[Finding] = field(default_factory=list)
    """What was found wrong, in the order in which it was."""

    @classmethod
    def of(cls, top: Path) -> "Scanner":
        """Begin at a data root."""
        return cls(str(top), os.path.realpath(top))

    def note(self, code: Code, path: str, sentence: str) -> None:
        """Note what is wrong with a file or folder."""
        self.found.append(finding(code, path, sentence))

    def aside(self) -> "Scanner":
        """Return a scanner of the same data root whose notes nobody reads: what it passes is checked elsewhere."""
        return Scanner(self.top, self.inside)

    def file(self, path: str) -> Path:
        """Return where something in the data root lies on this machine."""
        return Path(self.top, path)

    def sections(self) -> frozenset[str]:
        """Return which of the three folders of data there are; nothing else in a data root is looked at."""
        folders: dict[str, os.DirEntry[str]] = {}
        try:
            with os.scandir(self.top) as entries:
                for entry in sorted(entries, key=lambda e: e.name):
                    if entry.name in SECTIONS:
                        self._sort(entry, entry.name, {}, folders)
        except OSError as error:
            self.note(Code.UNREADABLE, ".", f"cannot be listed: {error.strerror or error}")
        return frozenset(folders)

    def listing(self, path: str) -> Listing:
        """List a folder by name; one that is not there is empty."""
        files: dict[str, os.DirEntry[str]] = {}
        folders: dict[str, os.DirEntry[str]] = {}
        try:
            with os.scandir(f"{self.top}/{path}") as entries:
                for entry in sorted(entries, key=lambda e: e.name):
                    self._sort(entry, f"{path}/{entry.name}", files, folders)
        except FileNotFoundError:
            pass
        except OSError as error:
            self.note(Code.UNREADABLE, path, f"cannot be listed: {error.strerror or error}")
        return Listing(files, folders)

    def _sort(
        self,
        entry: os.DirEntry[str],
        path: str,
        files: dict[str, os.DirEntry[str]],
        folders: dict[str, os.DirEntry[str]],
    ) -> None:
        if entry.is_symlink() and not self._is_good_link(entry.path, path):
            return
        if is_leftover(entry.name) and not (entry.name.endswith(".cache") and entry.is_dir()):
            # An experiment, a model or a run may be called "old.cache".
            self.note(Code.LEFTOVER, path, "is a temporary or cache file")
        elif entry.is_dir():
            folders[entry.name] = entry
        elif entry.is_file():
            files[entry.name] = entry
        else:
            self.note(Code.UNKNOWN_FILE, path, "is no regular file")

    def _is_good_link(self, place: str, path: str) -> bool:
        target = os.path.realpath(place)
        if not Path(target).is_relative_to(self.inside):
            self.note(Code.LINK_LEADS_OUT, path, "is a link that leads out of the data root")
        elif not os.path.exists(target):  # noqa: PTH110 - a million paths are quicker as text
            self.note(Code.DANGLING_LINK, path, "is a link to nothing")
        else:
            return True
        return False

    def folders(self, path: str, *, suffix: str = "", known: Collection[str] = ()) -> list[str]:
        """Return the names of the folders in a folder, without their common suffix; all else is a finding.

        Args:
            path: the folder that holds them.
            suffix: what their names end in.
            known: files that may lie beside them.

        """
        listing = self.listing(path)
        self.only(path, listing.files, known)
        names = []
        for name in listing.folders:
            if not name.endswith(suffix):
                self.note(Code.UNKNOWN_FILE, f"{path}/{name}", "is not a folder that belongs here")
            elif not is_name(name.removesuffix(suffix)):
                self.note(Code.INVALID_NAME, f"{path}/{name}", "has a name that is not valid, so that nothing sees it")
            else:
                names.append(name.removesuffix(suffix))
        return sorted(names)

    def only(self, path: str, there: Collection[str], known: Collection[str], what: str = "file") -> None:
        """Note the names that are not known ones."""
        for name in there:
            if name not in known:
                self.note(Code.UNKNOWN_FILE, f"{path}/{name}", f"is not a {what} that belongs here")


def is_leftover(name: str) -> bool:
    """Tell whether a name is that of a write that has not ended, or of rubbish that other programs leave."""
    return name.endswith((TEMP_SUFFIX, ".cache")) or name in _RUBBISH


def question_path(domain: str, task_id: str) -> str:
    """Return where a question lies."""
    return f"questions/{domain}{TASK_SUFFIX}/{task_id}"


def task_path(section: str, experiment: str, model: str, domain: str, task_id: str) -> str:
    """Return where the runs or the evaluations of a question with a model lie."""
    return f"{section}/{experiment}/{model}/{domain}{TASK_SUFFIX}/{task_id}"
