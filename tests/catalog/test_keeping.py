"""Keeping the index up to date in the background, whatever happens meanwhile."""

import os
import sqlite3
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.index_tree import EVALUATOR, EXPERIMENT, question, run, scores, settle
from support.waiting import until
from test_refresh import OPERATIONS, apply, contents, rebuilt

from vmevalkit.catalog import Catalog, RunFilters, index_path
from vmevalkit.catalog import catalog as catalog_module
from vmevalkit.catalog import refresh as refresh_module
from vmevalkit.catalog.refresh import refresh
from vmevalkit.dataroot import DataRoot, RunKey, exclusive, note_change
from vmevalkit.errors import BusyError, RecordError

_PATIENCE_SECONDS = 60.0
DOMAINS = ("chess", "maze")


def total(catalog, **filters):
    return catalog.runs(RunFilters(**filters)).total


@pytest.fixture
def lab(root):
    """Two models on 300 questions."""
    for domain in DOMAINS:
        for number in range(150):
            task_id = f"{domain}_{number:04d}"
            question(root, domain, task_id)
            for model in ("a", "b"):
                run(root, domain, task_id, model=model)
                scores(root, domain, task_id, ("r1", EVALUATOR, 1 + number % 5), model=model)
    settle(root)
    return root


@pytest.fixture
def only_the_log(monkeypatch):
    """After the first look at all folders, nothing but the change log tells what is new."""
    monkeypatch.setattr(catalog_module, "_LEAST_SECONDS", 1e9)


@pytest.fixture
def listening(monkeypatch):
    """Ask for changes at every folder."""
    monkeypatch.setattr(refresh_module, "_LISTEN_SECONDS", 0.0)


def noted_run(root, **names):
    folder = run(root, "maze", "maze_0001", **names)
    note_change(root, folder)
    return folder


def test_a_run_that_was_noted_shows(lab, only_the_log):
    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        noted_run(lab, run_id="r2")
        noted_run(lab, model="new")
        until(lambda: total(catalog) == 602)
        assert catalog.run(RunKey(EXPERIMENT, "a", "maze", "maze_0001", "r1")) is not None
    refresh(lab)
    assert contents(lab) == rebuilt(lab)


def test_a_score_that_was_noted_shows(lab, only_the_log):
    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        before = total(catalog, outcome="passed")
        note_change(lab, scores(lab, "maze", "maze_0000", ("r1", EVALUATOR, 5), model="a").parent)
        until(lambda: total(catalog, outcome="passed") == before + 1)


def test_a_run_that_nobody_noted_shows_after_a_while(lab):
    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        run(lab, "maze", "maze_0001", model="copied")
        until(lambda: total(catalog) == 601)


def test_what_was_noted_while_another_process_was_at_it_is_not_lost(lab, only_the_log, monkeypatch):
    refused = threading.Event()

    def trying(*given, **named):
        try:
            return refresh(*given, **named)
        except BusyError:
            refused.set()
            raise

    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        monkeypatch.setattr(catalog_module, "refresh", trying)
        with exclusive(lab.lock("index"), "testing"):
            noted_run(lab, run_id="r2")
            assert refused.wait(_PATIENCE_SECONDS)
        until(lambda: total(catalog) == 601)


def test_a_run_that_is_noted_while_all_folders_are_looked_at_shows_before_the_end(lab, listening):
    key = RunKey(EXPERIMENT, "zebra", "maze", "maze_0001", "r1")
    seen = []

    def meanwhile():
        seen.append(None)
        if len(seen) == 1:
            folder = run(lab, "maze", "maze_0001", model="zebra")
            return [f"outputs/{folder.relative_to(lab.outputs)}"]
        if len(seen) == 2:
            with sqlite3.connect(index_path(lab)) as database:
                seen[0] = database.execute(
                    "SELECT runs FROM tally JOIN team ON team.id = team WHERE model = 'zebra' AND evaluator = ''"
                ).fetchall()
        return ()

    refresh(lab, meanwhile=meanwhile)
    assert len(seen) > 2
    assert seen[0] == [(1,)]
    assert Catalog(lab).run(key) is not None
    assert contents(lab) == rebuilt(lab)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(OPERATIONS, max_size=10), during=st.lists(OPERATIONS, max_size=6))
