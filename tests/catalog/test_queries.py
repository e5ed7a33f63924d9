"""Asking the index."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.index_tree import EVALUATOR, question, run, scores, settle

from vmevalkit.catalog import OUTCOMES, STATUSES, Catalog, RunFilters, Side
from vmevalkit.catalog.refresh import refresh
from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.errors import UnsafePathError, UsageError

DOMAINS, MODELS, TASKS = ("chess", "maze"), ("a", "b", "c"), range(7)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Two experiments; of the second, no evaluation and one model."""
    root = DataRoot(tmp_path_factory.mktemp("queries") / "data")
    for domain, number in product(DOMAINS, TASKS):
        task = f"{domain}_{number:04d}"
        question(
            root, domain, task, difficulty=("easy", "medium", "hard")[number % 3], prompt=f"Do {number} of {domain}."
        )
        run(root, domain, task, experiment="second", model="a", created_at=f"2026-03-{number + 1:02d}T00:00:00Z")
        for place, model in enumerate(MODELS):
            for repeat in range(1 + (number == 5)):
                status = (
                    "failed"
                    if (number, model) == (6, "b")
                    else "running"
                    if (number, model) == (6, "c")
                    else "succeeded"
                )
                run(
                    root,
                    domain,
                    task,
                    model=model,
                    run_id=f"r{repeat}",
                    status=status,
                    created_at=f"2026-02-{1 + (number * 5 + place) % 9:02d}T00:00:00Z",
                    cost_usd=0.5,
                )
            if number < 6:
                records = [(f"r{r}", EVALUATOR, (None, 1, 2, 3, 4, 5)[(number + place) % 6]) for r in range(2)]
                scores(root, domain, task, *records, model=model)
    scores(root, "maze", "maze_0001", ("r0", "ada", 5), ("r0", "ben", 2), model="a", evaluator="human-eval")
    settle(root)
    refresh(root)
    return Catalog(root)


def everything(catalog, filters, **order):
    found, cursor = [], None
    while True:
        page = catalog.runs(filters, limit=3, cursor=cursor, **order)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


@st.composite
def filters(draw):
    def maybe(*values):
        return draw(st.sampled_from((None, None, *values)))

    return RunFilters(
        experiment=maybe("pilot_experiment", "second", "third"),
        model=maybe("a", "b"),
        domain=maybe("chess", "maze"),
        task_id=maybe("maze_0001", "chess_0005"),
        difficulty=maybe("easy", "hard"),
        status=maybe(*STATUSES),
        outcome=maybe(*OUTCOMES),
        evaluator=draw(st.sampled_from((EVALUATOR, "human-eval", "nobody"))),
        score_from=maybe(2, 4),
        score_to=maybe(3.5, 5),
        since=maybe("2026-02-03", "2026-03"),
        until=maybe("2026-02-08", "2026-03-02T00:00:00Z"),
        text=maybe("maze", "do 3", "chess 5", "nothing"),
        last_only=draw(st.booleans()),
    )


def fits(row, f):
    """What the filters mean, told again as simply as can be."""
    words = (f.text or "").lower().split()
    prompt = (row.prompt or "").lower().replace(".", "").split()
    return (
        f.experiment in (None, row.key.experiment)
        and f.model in (None, row.key.model)
        and f.domain in (None, row.key.domain)
        and f.task_id in (None, row.key.task_id)
        and f.difficulty in (None, row.difficulty)
        and f.status in (None, row.status)
        and f.outcome in (None, row.outcome)
        and (f.score_from is None or (row.score is not None and row.score >= f.score_from))
        and (f.score_to is None or (row.score is not None and row.score <= f.score_to))
        and (f.since is None or row.created_at >= f.since)
        and (f.until is None or row.created_at < f.until)
        and all(any(have.startswith(word) if word == words[-1] else have == word for have in prompt) for word in words)
        and (row.is_last or not f.last_only)
    )


@given(filters())
def test_pages_together_are_all_that_match_and_the_total_is_their_number(catalog, f):
    rows = everything(catalog, f)
    unfiltered = everything(catalog, RunFilters(evaluator=f.evaluator))
    assert rows == [row for row in unfiltered if fits(row, f)]
    page = catalog.runs(f, limit=3)
    assert (page.total, page.total_is_exact) == (len(rows), True)


