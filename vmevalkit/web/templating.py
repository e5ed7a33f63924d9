"""Pages from templates. Each template is given one `View`, whose type says all that it may use."""

from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vmevalkit.analysis import Leaderboard
from vmevalkit.web import urls
from vmevalkit.web.questions import Question, QuestionPage
from vmevalkit.web.results import Facets, Filters, Outcome, ResultRow


@dataclass(frozen=True)
class EmptyState:
    """What a page says where there is nothing to show: why, and what to do about it."""

    message: str
    command: str | None
    """What to type, if that helps."""
    link: str | None
    """Where to go, if that helps."""


@dataclass(frozen=True)
class Fact:
    """A line of a list of facts."""

    name: str
    value: str
    is_long: bool
    """Whether it is folded away at first."""


@dataclass(frozen=True)
class ErrorView:
    """For ``error.html``."""

    status: int
    title: str
    message: str
    hint: str | None


@dataclass(frozen=True)
class ResultsView:
    """For ``results.html``."""

    filters: Filters
    facets: Facets
    is_filtered: bool
    board: Leaderboard | None
    board_problem: str | None
    """Which of the records behind ``board`` cannot be read."""
    page: QuestionPage
    empty: EmptyState | None
    clear_url: str
    first_url: str | None
    next_url: str | None


@dataclass(frozen=True)
class RunView:
    """A run on the page of its question."""

    row: ResultRow
    facts: tuple[Fact, ...]
    last_frame_at: float | None
    """Seconds into the video at which its last frame shows."""
    is_only: bool
    """Whether the model has no other run here."""


@dataclass(frozen=True)
class QuestionView:
    """For ``question.html``."""

    question: Question
    filters: Filters
    facts: tuple[Fact, ...]
    """About every question."""
    details: tuple[Fact, ...]
    """About this kind of puzzle."""
    runs: tuple[RunView, ...]
    total: int
    missing: tuple[str, ...]
    empty: EmptyState | None
    back_url: str
    previous_url: str | None
    next_url: str | None
    more_url: str | None


@dataclass(frozen=True)
class Parameter:
    """A parameter of a route."""

    name: str
    where: str
    description: str


@dataclass(frozen=True)
class RouteDoc:
    """A route of the API."""

    method: str
    path: str
    description: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class DocsView:
    """For ``docs.html``."""

    title: str
    version: str
    routes: tuple[RouteDoc, ...]


View = ErrorView | ResultsView | QuestionView | DocsView

_ENVIRONMENT = Environment(
    loader=PackageLoader("vmevalkit.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.0%}"


def _as_options(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


_ENVIRONMENT.filters.update({"percent": _percent, "as_options": _as_options})
_GLOBALS: dict[str, Any] = {
    "Outcome": Outcome,
    "video_url": urls.video_url,
    "first_frame_url": urls.first_frame_url,
    "final_frame_url": urls.final_frame_url,
    "ground_truth_url": urls.ground_truth_url,
    "question_url": urls.question_url,
}
_ENVIRONMENT.globals.update(_GLOBALS)


def render(template: str, view: View) -> str:
    """Fill a template."""
    return _ENVIRONMENT.get_template(template).render(view=view)
