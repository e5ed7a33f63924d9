"""What an answer costs does not grow with the number of runs: SQLite's own steps are counted, and not time."""

import contextlib
import sqlite3
from itertools import product

import pytest

from vmevalkit.catalog import Catalog, RunFilters, Side, index_path
from vmevalkit.catalog._schema import open_for_writing
from vmevalkit.catalog._tallies import count
from vmevalkit.dataroot import DataRoot, PairKey, exclusive

SMALL, LARGE = 100, 2000
"""Questions of each domain."""
EXPERIMENTS, MODELS, DOMAINS = ("one", "two"), ("a", "b", "c"), ("chess", "maze")
EVALUATOR = "RuleEvaluator"
A, B = Side("one", "a"), Side("one", "b")


def filled(root, questions):
    """An index of so many questions of each domain and a run of each model on each; there are no files for them."""
    with contextlib.closing(open_for_writing(index_path(root), anew=True)) as database:
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO question (domain, task_id, mtime, difficulty, category, prompt, created_at, files)"
            " VALUES (?, ?, 1, ?, '', 'Solve it.', '', 3)",
            ((d, task_id(d, n), ("easy", "hard")[n % 2]) for d in DOMAINS for n in range(questions)),
        )
        for team, names in enumerate(product(EXPERIMENTS, MODELS, DOMAINS), start=1):
            database.execute("INSERT INTO team VALUES (?, ?, ?, ?)", (team, *names))
            database.executemany(
                "INSERT INTO run (team, task_id, run_id, mtime, is_last, status, difficulty, created_at, duration,"
                " cost) VALUES (?, ?, 'r1', 1, 1, 'succeeded', ?, ?, 1.0, 0.0)",
                ((team, task_id(names[-1], n), ("easy", "hard")[n % 2], day(n, questions)) for n in range(questions)),
            )
            database.executemany(
                "INSERT INTO verdict VALUES (?, ?, ?, 'r1', ?, ?, 1, 0, '')",
                (
                    (team, EVALUATOR, task_id(names[-1], n), "passed" if score > 3 else "failed", score)
                    for n in range(questions)
                    for score in [5.0 if passes(team, n, questions) else 1.0]
                ),
            )
            count(database, team)
        database.execute("COMMIT")
    return root


def passes(team, number, questions):
    """The first two models differ on the last question of each domain alone, and the last model is another matter."""
    if number == questions - 1:
        return team <= 2
    return number % (5 if team > 10 else 3) > 0


def day(number, questions):
    return f"2026-02-{1 + number * 28 // questions:02d}T00:00:00Z"


def task_id(domain, number):
    return f"{domain}_{number:06d}"


@pytest.fixture(scope="module")
def catalogs(tmp_path_factory):
    """A small and a large catalogue that nobody brings up to date, as there are no files."""
    with contextlib.ExitStack() as stack:
        found = []
        for questions in (SMALL, LARGE):
            root = filled(DataRoot(tmp_path_factory.mktemp("growth") / "data"), questions)
            stack.enter_context(exclusive(root.lock("index"), "testing"))
            found.append(Catalog(root))
        yield tuple(found)


def steps(catalog, ask):
    """Return how many instructions SQLite carries out for an answer, and how many statements there are."""
    catalog.changes()
    connection = catalog._connection()
    instructions, statements = [], []
    connection.set_trace_callback(statements.append)
    connection.set_progress_handler(lambda: instructions.append(None), 1)
    try:
        ask(catalog)
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_trace_callback(None)
    return len(instructions), len(statements)


