"""``/score``: people say how good videos are, blind and one at a time.

The page works with forms alone. Its script does the same over ``/api/rating``, by keyboard and without a reload.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from vmevalkit.dataroot import HUMAN_EVALUATION, DataRoot
from vmevalkit.errors import UsageError
from vmevalkit.evaluators.rubrics import GENERAL, RUBRICS
from vmevalkit.runner.rating import (
    Agreement,
    RaterProgress,
    RatingStudy,
    StudyProgress,
    UnknownItemError,
    check_rater,
    rater_agreement,
)
from vmevalkit.runner.rating.raters import MAX_LETTERS
from vmevalkit.web import formats
from vmevalkit.web._rating_bodies import MAX_COMMENT, ItemBody
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages.query import Given, PageQuery
from vmevalkit.web.rating import Studies
from vmevalkit.web.rendering import EmptyState, render

ENOUGH = 5
"""Videos that several people must have scored before their agreement is shown."""
_MOST_RATERS = 200
_SCORES: tuple[tuple[int, str], ...] = (
    (1, "Nothing done"),
    (2, "Wrong end"),
    (3, "Right end, wrong way"),
    (4, "Solved, small flaw"),
    (5, "Solved"),
)
_REASONS = (
    "The video does not play",
    "I cannot tell what it shows",
    "The question is unclear",
    "Something else, see the comment",
)
Done = Literal["scored", "replaced", "skipped", "undone", "nothing", "gone"]
_MESSAGES: dict[Done, str] = {
    "scored": "Saved.",
    "replaced": "Saved. It replaces what you had said about that video before.",
    "skipped": "Skipped. Somebody else may be asked.",
    "undone": "Taken back: here is that video again.",
    "nothing": "There is nothing to take back.",
    "gone": "That video cannot be scored any more. Here is the next one.",
}


class ScoreQuery(PageQuery):
    """What the page of an experiment can be asked."""

    rater: Given[str] = None
    done: Given[Done] = None
    """What the form before has come to."""


@dataclass(frozen=True)
class Scored:
    """An experiment, in videos; of several of one model and question the last one."""

    name: str
    link: str
    videos: int
    scored: int

    @property
    def share(self) -> float | None:
        """How much of it is scored."""
        return self.scored / self.videos if self.videos else None


@dataclass(frozen=True)
class ScoreIndexView:
    """For ``score_index.html``."""

    experiments: tuple[Scored, ...]
    empty: EmptyState | None


@dataclass(frozen=True)
class ScoreEntryView:
    """For ``score_entry.html``: where a rater says who they are."""

    experiment: str
    name: str
    problem: str | None
    """What is wrong with the name."""
    max_letters: int
    progress: StudyProgress
    raters: tuple[RaterProgress, ...]
    agreement: Agreement
    enough: int
    empty: EmptyState | None


@dataclass(frozen=True)
class ScoreView:
    """For ``score.html``."""

    experiment: str
    rater: str
    item: ItemBody | None
    levels: dict[str, tuple[str, ...]]
    """What the scores 1 to 5 mean, by domain; the empty name stands for all others."""
    scores: tuple[tuple[int, str], ...]
    """Each score with a few words."""
    reasons: tuple[str, ...]
    """Why somebody may be unable to judge a video."""
    max_comment: int
    progress: RaterProgress
    retry_seconds: float | None
    message: str | None
    enough: int

    def meaning(self, score: int) -> str:
        """Say what a score means for the video that is shown."""
        domain = self.item.domain if self.item else ""
        return self.levels.get(domain, self.levels[""])[score - 1]


Form = dict[str, str]


async def _form(request: Request) -> Form:
    """Read a form that a browser has sent; of several values of one name the last one counts."""
    try:
        fields = parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise UsageError("this is no form of the page", hint="score on the page itself, or use /api/rating") from error
    return {name: values[-1] for name, values in fields.items()}


def score_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes on which people score."""
    studies = Studies(dashboard.root)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        studies.close()

    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False, lifespan=lifespan)

    @router.get("/score")
    def show_experiments(request: Request) -> str:
        return render(request, "score_index.html", _index(dashboard, Links.of(request)))

    @router.get("/score/{experiment}", response_model=None)
    def show_next(request: Request, experiment: str, query: Annotated[ScoreQuery, Query()]) -> Response:
        study = studies.of(experiment)
        if query.rater is None:
            return _page(request, "score_entry.html", _entry(study, experiment))
        try:
            rater = check_rater(query.rater)
        except UsageError as error:
            return _page(request, "score_entry.html", _entry(study, experiment, query.rater, error), 400)
        return _page(
            request, "score.html", _turn(dashboard.root, study, Links.of(request), experiment, rater, query.done)
        )

    @router.post("/score/{experiment}", response_model=None)
    def save(request: Request, experiment: str, form: Annotated[Form, Depends(_form)]) -> Response:
        links, rater = Links.of(request), check_rater(form.get("rater", ""))
        done = _saved(studies.of(experiment), rater, form)
        return RedirectResponse(links.with_query(links.score(experiment), rater=rater, done=done), 303)

    return router


