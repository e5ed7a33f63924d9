"""People rate videos: who is asked what, and what becomes of the answers."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rating_data import EXPERIMENT, RUN_ID, add_run, fill, run_of, saved

from vmevalkit.dataroot import ChangeLog, DataRoot, exclusive, read_json
from vmevalkit.errors import BusyError, ConflictError, RecordError, UnknownNameError, UsageError
from vmevalkit.runner.rating import (
    LEASE_SECONDS,
    RatingPlan,
    RatingStudy,
    UnknownItemError,
    check_rater,
    load_plan,
    rater_agreement,
    save_plan,
)
from vmevalkit.runner.rating.keeper import REFRESH_SECONDS
from vmevalkit.runner.rating.plan import Place, place_of
from vmevalkit.runner.rating.scan import Scanner

MODELS, DOMAINS = ("acme-1", "bolt-2"), ("chess", "maze")
ONE_EACH = RatingPlan(overlap=0)


class Clock:
    """Tells the time that it is told."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runs(root):
    """Twelve runs: two models on three questions of two domains."""
    return fill(root, MODELS, DOMAINS, 3)


@pytest.fixture
def study(root, runs, clock):
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        yield study


def file_of(root, key):
    return root.evaluation_file(key.experiment, key.model, key.pair, "human-eval")


def rate_all(study, rater, score=3):
    """Rate until there is nothing left; return the runs in their order."""
    seen = []
    while items := study.next(rater).items:
        study.score(rater, items[0].item, score)
        seen.append(items[0].key)
    return seen


# --- what is written


