"""The evaluations of one question with one model: what they say, and the runs and the question that they are about."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from vmevalkit.dataroot import PASS_SCORE, RUN_METADATA_NAME, Evaluation, Score, read_json
from vmevalkit.errors import RecordError, first_problem
from vmevalkit.integrity._files import Reader
from vmevalkit.integrity._folders import Scanner, task_path
from vmevalkit.integrity._runs import has_question
from vmevalkit.integrity.findings import Code

_OUT_OF_RANGE = {"greater_than_equal", "less_than_equal"}


@dataclass(frozen=True)
class EvaluationCheck:
    """Checks evaluation files; what is found wrong goes to the scanner."""

    scanner: Scanner
    reader: Reader

    def check(self, experiment: str, model: str, domain: str, task_id: str) -> None:
        """Check all that was said about a model's answers to a question."""
        path = task_path("evaluations", experiment, model, domain, task_id)
        listing = self.scanner.listing(path)
        self.scanner.only(path, listing.folders, (), "folder")
        runs = _Runs(self.scanner, task_path("outputs", experiment, model, domain, task_id))
        there = has_question(self.scanner, domain, task_id)
        for name, entry in listing.files.items():
            file = f"{path}/{name}"
            if not name.endswith(".json"):
                self.scanner.note(Code.UNKNOWN_FILE, file, "is not a file that belongs here")
                continue
            if not there:
                self.scanner.note(Code.ORPHAN_EVALUATION, file, f"is about {domain}/{task_id}, which is not there")
            value = self.reader.json(file, entry)
            evaluation = None if value is None else self._evaluation(file, value)
            if evaluation is None:
                continue
            if evaluation.evaluator != name.removesuffix(".json"):
                self.scanner.note(Code.MISNAMED_EVALUATION, file, f"is by {evaluation.evaluator!r}, not by its name")
            place = (evaluation.experiment, evaluation.model, evaluation.domain, evaluation.task_id)
            if place != (experiment, model, domain, task_id):
                self.scanner.note(
                    Code.MISPLACED_EVALUATION, file, f"is about {'/'.join(place)}, not about its folder's question"
                )
            self._scores(file, evaluation, runs)

    def _evaluation(self, file: str, value: dict[str, Any]) -> Evaluation | None:
        """Return the file as a record, without the scores that are none."""
        records = value.get("records")
        good = []
        for number, record in enumerate(records if isinstance(records, list) else [], start=1):
            try:
                Score.model_validate(record)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                is_range = first["loc"] == ("score",) and first["type"] in _OUT_OF_RANGE
                self.scanner.note(
                    Code.SCORE_OUT_OF_RANGE if is_range else Code.INVALID_RECORD,
                    file,
                    f"record {number}: field {first_problem(error)}",
                )
            else:
                good.append(record)
        try:
            return Evaluation.model_validate({**value, "records": good} if isinstance(records, list) else value)
        except ValidationError as error:
            self.scanner.note(Code.INVALID_RECORD, file, f"field {first_problem(error)}")
            return None

    def _scores(self, file: str, evaluation: Evaluation, runs: "_Runs") -> None:
        raters: set[tuple[str, str]] = set()
        no_runs = False
        for score in evaluation.records:
            about = f"the score of {score.run_id} by {score.rater}"
            if (score.run_id, score.rater) in raters:
                self.scanner.note(Code.REPEATED_SCORE, file, f"has {about} twice")
            raters.add((score.run_id, score.rater))
            problem = _contradiction(score)
            if problem:
                self.scanner.note(Code.INCONSISTENT_SCORE, file, f"{about} {problem}")
            if not runs.names:
                no_runs = True
            elif score.run_id not in runs.names:
                self.scanner.note(Code.UNKNOWN_RUN, file, f"{about} is about a run that is not there")
            elif runs.has_another_video(score):
                self.scanner.note(Code.STALE_SCORE, file, f"{about} is about another video than the run holds now")
        if no_runs:
            self.scanner.note(Code.REMOVED_RUN, file, "is about runs of which none is there any more")


class _Runs:
    """The runs that evaluations can be about; read as far as they are asked for."""

    def __init__(self, scanner: Scanner, path: str) -> None:
        # What is wrong with the runs is noted where they are checked.
        self._scanner = scanner.aside()
        self._path = path
        self.names = frozenset(self._scanner.folders(path))
        self._videos: dict[str, str | None] = {}

    def has_another_video(self, score: Score) -> bool:
        """Tell whether the video that was scored is another one than the run has noted."""
        if score.video_sha256 is None:
            return False
        if score.run_id not in self._videos:
            self._videos[score.run_id] = self._video(score.run_id)
        noted = self._videos[score.run_id]
        return noted is not None and noted != score.video_sha256

    def _video(self, run_id: str) -> str | None:
        try:
            noted = read_json(self._scanner.file(f"{self._path}/{run_id}/{RUN_METADATA_NAME}")).get("video_sha256")
        except RecordError:
            return None
        return noted if isinstance(noted, str) else None


def _contradiction(score: Score) -> str | None:
    if score.status == "scored" and score.score is None:
        return "is scored, but has no score"
    if score.status != "scored" and score.score is not None:
        return f"has the status {score.status}, and yet the score {score.score}"
    if score.score is None:
        return "has passed without a score" if score.passed else None
    if score.passed is not None and score.passed != (score.score >= PASS_SCORE):
        return f"says that {score.score} has {'passed' if score.passed else 'not passed'}"
    return None