@given(filters(), st.sampled_from(["key", "created", "score"]), st.booleans())
def test_every_order_is_that_order_and_misses_nothing(catalog, f, sort, descending):
    rows = everything(catalog, f, sort=sort, descending=descending)
    if sort == "score":
        expected = [row for row in everything(catalog, f) if row.score is not None]
        values = [(row.score, row.key.experiment, row.key.model, row.key.domain, *row.key.pair.task_id) for row in rows]
    else:
        expected = everything(catalog, f)
        values = [(row.created_at if sort == "created" else "", row.key) for row in rows]
    assert sorted(row.key for row in rows) == sorted(row.key for row in expected)
    firsts = [value[0] for value in values] if sort == "score" else values
    assert firsts == sorted(firsts, reverse=descending)


@pytest.mark.parametrize(("sort", "descending"), list(product(["key", "created", "score"], [False, True])))
def test_pages_can_be_turned_back(catalog, sort, descending):
    f, order = RunFilters("pilot_experiment"), {"sort": sort, "descending": descending}
    first = catalog.runs(f, limit=5, **order)
    second = catalog.runs(f, limit=5, cursor=first.next_cursor, **order)
    third = catalog.runs(f, limit=5, cursor=second.next_cursor, **order)
    assert first.previous_cursor is None
    assert catalog.runs(f, limit=5, before=third.previous_cursor, **order).rows == second.rows
    back = catalog.runs(f, limit=5, before=second.previous_cursor, **order)
    assert (back.rows, back.previous_cursor) == (first.rows, None)
    assert back.next_cursor == first.next_cursor


def test_a_run_that_comes_in_while_pages_are_turned_shifts_nothing(catalog):
    first = catalog.runs(RunFilters(), limit=4)
    again = catalog.runs(RunFilters(), limit=4, cursor=first.next_cursor)
    assert first.rows[-1].key < again.rows[0].key


def test_several_raters_pass_a_run_if_most_of_them_do_and_their_lower_median_says_the_same(catalog):
    (row,) = catalog.runs(
        RunFilters(task_id="maze_0001", model="a", experiment="pilot_experiment", evaluator="human-eval")
    ).rows
    assert (row.outcome, row.score, row.raters) == ("failed", 2, 2)


def test_a_failed_run_is_an_error_whoever_looks(catalog):
    for evaluator in (EVALUATOR, "human-eval", "nobody"):
        rows = catalog.runs(RunFilters(status="failed", evaluator=evaluator)).rows
        assert {row.outcome for row in rows} == {"error"}
        assert len(rows) == 2


@pytest.mark.parametrize("cursor", ["", "x", "!!", "e30", "W10", "WyJrZXkiXQ", "null", "a" * 5000])
def test_a_cursor_that_was_not_given_out_is_refused(catalog, cursor):
    with pytest.raises(UsageError, match="cursor is not one"):
        catalog.runs(RunFilters(), cursor=cursor)
    with pytest.raises(UsageError, match="cursor is not one"):
        catalog.questions(cursor=cursor)


def test_a_cursor_of_another_order_is_refused(catalog):
    cursor = catalog.runs(RunFilters(), limit=1).next_cursor
    with pytest.raises(UsageError, match="cursor is not one"):
        catalog.runs(RunFilters(), sort="created", cursor=cursor)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_no_error(catalog, text):
    catalog.search(text)
    catalog.runs(RunFilters(text=text))
    catalog.questions(text=text)


def test_a_name_that_could_be_no_folder_is_refused():
    with pytest.raises(UnsafePathError):
        RunFilters(model="../secret")


def test_questions_come_in_pages_forth_and_back(catalog):
    first = catalog.questions(limit=6)
    second = catalog.questions(limit=6, cursor=first.next_cursor)
    assert first.total == 14
    assert [row.key for row in first.rows] == sorted(row.key for row in first.rows)
    assert catalog.questions(limit=6, before=second.previous_cursor).rows == first.rows
    assert {row.key.domain for row in catalog.questions(domain="maze").rows} == {"maze"}
    assert {row.difficulty for row in catalog.questions(difficulty="hard").rows} == {"hard"}
    assert [row.key.task_id for row in catalog.questions(text="do 3").rows] == ["chess_0003", "maze_0003"]


def test_all_questions_are_counted_and_those_that_are_looked_for_up_to_a_bound(catalog, monkeypatch):
    monkeypatch.setattr("vmevalkit.catalog._questions._MOST_COUNTED", 3)

    def counted(**looked_for):
        page = catalog.questions(limit=1, **looked_for)
        return page.total, page.total_is_exact

    assert counted() == (14, True)
    assert counted(domain="maze") == (7, True)
    assert counted(domain="nowhere") == (0, True)
    assert counted(text="do") == (3, False)
    assert counted(text="do 3") == (2, True)


