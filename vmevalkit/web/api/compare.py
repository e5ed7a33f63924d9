"""``/api/compare``: where two models differ, or one model in two experiments."""

from collections.abc import Iterable
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request
from pydantic import Field

from vmevalkit.analysis.statistics import mcnemar, paired_difference
from vmevalkit.catalog import DEFAULT_EVALUATOR, Comparison, ComparisonKind, Side
from vmevalkit.errors import UnknownNameError
from vmevalkit.web.api._bodies import (
    EXAMPLE_RUN,
    LIST_RESPONSES,
    Body,
    IntervalBody,
    RunBody,
    example,
    known_experiment,
)
from vmevalkit.web.api._conditional import conditional
from vmevalkit.web.api._parameters import Cursor, DomainName, EvaluatorName, Name, Parameters
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links

_EXAMPLE_COUNTS: dict[str, Any] = {
    "both": 6,
    "only_first": 3,
    "only_second": 1,
    "neither": 5,
    "difference": 0.133,
    "interval": {"low": -0.14, "high": 0.38},
    "p_value": 0.625,
}


class CompareParameters(Parameters):
    """What ``/api/compare`` can be asked."""

    first: str = Field(min_length=1, max_length=200, description="Name of a model")
    second: str = Field(min_length=1, max_length=200, description="Name of the model that it is compared with")
    first_experiment: Name = Field(None, description="Where the first is; the experiment shown first if left out")
    second_experiment: Name = Field(None, description="Where the second is; where the first is if left out")
    evaluator: EvaluatorName = None
    domain: DomainName = Field(None, description="Only this domain")
    kind: ComparisonKind = Field("differ", description="Which questions to list")
    limit: int = Field(25, ge=1, le=200, description="The most questions to list")
    cursor: Cursor = Field(None, description="The next_cursor of the page before")


class SideBody(Body):
    """What is compared."""

    experiment: str
    model: str


class CountsBody(Body):
    """How two sides did on the questions that both were scored on."""

    both: int
    only_first: int
    only_second: int
    neither: int
    difference: float | None
    """The first's rate less the second's."""
    interval: IntervalBody | None
    """Of the difference."""
    p_value: float | None
    """Of McNemar's test: how likely a difference like this is between equals (mid-p)."""

    @classmethod
    def of(cls, counts: Comparison) -> Self:
        """Say it of counts."""
        numbers = (counts.both, counts.only_first, counts.only_second, counts.neither)
        questions = sum(numbers)
        return cls(
            both=counts.both,
            only_first=counts.only_first,
            only_second=counts.only_second,
            neither=counts.neither,
            difference=(counts.only_first - counts.only_second) / questions if questions else None,
            interval=IntervalBody.of(paired_difference(*numbers)),
            p_value=mcnemar(counts.only_first, counts.only_second).mid_p if questions else None,
        )


class ComparedBody(Body):
    """A question and the runs of both sides that count."""

    domain: str
    task_id: str
    prompt: str | None
    first: RunBody
    second: RunBody


class ComparisonBody(Body):
    """Two sides, in numbers and question by question."""

    model_config = example(
        first={"experiment": "pilot_experiment", "model": "luma-ray-2"},
        second={"experiment": "pilot_experiment", "model": "veo-3"},
        evaluator="RuleEvaluator",
        total=_EXAMPLE_COUNTS,
        domains={"maze": _EXAMPLE_COUNTS},
        kind="differ",
        questions=[
            {
                "domain": "maze",
                "task_id": "maze_0001",
                "prompt": EXAMPLE_RUN["prompt"],
                "first": EXAMPLE_RUN,
                "second": {**EXAMPLE_RUN, "model": "veo-3", "outcome": "failed", "score": 2.0},
            }
        ],
        next_cursor=None,
    )

    first: SideBody
    second: SideBody
    evaluator: str
    total: CountsBody
    domains: dict[str, CountsBody]
    kind: ComparisonKind
    questions: list[ComparedBody]
    next_cursor: str | None
    """Give it back as ``cursor`` for the page after this one; null on the last."""


def compare_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter(dependencies=[conditional(dashboard.catalog)])
    catalog = dashboard.catalog

    @router.get("/compare", responses=LIST_RESPONSES)
    def compare(request: Request, query: Annotated[CompareParameters, Query()]) -> ComparisonBody:
        """Count and list the questions on which two models differ, or agree."""
        first = _side(dashboard, query.first_experiment, query.first)
        second = _side(dashboard, query.second_experiment or first.experiment, query.second)
        evaluator = query.evaluator or DEFAULT_EVALUATOR
        counts = catalog.compare(first, second, evaluator=evaluator, domain=query.domain)
        page = catalog.compared(
            first,
            second,
            query.kind,
            evaluator=evaluator,
            domain=query.domain,
            limit=query.limit,
            cursor=query.cursor,
        )
        links, root = Links.of(request), dashboard.root
        return ComparisonBody(
            first=SideBody(**vars(first)),
            second=SideBody(**vars(second)),
            evaluator=evaluator,
            total=CountsBody.of(_sum(counts.values())),
            domains={domain: CountsBody.of(of_domain) for domain, of_domain in counts.items()},
            kind=query.kind,
            questions=[
                ComparedBody(
                    domain=row.first.key.domain,
                    task_id=row.first.key.task_id,
                    prompt=row.first.prompt,
                    first=RunBody.of(links, root, row.first),
                    second=RunBody.of(links, root, row.second),
                )
                for row in page.rows
            ],
            next_cursor=page.next_cursor,
        )

    return router


def _side(dashboard: Dashboard, experiment: str | None, model: str) -> Side:
    side = Side(known_experiment(dashboard, experiment), model)
    known = dashboard.catalog.sides()
    if side not in known:
        raise UnknownNameError("model", model, [other.model for other in known if other.experiment == side.experiment])
    return side


def _sum(counts: Iterable[Comparison]) -> Comparison:
    numbers = [(c.both, c.only_first, c.only_second, c.neither) for c in counts]
    return Comparison(*(sum(column) for column in zip(*numbers, strict=True))) if numbers else Comparison(0, 0, 0, 0)