def test_a_score_is_a_record_of_the_evaluation_file(root, study, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1736937000")
    [item] = study.next("Ana").items
    study.score("Ana", item.item, 4, "nearly")
    assert read_json(file_of(root, item.key)) == {
        "evaluator": "human-eval",
        "version": "1",
        "experiment": EXPERIMENT,
        "model": item.key.model,
        "domain": item.key.domain,
        "task_id": item.key.task_id,
        "records": [
            {
                "run_id": RUN_ID,
                "rater": "Ana",
                "status": "scored",
                "score": 4,
                "passed": True,
                "explanation": "nearly",
                "dimensions": {},
                "created_at": "2025-01-15T10:30:00.000000Z",
                "video_sha256": "5ca1ab1e",
                "retryable": None,
                "needs_review": None,
                "cost_usd": None,
                "judge": None,
            }
        ],
    }


def test_a_score_is_noted_for_those_who_keep_an_index_of_the_data_root(root, study):
    changes = ChangeLog(root)
    [item] = study.next("Ana").items
    study.score("Ana", item.item, 3)
    assert changes.read() == [file_of(root, item.key).parent.relative_to(root.path).as_posix()]


@pytest.mark.parametrize(("score", "passed"), [(1, False), (3, False), (4, True), (5, True)])
def test_a_video_has_passed_from_4_on(study, score, passed):
    [item] = study.next("Ana").items
    assert study.score("Ana", item.item, score).score.passed is passed


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_that_is_none_is_refused(root, study, score):
    [item] = study.next("Ana").items
    with pytest.raises(UsageError, match=f"a score is from 1 to 5, not {score}"):
        study.score("Ana", item.item, score)
    assert not saved(root)


def test_who_cannot_judge_a_video_skips_it_and_is_not_asked_again(root, study):
    [item] = study.next("Ana").items
    study.skip("Ana", item.item, "the video is black")
    score = saved(root)[item.key, "Ana"]
    assert (score.status, score.score, score.passed, score.explanation) == ("skipped", None, None, "the video is black")
    assert item.key not in rate_all(study, "Ana")


def test_what_one_has_skipped_another_is_asked(study, root):
    save_plan(root, EXPERIMENT, ONE_EACH)
    [item] = study.next("Ana").items
    study.skip("Ana", item.item)
    assert study.next("Bo").items == (item,)


def test_a_new_score_replaces_the_old_one_of_the_same_rater_only(root, study):
    [item] = study.next("Ana").items
    study.score("Bo", item.item, 1)
    first = study.score("Ana", item.item, 2)
    second = study.score("Ana", item.item, 5)
    assert (first.replaced, second.replaced) == (None, first.score)
    assert {rater: score.score for (_, rater), score in saved(root).items()} == {"Ana": 5, "Bo": 1}


def test_runs_of_one_question_are_rated_one_by_one(root, runs):
    again = add_run(root, run_of(MODELS[0], "maze_0000", "20250116T103000Z"))
    with RatingStudy(root, EXPERIMENT) as study:
        assert set(rate_all(study, "Ana")) == {*runs, again}
    assert {key for key, _ in saved(root)} == {*runs, again}


def test_a_score_for_a_name_that_no_item_has_is_refused(study):
    with pytest.raises(UnknownItemError, match="unknown item: 0123456789abcdef0123"):
        study.score("Ana", "0123456789abcdef0123", 3)


def test_a_file_that_cannot_be_read_is_named_and_left_alone(root, runs, clock):
    file_of(root, runs[0]).parent.mkdir(parents=True)
    file_of(root, runs[0]).write_text("{")
    item = place_of(RatingPlan(), runs[0]).item
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        assert runs[0] not in rate_all(study, "Ana")
        [problem] = study.progress().problems
        assert (problem.item, problem.path) == (item, file_of(root, runs[0]))
        assert problem.problem.startswith("malformed JSON")
        with pytest.raises(UnknownItemError):
            study.score("Ana", item, 3)
    assert file_of(root, runs[0]).read_text() == "{"


def test_a_file_that_is_broken_while_it_is_rated_is_left_alone(root, study):
    [item] = study.next("Ana").items
    study.score("Bo", item.item, 3)
    file_of(root, item.key).write_text("{")
    with pytest.raises(UnknownItemError):
        study.score("Ana", item.item, 3)
    assert file_of(root, item.key).read_text() == "{"
    assert study.next("Ana").items[0] != item


# --- undo


def test_undo_takes_the_last_word_back_and_the_item_is_next_again(root, study):
    first, second, third = (study.next("Ana", ahead=2)).items
    study.score("Ana", first.item, 5)
    study.skip("Ana", second.item)
    taken = study.undo("Ana")
    assert (taken.item, taken.score.status) == (second, "skipped")
    assert [rater for _, rater in saved(root)] == ["Ana"]
    assert study.next("Ana", ahead=1).items == (second, third)


def test_undo_goes_back_step_by_step_to_nothing(root, study):
    items = study.next("Ana", ahead=2).items
    for item in items:
        study.score("Ana", item.item, 5)
    study.score("Bo", items[0].item, 2)
    assert [study.undo("Ana").item for _ in items] == list(reversed(items))
    assert study.undo("Ana") is None
    assert [rater for _, rater in saved(root)] == ["Bo"]


def test_an_undo_that_is_sent_twice_takes_back_one(root, study):
    first, second = study.next("Ana", ahead=1).items
    for item in (first, second):
        study.score("Ana", item.item, 5)
    study.undo("Ana", expected=second.item)
    with pytest.raises(ConflictError, match="the last item is another one"):
        study.undo("Ana", expected=second.item)
    assert len(saved(root)) == 1


def test_undo_knows_the_files_better_than_the_index(root, study):
    first, second = study.next("Ana", ahead=1).items
    for item in (first, second):
        study.score("Ana", item.item, 5)
    file_of(root, second.key).unlink()
    assert study.undo("Ana").item == first


# --- who is asked what


def test_asked_again_the_same_item_comes_until_it_is_rated(study):
    [item] = study.next("Ana").items
    assert study.next("Ana").items == (item,)
    study.score("Ana", item.item, 3)
    assert study.next("Ana").items != (item,)


def test_the_items_ahead_come_next(study):
    first, second, third = study.next("Ana", ahead=2).items
    study.score("Ana", first.item, 3)
    assert study.next("Ana", ahead=1).items == (second, third)


@pytest.mark.parametrize("ahead", [-1, 6])
def test_nobody_holds_many_items(study, ahead):
    with pytest.raises(UsageError, match="ahead must be from 0 to 5"):
        study.next("Ana", ahead=ahead)


def test_a_single_rater_is_asked_everything_once(study, runs):
    seen = rate_all(study, "Ana")
    assert sorted(seen) == runs
    assert study.next("Ana").retry_seconds is None


def test_two_raters_do_not_both_hold_the_last_place(root, runs, clock):
    save_plan(root, EXPERIMENT, RatingPlan(overlap=0, models=(MODELS[0],), domains=("maze",)))
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        held = [study.next(f"rater {number}").items for number in range(3)]
        late = study.next("late")
        assert len({items[0].key for items in held}) == 3
        assert (late.items, late.retry_seconds, late.progress.remaining) == ((), LEASE_SECONDS, 3)


def test_who_has_gone_away_gives_the_item_free(root, runs, clock):
    save_plan(root, EXPERIMENT, RatingPlan(overlap=0, models=(MODELS[0],), domains=("maze",)))
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        held = {study.next(f"rater {number}").items for number in range(3)}
        clock.now += LEASE_SECONDS
        assert study.next("late").items in held


def test_who_comes_back_late_is_still_heard(root, study, clock):
    [item] = study.next("Ana").items
    clock.now += 10 * LEASE_SECONDS
    study.score("Ana", item.item, 3)
    assert (item.key, "Ana") in saved(root)


def test_the_overlap_is_rated_by_several_and_the_rest_by_one(root, runs):
    plan = save_plan(root, EXPERIMENT, RatingPlan(overlap=0.5, raters_per_item=3))
    with RatingStudy(root, EXPERIMENT) as study:
        for rater in ("Ana", "Bo", "Cy", "Di"):
            rate_all(study, rater)
        assert study.progress().complete == len(runs)
    ratings = Counter(key for key, _ in saved(root))
    assert ratings == {key: place_of(plan, key).need for key in runs}
    assert set(ratings.values()) == {1, 3}


def test_the_same_plan_gives_the_same_order_everywhere(study, runs):
    assert rate_all(study, "Ana") == sorted(runs, key=lambda key: place_of(RatingPlan(), key).turn)


def test_the_place_of_a_run_is_the_same_on_every_machine():
    assert place_of(RatingPlan(seed=7), run_of("acme-1", "maze_0001")) == Place(
        item="0e582358482d7132547f", turn=1783755444289391598, need=1
    )


def test_another_seed_gives_other_names_another_order_and_another_overlap(runs):
    one, other = ([place_of(RatingPlan(seed=seed, overlap=0.5), key) for key in runs] for seed in (1, 2))
    assert not {place.item for place in one} & {place.item for place in other}
    assert sorted(range(12), key=lambda n: one[n].turn) != sorted(range(12), key=lambda n: other[n].turn)
    assert [place.need for place in one] != [place.need for place in other]


def test_new_runs_move_nobody(root, runs, clock):
    plan = save_plan(root, EXPERIMENT, RatingPlan(overlap=0.5))
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        before = rate_all(study, "Ana")
        new = [add_run(root, run_of("new-3", key.task_id)) for key in runs[:6]]
        clock.now += 100 * REFRESH_SECONDS
        assert set(rate_all(study, "Ana")) == set(new)
    with RatingStudy(root, EXPERIMENT, clock=clock) as study:
        alone = [key for key in rate_all(study, "Bo") if key in runs]
    assert alone == [key for key in before if place_of(plan, key).need == 2]


@given(overlap=st.floats(0, 1), seed=st.integers(0, 2**63 - 1))
def test_the_overlap_is_about_as_large_as_asked_for(overlap, seed):
    plan = RatingPlan(overlap=overlap, seed=seed)
    shared = sum(place_of(plan, run_of("m", f"maze_{n:04d}")).need == 2 for n in range(2000))
    assert abs(shared / 2000 - overlap) < 0.08


@settings(max_examples=25)
@given(
    plan=st.builds(
        RatingPlan, seed=st.integers(0, 99), overlap=st.sampled_from([0, 0.3, 1]), raters_per_item=st.integers(1, 4)
    ),
    count=st.integers(1, 3),
    order=st.lists(
        st.tuples(st.sampled_from("ABCDEF"), st.sampled_from(["rate", "rate", "skip", "look"])), max_size=40
    ),
)
def test_whoever_asks_gets_what_has_the_fewest_ratings_and_never_too_many(plan, count, order):
    with TemporaryDirectory() as folder:
        root = DataRoot(Path(folder))
        runs = fill(root, MODELS, DOMAINS, count)
        save_plan(root, EXPERIMENT, plan)
        places = {place_of(plan, key).item: place_of(plan, key) for key in runs}
        said: set[tuple[str, str]] = set()
        scored: Counter[str] = Counter()
        held: dict[str, str] = {}
        with closing(RatingStudy(root, EXPERIMENT)) as study:
            for rater, action in order:
                taken = Counter(scored)
                taken.update(item for holder, item in held.items() if holder != rater)
                free = [i for i, p in places.items() if taken[i] < p.need and (i, rater) not in said]
                items = study.next(rater).items
                if not items:
                    assert not free
                    continue
                item = items[0].item
                if rater in held:
                    assert item == held[rater]
                else:
                    assert item == min(free, key=lambda i: (taken[i], places[i].turn))
                if action == "look":
                    held[rater] = item
                    continue
                held.pop(rater, None)
                said.add((item, rater))
                if action == "rate":
                    study.score(rater, item, 3)
                    scored[item] += 1
                else:
                    study.skip(rater, item)
            progress = study.progress()
        assert all(scored[item] <= place.need for item, place in places.items())
        assert len(saved(root)) == len(said)
        assert (progress.items, progress.given) == (len(runs), scored.total())
        assert progress.needed == sum(place.need for place in places.values())
        assert progress.complete == sum(scored[item] == place.need for item, place in places.items())


def test_raters_who_take_turns_all_see_a_mix_of_domains_and_models(root):
    fill(root, MODELS, DOMAINS, 30)
    done: dict[str, list] = {"Ana": [], "Bo": [], "Cy": []}
    with RatingStudy(root, EXPERIMENT) as study:
        for _ in range(30):
            for rater, seen in done.items():
                [item] = study.next(rater).items
                study.score(rater, item.item, 3)
                seen.append(item.key)
    for seen in done.values():
        assert min(Counter(key.model for key in seen).values()) >= 8
        assert min(Counter(key.domain for key in seen).values()) >= 8


# --- what can be rated


@pytest.mark.parametrize("status", ["running", "failed"])
def test_a_run_without_a_video_is_no_item(root, runs, status):
    add_run(root, run_of("late-4", "maze_0000"), status)
    with RatingStudy(root, EXPERIMENT) as study:
        assert study.progress().items == len(runs)


def test_a_run_that_ends_well_becomes_an_item(root, runs, study, clock):
    key = run_of("late-4", "maze_0000")
    add_run(root, key, "running")
    assert key not in rate_all(study, "Ana")
    shutil.rmtree(root.run_folder(key))
    add_run(root, key)
    clock.now += 100 * REFRESH_SECONDS
    assert rate_all(study, "Ana") == [key]


def test_a_run_that_is_gone_is_not_handed_out(root, study):
    [item] = study.next("Ana").items
    shutil.rmtree(root.run_folder(item.key))
    assert study.next("Ana").items[0].key != item.key
    with pytest.raises(UnknownItemError):
        study.item(item.item)


def test_a_model_that_is_gone_is_forgotten(root, study, clock):
    assert study.progress().items == 12
    shutil.rmtree(root.outputs / EXPERIMENT / MODELS[0])
    clock.now += 100 * REFRESH_SECONDS
    assert study.progress().items == 6


def test_metadata_that_cannot_be_read_is_named_and_the_rest_goes_on(root, runs):
    path = root.run_folder(runs[3]) / "metadata.json"
    path.write_text("[]")
    with RatingStudy(root, EXPERIMENT) as study:
        assert study.progress().items == 11
        assert [(p.path, p.problem) for p in study.progress().problems] == [
            (path, "expected a JSON object, found list")
        ]


def test_the_plan_says_which_models_and_domains(root, runs, study):
    save_plan(root, EXPERIMENT, RatingPlan(models=("bolt-2",), domains=("maze",)))
    assert sorted(rate_all(study, "Ana")) == [key for key in runs if (key.model, key.domain) == ("bolt-2", "maze")]


def test_questions_of_a_domain_that_nobody_here_knows_can_be_rated(root):
    fill(root, ("acme-1",), ("origami",), 1)
    with RatingStudy(root, EXPERIMENT) as study:
        [item] = study.next("Ana").items
        assert (item.key.domain, item.prompt, item.difficulty) == ("origami", "Solve origami_0000.", "easy")


def test_videos_can_be_rated_where_the_questions_are_missing(root, runs):
    shutil.rmtree(root.questions)
    with RatingStudy(root, EXPERIMENT) as study:
        assert study.next("Ana").items[0].difficulty is None


# --- blindness


def test_an_item_does_not_tell_its_model(study):
    [item] = study.next("Ana").items
    assert item.model is None


def test_an_item_tells_its_model_where_the_plan_says_so(root, study):
    save_plan(root, EXPERIMENT, RatingPlan(blind=False))
    [item] = study.next("Ana").items
    assert item.model == item.key.model


# --- the plan


def test_without_a_file_the_plan_is_the_default_one(root, runs):
    assert load_plan(root, EXPERIMENT) == RatingPlan(seed=0, overlap=0.2, raters_per_item=2, blind=True)


def test_the_plan_is_a_file_beside_the_scores(root, runs):
    plan = save_plan(root, EXPERIMENT, RatingPlan(seed=3, overlap=0.5, domains=("maze", "maze")))
    path = root.evaluations / EXPERIMENT / "human-eval.plan.json"
    assert read_json(path) == {
        "seed": 3,
        "overlap": 0.5,
        "raters_per_item": 2,
        "blind": True,
        "domains": ["maze"],
        "models": None,
        "created_at": plan.created_at,
    }
    assert load_plan(root, EXPERIMENT) == plan


def test_another_plan_keeps_the_scores(root, study):
    [item] = study.next("Ana").items
    study.score("Ana", item.item, 3)
    save_plan(root, EXPERIMENT, RatingPlan(seed=5, overlap=0))
    assert study.progress().given == 1
    assert item.key not in rate_all(study, "Ana")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "malformed JSON"),
        ('{"overlap": 1.5}', "overlap: Input should be less than or equal to 1"),
        ('{"overlap": NaN}', "overlap: "),
        ('{"raters_per_item": 0}', "raters_per_item: Input should be greater than or equal to 1"),
        ('{"seed": -1}', "seed: "),
        ('{"models": []}', "models: "),
        ('{"domains": ["../x"]}', "domains: Value error, name '../x' is not a valid name"),
    ],
)
def test_a_malformed_plan_is_named(root, study, content, problem):
    root.rating_plan(EXPERIMENT).parent.mkdir(parents=True, exist_ok=True)
    root.rating_plan(EXPERIMENT).write_text(content)
    with pytest.raises(RecordError) as error:
        study.next("Ana")
    assert error.value.path == root.rating_plan(EXPERIMENT)
    assert error.value.problem.startswith(problem)


