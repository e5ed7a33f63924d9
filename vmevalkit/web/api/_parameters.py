"""What can stand in an address, and what it is turned into; nonsense is refused with the parameter's name."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vmevalkit.catalog import DEFAULT_EVALUATOR, Outcome, RunFilters, RunStatus
from vmevalkit.catalog import Sort as CatalogSort
from vmevalkit.web.public import domain_name

LONGEST_TEXT = 200
_LONGEST_NAME = 200
_LONGEST_CURSOR = 2000
_MOMENT = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?", re.ASCII
)

Sort = CatalogSort
Order = Literal["asc", "desc"]


def _checked_moment(text: str) -> str:
    """Return a time as records have it, in UTC, cut off where it was; they are compared as text."""
    text = text.strip().replace(" ", "T", 1)
    if not _MOMENT.fullmatch(text):
        raise ValueError("write a time like 2025, 2025-01, 2025-01-15 or 2025-01-15T10:30Z")
    if "T" not in text:
        # Any day of the month or year will do to see whether there is such a month.
        datetime.fromisoformat(f"{text}-01-01"[:10])
        return text
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{moment.microsecond:06}" if moment.microsecond else "")


Name = Annotated[str | None, Field(max_length=_LONGEST_NAME)]
DomainName = Annotated[str | None, Field(max_length=_LONGEST_NAME), AfterValidator(lambda n: n and domain_name(n))]
Text = Annotated[str | None, Field(max_length=LONGEST_TEXT)]
Moment = Annotated[str | None, Field(max_length=40), AfterValidator(lambda text: text and _checked_moment(text))]
Cursor = Annotated[str | None, Field(max_length=_LONGEST_CURSOR)]
ScoreBound = Annotated[float | None, Field(ge=1, le=5, allow_inf_nan=False)]
ExperimentName = Annotated[Name, Field(description="Name of an experiment")]
ExperimentInPath = Annotated[str, Path(description="Name of an experiment")]
ModelInPath = Annotated[str, Path(description="Name of a model")]
DomainInPath = Annotated[str, Path(description="A domain, such as chess or chess_task")]
TaskInPath = Annotated[str, Path(description="Id of a question, such as maze_0001")]
RunInPath = Annotated[str, Path(description="Name of the run's folder")]
EvaluatorName = Annotated[Name, Field(description=f"Whose scores are meant; {DEFAULT_EVALUATOR} if left out")]


class Parameters(BaseModel):
    """The parameters of an address; an empty one is as good as none, and one that does not exist is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: Any) -> Any:  # noqa: ANN401 - whatever pydantic is given
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, dict) else values


class PageParameters(Parameters):
    """Which page of a list."""

    cursor: Cursor = Field(None, description="The next_cursor of the page before")
    before: Cursor = Field(None, description="The previous_cursor of the page after")


class RunParameters(PageParameters):
    """Which runs; what is left out is any."""

    experiment: ExperimentName = None
    model: Name = Field(None, description="Name of a model")
    domain: DomainName = Field(None, description="A domain, such as chess or chess_task")
    task_id: Name = Field(None, description="Id of a question, such as maze_0001")
    difficulty: Name = Field(None, description="Of the question, such as easy")
    status: RunStatus | None = Field(None, description="State of the run")
    outcome: Outcome | None = Field(None, description="What came of it, as the evaluator sees it")
    evaluator: EvaluatorName = None
    score_from: ScoreBound = Field(None, description="The evaluator's score, the mean of its raters, is at least this")
    score_to: ScoreBound = Field(None, description="The score is at most this")
    since: Moment = Field(None, description="Begun at this time (UTC) or later, such as 2025-01-15 or 2025-01-15T10:30")
    until: Moment = Field(None, description="Begun before this time")
    q: Text = Field(None, description="Words of the question's prompt; the last one may be cut short")
    needs_review: bool = Field(default=False, description="Only runs that a person should look at")
    last_only: bool = Field(default=False, description="Only the last run of each model on each question")

    def filters(self) -> RunFilters:
        """Return them for the index; `UnsafePathError` if a name could not be one."""
        return RunFilters(
            experiment=self.experiment,
            model=self.model,
            domain=self.domain,
            task_id=self.task_id,
            difficulty=self.difficulty,
            status=self.status,
            outcome=self.outcome,
            evaluator=self.evaluator or DEFAULT_EVALUATOR,
            score_from=self.score_from,
            score_to=self.score_to,
            since=self.since,
            until=self.until,
            text=self.q,
            needs_review=self.needs_review,
            last_only=self.last_only,
        )
