"""The runs of one question with one model: their files, what they say, and the question that they answer."""

import os
from dataclasses import dataclass

from vmevalkit import media
from vmevalkit.dataroot import (
    FIRST_FRAME_NAME,
    PROMPT_NAME,
    RUN_METADATA_NAME,
    RUN_VIDEO_PATH,
    VIDEO_NAME,
    Run,
    RunKey,
)
from vmevalkit.errors import VideoError
from vmevalkit.integrity._files import Reader
from vmevalkit.integrity._folders import Scanner, question_path, task_path
from vmevalkit.integrity.findings import Code

_QUESTION_FILES = (PROMPT_NAME, FIRST_FRAME_NAME)


@dataclass(frozen=True)
class RunCheck:
    """Checks runs; what is found wrong goes to the scanner."""

    scanner: Scanner
    reader: Reader
    decode: bool
    """Whether videos are decoded and hashed, and frames compared byte by byte."""

    def check(self, experiment: str, model: str, domain: str, task_id: str) -> None:
        """Check all runs of a question."""
        path = task_path("outputs", experiment, model, domain, task_id)
        run_ids = self.scanner.folders(path)
        question = question_path(domain, task_id)
        there = has_question(self.scanner, domain, task_id)
        asked = self.scanner.aside().listing(question).files if there else {}
        for run_id in run_ids:
            folder = f"{path}/{run_id}"
            if not there:
                self.scanner.note(Code.ORPHAN_RUN, folder, f"answers {domain}/{task_id}, which is not there")
            self._check(folder, RunKey(experiment, model, domain, task_id, run_id), question, asked)

    def _check(self, path: str, key: RunKey, question: str, asked: dict[str, os.DirEntry[str]]) -> None:
        listing = self.scanner.listing(path)
        self.scanner.only(path, listing.files, (RUN_METADATA_NAME,))
        self.scanner.only(path, listing.folders, ("question", "video"), "folder")
        videos = self.scanner.listing(f"{path}/video").files if "video" in listing.folders else {}
        self.scanner.only(f"{path}/video", videos, (VIDEO_NAME,))
        video = videos.get(VIDEO_NAME)
        if RUN_METADATA_NAME not in listing.files:
            self.scanner.note(Code.MISSING_RUN_METADATA, path, f"has no {RUN_METADATA_NAME}")
            return
        run = self._run(f"{path}/{RUN_METADATA_NAME}", listing.files[RUN_METADATA_NAME], key)
        if run is None:
            return
        self._state(path, run, video)
        self._question(path, run, question, asked)
        if video is not None:
            self._video(f"{path}/{RUN_VIDEO_PATH}", video, run)

    def _run(self, file: str, entry: os.DirEntry[str], key: RunKey) -> Run | None:
        run = self.reader.record(Run, file, entry)
        if run is None:
            return None
        if (run.experiment, run.model, run.domain, run.task_id, run.run_id) != (
            key.experiment,
            key.model,
            key.domain,
            key.task_id,
            key.run_id,
        ):
            self.scanner.note(Code.MISPLACED_RUN, file, "describes another run than the one whose folder it lies in")
            return None
        return run

    def _state(self, path: str, run: Run, video: os.DirEntry[str] | None) -> None:
        file = f"{path}/{RUN_METADATA_NAME}"
        if run.status == "running":
            self.scanner.note(Code.UNFINISHED_RUN, path, "has not come to its end")
        elif run.status == "succeeded" and run.error is not None:
            self.scanner.note(Code.INCONSISTENT_RUN, file, f"says that it succeeded, and the error {run.error.type}")
        elif run.status == "failed" and run.error is None:
            self.scanner.note(Code.INCONSISTENT_RUN, file, "says that it failed, but not why")
        if run.status == "succeeded" and video is None:
            self.scanner.note(Code.MISSING_VIDEO, path, f"succeeded, but has no {RUN_VIDEO_PATH}")

    def _question(self, path: str, run: Run, question: str, asked: dict[str, os.DirEntry[str]]) -> None:
        """Compare what the model was given with what the question is now."""
        folder = f"{path}/question"
        given = self.scanner.listing(folder).files
        self.scanner.only(folder, given, _QUESTION_FILES)
        for name in _QUESTION_FILES:
            if name not in given:
                self.scanner.note(Code.MISSING_RUN_QUESTION, path, f"has no question/{name}")
        prompts = {run.prompt.strip()}
        if PROMPT_NAME in given:
            text = self.reader.text(f"{folder}/{PROMPT_NAME}", given[PROMPT_NAME])
            prompts |= set() if text is None else {text.strip()}
        if PROMPT_NAME in asked:
            text = self._aside().text(f"{question}/{PROMPT_NAME}", asked[PROMPT_NAME])
            prompts |= set() if text is None else {text.strip()}
        if len(prompts - {""}) > 1:
            self.scanner.note(Code.RUN_PROMPT_DIFFERS, path, "was given another prompt than its question has")
        if self.decode and FIRST_FRAME_NAME in given and FIRST_FRAME_NAME in asked:
            frame = self.reader.read(f"{folder}/{FIRST_FRAME_NAME}", given[FIRST_FRAME_NAME])
            wanted = self._aside().read(f"{question}/{FIRST_FRAME_NAME}", asked[FIRST_FRAME_NAME])
            if None not in (frame, wanted) and frame != wanted:
                self.scanner.note(
                    Code.RUN_FRAME_DIFFERS, path, f"was given another {FIRST_FRAME_NAME} than its question has"
                )

    def _aside(self) -> Reader:
        """Return a reader for the question's own files: what is wrong with them is noted where it is checked."""
        return Reader(self.scanner.aside(), self.reader.hashes)

    def _video(self, file: str, entry: os.DirEntry[str], run: Run) -> None:
        if not self.decode:
            if not entry.stat().st_size:
                self.scanner.note(Code.BROKEN_VIDEO, file, "is empty")
            return
        sha256 = self.reader.sha256(file, entry)
        if sha256 is None:
            return
        if run.video_sha256 is not None and sha256 != run.video_sha256:
            self.scanner.note(Code.VIDEO_CHANGED, file, f"has the sha256 {sha256[:12]}…, not {run.video_sha256[:12]}…")
        try:
            facts = media.probe(self.scanner.file(file))
        except VideoError as error:
            self.scanner.note(Code.BROKEN_VIDEO, file, error.message.removeprefix(f"{VIDEO_NAME}: "))
            return
        noted = run.video
        if noted is not None and (facts.width, facts.height, facts.frames) != (noted.width, noted.height, noted.frames):
            self.scanner.note(
                Code.WRONG_VIDEO_FACTS,
                file,
                f"has {facts.frames} frames of {facts.width}x{facts.height} pixels, "
                f"not {noted.frames} of {noted.width}x{noted.height}",
            )


def has_question(scanner: Scanner, domain: str, task_id: str) -> bool:
    """Tell whether there is a question by that name."""
    return scanner.file(question_path(domain, task_id)).is_dir()