def _page(request: Request, template: str, view: object, status: int = 200) -> Response:
    """Answer with a page that shows what is next now, and not what was when somebody goes back to it."""
    return HTMLResponse(render(request, template, view), status, {"Cache-Control": "no-store"})


def _index(dashboard: Dashboard, links: Links) -> ScoreIndexView:
    experiments = []
    for row in dashboard.catalog.experiments():
        standings = dashboard.catalog.standings(row.name, HUMAN_EVALUATION)
        scored = sum(one.passed + one.failed for one in standings)
        videos = scored + sum(one.unscored for one in standings)
        experiments.append(Scored(row.name, links.score(row.name), videos, scored))
    empty = None
    if not experiments:
        empty = EmptyState(
            "Nothing to score yet",
            "There are no videos. Make questions and have a model film them:",
            ("vmevalkit create", "vmevalkit run --experiment pilot_experiment --model oracle"),
        )
    return ScoreIndexView(tuple(experiments), empty)


def _entry(study: RatingStudy, experiment: str, name: str = "", error: UsageError | None = None) -> ScoreEntryView:
    progress = study.progress()
    empty = None
    if not progress.items:
        empty = EmptyState(
            "No videos to score",
            f"Experiment {experiment} has no videos that the rating plan asks for. Have a model film the questions:",
            (f"vmevalkit run --experiment {experiment} --model oracle",),
        )
    return ScoreEntryView(
        experiment=experiment,
        name=name[: 2 * MAX_LETTERS],
        problem=f"{error.message}; {error.hint}" if error else None,
        max_letters=MAX_LETTERS,
        progress=progress,
        raters=progress.raters[:_MOST_RATERS],
        agreement=rater_agreement(study.scores()),
        enough=ENOUGH,
        empty=empty,
    )


def _turn(
    root: DataRoot, study: RatingStudy, links: Links, experiment: str, rater: str, done: Done | None
) -> ScoreView:
    turn = study.next(rater)
    return ScoreView(
        experiment=experiment,
        rater=rater,
        item=ItemBody.of(root, links, turn.items[0]) if turn.items else None,
        levels={"": GENERAL.levels, **{domain: rubric.levels for domain, rubric in RUBRICS.items()}},
        scores=_SCORES,
        reasons=_REASONS,
        max_comment=MAX_COMMENT - max(map(len, _REASONS)) - 2,
        progress=turn.progress,
        retry_seconds=turn.retry_seconds,
        message=_MESSAGES[done] if done else None,
        enough=ENOUGH,
    )


def _saved(study: RatingStudy, rater: str, form: Form) -> Done:
    """Do what a form says."""
    if "undo" in form:
        return "undone" if study.undo(rater) else "nothing"
    item, comment = form.get("item", ""), form.get("comment", "").strip()
    if len(comment) > MAX_COMMENT:
        raise UsageError(f"the comment is longer than {formats.count(MAX_COMMENT)} characters")
    try:
        if "skip" in form:
            reason = form["skip"] if form["skip"] in _REASONS else ""
            study.skip(rater, item, ": ".join(filter(None, (reason, comment))))
            return "skipped"
        score = form.get("score", "")
        if score not in {str(number) for number, _ in _SCORES}:
            raise UsageError("give a score from 1 to 5, or skip the video")
        return "replaced" if study.score(rater, item, int(score), comment).replaced else "scored"
    except UnknownItemError:
        return "gone"
