"""Reading files of a data root, and noticing when one has changed by itself."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from vmevalkit.dataroot import FileState, HashCache, Record
from vmevalkit.errors import first_problem
from vmevalkit.integrity._folders import Scanner
from vmevalkit.integrity.findings import Code

_LARGEST_TEXT = 64 << 20
"""No JSON file, prompt or frame is near as large: what is, is not taken into memory."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Reader:
    """Reads files, and compares their sha256 with the one that was known while they looked the same."""

    scanner: Scanner
    hashes: HashCache | None
    """`None` if files are not to be compared with what they were."""

    def read(self, path: str, entry: os.DirEntry[str]) -> bytes | None:
        """Return a file's bytes; `None` if it cannot be read or is damaged, which is noted."""
        try:
            status = entry.stat()
            if status.st_size > _LARGEST_TEXT:
                self.scanner.note(Code.UNREADABLE, path, f"is larger than {_LARGEST_TEXT >> 20} MiB")
                return None
            data = _contents(entry.path, status.st_size)
        except OSError as error:
            self._unreadable(path, error)
            return None
        if self.hashes is None or self._as_known(path, FileState.of(status), hashlib.sha256(data).hexdigest()):
            return data
        return None

    def sha256(self, path: str, entry: os.DirEntry[str]) -> str | None:
        """Return a file's sha256 without taking the file into memory; `None` as in `read`."""
        try:
            status = entry.stat()
            with Path(entry.path).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._unreadable(path, error)
            return None
        return sha256 if self._as_known(path, FileState.of(status), sha256) else None

    def text(self, path: str, entry: os.DirEntry[str]) -> str | None:
        """Return a text file's contents; `None` as in `read`, or if it is not UTF-8."""
        data = self.read(path, entry)
        if data is None:
            return None
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            self.scanner.note(Code.NOT_UTF8, path, f"is not UTF-8 at byte {error.start}")
            return None

    def json(self, path: str, entry: os.DirEntry[str]) -> dict[str, Any] | None:
        """Return a file's JSON object; `None` as in `text`, or if it is none."""
        text = self.text(path, entry)
        if text is None:
            return None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:  # a number of many thousand digits is no JSONDecodeError
            self.scanner.note(Code.MALFORMED_JSON, path, f"is malformed JSON: {error}")
            return None
        if not isinstance(value, dict):
            self.scanner.note(Code.MALFORMED_JSON, path, f"is no JSON object, but a {type(value).__name__}")
            return None
        return value

    def record(self, kind: type[R], path: str, entry: os.DirEntry[str]) -> R | None:
        """Return a file as a record; `None` as in `json`, or if a field is wrong."""
        value = self.json(path, entry)
        if value is None:
            return None
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            self.scanner.note(Code.INVALID_RECORD, path, f"field {first_problem(error)}")
            return None

    def _as_known(self, path: str, state: FileState, sha256: str) -> bool:
        """Compare a file with what it was when it looked the same, and remember one that was not known."""
        if self.hashes is None:
            return True
        known = self.hashes.get(path, state)
        if known is None:
            self.hashes.put(path, state, sha256)
        elif known != sha256:
            self.scanner.note(
                Code.BIT_ROT, path, "has other bytes than before, though its size and its times are the same"
            )
            return False
        return True

    def _unreadable(self, path: str, error: OSError) -> None:
        self.scanner.note(Code.UNREADABLE, path, f"cannot be read: {error.strerror or error}")


def _contents(place: str, size: int) -> bytes:
    """Read a file with as few calls as possible: there are millions."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        data = os.read(descriptor, size + 1)
        while more := os.read(descriptor, size + 1):
            data += more
        return data
    finally:
        os.close(descriptor)
