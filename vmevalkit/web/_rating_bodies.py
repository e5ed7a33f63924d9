"""What goes in and out of ``/api/rating``."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from vmevalkit.analysis.agreement import Coefficient
from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, DataRoot, Score, check_name
from vmevalkit.errors import VMEvalError
from vmevalkit.runner.rating import Item, RaterProgress, RatingPlan, check_rater
from vmevalkit.web.links import Links

MAX_COMMENT = 4000
"""Characters."""


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    """Turn the error of a check into one of a parameter."""

    def checked(text: str) -> str:
        try:
            return check(text)
        except VMEvalError as error:
            values = {"message": error.message, "hint": error.hint}
            raise PydanticCustomError("name", "{message}; {hint}", values) from error

    return checked


RaterName = Annotated[str, AfterValidator(_checked(check_rater))]
_Name = Annotated[str, AfterValidator(_checked(lambda name: check_name("name", name)))]


class MediaKind(StrEnum):
    """What can be seen of an item."""

    VIDEO = "video"
    FIRST_FRAME = "first_frame"
    FINAL_FRAME = "final_frame"


class PlanBody(BaseModel):
    """How the items of an experiment are shared out; what is left out has its default."""

    model_config = ConfigDict(extra="forbid")

    seed: StrictInt = Field(0, ge=0, lt=2**63, description="Decides the order and which items several people rate")
    overlap: float = Field(
        0.2, ge=0, le=1, allow_inf_nan=False, description="Share of the items that several people rate"
    )
    raters_per_item: StrictInt = Field(2, ge=1, le=100, description="How many people rate each of those")
    blind: bool = Field(True, description="Whether raters are not told which model made a video")
    domains: list[_Name] | None = Field(None, min_length=1, description="Only these domains")
    models: list[_Name] | None = Field(None, min_length=1, description="Only these models")


class SavedPlanBody(PlanBody):
    """The plan of an experiment."""

    created_at: str | None
    """When it was saved; null for the default plan."""

    @classmethod
    def of(cls, plan: RatingPlan) -> Self:
        """Say it of a plan."""
        return cls.model_validate(plan.model_dump(include=set(cls.model_fields)))


class VideoBody(BaseModel):
    """A video's measures."""

    width: int
    height: int
    fps: float
    frames: int
    duration: float
    """Seconds."""


class WordBody(BaseModel):
    """What a rater has said about an item."""

    status: Literal["scored", "error", "skipped"]
    score: int | None
    comment: str
    created_at: str

    @classmethod
    def of(cls, score: Score) -> Self:
        """Say it of a score."""
        return cls(status=score.status, score=score.score, comment=score.explanation, created_at=score.created_at)


class ItemBody(BaseModel):
    """A video to rate."""

    item: str
    """Its name in this API."""
    domain: str
    difficulty: str | None
    prompt: str
    model: str | None
    """Null if the plan is blind."""
    video: VideoBody | None
    video_url: str
    first_frame_url: str | None
    final_frame_url: str | None
    """The frame that a right solution ends with."""

    @classmethod
    def of(cls, root: DataRoot, links: Links, item: Item) -> Self:
        """Say it of an item; nothing of it but ``model`` comes from who made the video."""
        question, video = root.pair_folder(item.key.pair), item.video

        def address(kind: MediaKind) -> str:
            return links.path("api", "rating", item.key.experiment, "media", item.item, kind)

        def frame(kind: MediaKind, name: str) -> str | None:
            return address(kind) if (question / name).is_file() else None

        return cls(
            item=item.item,
            domain=item.key.domain,
            difficulty=item.difficulty,
            prompt=item.prompt,
            model=item.model,
            video=VideoBody(
                width=video.width, height=video.height, fps=video.fps, frames=video.frames, duration=video.duration
            )
            if video
            else None,
            video_url=address(MediaKind.VIDEO),
            first_frame_url=frame(MediaKind.FIRST_FRAME, FIRST_FRAME_NAME),
            final_frame_url=frame(MediaKind.FINAL_FRAME, FINAL_FRAME_NAME),
        )


class ProgressBody(BaseModel):
    """How far a rater is, in numbers of items."""

    rater: str
    done: int
    """Scored ones."""
    skipped: int
    remaining: int
    """Those that need more ratings and that this rater has neither scored nor skipped."""

    @classmethod
    def of(cls, progress: RaterProgress) -> Self:
        """Say it of a rater."""
        return cls(rater=progress.rater, done=progress.scored, skipped=progress.skipped, remaining=progress.remaining)


class ItemWithWordBody(BaseModel):
    """A video, and what a rater has said about it."""

    item: ItemBody
    said: WordBody | None
    """Null if no rater was named, or that rater has said nothing."""


class NextBody(BaseModel):
    """What a rater should do now."""

    item: ItemBody | None
    """Null if there is nothing to do."""
    ahead: list[ItemBody]
    """The items after it, as many as were asked for."""
    retry_after: float | None
    """If there is nothing to do because others hold what is left: seconds after which to ask again."""
    progress: ProgressBody


class ScoreBody(BaseModel):
    """A rater's word on an item: either a score or a skip."""

    model_config = ConfigDict(extra="forbid")

    rater: RaterName
    item: str
    score: StrictInt | None = Field(None, ge=1, le=5, description="1 (worst) to 5 (best); from 4 on it is solved")
    skip: bool = Field(False, description="Whether the rater cannot judge this video; the comment says why")
    comment: str = Field("", max_length=MAX_COMMENT)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.score is None) != self.skip:
            raise PydanticCustomError("score", "give either a score from 1 to 5, or skip: true")
        return self


class SavedScoreBody(BaseModel):
    """A word that has been saved."""

    item: str
    said: WordBody
    replaced: WordBody | None
    """What the same rater had said about it before."""
    progress: ProgressBody


class TakenBackBody(BaseModel):
    """A word that has been taken back."""

    item: ItemBody
    said: WordBody
    progress: ProgressBody


class ProblemBody(BaseModel):
    """An item that cannot be rated because a file cannot be read."""

    item: str
    message: str


class StudyProgressBody(BaseModel):
    """How far all raters together are."""

    items: int
    complete: int
    """Items that have all ratings they need."""
    needed: int
    """Ratings that all items together need."""
    given: int
    """Of those, the ones there are."""
    raters: list[ProgressBody]
    problems: list[ProblemBody]


class CoefficientBody(BaseModel):
    """A measure of agreement: 1 is perfect, 0 is chance."""

    value: float | None
    reason: str | None
    """Why there is no value."""
    items: int
    """Items that it stands on."""
    low: float | None
    """Of its 95 % interval, where there is one."""
    high: float | None

    @classmethod
    def of(cls, found: Coefficient) -> Self:
        """Say it of a coefficient."""
        low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
        return cls(value=found.value, reason=found.reason, items=found.items, low=low, high=high)


class PairBody(BaseModel):
    """Two raters with items in common."""

    first: str
    second: str
    kappa: CoefficientBody
    """Cohen's, with quadratic weights."""


class AgreementBody(BaseModel):
    """How far the raters agree."""

    alpha: CoefficientBody
    """Krippendorff's, for ordinal scores."""
    pairs: list[PairBody]