@pytest.mark.parametrize("plan", [RatingPlan(models=("acme-11",)), RatingPlan(domains=("mase",))])
def test_a_plan_for_what_is_not_there_is_refused(root, runs, plan):
    with pytest.raises(UnknownNameError, match=r"unknown (model: acme-11|domain: mase)"):
        save_plan(root, EXPERIMENT, plan)
    assert not root.rating_plan(EXPERIMENT).exists()


def test_an_experiment_that_is_not_there_is_named(root, runs):
    with pytest.raises(UnknownNameError, match="unknown experiment: pilot"):
        RatingStudy(root, "pilot")


# --- progress and agreement


def test_progress_counts_what_is_done_and_what_is_left(root, study):
    save_plan(root, EXPERIMENT, ONE_EACH)
    items = study.next("Ana", ahead=3).items
    for item in items[:3]:
        study.score("Ana", item.item, 3)
    study.skip("Bo", items[3].item)
    study.score("Bo", items[0].item, 4)
    progress = study.progress()
    assert (progress.items, progress.complete, progress.needed, progress.given) == (12, 3, 12, 3)
    assert [(r.rater, r.scored, r.skipped, r.remaining) for r in progress.raters] == [("Ana", 3, 0, 9), ("Bo", 1, 1, 8)]
    assert study.rater_progress("Bo") == progress.raters[1]
    assert study.rater_progress("Cy").remaining == 9