def test_a_question_knows_its_neighbours(catalog):
    assert catalog.neighbours(PairKey("maze", "maze_0000")) == (
        PairKey("chess", "chess_0006"),
        PairKey("maze", "maze_0001"),
    )
    assert catalog.neighbours(PairKey("chess", "chess_0000"))[0] is None
    assert catalog.neighbours(PairKey("maze", "maze_0006"))[1] is None


def test_experiments_are_summed_up(catalog):
    first, second = catalog.experiments()
    assert (first.name, first.models, first.runs, first.running, first.failed) == ("pilot_experiment", 3, 48, 2, 2)
    assert (first.cost_usd, first.last_run_at) == (24.0, "2026-02-09T00:00:00Z")
    assert (second.name, second.runs) == ("second", 14)


def test_facets_are_what_there_is(catalog):
    facets = catalog.facets("second")
    assert facets.experiments == ("pilot_experiment", "second")
    assert facets.models == ("a",)
    assert facets.evaluators == (EVALUATOR,)
    assert catalog.facets().evaluators == (EVALUATOR, "human-eval")
    assert catalog.facets().domains == DOMAINS


def test_standings_count_the_last_runs(catalog):
    for standing in catalog.standings("pilot_experiment"):
        rows = list(
            everything(catalog, RunFilters("pilot_experiment", standing.model, standing.domain, last_only=True))
        )
        assert (standing.passed, standing.failed, standing.errors, standing.unscored) == tuple(
            sum(row.outcome == outcome for row in rows) for outcome in ("passed", "failed", "error", "unscored")
        )
        assert standing.runs == len(TASKS)


def test_the_last_failures_come_first(catalog):
    rows = catalog.last_failures("pilot_experiment")
    assert [row.status for row in rows] == ["failed", "failed"]
    assert rows[0].error.message == "no"


def test_two_sides_are_compared_on_what_both_were_scored_on(catalog):
    a, b = Side("pilot_experiment", "a"), Side("pilot_experiment", "b")
    outcomes = {
        side: {
            row.key.pair: row.outcome
            for row in everything(catalog, RunFilters(side.experiment, side.model, last_only=True))
        }
        for side in (a, b)
    }
    common = [
        (outcomes[a][pair] == "passed", outcomes[b][pair] == "passed")
        for pair in outcomes[a]
        if {outcomes[a][pair], outcomes[b][pair]} <= {"passed", "failed"}
    ]
    counts = catalog.compare(a, b).values()
    assert sum(c.both for c in counts) == common.count((True, True))
    assert sum(c.only_first for c in counts) == common.count((True, False))
    assert sum(c.only_second for c in counts) == common.count((False, True))
    assert sum(c.neither for c in counts) == common.count((False, False))
    found, cursor = [], None
    while True:
        page = catalog.compared(a, b, "differ", limit=1, cursor=cursor)
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == common.count((True, False)) + common.count((False, True))
    assert all(row.first.outcome != row.second.outcome and row.first.key.pair == row.second.key.pair for row in found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("pilot", ("experiment", "pilot_experiment")),
        ("maze_0003", ("question", "maze_0003")),
        ("MAZE_0003", ("question", "maze_0003")),
        ("  ", None),
    ],
)
def test_search_finds_names_and_prompts(catalog, text, first):
    hits = catalog.search(text)
    assert (hits and (hits[0].kind, hits[0].name)) == (first or ())


def test_a_change_changes_the_number_of_changes(catalog, tmp_path):
    root = DataRoot(tmp_path / "data")
    question(root, "maze", "maze_0000")
    settle(root)
    refresh(root)
    before = Catalog(root).changes()
    assert Catalog(root).changes() == before
    question(root, "maze", "maze_0001")
    settle(root)
    refresh(root)
    assert Catalog(root).changes() == before + 1


def test_in_an_empty_data_root_there_is_nothing(root):
    root.path.mkdir()
    catalog = Catalog(root)
    assert catalog.runs(RunFilters()).total == 0
    assert catalog.experiments() == ()


