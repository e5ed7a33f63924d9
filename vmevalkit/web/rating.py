"""``/api/rating``: people watch videos and say how good they are.

A page asks for the next item, shows it, posts the score with the item's name, and asks again. Every answer that moves
a rater on says how far that rater is, and ``next`` can name the items after the next one, so that their videos load
while the rater looks. What a rater is told about an item never tells which model made it, unless the plan says so.
"""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, DataRoot
from vmevalkit.errors import UnknownNameError
from vmevalkit.runner.rating import (
    MAX_AHEAD,
    Item,
    RatingPlan,
    RatingStudy,
    check_experiment,
    load_plan,
    rater_agreement,
    save_plan,
)
from vmevalkit.web._rating_bodies import (
    AgreementBody,
    CoefficientBody,
    ItemBody,
    ItemWithWordBody,
    MediaKind,
    NextBody,
    PairBody,
    PlanBody,
    ProblemBody,
    ProgressBody,
    RaterName,
    SavedPlanBody,
    SavedScoreBody,
    ScoreBody,
    StudyProgressBody,
    TakenBackBody,
    WordBody,
)
from vmevalkit.web.errors import ErrorBody, NotFoundError
from vmevalkit.web.links import Links
from vmevalkit.web.media import MEDIA_RESPONSES, file_inside, send_file

_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A name that cannot be one"},
    404: {"model": ErrorBody, "description": "No such experiment or item"},
    422: {"model": ErrorBody, "description": "A parameter or body that makes no sense"},
    500: {"model": ErrorBody, "description": "A file that cannot be read; the message names it"},
    503: {"model": ErrorBody, "description": "Others are writing; try again"},
}
_WRITING: dict[int | str, dict[str, Any]] = {
    **_RESPONSES,
    403: {"model": ErrorBody, "description": "Asked for by another web site"},
    413: {"model": ErrorBody, "description": "A body that is too large"},
}

_Rater = Annotated[RaterName, Query(description="Name of the rater, up to 40 letters")]
_Experiment = Annotated[str, InPath(description="Name of an experiment")]
_ItemName = Annotated[str, InPath(description="Name of an item, as given out")]
_Kind = Annotated[MediaKind, InPath(description="What to see of it")]


class Studies:
    """The studies that have been asked for, each kept open until the end; safe to use from several threads."""

    def __init__(self, root: DataRoot) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._open: dict[str, RatingStudy] = {}

    def of(self, experiment: str) -> RatingStudy:
        """Return the study of an experiment; `UnknownNameError` if there is no such experiment."""
        check_experiment(self._root, experiment)
        with self._lock:
            if experiment not in self._open:
                self._open[experiment] = RatingStudy(self._root, experiment)
            return self._open[experiment]

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            for study in self._open.values():
                study.close()


def rating_router(root: DataRoot) -> APIRouter:
    """Build the routes below ``/api/rating``."""
    studies = Studies(root)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        studies.close()

    router = APIRouter(prefix="/api/rating/{experiment}", tags=["rating"], lifespan=lifespan)
    _add_plan(router, root)
    _add_raters(router, root, studies)
    _add_overviews(router, root, studies)
    _add_media(router, root, studies)
    return router


def _add_plan(router: APIRouter, root: DataRoot) -> None:
    @router.get("/plan", responses=_RESPONSES)
    def read_plan(experiment: _Experiment) -> SavedPlanBody:
        """Return how the items are shared out among raters."""
        return SavedPlanBody.of(load_plan(root, check_experiment(root, experiment)))

    @router.put("/plan", responses=_WRITING)
    def write_plan(experiment: _Experiment, plan: PlanBody) -> SavedPlanBody:
        """Replace the plan. Scores stay; another seed gives the items other names and another order."""
        check_experiment(root, experiment)
        try:
            return SavedPlanBody.of(save_plan(root, experiment, RatingPlan(**plan.model_dump())))
        except UnknownNameError as error:  # it is in the body and not in the address, so this is no 404
            problem = {"type": "unknown_name", "loc": ("body", error.kind), "msg": f"{error.message}; {error.hint}"}
            raise RequestValidationError([problem]) from error