def test_agreement_is_that_of_the_items_which_several_have_scored():
    agreement = rater_agreement(
        {
            "a": {"Ana": 1, "Bo": 1},
            "b": {"Ana": 1, "Bo": 5},
            "c": {"Ana": 5, "Bo": 5},
            "d": {"Ana": 5, "Bo": 5},
            "e": {"Cy": 3},
        }
    )
    # Alpha: two of the eight pairable values differ, 2 * 3 * 5 / 7 would by chance.
    assert agreement.alpha.value == pytest.approx(1 - 2 / (30 / 7))
    assert agreement.alpha.items == 4
    # Kappa: they agree on 3 of 4, and would by chance on 1/2 * 1/4 + 1/2 * 3/4.
    assert [(p.first, p.second, p.kappa.value) for p in agreement.pairs] == [("Ana", "Bo", pytest.approx(0.5))]


def test_the_scores_of_a_study_are_by_item_and_rater(study):
    first, second = study.next("Ana", ahead=1).items
    study.score("Ana", first.item, 5)
    study.score("Bo", first.item, 4)
    study.skip("Ana", second.item)
    assert study.scores() == {first.item: {"Ana": 5, "Bo": 4}}


# --- the index


def test_without_its_index_a_study_goes_on_where_it_was(root, study):
    [item] = study.next("Ana").items
    study.score("Ana", item.item, 3)
    shutil.rmtree(root.state)
    assert study.rater_progress("Ana").scored == 1
    assert item.key not in rate_all(study, "Ana")


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_damaged_index_is_made_anew(root, study, content):
    [item] = study.next("Ana").items
    study.score("Ana", item.item, 3)
    study.close()
    [index] = (root.state / "rating").iterdir()
    index.write_bytes(content)
    assert study.progress().given == 1
    assert item.key not in rate_all(study, "Ana")


