"""Bringing the index up to date."""

import os
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.index_tree import EVALUATOR, question, remove, run, scores, settle, write

from vmevalkit.catalog import Catalog, RunFilters, index_path
from vmevalkit.catalog._results import Results, numbers
from vmevalkit.catalog.refresh import refresh
from vmevalkit.dataroot import ChangeLog, DataRoot, PairKey, RunKey, exclusive, note_change
from vmevalkit.errors import BusyError

TABLES = ("question", "team", "run", "verdict", "tally", "problem")


def contents(root):
    """Everything in the index that does not depend on when it was read."""
    with sqlite3.connect(index_path(root)) as database:
        database.row_factory = sqlite3.Row
        teams = {row["id"]: tuple(row)[1:] for row in database.execute("SELECT * FROM team")}
        found = {}
        for table in TABLES:
            rows = [dict(row) for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for row in rows:
                row.pop("id", None)
                row.pop("mtime", None)
                if "team" in row:
                    row["team"] = teams[row["team"]]
            found[table] = sorted(map(repr, rows))
        found["result"] = sorted(results(database, teams))
        found["question_tally"] = database.execute("SELECT * FROM question_tally WHERE questions > 0").fetchall()
        found["question_tally"] = sorted(map(tuple, found["question_tally"]))
        return found


def results(database, teams):
    """Who passed and failed which questions; which bit is whose depends on the order in which they were read."""
    names = {(domain, number): task_id for domain, task_id, number in database.execute("SELECT * FROM question_bit")}
    for team, evaluator, *bitmaps in database.execute("SELECT team, evaluator, passed, failed FROM result"):
        domain = teams[team][-1]
        read = Results.of(*bitmaps)
        passed, failed = (sorted(names[domain, number] for number in numbers(bitmap)) for bitmap in read)
        yield *teams[team], evaluator, passed, failed


def rebuilt(root):
    for suffix in ("", "-wal", "-shm"):
        path = index_path(root).with_name(index_path(root).name + suffix)
        path.unlink(missing_ok=True)
    refresh(root)
    return contents(root)


@pytest.fixture
def small(root):
    for number in range(4):
        question(root, "maze", f"maze_{number:04d}", difficulty=["easy", "hard"][number % 2])
        run(root, "maze", f"maze_{number:04d}", status="failed" if number == 3 else "succeeded")
        scores(root, "maze", f"maze_{number:04d}", ("r1", EVALUATOR, number + 1))
    settle(root)
    refresh(root)
    return root


def test_nothing_changed_reads_nothing(small):
    assert refresh(small).changes == 0


def test_a_new_run_is_the_only_thing_read(small):
    run(small, "maze", "maze_0001", run_id="r2")
    done = refresh(small)
    assert (done.questions, done.runs, done.evaluations, done.removed) == (0, 1, 0, 0)


def test_the_last_run_of_a_question_is_the_one_that_counts(small):
    run(small, "maze", "maze_0001", run_id="r2", status="running")
    rows = Catalog(small).runs(RunFilters(task_id="maze_0001")).rows
    assert [(row.key.run_id, row.is_last) for row in rows] == [("r1", False), ("r2", True)]


def test_metadata_that_was_replaced_is_read_again(small):
    folder = run(small, "maze", "maze_0000", run_id="r1", status="running")
    os.utime(folder)  # what a rename in it does
    refresh(small)
    assert Catalog(small).run(RunKey("pilot_experiment", "oracle", "maze", "maze_0000", "r1")).status == "running"


def test_a_folder_written_to_a_moment_ago_is_not_trusted(small):
    folder = run(small, "maze", "maze_0000", run_id="r2", status="running")
    refresh(small)
    before = folder.stat().st_mtime_ns
    run(small, "maze", "maze_0000", run_id="r2", status="succeeded")
    os.utime(folder, ns=(before, before))
    refresh(small)
    assert Catalog(small).run(RunKey("pilot_experiment", "oracle", "maze", "maze_0000", "r2")).status == "succeeded"


def test_what_is_gone_is_forgotten(small):
    remove(small.questions / "maze_task" / "maze_0000")
    remove(small.outputs / "pilot_experiment" / "oracle" / "maze_task" / "maze_0001")
    remove(small.evaluations / "pilot_experiment" / "oracle" / "maze_task" / "maze_0002")
    refresh(small)
    assert contents(small) == rebuilt(small)
    assert Catalog(small).question(PairKey("maze", "maze_0000")) is None


def test_a_whole_experiment_that_is_gone_is_forgotten(small):
    remove(small.outputs / "pilot_experiment")
    remove(small.evaluations / "pilot_experiment")
    refresh(small)
    assert Catalog(small).experiments() == ()
    assert contents(small) == rebuilt(small)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"id": "other"}', "\x00\xff"])
def test_a_broken_file_is_a_problem_and_the_rest_goes_on(small, damage):
    for path in (
        small.questions / "maze_task" / "maze_0000" / "question_metadata.json",
        small.outputs / "pilot_experiment" / "oracle" / "maze_task" / "maze_0001" / "r1" / "metadata.json",
        small.evaluations / "pilot_experiment" / "oracle" / "maze_task" / "maze_0002" / f"{EVALUATOR}.json",
    ):
        path.write_text(damage)
        os.utime(path.parent)
    refresh(small)
    count, problems = Catalog(small).problems()
    assert count == 3
    assert [problem.path.partition("/")[0] for problem in problems] == ["evaluations", "outputs", "questions"]
    rows = {row.key.task_id: row for row in Catalog(small).runs(RunFilters()).rows}
    assert len(rows) == 4
    assert (rows["maze_0001"].status, rows["maze_0001"].outcome) == ("unreadable", "error")
    assert rows["maze_0002"].outcome == "error"


