"""What can be found wrong in a data root: each kind with a code that never changes, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Something is lost, damaged or contradicts itself."""
    WARNING = "warning"
    """All data is as it should be, but somebody should look."""


_REMAKE = "take the question from a snapshot ('vmevalkit pull'), or delete its folder and run 'vmevalkit create' again"
_RERUN = "take the run from a snapshot ('vmevalkit pull'), or delete its folder and run 'vmevalkit run' again"
_RESCORE = "take the file from a snapshot ('vmevalkit pull'), or delete it and run 'vmevalkit evaluate' again"
_REWRITE = "'vmevalkit validate --fix' rewrites the manifest from the question folders"
_BY_HAND = "correct the file by hand, or take it from a snapshot ('vmevalkit pull')"


class Code(StrEnum):
    """The kinds of findings: a code, how bad it is, what it means, and the way out."""

    severity: Severity
    meaning: str
    fix: str
    in_manifest: bool
    """Whether rewriting the manifest from the question folders settles it."""

    def __new__(cls, code: str, severity: Severity, meaning: str, fix: str) -> Self:
        """Make a member out of its row of the table."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.severity, member.meaning, member.fix = severity, meaning, fix
        member.in_manifest = fix == _REWRITE
        return member

    # Questions
    MISSING_FIRST_FRAME = "missing-first-frame", Severity.ERROR, "a question has no `first_frame.png`", _REMAKE
    MISSING_FINAL_FRAME = "missing-final-frame", Severity.ERROR, "a question has no `final_frame.png`", _REMAKE
    MISSING_PROMPT = "missing-prompt", Severity.ERROR, "a question has no `prompt.txt`", _REMAKE
    MISSING_METADATA = (
        "missing-question-metadata",
        Severity.ERROR,
        "a question has no `question_metadata.json`",
        _REMAKE,
    )
    MISPLACED_QUESTION = (
        "misplaced-question",
        Severity.ERROR,
        "a question's metadata names another domain or id than its folder",
        _BY_HAND,
    )
    UNSAFE_PATH = (
        "unsafe-path",
        Severity.ERROR,
        "a path in a question's metadata leads out of `questions/`",
        "correct the path by hand; nothing reads the file that it names",
    )
    WRONG_IMAGE_PATH = (
        "wrong-image-path",
        Severity.ERROR,
        "the metadata names another frame than the one in the question's folder",
        _BY_HAND,
    )
    EMPTY_PROMPT = "empty-prompt", Severity.ERROR, "a prompt has no text", _REMAKE
    NOT_UTF8 = "not-utf8", Severity.ERROR, "a text file is not UTF-8", "save the file as UTF-8"
    PROMPT_DIFFERS = (
        "prompt-differs",
        Severity.ERROR,
        "`prompt.txt` and the metadata do not give the same prompt",
        "decide which is right: what models were asked is in the runs' `metadata.json`",
    )
    BROKEN_IMAGE = "broken-image", Severity.ERROR, "a frame cannot be decoded", _REMAKE
    NOT_PNG = (
        "not-png",
        Severity.WARNING,
        "a frame is a picture of another format than its name says",
        "save the picture as PNG",
    )
    WRONG_IMAGE_SIZE = (
        "wrong-image-size",
        Severity.ERROR,
        "a frame has another size than the metadata declares",
        _REMAKE,
    )
    FRAME_SIZES_DIFFER = (
        "frame-sizes-differ",
        Severity.ERROR,
        "the first and the final frame have different sizes, and the metadata declares none",
        _REMAKE,
    )
    IDENTICAL_FRAMES = (
        "identical-frames",
        Severity.ERROR,
        "the first and the final frame show the same: there is nothing to solve",
        _REMAKE,
    )
    BROKEN_PUZZLE = "broken-puzzle", Severity.ERROR, "the metadata does not describe a puzzle of its domain", _REMAKE
    WRONG_SOLUTION = (
        "wrong-solution",
        Severity.ERROR,
        "the domain's solver does not find the solution that the metadata gives, or finds others",
        _REMAKE,
    )
    WRONG_KEY = (
        "wrong-puzzle-key",
        Severity.ERROR,
        "the metadata describes another puzzle than the one that was made",
        _REMAKE,
    )
    BROKEN_FILM = (
        "broken-film",
        Severity.ERROR,
        "`ground_truth.mp4` cannot be decoded from its first frame to its last",
        "delete the film and run 'vmevalkit create --videos' again",
    )
    WRONG_FILM_SIZE = (
        "wrong-film-size",
        Severity.WARNING,
        "`ground_truth.mp4` has another size than the frames",
        "delete the film and run 'vmevalkit create --videos' again",
    )
    DUPLICATE_PUZZLE = (
        "duplicate-puzzle",
        Severity.ERROR,
        "a question asks the same puzzle as another one",
        "delete one of the two folders and run 'vmevalkit create' again",
    )
    SAME_FIRST_FRAME = (
        "same-first-frame",
        Severity.WARNING,
        "a question has the first frame of another one, byte by byte",
        "look whether the two ask different things",
    )

    # The manifest
    MISSING_MANIFEST = "missing-manifest", Severity.ERROR, "there are questions, but no manifest", _REWRITE
    MALFORMED_MANIFEST = (
        "malformed-manifest",
        Severity.ERROR,
        "the manifest cannot be read to its end; its entries were not compared",
        _REWRITE,
    )
    INVALID_ENTRY = "invalid-manifest-entry", Severity.ERROR, "an entry of the manifest is no question", _REWRITE
    UNSAFE_ENTRY = (
        "unsafe-manifest-entry",
        Severity.ERROR,
        "a path in the manifest leads out of `questions/`",
        _REWRITE,
    )
    REPEATED_ENTRY = "repeated-manifest-entry", Severity.ERROR, "the manifest lists a question twice", _REWRITE
    UNSORTED_MANIFEST = (
        "unsorted-manifest",
        Severity.WARNING,
        "the entries are not in the order of domain and id",
        _REWRITE,
    )
    WRONG_COUNT = (
        "wrong-manifest-count",
        Severity.ERROR,
        "the manifest announces another number of questions than it lists",
        _REWRITE,
    )
    UNLISTED_QUESTION = "unlisted-question", Severity.ERROR, "a question is not in the manifest", _REWRITE
    MISSING_QUESTION = (
        "missing-question",
        Severity.ERROR,
        "a question is in the manifest, but has no folder",
        "take it from a snapshot ('vmevalkit pull'); if it was deleted on purpose, "
        "'vmevalkit validate --fix' takes it off the manifest",
    )
    MANIFEST_DIFFERS = (
        "manifest-differs",
        Severity.ERROR,
        "the manifest says something else about a question than its metadata",
        _REWRITE,
    )

    # Runs
    ORPHAN_RUN = (
        "orphan-run",
        Severity.ERROR,
        "a run answers a question that is not there",
        "take the question from a snapshot ('vmevalkit pull'), or delete the run",
    )
    MISSING_RUN_METADATA = (
        "missing-run-metadata",
        Severity.WARNING,
        "a run ended before anything was written down about it",
        _RERUN,
    )
    MISPLACED_RUN = (
        "misplaced-run",
        Severity.ERROR,
        "a run's metadata names another run than its folder",
        _BY_HAND,
    )
    INCONSISTENT_RUN = (
        "inconsistent-run",
        Severity.ERROR,
        "a run succeeded with an error, or failed without one",
        _RERUN,
    )
    UNFINISHED_RUN = (
        "unfinished-run",
        Severity.WARNING,
        "a run has not come to its end; it may be going on",
        "run the same 'vmevalkit run' again: it goes on where it stopped",
    )
    MISSING_VIDEO = "missing-video", Severity.ERROR, "a run succeeded, but its video is not there", _RERUN
    BROKEN_VIDEO = (
        "broken-video",
        Severity.ERROR,
        "a run's video cannot be decoded from its first frame to its last",
        _RERUN,
    )
    VIDEO_CHANGED = (
        "video-changed",
        Severity.ERROR,
        "a video is not the one whose sha256 the run has noted",
        _RERUN,
    )
    WRONG_VIDEO_FACTS = (
        "wrong-video-facts",
        Severity.ERROR,
        "a video has another size or number of frames than the run has noted",
        _RERUN,
    )
    RUN_PROMPT_DIFFERS = (
        "run-prompt-differs",
        Severity.ERROR,
        "a run was asked something else than its question asks",
        "delete the run and run 'vmevalkit run' again, or take the question from a snapshot",
    )
    RUN_FRAME_DIFFERS = (
        "run-frame-differs",
        Severity.ERROR,
        "a run was given another first frame than its question has",
        "delete the run and run 'vmevalkit run' again, or take the question from a snapshot",
    )
    MISSING_RUN_QUESTION = (
        "missing-run-question",
        Severity.WARNING,
        "a run does not hold the prompt or the first frame that the model was given",
        "copy the file from the question",
    )

    # Evaluations
    ORPHAN_EVALUATION = (
        "orphan-evaluation",
        Severity.ERROR,
        "scores are about a question that is not there",
        "take the question from a snapshot ('vmevalkit pull'), or delete the file",
    )
    UNKNOWN_RUN = (
        "unknown-run",
        Severity.ERROR,
        "a score is about a run that is not there, though others of its question are",
        "take the run from a snapshot ('vmevalkit pull'), or score anew",
    )
    REMOVED_RUN = (
        "removed-run",
        Severity.WARNING,
        "scores are about runs of which none is there any more, such as archived ones",
        "none is needed if the runs were removed on purpose",
    )
    MISNAMED_EVALUATION = (
        "misnamed-evaluation",
        Severity.ERROR,
        "an evaluation names another evaluator than its file",
        _BY_HAND,
    )
    MISPLACED_EVALUATION = (
        "misplaced-evaluation",
        Severity.ERROR,
        "an evaluation names another experiment, model or question than its folder",
        _BY_HAND,
    )
    SCORE_OUT_OF_RANGE = "score-out-of-range", Severity.ERROR, "a score is not one of 1 to 5", _RESCORE
    INCONSISTENT_SCORE = (
        "inconsistent-score",
        Severity.ERROR,
        "a record is scored without a score, has one without being scored, or passed against its score",
        _RESCORE,
    )
    REPEATED_SCORE = "repeated-score", Severity.ERROR, "a rater has scored a run twice", _RESCORE
    STALE_SCORE = (
        "stale-score",
        Severity.WARNING,
        "a score is about another video than the one that the run holds now",
        "run 'vmevalkit evaluate' again",
    )

    # Any file
    MALFORMED_JSON = "malformed-json", Severity.ERROR, "a file is no JSON object", _BY_HAND
    INVALID_RECORD = "invalid-record", Severity.ERROR, "a field is missing or cannot be what it is", _BY_HAND
    INVALID_NAME = (
        "invalid-name",
        Severity.ERROR,
        "a folder's name cannot be that of a domain, question, experiment, model or run, so that nothing sees it",
        "rename the folder, or move it out of the data root",
    )
    UNKNOWN_FILE = (
        "unknown-file",
        Severity.WARNING,
        "something that no part of the tool has put there",
        "move it out of the data root",
    )
    LEFTOVER = (
        "leftover",
        Severity.WARNING,
        "a temporary or cache file, from a write that was interrupted or is going on",
        "'vmevalkit clean' removes what is abandoned",
    )
    LINK_LEADS_OUT = (
        "link-leads-out",
        Severity.ERROR,
        "a symbolic link leads out of the data root; it was not followed",
        "put what it points to in its place",
    )
    DANGLING_LINK = "dangling-link", Severity.ERROR, "a symbolic link points to nothing", "remove the link"
    UNREADABLE = (
        "unreadable",
        Severity.ERROR,
        "a file or folder cannot be read",
        "check its permissions and the disk; if it is lost, 'vmevalkit pull' brings it back",
    )
    BIT_ROT = (
        "bit-rot",
        Severity.ERROR,
        "a file has other bytes than when it was last read or pushed, though nobody has written to it",
        "take the file from a snapshot ('vmevalkit pull'), and check the disk",
    )
    CHANGED_QUESTION = (
        "changed-question",
        Severity.WARNING,
        "a question was written to after the snapshot; questions do not change",
        "'vmevalkit diff' shows what has changed; 'vmevalkit pull' brings the old one back",
    )
    NOT_COMPARED = (
        "not-compared",
        Severity.WARNING,
        "the files could not be compared with the snapshot",
        "settle the other findings first",
    )
    BROKEN_INDEX = (
        "broken-index",
        Severity.WARNING,
        "the index cannot be read",
        "'vmevalkit validate --fix' builds it anew from the files",
    )

    @property
    def is_derivable(self) -> bool:
        """Whether `vmevalkit validate --fix` repairs it, because all that it needs is in other files."""
        return self.in_manifest or self in (Code.MISSING_QUESTION, Code.BROKEN_INDEX)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; as text, a sentence that names the file."""

    code: Code
    path: str
    """The file or folder, relative to the data root, with slashes."""
    sentence: str
    """What is wrong with it, to be read after the path."""

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.code.severity

    @property
    def fix(self) -> str:
        """The way out."""
        return self.code.fix

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "path": self.path,
            "sentence": self.sentence,
            "fix": self.fix,
        }


def finding(code: Code, path: str, sentence: str) -> Finding:
    """Make a finding of a path and a sentence that may have bytes in them which no terminal can show."""
    return Finding(code, _shown(path), _shown(sentence))


def _shown(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
