"""``/api/evaluations``: what one evaluator says, run by run."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from vmevalkit.web.api._bodies import (
    EXAMPLE_EVALUATION,
    EXAMPLE_PAGE,
    EXAMPLE_RUN,
    LIST_RESPONSES,
    EvaluationBody,
    PageBody,
    RunBody,
    example,
    run_values,
)
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import Order, RunParameters, Sort
from vmevalkit.web.api.results import DEFAULT_LIMIT, MAX_LIMIT
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.scores import ScoreReader


class EvaluationParameters(RunParameters):
    """What ``/api/evaluations`` can be asked."""

    sort: Sort = Field("score", description="By score (only scored runs), by the five names, or by when it was begun")
    order: Order = Field("asc", description="Which end comes first")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="The most runs to return")


class JudgedRunBody(RunBody):
    """A run and what the raters of one evaluator say of it."""

    records: list[EvaluationBody]


class EvaluationsBody(PageBody):
    """A page of what an evaluator says."""

    model_config = example(
        evaluator="RuleEvaluator", evaluations=[{**EXAMPLE_RUN, "records": [EXAMPLE_EVALUATION]}], **EXAMPLE_PAGE
    )

    evaluator: str
    evaluations: list[JudgedRunBody]


def evaluations_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    root, catalog = dashboard.root, dashboard.catalog

    @router.get("/evaluations", responses=LIST_RESPONSES)
    def list_evaluations(request: Request, query: Annotated[EvaluationParameters, Query()]) -> EvaluationsBody:
        """List what an evaluator says, lowest scores first; with ``sort=key&outcome=error`` what it could not judge."""
        filters = query.filters()
        page = catalog.runs(
            filters,
            sort=query.sort,
            descending=query.order == "desc",
            limit=query.limit,
            cursor=query.cursor,
            before=query.before,
        )
        links, reader = Links.of(request), ScoreReader(root)
        return EvaluationsBody(
            evaluator=filters.evaluator,
            evaluations=[
                JudgedRunBody(
                    **run_values(links, root, row),
                    records=[EvaluationBody.of(score) for score in reader.of(row.key, filters.evaluator)],
                )
                for row in page.rows
            ],
            total=page.total,
            total_is_exact=page.total_is_exact,
            next_cursor=page.next_cursor,
            previous_cursor=page.previous_cursor,
        )

    return router