def test_an_index_of_another_form_is_made_anew(root, study):
    study.score("Ana", study.next("Ana").items[0].item, 3)
    study.close()
    [index] = (root.state / "rating").iterdir()
    with closing(sqlite3.connect(index)) as database:
        database.execute("PRAGMA user_version = 99")
    assert study.progress().given == 1


def test_what_others_have_written_into_the_files_is_seen_before_an_item_is_handed_out(root, study):
    save_plan(root, EXPERIMENT, ONE_EACH)
    [item] = study.next("Ana").items
    with RatingStudy(DataRoot(root.path), EXPERIMENT) as other:
        other.score("Ana", item.item, 3)
    content = file_of(root, item.key).read_text()
    study.undo("Ana")
    file_of(root, item.key).write_text(content)
    assert study.next("Ana").items[0] != item


def test_studies_that_are_open_share_the_index_that_is_there(root, study):
    [item] = study.next("Ana").items
    shutil.rmtree(root.state)
    with RatingStudy(root, EXPERIMENT) as other:
        other.score("Bo", item.item, 3)
    assert study.progress().given == 1


def test_a_score_that_is_saved_while_the_folders_are_looked_at_counts(root, study, clock, monkeypatch):
    [item] = study.next("Ana").items
    add_run(root, run_of(item.key.model, item.key.task_id, "20250116T103000Z"))
    write = Scanner._write

    def saved_before(scanner, model, domain, changes):
        if changes:
            monkeypatch.setattr(Scanner, "_write", write)
            study.score("Ana", item.item, 3)
        write(scanner, model, domain, changes)

    monkeypatch.setattr(Scanner, "_write", saved_before)
    clock.now += 100 * REFRESH_SECONDS
    assert study.progress().given == 1


