"""``/question/{domain}/{task_id}``: one question, and what every model has made of it, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import HTMLResponse

from vmevalkit.catalog import FINAL_FRAME, FIRST_FRAME, GROUND_TRUTH, QuestionRow, RunFilters, RunRow
from vmevalkit.dataroot import METADATA_NAME, PairKey, RunKey, load_pair, resolve_inside
from vmevalkit.errors import RecordError, UnknownNameError, UnsafePathError
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.pages._puzzles import MetadataRow, Puzzle, metadata_table, puzzle_of
from vmevalkit.web.pages._words import Word, words_of
from vmevalkit.web.pages.query import Given, ScoredQuery, options
from vmevalkit.web.public import domain_name, public_message, public_value, without_prefix
from vmevalkit.web.rendering import EmptyState, render
from vmevalkit.web.scores import ScoreReader

MODELS_PER_PAGE = 40
OTHER_RUNS = 120
"""Runs that do not count of which a page tells."""
_MOST_BESIDE = 12
_MESSAGE = 500  # characters of an error
_BACK = 2000  # characters of the address to go back to

_Name = Annotated[str, Field(max_length=300)]


def _short_enough(back: str | None) -> str | None:
    return None if back is not None and len(back) > _BACK else back


class QuestionQuery(ScoredQuery):
    """What the page of a question can be asked."""

    show: Annotated[tuple[_Name, ...], Field(max_length=500)] = ()
    """Only these models; all if there are none."""
    run: Annotated[tuple[_Name, ...], Field(max_length=_MOST_BESIDE)] = ()
    """Runs that do not count and are shown all the same, as ``<model>/<run id>``."""
    cursor: Given[str] = None
    back: Annotated[Given[str], AfterValidator(_short_enough)] = None
    """The filters of the page of runs that somebody came from, as in its address; what is too long is forgotten."""

    def address(self, links: Links, key: PairKey, **changed: object) -> str:
        """Return the page of a question, with all that was asked of this one but what is changed."""
        values: dict[str, object] = {
            "experiment": self.experiment,
            "evaluator": self.evaluator,
            "show": self.show,
            "run": self.run,
            "cursor": self.cursor,
            "back": self.back,
            **changed,
        }
        given = {name: value for name, value in values.items() if value}
        path = links.path("question", key.domain, key.task_id)
        return f"{path}?{urlencode(given, doseq=True)}" if given else path

    def hidden_fields(self, *left_out: str) -> tuple[tuple[str, str], ...]:
        """Return what a form on the page has to send along, but for its own fields."""
        fields = [("back", self.back), ("experiment", self.experiment), ("evaluator", self.evaluator)]
        fields += [("show", name) for name in self.show] + [("run", name) for name in self.run]
        return tuple((name, value) for name, value in fields if value and name not in left_out)


@dataclass(frozen=True)
class OtherRun:
    """A run that does not count, because its model has a later one."""

    row: RunRow
    link: str
    """The page with this run beside the others, or without it if it is there."""
    is_beside: bool


@dataclass(frozen=True)
class RunCard:
    """A run with its video and what is said of it."""

    row: RunRow
    is_shown: bool
    words: tuple[Word, ...]
    more_words: int
    """How many raters there are whose word is not here."""
    others: tuple[OtherRun, ...]
    error: str | None
    """What went wrong."""

    @property
    def needs_review(self) -> bool:
        """Whether a person should look at it."""
        return self.row.needs_review or any(word.said.needs_review for word in self.words)


@dataclass(frozen=True)
class Around:
    """The questions before and after."""

    previous: str | None
    previous_name: str
    next: str | None
    next_name: str


@dataclass(frozen=True)
class QuestionView:
    """For ``question.html``."""

    key: PairKey
    row: QuestionRow | None
    """`None` if the runs are here but the question is not."""
    prompt: str
    problem: str | None
    """Why the question cannot be read."""
    puzzle: Puzzle
    metadata: tuple[MetadataRow, ...]
    has_first_frame: bool
    has_final_frame: bool
    has_ground_truth: bool
    query: QuestionQuery
    experiment: str
    experiments: tuple[tuple[str, str], ...]
    evaluator: str
    evaluators: tuple[tuple[str, str], ...]
    cards: tuple[RunCard, ...]
    total: int
    more: str | None
    missing: tuple[str, ...]
    """Models of the experiment without a run here."""
    empty: EmptyState | None
    back: str
    around: Around


def question_router(dashboard: Dashboard) -> APIRouter:
    """Build the route of a question's page."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/question/{domain}/{task_id}")
    def show_question(request: Request, domain: str, task_id: str, query: Annotated[QuestionQuery, Query()]) -> str:
        key = PairKey(domain_name(domain), task_id)
        return render(request, "question.html", _view(dashboard, Links.of(request), key, query))

    return router


