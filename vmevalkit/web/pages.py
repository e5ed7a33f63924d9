"""The pages that people look at."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query
from starlette.responses import HTMLResponse

from vmevalkit.analysis import Leaderboard, leaderboard
from vmevalkit.dataroot import Pair, PairKey
from vmevalkit.web._cache import ShortMemory
from vmevalkit.web.api import FilterQuery
from vmevalkit.web.config import DashboardConfig
from vmevalkit.web.errors import NotFoundError
from vmevalkit.web.questions import QuestionPage, Questions
from vmevalkit.web.results import Facets, Filters, ResultRow, Results, domain_name, public_message
from vmevalkit.web.templating import (
    DocsView,
    EmptyState,
    Fact,
    Parameter,
    QuestionView,
    ResultsView,
    RouteDoc,
    RunView,
    render,
)
from vmevalkit.web.urls import question_url, results_url

QUESTIONS_PER_PAGE = 24
RUNS_PER_PAGE = 24
_BOARD_KEPT_SECONDS = 5.0
_SHORT = 60  # characters of a fact that is shown without unfolding it
_LONGEST = 4000  # characters of a fact that are shown at all


def pages_router(config: DashboardConfig, results: Results, questions: Questions) -> APIRouter:
    """Build the routes of the pages."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    root = config.root
    boards: ShortMemory[Leaderboard] = ShortMemory(_BOARD_KEPT_SECONDS)

    def default_experiment() -> str:
        there = root.experiments()
        return config.experiment if config.experiment in there or not there else there[0]

    def board_of(experiment: str, evaluator: str) -> tuple[Leaderboard | None, str | None]:
        if experiment not in root.experiments():
            return None, None
        board = boards.get((experiment, evaluator), lambda: leaderboard(root, experiment, evaluator))
        if not board.problems:
            return board, None
        more = f" (and {len(board.problems) - 1} more)" if len(board.problems) > 1 else ""
        return board, f"Counted as an error: {public_message(board.problems[0])}{more}"

    @router.get("/")
    def show_results(query: Annotated[FilterQuery, Query()]) -> str:
        experiment = query.experiment or default_experiment()
        filters = replace(query.filters(), experiment=experiment)
        bare = Filters(experiment, evaluator=filters.evaluator)
        page = questions.page(experiment, filters, QUESTIONS_PER_PAGE, query.cursor or None)
        board, problem = board_of(experiment, filters.evaluator)
        facets = results.facets(experiment)
        view = ResultsView(
            filters=filters,
            facets=facets,
            is_filtered=filters != bare,
            board=board,
            board_problem=problem,
            page=page,
            empty=_nothing(page, facets, experiment, None if filters == bare else results_url(bare)),
            clear_url=results_url(bare),
            first_url=results_url(filters) if query.cursor else None,
            next_url=results_url(filters, page.next_cursor) if page.next_cursor else None,
        )
        return render("results.html", view)

    @router.get("/question/{domain}/{task_id}")
    def show_question(domain: str, task_id: str, query: Annotated[FilterQuery, Query()]) -> str:
        key = PairKey(domain_name(domain), task_id)
        experiment = query.experiment or default_experiment()
        bare = Filters(experiment, evaluator=query.filters().evaluator)
        page = results.page(replace(bare, domain=key.domain, task_id=key.task_id), RUNS_PER_PAGE, query.cursor or None)
        if not page.total and not questions.exists(key):
            raise NotFoundError(
                f"there is no question {key.task_id} in domain {key.domain}",
                hint="the results page lists the questions that there are",
            )
        question = questions.read(key)
        neighbours = questions.neighbours(key)
        view = QuestionView(
            question=question,
            filters=bare,
            facts=_facts(_common(question.pair)) if question.pair else (),
            details=_facts(question.pair.metadata) if question.pair else (),
            runs=tuple(_run_views(page.rows)),
            total=page.total,
            missing=tuple(m for m in root.models(experiment) if results.latest(experiment, m, key) is None),
            empty=None if page.total else _no_runs(experiment),
            back_url=results_url(bare),
            previous_url=question_url(neighbours.previous, bare) if neighbours.previous else None,
            next_url=question_url(neighbours.next, bare) if neighbours.next else None,
            more_url=question_url(key, bare, page.next_cursor) if page.next_cursor else None,
        )
        return render("question.html", view)

    return router


def docs_router(app: FastAPI) -> APIRouter:
    """Build ``/docs``: the routes of an application, from its own OpenAPI description."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/docs")
    def show_docs() -> str:
        return render("docs.html", DocsView(app.title, app.version, tuple(_routes(app.openapi()))))

    return router


def _nothing(page: QuestionPage, facets: Facets, experiment: str, clear_url: str | None) -> EmptyState | None:
    """Say what to do next where results are missing; questions without any run are shown all the same."""
    if clear_url and not page.rows:
        return EmptyState("No result matches these filters.", None, clear_url)
    if not page.total:
        return EmptyState("There are no questions yet. Make some with", "vmevalkit create", None)
    return None if facets.models else _no_runs(experiment)


def _no_runs(experiment: str) -> EmptyState:
    return EmptyState(
        f"Experiment {experiment} has no videos here yet. Have models film with",
        f"vmevalkit run --experiment {experiment} --model oracle",
        None,
    )


def _run_views(rows: Iterable[ResultRow]) -> Iterable[RunView]:
    rows = list(rows)
    models = [row.key.model for row in rows]
    for row in rows:
        last_frame_at = None
        if row.has_video and row.video and row.video.fps:
            last_frame_at = round(max(row.video.frames - 0.5, 0) / row.video.fps, 3)
        yield RunView(row, _facts(_about(row)), last_frame_at, models.count(row.key.model) == 1)


def _about(row: ResultRow) -> dict[str, object]:
    video = row.video
    return {
        "run": row.key.run_id,
        "state": row.status,
        "model version": row.model_version,
        "started": row.created_at and _readable_time(row.created_at),
        "took": None if row.duration_seconds is None else f"{row.duration_seconds:g} s",
        "cost": None if row.cost_usd is None else f"${row.cost_usd:.4g}",
        "size": video and f"{video.width}x{video.height} pixels",
        "length": video and f"{video.duration:g} s, {video.frames} frames, {video.fps:g} per second",
    }


def _common(pair: Pair) -> dict[str, object]:
    return {
        "domain": pair.domain,
        "category": pair.task_category.replace("_", " "),
        "difficulty": pair.difficulty,
        "created": _readable_time(pair.created_at),
    }


def _readable_time(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").rstrip()
    except ValueError:
        return text


def _facts(values: Mapping[str, object]) -> tuple[Fact, ...]:
    return tuple(_fact(name.replace("_", " "), value) for name, value in values.items() if value not in (None, ""))


def _fact(name: str, value: object) -> Fact:
    """Put any JSON value into one line, or into a folded block if it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHORT and "\n" not in text:
        return Fact(name, text, is_long=False)
    return Fact(name, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …", is_long=True)


def _routes(schema: dict[str, Any]) -> Iterable[RouteDoc]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parameters = tuple(
                Parameter(p["name"], p["in"], p.get("description", "")) for p in operation.get("parameters", ())
            )
            yield RouteDoc(method.upper(), path, operation.get("description", ""), parameters)