QUESTIONS = {
    "counts of a comparison": lambda c: c.compare(A, B),
    "counts across experiments": lambda c: c.compare(A, Side("two", "b")),
    "many questions passed by both": lambda c: c.compared(A, B, "both"),
    "the only question that differs, the last": lambda c: c.compared(A, B, "differ"),
    "no question at all": lambda c: c.compared(A, A, "differ"),
    "runs filtered by outcome": lambda c: c.runs(RunFilters(outcome="failed", difficulty="hard")),
    "runs filtered by model": lambda c: c.runs(RunFilters(model="b", domain="maze", outcome="passed")),
    "runs since a day": lambda c: c.runs(RunFilters(since="2026-02-02", domain="maze")),
    "runs of the newest": lambda c: c.runs(RunFilters(), sort="created", descending=True),
    "the best runs": lambda c: c.runs(RunFilters(), sort="score", descending=True),
    "questions of each domain": lambda c: c.question_counts(),
    "search for a question": lambda c: c.search("MAZE_00005"),
    "search for a model": lambda c: c.search("a"),
    "what can be compared": lambda c: c.sides(),
    "facets": lambda c: c.facets("one"),
    "experiments": lambda c: c.experiments(),
    "standings": lambda c: c.standings("one"),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_twenty_times_as_many_runs_do_not_double_the_work(catalogs, ask):
    small, large = (steps(catalog, ask) for catalog in catalogs)
    assert large[0] <= 2 * small[0]
    assert large[1] <= small[1] + 2


@pytest.mark.parametrize("since", ["2026-02-27", "2026-02-28T00:00:00Z", "2027"])
def test_a_few_runs_of_a_span_are_not_looked_for_among_all(catalogs, since):
    large = catalogs[1]
    page = large.runs(RunFilters(model="a", since=since), limit=10)
    assert [row.key for row in page.rows] == sorted(row.key for row in page.rows)
    assert all(row.created_at >= since for row in page.rows)
    taken, _ = steps(large, lambda c: c.runs(RunFilters(model="a", since=since), limit=10))
    assert taken < 10 * LARGE


def test_the_pages_of_a_span_are_the_same_however_they_are_found(catalogs, monkeypatch):
    small = catalogs[0]
    filters = RunFilters(since="2026-02-05", until="2026-02-20")

    def pages():
        cursor, found = None, []
        while True:
            page = small.runs(filters, limit=7, cursor=cursor)
            found += page.rows
            cursor = page.next_cursor
            if cursor is None:
                return found

    by_time = pages()
    monkeypatch.setattr("vmevalkit.catalog._runs._FEW_IN_SPAN", 0)
    assert pages() == by_time
    assert len(by_time) == small.runs(filters).total > 0


@pytest.mark.parametrize("kind", ["differ", "only_first", "only_second", "both", "neither"])
def test_the_questions_of_a_comparison_are_the_same_however_they_are_found(catalogs, monkeypatch, kind):
    small = catalogs[0]
    one, two = A, Side("two", "c")

    def pages():
        cursor, found = None, []
        while True:
            page = small.compared(one, two, kind, limit=9, cursor=cursor)
            found += page.rows
            cursor = page.next_cursor
            if cursor is None:
                return found

    looked_up = pages()
    assert [row.first.key.pair for row in looked_up] == sorted(row.first.key.pair for row in looked_up)
    monkeypatch.setattr("vmevalkit.catalog._comparing._FEW_QUESTIONS", -1)
    assert pages() == looked_up
    counts = small.compare(one, two).values()
    assert len(looked_up) == sum(c.only_first + c.only_second if kind == "differ" else getattr(c, kind) for c in counts)


def test_a_page_of_a_comparison_reads_its_own_runs_alone(catalogs):
    large = catalogs[1]
    connection = large._connection()
    page = large.compared(A, B, "both", limit=5)
    assert [row.first.key.pair for row in page.rows] == [PairKey("chess", task_id("chess", n)) for n in (1, 2, 4, 5, 7)]
    statements = []
    connection.set_trace_callback(statements.append)
    try:
        large.compared(A, B, "both", limit=5)
    finally:
        connection.set_trace_callback(None)
    runs = [text for text in statements if "FROM run" in text]
    assert len(runs) == 2
    plans = [row[3] for text in runs for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert all("run_by_key (team=? AND task_id=?)" in plan for plan in plans if " run " in plan)
    assert not any(plan.startswith("SCAN run") for plan in plans)


def test_walking_by_name_uses_the_index_by_name_although_a_time_is_asked_for(catalogs, monkeypatch):
    monkeypatch.setattr("vmevalkit.catalog._runs._FEW_IN_SPAN", 0)
    large = catalogs[1]
    large.changes()
    connection = large._connection()
    statements = []
    connection.set_trace_callback(statements.append)
    try:
        large.runs(RunFilters("one", "a", "maze", since="2026-02-02"), limit=5)
    finally:
        connection.set_trace_callback(None)
    (page,) = (text for text in statements if "question.prompt" in text)
    plans = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {page}")]
    assert any("run_by_key" in plan for plan in plans)
    assert not any("TEMP B-TREE" in plan for plan in plans)


def test_an_index_of_the_version_before_is_thrown_away(tmp_path):
    root = DataRoot(tmp_path / "data")
    path = index_path(filled(root, 1))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")
    with contextlib.closing(open_for_writing(path)) as database:
        assert database.execute("SELECT COUNT(*) FROM run").fetchone() == (0,)
        assert database.execute("SELECT COUNT(*) FROM result").fetchone() == (0,)