def _view(dashboard: Dashboard, links: Links, key: PairKey, query: QuestionQuery) -> QuestionView:
    catalog = dashboard.catalog
    row = catalog.question(key)
    if row is None and not catalog.runs(RunFilters(domain=key.domain, task_id=key.task_id), limit=1).rows:
        raise _unknown(dashboard, key)
    experiments = [known.name for known in catalog.experiments()]
    experiment = query.experiment or dashboard.default_experiment()
    if query.experiment and experiment not in experiments:
        raise UnknownNameError("experiment", experiment, experiments)
    filters = RunFilters(experiment, None, key.domain, key.task_id, evaluator=query.scored_by, last_only=True)
    page = catalog.runs(filters, limit=MODELS_PER_PAGE, cursor=query.cursor)
    facets = catalog.facets(experiment)
    is_whole = page.next_cursor is None and page.previous_cursor is None
    filmed = {run.key.model for run in page.rows}
    files = row.files if row else 0
    prompt, problem, metadata = _read(dashboard, key)
    return QuestionView(
        key=key,
        row=row,
        prompt=prompt or (row.prompt if row else ""),
        problem=problem if row else "its folder is not here; its runs are",
        puzzle=puzzle_of(key.domain, metadata),
        metadata=metadata_table(metadata),
        has_first_frame=bool(files & FIRST_FRAME),
        has_final_frame=bool(files & FINAL_FRAME),
        has_ground_truth=bool(files & GROUND_TRUTH),
        query=query,
        experiment=experiment,
        experiments=options(experiments),
        evaluator=query.scored_by,
        evaluators=options(facets.evaluators),
        cards=_cards(dashboard, links, query, _with_beside(dashboard, page.rows, query, filters), filters),
        total=page.total,
        more=query.address(links, key, cursor=page.next_cursor) if page.next_cursor else None,
        missing=tuple(model for model in facets.models if model not in filmed) if is_whole else (),
        empty=None if page.rows else _nothing(dashboard, links, key, query, experiment, experiments),
        back=_back(links, query, key, experiment),
        around=_around(dashboard, links, key, query),
    )


def _read(dashboard: Dashboard, key: PairKey) -> tuple[str, str | None, dict[str, object]]:
    """Return a question's prompt, why it cannot be read if so, and its metadata."""
    root = dashboard.root
    folder = root.pair_folder(key).relative_to(root.questions)
    try:
        resolve_inside(root.questions, f"{folder}/{METADATA_NAME}")
        pair = load_pair(root, key)
    except RecordError as error:
        return "", without_prefix(root, public_message(error)), {}
    except UnsafePathError:
        return "", f"{METADATA_NAME}: leads out of the folder of the questions", {}
    clean = public_value(root, {"prompt": pair.prompt, "metadata": pair.metadata})
    return clean["prompt"], None, clean["metadata"]


def _with_beside(
    dashboard: Dashboard, rows: Iterable[RunRow], query: QuestionQuery, filters: RunFilters
) -> list[RunRow]:
    """Put the runs that were asked for beside those of the same models that count."""
    found = list(rows)
    for name in query.run:
        model, _, run_id = name.partition("/")
        try:
            key = RunKey(str(filters.experiment), model, str(filters.domain), str(filters.task_id), run_id)
        except UnsafePathError:
            continue
        row = dashboard.catalog.run(key, filters.evaluator)
        if row is not None and row.key not in {other.key for other in found}:
            found.append(row)
    return sorted(found, key=lambda row: (row.key.model, not row.is_last, row.key))


