"""One question: its files, what they say, and whether they agree."""

import os
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from vmevalkit import media
from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    METADATA_NAME,
    PROMPT_NAME,
    Pair,
    PairKey,
)
from vmevalkit.errors import PuzzleError, UsageError, VideoError
from vmevalkit.integrity._entries import different_fields, frame_path, unsafe_path
from vmevalkit.integrity._files import Reader
from vmevalkit.integrity._folders import Scanner, question_path
from vmevalkit.integrity._images import BrokenImageError, Picture, open_picture, show_the_same
from vmevalkit.integrity.findings import Code
from vmevalkit.tasks import Domain, domain_names, get_domain

_FRAMES = {FIRST_FRAME_NAME: Code.MISSING_FIRST_FRAME, FINAL_FRAME_NAME: Code.MISSING_FINAL_FRAME}
_REQUIRED = {**_FRAMES, PROMPT_NAME: Code.MISSING_PROMPT, METADATA_NAME: Code.MISSING_METADATA}
_KNOWN = {*_REQUIRED, GROUND_TRUTH_NAME}
_DIGEST_BYTES = 16


class Listed(NamedTuple):
    """A question's name, and what the manifest has under it."""

    task_id: str
    entry: str | None
    """The manifest's entry as text; `None` if it has none, or there is no manifest."""
    on_disk: bool = True


class Seen(NamedTuple):
    """What tells whether two questions are the same."""

    path: str
    key: bytes | None
    """16 bytes that are equal for two questions that ask the same puzzle; `None` if its domain has no such key."""
    first_frame: bytes | None
    """16 bytes of the digest of the first frame's file; `None` if it was not read."""