def _add_raters(router: APIRouter, root: DataRoot, studies: Studies) -> None:
    @router.get("/next", responses=_RESPONSES)
    def next_item(
        request: Request,
        experiment: _Experiment,
        rater: _Rater,
        ahead: Annotated[int, Query(ge=0, le=MAX_AHEAD, description="How many of the items after it to name, too")] = 0,
    ) -> NextBody:
        """Return the rater's next item. It is kept for the rater a while, and is the same until it is scored."""
        turn = studies.of(experiment).next(rater, ahead=ahead)
        bodies = [ItemBody.of(root, Links.of(request), item) for item in turn.items]
        return NextBody(
            item=bodies[0] if bodies else None,
            ahead=bodies[1:],
            retry_after=turn.retry_seconds,
            progress=ProgressBody.of(turn.progress),
        )

    @router.post("/scores", responses=_WRITING)
    def save_score(experiment: _Experiment, body: ScoreBody) -> SavedScoreBody:
        """Save a score or a skip. It replaces what the rater has said about the item before."""
        study = studies.of(experiment)
        if body.score is None:
            given = study.skip(body.rater, body.item, body.comment)
        else:
            given = study.score(body.rater, body.item, body.score, body.comment)
        return SavedScoreBody(
            item=given.item,
            said=WordBody.of(given.score),
            replaced=WordBody.of(given.replaced) if given.replaced else None,
            progress=ProgressBody.of(study.rater_progress(body.rater)),
        )

    @router.delete("/scores/last", responses={**_WRITING, 409: {"model": ErrorBody, "description": "Not the last one"}})
    def take_back(
        request: Request,
        experiment: _Experiment,
        rater: _Rater,
        item: Annotated[str | None, Query(description="Only if this is the last one")] = None,
    ) -> TakenBackBody:
        """Take back what the rater has said last, and return its item, which is the rater's next one again."""
        study = studies.of(experiment)
        taken = study.undo(rater, expected=item)
        if taken is None:
            raise NotFoundError("there is nothing to take back")
        return TakenBackBody(
            item=ItemBody.of(root, Links.of(request), taken.item),
            said=WordBody.of(taken.score),
            progress=ProgressBody.of(study.rater_progress(rater)),
        )


def _add_overviews(router: APIRouter, root: DataRoot, studies: Studies) -> None:
    @router.get("/items/{item}", responses=_RESPONSES)
    def show_item(
        request: Request,
        experiment: _Experiment,
        item: _ItemName,
        rater: Annotated[RaterName | None, Query(description="Whose word on it to return")] = None,
    ) -> ItemWithWordBody:
        """Return an item."""
        study = studies.of(experiment)
        said = study.word(rater, item) if rater else None
        return ItemWithWordBody(
            item=ItemBody.of(root, Links.of(request), study.item(item)), said=WordBody.of(said) if said else None
        )

    @router.get("/progress", responses=_RESPONSES)
    def show_progress(experiment: _Experiment) -> StudyProgressBody:
        """Return how far the raters are."""
        progress = studies.of(experiment).progress()
        return StudyProgressBody(
            items=progress.items,
            complete=progress.complete,
            needed=progress.needed,
            given=progress.given,
            raters=[ProgressBody.of(rater) for rater in progress.raters],
            problems=[ProblemBody(item=p.item, message=f"{p.path.name}: {p.problem}") for p in progress.problems],
        )

    @router.get("/agreement", responses=_RESPONSES)
    def show_agreement(experiment: _Experiment) -> AgreementBody:
        """Return how far the raters agree on the items that several have scored."""
        agreement = rater_agreement(studies.of(experiment).scores())
        return AgreementBody(
            alpha=CoefficientBody.of(agreement.alpha),
            pairs=[
                PairBody(first=p.first, second=p.second, kappa=CoefficientBody.of(p.kappa)) for p in agreement.pairs
            ],
        )


def _add_media(router: APIRouter, root: DataRoot, studies: Studies) -> None:
    def media(request: Request, experiment: _Experiment, item: _ItemName, kind: _Kind) -> Response:
        """Return an item's video, whole or in ranges, or a frame of its question."""
        section, path = _file(root, studies.of(experiment).item(item), kind)
        path = file_inside(section, path.parent, path.name)
        if not path.is_file():
            raise NotFoundError(f"the item has no {kind}")
        return send_file(request, path)

    router.get("/media/{item}/{kind}", responses=MEDIA_RESPONSES, response_class=Response)(media)
    router.head("/media/{item}/{kind}", include_in_schema=False)(media)


def _file(root: DataRoot, item: Item, kind: MediaKind) -> tuple[Path, Path]:
    """Return the file of an item, and the section of the data root in which it has to lie."""
    if kind is MediaKind.VIDEO:
        return root.outputs, root.run_video(item.key)
    name = FIRST_FRAME_NAME if kind is MediaKind.FIRST_FRAME else FINAL_FRAME_NAME
    return root.questions, root.pair_folder(item.key.pair) / name