def test_what_changes_while_all_folders_are_looked_at_is_right_in_the_end(tmp_path_factory, listening, before, during):
    root = DataRoot(tmp_path_factory.mktemp("root") / "data")
    root.path.mkdir()
    for operation in before:
        apply(root, operation)
    left = [operation for operation in during if operation != ("refresh",)]

    def meanwhile():
        if left:
            apply(root, left.pop())
        return everything(root)

    refresh(root, meanwhile=meanwhile)
    refresh(root)
    assert contents(root) == rebuilt(root)


def everything(root):
    """The folders that a change log could name."""
    depths = {"questions": 2, "outputs": 5, "evaluations": 4}
    return [
        f"{section}/{path.relative_to(root.path / section)}"
        for section, depth in depths.items()
        for path in (root.path / section).glob("/".join("*" * depth))
        if path.is_dir()
    ]


class EnoughError(Exception):
    """Ends a refresh."""


def test_a_refresh_that_is_ended_in_the_middle_loses_nothing(lab, listening):
    calls = []

    def meanwhile():
        calls.append(None)
        if len(calls) == 400:
            raise EnoughError
        return ()

    with pytest.raises(EnoughError):
        refresh(lab, meanwhile=meanwhile)
    assert refresh(lab).changes > 0
    assert contents(lab) == rebuilt(lab)


def test_keeping_ends_in_the_middle_of_a_look(lab, listening, monkeypatch):
    asked = threading.Event()
    stopped = threading.Event()

    class Slow(catalog_module._Changes):
        def take(self):
            if asked.is_set():
                stopped.wait(_PATIENCE_SECONDS)
            elif self._waiting == [] and index_path(lab).exists():
                asked.set()
            return super().take()

    monkeypatch.setattr(catalog_module, "_Changes", Slow)
    with Catalog(lab) as catalog:
        assert asked.wait(_PATIENCE_SECONDS)
        catalog._stopped.set()
        stopped.set()
    assert catalog.is_building
    assert Catalog(lab).runs(RunFilters()).total == 600


def test_an_index_that_is_deleted_again_and_again_while_it_is_asked_is_built_again(lab):
    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        answers = []
        for number in range(6):
            for suffix in ("", "-wal", "-shm")[: 1 + number % 3]:
                index_path(lab).with_name(index_path(lab).name + suffix).unlink(missing_ok=True)
            for _ in range(5):
                try:
                    answers.append(total(catalog))
                except (BusyError, sqlite3.OperationalError):
                    continue  # a server says 503
        assert all(0 <= answer <= 600 for answer in answers)
        until(lambda: total(catalog) == 600)


def test_an_index_that_is_deleted_just_before_it_is_opened_is_built_again_and_answers(lab, monkeypatch):
    waiting = [index_path(lab)]

    def deleted(path, opened=catalog_module.open_for_reading):
        if waiting:
            waiting.pop().unlink()
        return opened(path)

    with Catalog(lab) as catalog:
        until(lambda: not catalog.is_building)
        monkeypatch.setattr(catalog_module, "open_for_reading", deleted)
        assert total(catalog) == 600
    assert not waiting


def test_two_who_keep_one_index_agree(lab):
    with Catalog(lab) as one, Catalog(lab) as two:
        until(lambda: (total(one), total(two)) == (600, 600))
        for number in range(5):
            noted_run(lab, run_id=f"n{number}")
        until(lambda: (total(one), total(two)) == (605, 605))
    assert contents(lab) == rebuilt(lab)


def test_questions_in_the_middle_of_a_look_are_answered(lab, listening):
    answers = []

    def meanwhile():
        if len(answers) < 5 and os.path.exists(index_path(lab)):  # noqa: PTH110
            with sqlite3.connect(index_path(lab)) as database:
                answers.append(database.execute("SELECT COUNT(*) FROM run").fetchone()[0])
        return ()

    refresh(lab, meanwhile=meanwhile)
    assert len(answers) == 5


def test_a_data_root_that_is_moved_away_is_told_and_not_made_anew_and_may_come_back(lab, monkeypatch):
    monkeypatch.setattr(catalog_module, "_LEAST_SECONDS", 0.0)
    away = lab.path.with_name("away")
    with Catalog(lab) as catalog:
        until(lambda: total(catalog) == 600)
        lab.path.rename(away)
        with pytest.raises(RecordError, match="is not there"):
            total(catalog)
        assert not lab.path.exists()
        away.rename(lab.path)
        until(lambda: total(catalog) == 600)