@dataclass(frozen=True)
class QuestionCheck:
    """Checks the questions of a data root one by one; what is found wrong goes to the scanner."""

    scanner: Scanner
    reader: Reader
    decode: bool
    """Whether frames and films are decoded, and compared by what they show."""
    prove: bool
    """Whether the solver looks for the solution."""
    has_manifest: bool

    def check(self, domain: str, listed: Listed) -> Seen | None:
        """Check a question; return what tells it from others, if that can be said."""
        path = question_path(domain, listed.task_id)
        if not listed.on_disk:
            self.scanner.note(Code.MISSING_QUESTION, path, "is in the manifest, but there is no such folder")
            return None
        listing = self.scanner.listing(path)
        self.scanner.only(path, listing.files, _KNOWN)
        self.scanner.only(path, listing.folders, (), "folder")
        for name, code in _REQUIRED.items():
            if name not in listing.files:
                self.scanner.note(code, path, f"has no {name}")
        pair = self._pair(path, PairKey(domain, listed.task_id), listing.files)
        self._manifest(path, pair, listed)
        self._prompt(path, pair, listing.files)
        first_frame = self._frames(path, pair, listing.files)
        key = None if pair is None else self._puzzle(f"{path}/{METADATA_NAME}", pair)
        return Seen(path, key, first_frame)

    def _pair(self, path: str, key: PairKey, files: dict[str, os.DirEntry[str]]) -> Pair | None:
        """Read the metadata; `None` if it cannot stand for this question."""
        if METADATA_NAME not in files:
            return None
        file = f"{path}/{METADATA_NAME}"
        pair = self.reader.record(Pair, file, files[METADATA_NAME])
        if pair is None:
            return None
        if (pair.domain, pair.id) != (key.domain, key.task_id):
            self.scanner.note(
                Code.MISPLACED_QUESTION, file, f"describes {pair.domain}/{pair.id}, not the question of its folder"
            )
            return None
        for said, name in ((pair.first_image_path, FIRST_FRAME_NAME), (pair.final_image_path, FINAL_FRAME_NAME)):
            wanted = frame_path(key.domain, key.task_id, name)
            if said == wanted:
                continue
            problem = unsafe_path(self.scanner, said)
            if problem:
                self.scanner.note(Code.UNSAFE_PATH, file, problem)
            else:
                self.scanner.note(Code.WRONG_IMAGE_PATH, file, f"names {said!r}, not {wanted!r}")
        return pair

    def _manifest(self, path: str, pair: Pair | None, listed: Listed) -> None:
        if not self.has_manifest:
            return
        if listed.entry is None:
            self.scanner.note(Code.UNLISTED_QUESTION, path, "is not in the manifest")
        elif pair is not None and listed.entry and (fields := different_fields(listed.entry, pair)):
            self.scanner.note(
                Code.MANIFEST_DIFFERS, path, f"has another entry in the manifest than its metadata: {', '.join(fields)}"
            )

    def _prompt(self, path: str, pair: Pair | None, files: dict[str, os.DirEntry[str]]) -> None:
        file = f"{path}/{PROMPT_NAME}"
        text = self.reader.text(file, files[PROMPT_NAME]) if PROMPT_NAME in files else None
        if text is not None and not text.strip():
            self.scanner.note(Code.EMPTY_PROMPT, file, "has no text")
        if pair is None:
            return
        metadata = f"{path}/{METADATA_NAME}"
        if not pair.prompt.strip():
            self.scanner.note(Code.EMPTY_PROMPT, metadata, "has an empty prompt")
        elif text is not None and text.strip() and text.strip() != pair.prompt.strip():
            self.scanner.note(Code.PROMPT_DIFFERS, file, f"gives another prompt than {METADATA_NAME}")
        elif _styled_prompt(pair) not in (None, pair.prompt):
            self.scanner.note(Code.PROMPT_DIFFERS, metadata, "gives two prompts of the same style")

    def _frames(self, path: str, pair: Pair | None, files: dict[str, os.DirEntry[str]]) -> bytes | None:
        """Check the frames and the film; return a digest of the first frame's file, if it was read."""
        pictures: dict[str, Picture] = {}
        contents: dict[str, bytes] = {}
        declared = None if pair is None else pair.metadata.get("frame_size")
        for name in _FRAMES:
            if name not in files:
                continue
            picture = self._picture(f"{path}/{name}", files[name], contents)
            if picture is None:
                continue
            pictures[name] = picture
            if isinstance(declared, int) and picture.size != (declared, declared):
                self.scanner.note(
                    Code.WRONG_IMAGE_SIZE, f"{path}/{name}", f"is {_size(picture)} pixels, not {declared}x{declared}"
                )
        if len(pictures) == len(_FRAMES):
            self._compare(path, pictures, files, is_declared=isinstance(declared, int))
        if GROUND_TRUTH_NAME in files:
            self._film(f"{path}/{GROUND_TRUTH_NAME}", files[GROUND_TRUTH_NAME], pictures.get(FIRST_FRAME_NAME))
        first = contents.get(FIRST_FRAME_NAME)
        return None if first is None else blake2b(first, digest_size=_DIGEST_BYTES).digest()

    def _picture(self, file: str, entry: os.DirEntry[str], contents: dict[str, bytes]) -> Picture | None:
        source: str | bytes | None = entry.path
        if self.decode:
            source = self.reader.read(file, entry)
            if source is None:
                return None
            contents[entry.name] = source
        try:
            picture = open_picture(source or b"", decoded=self.decode)
        except BrokenImageError as error:
            self.scanner.note(Code.BROKEN_IMAGE, file, f"cannot be decoded: {error}")
            return None
        if picture.format != "PNG":
            self.scanner.note(Code.NOT_PNG, file, f"is a picture of the format {picture.format}, not PNG")
        return picture

    def _compare(
        self, path: str, pictures: dict[str, Picture], files: dict[str, os.DirEntry[str]], *, is_declared: bool
    ) -> None:
        first, final = pictures[FIRST_FRAME_NAME], pictures[FINAL_FRAME_NAME]
        if first.size != final.size:
            if not is_declared:
                self.scanner.note(
                    Code.FRAME_SIZES_DIFFER, path, f"has frames of {_size(first)} and {_size(final)} pixels"
                )
            return
        if show_the_same(first, final) if self.decode else self._same_files(path, files):
            self.scanner.note(Code.IDENTICAL_FRAMES, path, "has a first and a final frame that show the same")

    def _same_files(self, path: str, files: dict[str, os.DirEntry[str]]) -> bool:
        first, final = (files[name] for name in _FRAMES)
        if first.stat().st_size != final.stat().st_size:
            return False
        return self.reader.read(f"{path}/{first.name}", first) == self.reader.read(f"{path}/{final.name}", final)

    def _film(self, file: str, entry: os.DirEntry[str], frame: Picture | None) -> None:
        if not self.decode:
            if not entry.stat().st_size:
                self.scanner.note(Code.BROKEN_FILM, file, "is empty")
            return
        if self.reader.sha256(file, entry) is None:
            return
        try:
            film = media.probe(self.scanner.file(file))
        except VideoError as error:
            self.scanner.note(Code.BROKEN_FILM, file, error.message.removeprefix(f"{GROUND_TRUTH_NAME}: "))
            return
        if frame is not None and (film.width, film.height) != frame.size:
            self.scanner.note(
                Code.WRONG_FILM_SIZE, file, f"is {film.width}x{film.height} pixels, the frames {_size(frame)}"
            )

    def _puzzle(self, file: str, pair: Pair) -> bytes | None:
        """Prove the solution; return what tells the puzzle from others."""
        noted = pair.metadata.get("key")
        key = _digest(f"{pair.domain}\0{noted}") if isinstance(noted, str) else None
        domain = solver(pair.domain) if self.prove else None
        if domain is None or _made_by_another(pair.metadata, domain):
            return key
        try:
            puzzle = domain.from_metadata(pair.metadata)
        except PuzzleError as error:
            self.scanner.note(Code.BROKEN_PUZZLE, file, f"describes no puzzle: {error.message}")
            return key
        try:
            domain.check(puzzle)
        except PuzzleError as error:
            self.scanner.note(Code.WRONG_SOLUTION, file, f"does not give the one solution: {error.message}")
        found = blake2b(domain.key(puzzle).encode(), digest_size=_DIGEST_BYTES).hexdigest()
        if isinstance(noted, str) and noted != found:
            self.scanner.note(Code.WRONG_KEY, file, f"describes the puzzle {found}, but notes that it is {noted}")
        return _digest(f"{pair.domain}\0{found}")


@cache
def solver(name: str) -> Domain[Any, Any] | None:
    """Return a domain that can prove puzzles; `None` if nobody here can."""
    if name not in domain_names():
        return None
    try:
        domain = get_domain(name)
    except UsageError:
        return None  # The package that adds it is broken: 'vmevalkit domains' says so.
    return domain if isinstance(domain, Domain) else None


def _made_by_another(metadata: dict[str, Any], domain: Domain[Any, Any]) -> bool:
    """Tell whether a puzzle comes from another generator, whose metadata may mean something else."""
    generator = metadata.get("generator")
    return isinstance(generator, dict) and generator != {"name": domain.name, "version": domain.version}


def _styled_prompt(pair: Pair) -> str | None:
    prompts = pair.metadata.get("prompts")
    style = pair.metadata.get("prompt_style")
    prompt = prompts.get(style) if isinstance(prompts, dict) and isinstance(style, str) else None
    return prompt if isinstance(prompt, str) else None


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=_DIGEST_BYTES).digest()


def _size(picture: Picture) -> str:
    return f"{picture.size[0]}x{picture.size[1]}"