def test_a_broken_file_that_was_mended_is_no_problem_any_more(small):
    path = small.outputs / "pilot_experiment" / "oracle" / "maze_task" / "maze_0001" / "r1"
    good = (path / "metadata.json").read_text()
    write(path / "metadata.json", "{")
    os.utime(path)
    refresh(small)
    write(path / "metadata.json", good)
    refresh(small)
    assert Catalog(small).problems()[0] == 0


def test_names_that_are_no_names_are_passed_over(small):
    for name in (".hidden", "half.tmp", "with space", "-dash"):
        (small.outputs / name / "oracle" / "maze_task" / "maze_0000" / "r1").mkdir(parents=True)
        (small.questions / "maze_task" / name).mkdir()
    assert refresh(small).changes == 0


def test_only_what_was_noted_is_looked_at(small):
    log = ChangeLog(small)
    folder = run(small, "maze", "maze_0001", run_id="r2")
    run(small, "maze", "maze_0002", run_id="r2")
    note_change(small, folder)
    noted = log.read()
    assert noted == ["outputs/pilot_experiment/oracle/maze_task/maze_0001/r2"]
    assert refresh(small, changed=noted).runs == 1
    assert Catalog(small).runs(RunFilters()).total == 6  # it looked at all folders before it answered


@pytest.mark.parametrize(
    "path", ["outputs/../../etc", "outputs//a/b/c/d", "x/y", "", "evaluations/a/b", "outputs/a/b/c"]
)
def test_what_was_noted_and_makes_no_sense_is_passed_over(small, path):
    assert refresh(small, changed=[path]).changes == 0


def test_only_one_process_at_a_time_writes(small):
    with exclusive(small.lock("index"), "testing"), pytest.raises(BusyError):
        refresh(small)


@pytest.mark.parametrize("damage", [b"", b"no database at all", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_index_is_built_again(small, damage):
    before = contents(small)
    for suffix in ("-wal", "-shm"):
        index_path(small).with_name(index_path(small).name + suffix).unlink(missing_ok=True)
    index_path(small).write_bytes(damage)
    Catalog(small).refresh()
    assert contents(small) == before


def test_an_index_that_is_deleted_while_it_is_used_is_built_again(small):
    catalog = Catalog(small)
    assert catalog.runs(RunFilters()).total == 4
    index_path(small).unlink()
    assert catalog.runs(RunFilters()).total == 4


def test_a_refresh_that_is_killed_leaves_an_index_that_can_be_refreshed(root):
    for number in range(1200):
        run(root, "maze", f"maze_{number:04d}")
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from vmevalkit.catalog.refresh import refresh\n"
        "from vmevalkit.dataroot import DataRoot\n"
        "class Killer:\n"
        "    count = 0\n"
        "    def start(self, *_): pass\n"
        "    def advance(self, *_):\n"
        "        self.count += 1\n"
        "        if self.count == 700: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"refresh(DataRoot(Path({str(root.path)!r})), progress=Killer())\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert refresh(root).runs >= 700
    assert contents(root) == rebuilt(root)


TASKS = st.sampled_from(["maze_0000", "maze_0001", "maze_0002"])
RUNS = st.sampled_from(["r1", "r2"])
MODELS = st.sampled_from(["a", "b"])
OPERATIONS = st.one_of(
    st.tuples(st.just("question"), TASKS, st.sampled_from(["easy", "hard"])),
    st.tuples(st.just("run"), MODELS, TASKS, RUNS, st.sampled_from(["running", "failed", "succeeded"])),
    st.tuples(st.just("scores"), MODELS, TASKS, RUNS, st.sampled_from([None, 1, 4, 5])),
    st.tuples(st.just("drop question"), TASKS),
    st.tuples(st.just("drop run"), MODELS, TASKS, RUNS),
    st.tuples(st.just("drop task"), MODELS, TASKS),
    st.tuples(st.just("drop scores"), MODELS, TASKS),
    st.tuples(st.just("refresh")),
)


def apply(root, operation):
    match operation:
        case "question", task, difficulty:
            os.utime(question(root, "maze", task, difficulty=difficulty))
        case "run", model, task, run_id, status:
            os.utime(run(root, "maze", task, model=model, run_id=run_id, status=status))
        case "scores", model, task, run_id, score:
            scores(root, "maze", task, (run_id, EVALUATOR, score), model=model)
        case ("refresh",):
            refresh(root)
        case what, *names:
            section = {"question": root.questions}.get(
                what.split()[1], root.outputs if what != "drop scores" else root.evaluations
            )
            middle = [] if what == "drop question" else ["pilot_experiment", names.pop(0)]
            folder = section.joinpath(*middle, "maze_task", *names)
            if folder.is_dir():
                remove(folder)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATIONS, max_size=14))
def test_an_index_that_was_refreshed_is_the_same_as_one_built_at_once(tmp_path_factory, operations):
    root = DataRoot(tmp_path_factory.mktemp("root") / "data")
    root.path.mkdir()
    for operation in operations:
        apply(root, operation)
    refresh(root)
    assert contents(root) == rebuilt(root)