# --- many at once

_RATES = """
import sys
from pathlib import Path
from vmevalkit.dataroot import DataRoot
from vmevalkit.runner.rating import RatingStudy
with RatingStudy(DataRoot(Path(sys.argv[1])), "pilot_experiment") as study:
    while items := study.next(sys.argv[2]).items:
        study.score(sys.argv[2], items[0].item, 3)
"""


def test_processes_that_rate_the_same_items_lose_nothing(root, runs):
    save_plan(root, EXPERIMENT, RatingPlan(overlap=1, raters_per_item=3))
    raters = ("Ana", "Bo", "Cy")
    at_work = [subprocess.Popen([sys.executable, "-c", _RATES, root.path, rater]) for rater in raters]
    assert [process.wait() for process in at_work] == [0, 0, 0]
    assert set(saved(root)) == {(key, rater) for key in runs for rater in raters}


def test_threads_that_rate_the_same_item_lose_nothing(root, study):
    [item] = study.next("Ana").items
    raters = [f"rater {number}" for number in range(8)]
    threads = [threading.Thread(target=study.score, args=(rater, item.item, 3)) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(saved(root)) == {(item.key, rater) for rater in raters}


def test_who_must_wait_too_long_for_the_others_is_told(root, study, monkeypatch):
    [item] = study.next("Ana").items
    monkeypatch.setattr("vmevalkit.runner.rating.study.SAVING_SECONDS", 0.01)
    with exclusive(root.lock("rating", EXPERIMENT), "x"), pytest.raises(BusyError, match="saving a score"):
        study.score("Ana", item.item, 3)


# --- names


@pytest.mark.parametrize("name", ["Ana", "ana.b-c_d@lab+1", "Ana María", "O'Neil", "李雷", "प्रिया", "7", "x" * 40])
def test_people_may_be_called_what_they_are_called(name):
    assert check_rater(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "Ana ", " Ana", "A  B", "-x", ".", "a/b", "a\\b", "a\0b", "a\nb", "\u202eAna", "x" * 41, "<b>", "🙂"],
)
def test_other_names_are_refused(name):
    with pytest.raises(UsageError, match="is not a valid name"):
        check_rater(name)


def test_a_name_that_is_typed_in_another_form_is_the_same_name(root, study):
    [item] = study.next("Zoe\u0301").items
    study.score("Zo\u00e9", item.item, 3)
    assert (item.key, "Zo\u00e9") in saved(root)