def _cards(
    dashboard: Dashboard, links: Links, query: QuestionQuery, rows: Sequence[RunRow], filters: RunFilters
) -> tuple[RunCard, ...]:
    root = dashboard.root
    said = words_of(ScoreReader(root), [row.key for row in rows])
    others = _others(dashboard, links, query, rows, filters)
    cards = []
    for row, (words, more) in zip(rows, said, strict=True):
        error = None
        if row.error:
            error = without_prefix(root, row.error.message)
            error = error if len(error) <= _MESSAGE else f"{error[:_MESSAGE]} …"
        is_shown = not query.show or row.key.model in query.show
        cards.append(RunCard(row, is_shown, words, more, others.get(row.key.model, ()) if row.is_last else (), error))
    return tuple(cards)


def _others(
    dashboard: Dashboard, links: Links, query: QuestionQuery, rows: Sequence[RunRow], filters: RunFilters
) -> dict[str, tuple[OtherRun, ...]]:
    """Return the runs that do not count, by model."""
    models = {row.key.model for row in rows}
    all_runs = RunFilters(filters.experiment, None, filters.domain, filters.task_id, evaluator=filters.evaluator)
    if not models or dashboard.catalog.runs(all_runs, limit=1).total == len(models) == len(rows):
        return {}
    found: dict[str, list[OtherRun]] = {}
    for row in dashboard.catalog.runs(all_runs, limit=OTHER_RUNS + MODELS_PER_PAGE).rows:
        if row.is_last or row.key.model not in models:
            continue
        name = f"{row.key.model}/{row.key.run_id}"
        is_beside = name in query.run
        asked = tuple(one for one in query.run if one != name) if is_beside else (*query.run, name)[-_MOST_BESIDE:]
        link = query.address(links, row.key.pair, run=asked)
        found.setdefault(row.key.model, []).append(OtherRun(row, link, is_beside))
    return {model: tuple(reversed(runs)) for model, runs in found.items()}


def _around(dashboard: Dashboard, links: Links, key: PairKey, query: QuestionQuery) -> Around:
    previous, following = dashboard.catalog.neighbours(key)

    def link(other: PairKey | None) -> str | None:
        return query.address(links, other, run=(), cursor=None) if other else None

    return Around(
        link(previous), previous.task_id if previous else "", link(following), following.task_id if following else ""
    )


def _back(links: Links, query: QuestionQuery, key: PairKey, experiment: str) -> str:
    """Return the page of runs with the filters that somebody came with; it leads nowhere else, whatever was given."""
    if query.back:
        return f"{links.browse()}?{urlencode(parse_qsl(query.back))}"
    return links.browse(experiment=experiment, domain=key.domain, evaluator=query.evaluator)


def _nothing(
    dashboard: Dashboard, links: Links, key: PairKey, query: QuestionQuery, experiment: str, experiments: Sequence[str]
) -> EmptyState:
    """Say what to do where nobody has filmed the question."""
    elsewhere = [
        other
        for other in experiments[:50]
        if dashboard.catalog.runs(RunFilters(other, None, key.domain, key.task_id), limit=1).rows
    ]
    if elsewhere:
        return EmptyState(
            "No videos in this experiment",
            f"Nobody has filmed {key.task_id} in {experiment}. There are videos in {', '.join(elsewhere[:5])}.",
            link=query.address(links, key, experiment=elsewhere[0], cursor=None, run=()),
            link_text=f"Show {elsewhere[0]}",
        )
    return EmptyState(
        "No videos yet",
        f"Nobody has filmed {key.task_id} in {experiment}. Have a model film the questions of its domain:",
        (f"vmevalkit run --experiment {experiment} --model oracle --domain {key.domain}",),
    )


def _unknown(dashboard: Dashboard, key: PairKey) -> UnknownNameError:
    """Name what does not exist, with what is near it: of a million questions only those beside it in order."""
    domains = dashboard.catalog.question_counts()
    if key.domain not in domains:
        return UnknownNameError("domain", key.domain, domains)
    near = [other for other in dashboard.catalog.neighbours(key) if other and other.domain == key.domain]
    prefix = key.task_id.rpartition("_")[0] or key.task_id
    near += [hit.key for hit in dashboard.catalog.search(prefix, limit=10) if hit.key and hit.key.domain == key.domain]
    return UnknownNameError("question", key.task_id, {other.task_id for other in near})
