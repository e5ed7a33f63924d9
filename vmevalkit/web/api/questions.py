"""``/api/questions``: the puzzles."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request
from pydantic import Field

from vmevalkit.catalog import FINAL_FRAME, FIRST_FRAME, GROUND_TRUTH, QuestionRow
from vmevalkit.dataroot import DataRoot, PairKey, load_pair
from vmevalkit.errors import RecordError
from vmevalkit.web.api._bodies import (
    EXAMPLE_PAGE,
    LIST_RESPONSES,
    Body,
    PageBody,
    QuestionKeyBody,
    example,
)
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import DomainInPath, DomainName, Name, PageParameters, TaskInPath, Text
from vmevalkit.web.api.results import DEFAULT_LIMIT, MAX_LIMIT
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.errors import NotFoundError
from vmevalkit.web.links import Links
from vmevalkit.web.public import domain_name, public_message, public_value, without_prefix

_EXAMPLE: dict[str, Any] = {
    "domain": "maze",
    "task_id": "maze_0001",
    "difficulty": "easy",
    "category": "path_finding",
    "prompt": "Move the green dot to the red flag without crossing a wall.",
    "created_at": "2025-01-15T10:00:00.000000Z",
    "problem": None,
    "first_frame_url": "/media/question/maze/maze_0001/first_frame.png",
    "final_frame_url": "/media/question/maze/maze_0001/final_frame.png",
    "ground_truth_url": None,
}


class QuestionParameters(PageParameters):
    """What ``/api/questions`` can be asked."""

    domain: DomainName = Field(None, description="A domain, such as chess or chess_task")
    difficulty: Name = Field(None, description="Such as easy")
    q: Text = Field(None, description="Words of the prompt; the last one may be cut short")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="The most questions to return")


class QuestionBody(Body):
    """A question."""

    domain: str
    task_id: str
    difficulty: str | None
    category: str | None
    prompt: str | None
    created_at: str | None
    problem: str | None
    """Why its record cannot be read; then nothing else is known."""
    first_frame_url: str | None
    final_frame_url: str | None
    ground_truth_url: str | None
    """The film of its solution."""

    @classmethod
    def of(cls, links: Links, root: DataRoot, row: QuestionRow) -> Self:
        """Say it of a question."""
        return cls(**_values(links, root, row))


class QuestionsBody(PageBody):
    """A page of questions, sorted by domain and id."""

    model_config = example(questions=[_EXAMPLE], **EXAMPLE_PAGE)

    questions: list[QuestionBody]


class FullQuestionBody(QuestionBody):
    """A question with all that its domain knows of it."""

    model_config = example(
        **_EXAMPLE,
        metadata={"generator": "maze", "seed": 42, "solution": [[0, 0], [0, 1], [1, 1]]},
        previous={"domain": "maze", "task_id": "maze_0000"},
        next=None,
    )

    metadata: dict[str, Any]
    """What the domain knows about the puzzle, its solution included."""
    previous: QuestionKeyBody | None
    next: QuestionKeyBody | None


def questions_router(dashboard: Dashboard) -> APIRouter:
    """Build the routes."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    root, catalog = dashboard.root, dashboard.catalog

    @router.get("/questions", responses=LIST_RESPONSES)
    def list_questions(request: Request, query: Annotated[QuestionParameters, Query()]) -> QuestionsBody:
        """List the questions that match all filters."""
        page = catalog.questions(
            domain=query.domain,
            difficulty=query.difficulty,
            text=query.q,
            limit=query.limit,
            cursor=query.cursor,
            before=query.before,
        )
        links = Links.of(request)
        return QuestionsBody(
            questions=[QuestionBody.of(links, root, row) for row in page.rows],
            total=page.total,
            total_is_exact=page.total_is_exact,
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )

    @router.get("/questions/{domain}/{task_id}", responses=LIST_RESPONSES)
    def show_question(request: Request, domain: DomainInPath, task_id: TaskInPath) -> FullQuestionBody:
        """Return one question with all that its domain knows of it."""
        key = PairKey(domain_name(domain), task_id)
        row = catalog.question(key)
        if row is None:
            raise NotFoundError("there is no such question", hint="GET /api/questions lists those that there are")
        values, metadata = _values(Links.of(request), root, row), dict[str, Any]()
        try:
            metadata = public_value(root, load_pair(root, key).metadata)
        except RecordError as problem:
            values["problem"] = values["problem"] or without_prefix(root, public_message(problem))
        previous, next_ = catalog.neighbours(key)
        return FullQuestionBody(
            **values,
            metadata=metadata,
            previous=QuestionKeyBody.of(previous) if previous else None,
            next=QuestionKeyBody.of(next_) if next_ else None,
        )

    return router


def _values(links: Links, root: DataRoot, row: QuestionRow) -> dict[str, Any]:
    key = row.key
    return {
        "domain": key.domain,
        "task_id": key.task_id,
        "difficulty": row.difficulty or None,
        "category": row.category or None,
        "prompt": row.prompt or None,
        "created_at": row.created_at or None,
        "problem": row.problem and without_prefix(root, row.problem),
        "first_frame_url": links.first_frame(key) if row.files & FIRST_FRAME else None,
        "final_frame_url": links.final_frame(key) if row.files & FINAL_FRAME else None,
        "ground_truth_url": links.ground_truth(key) if row.files & GROUND_TRUTH else None,
    }