@pytest.mark.parametrize("text", ["do", "do 3", "maze", "nothing"])
@pytest.mark.parametrize("sort", ["key", "created", "score"])
def test_words_find_the_same_runs_whether_few_or_many_questions_have_them(catalog, monkeypatch, text, sort):
    filters = RunFilters(text=text)
    few = everything(catalog, filters, sort=sort)
    assert bool(few) == (text != "nothing")
    monkeypatch.setattr("vmevalkit.catalog._runs._FEW_QUESTIONS", 0)
    assert everything(catalog, filters, sort=sort) == few
    assert catalog.runs(filters).total == sum(1 for _ in everything(catalog, filters))


def test_failed_runs_come_by_time_in_both_directions(catalog):
    filters = RunFilters(status="failed")
    oldest = everything(catalog, filters, sort="created")
    assert len(oldest) == 2
    assert everything(catalog, filters, sort="created", descending=True) == oldest[::-1]


def test_what_was_compared_before_is_compared_anew_when_a_score_changes(tmp_path):
    root = DataRoot(tmp_path / "data")
    for model, score in (("a", 5), ("b", 1)):
        run(root, "maze", "maze_0000", model=model)
        scores(root, "maze", "maze_0000", ("r1", EVALUATOR, score), model=model)
    one, two = (Side("pilot_experiment", model) for model in ("a", "b"))
    catalog = Catalog(root)
    assert catalog.compare(one, two)["maze"].only_first == 1
    scores(root, "maze", "maze_0000", ("r1", EVALUATOR, 5), model="b")
    catalog.refresh()
    counted = catalog.compare(one, two)["maze"]
    assert (counted.both, counted.only_first) == (1, 0)


def compared_root(tmp_path, *task_ids):
    """Two models, of which the first alone passes each of these questions."""
    root = DataRoot(tmp_path / "data")
    for task_id, (model, score) in product(task_ids, (("a", 5), ("b", 1))):
        run(root, "maze", task_id, model=model)
        scores(root, "maze", task_id, ("r1", EVALUATOR, score), model=model)
    return root


A, B = (Side("pilot_experiment", model) for model in ("a", "b"))


@pytest.mark.parametrize("few", [0, 1000])
def test_questions_that_were_scored_later_are_listed_in_the_order_of_their_names(tmp_path, monkeypatch, few):
    monkeypatch.setattr("vmevalkit.catalog._comparing._FEW_QUESTIONS", few)
    catalog = Catalog(compared_root(tmp_path, "maze_0005", "maze_0007"))
    assert catalog.compare(A, B)["maze"].only_first == 2
    compared_root(tmp_path, "maze_0001", "maze_0006")
    catalog.refresh()
    rows = catalog.compared(A, B, "only_first").rows
    assert [row.first.key.task_id for row in rows] == ["maze_0001", "maze_0005", "maze_0006", "maze_0007"]


def test_a_failed_run_is_not_compared_although_somebody_has_scored_it(tmp_path):
    root = compared_root(tmp_path, "maze_0001")
    run(root, "maze", "maze_0002", model="a", status="failed")
    run(root, "maze", "maze_0002", model="b")
    for model in ("a", "b"):
        scores(root, "maze", "maze_0002", ("r1", EVALUATOR, 5), model=model)
    counted = Catalog(root).compare(A, B)["maze"]
    assert (counted.both, counted.only_first, counted.only_second, counted.neither) == (0, 1, 0, 0)


def test_only_the_last_run_of_a_question_is_compared(tmp_path):
    root = compared_root(tmp_path, "maze_0001")
    catalog = Catalog(root)
    assert catalog.compare(A, B)["maze"].only_first == 1
    run(root, "maze", "maze_0001", model="b", run_id="r2")
    scores(root, "maze", "maze_0001", ("r1", EVALUATOR, 1), ("r2", EVALUATOR, 5), model="b")
    catalog.refresh()
    assert catalog.compare(A, B)["maze"].both == 1
    (row,) = catalog.compared(A, B, "both").rows
    assert (row.first.key.run_id, row.second.key.run_id) == ("r1", "r2")


def test_what_only_one_side_has_runs_of_is_not_compared(tmp_path):
    root = compared_root(tmp_path, "maze_0001")
    run(root, "chess", "chess_0001", model="a")
    catalog = Catalog(root)
    assert list(catalog.compare(A, B)) == ["maze"]
    assert catalog.compare(A, B, evaluator="nobody")["maze"].only_first == 0
    assert catalog.compared(A, B, "differ", evaluator="nobody").rows == ()
