"""Retention: what is old and safe elsewhere goes, and nothing else."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import pytest
from aged import NAME, add_experiment, age, content, journal, push_all, run_path, score_path, through, too_deep
from support.fault_proxy import FaultProxy
from support.long import longer

from vmevalkit.dataroot import DataRoot, at_work
from vmevalkit.errors import RemoteError, UsageError, VMEvalError
from vmevalkit.lifecycle import Policies, apply_retention_policies, plan_retention
from vmevalkit.snapshots import pull
from vmevalkit.snapshots.names import data_prefix

pytestmark = pytest.mark.s3

USUAL = Policies()
FAULTS = ("stall", "500", "503", "reset", "truncate", "flip-down")
"""What can happen to a request that only reads."""
PLACES = ("/data/", "manifest.jsonl.gz", "latest/snapshot.json")


def applied(root, place, policies=USUAL, **options):
    return apply_retention_policies(root, remote=place.open(), policies=policies, **options)


def runs_and_scores(root) -> set[str]:
    """Return the runs and evaluations that are there."""
    runs = {p.parent.relative_to(root.path).as_posix() for p in root.outputs.rglob("metadata.json")}
    return runs | {p.relative_to(root.path).as_posix() for p in root.evaluations.rglob("*.json")}


# What is due


def test_runs_go_after_90_days_and_evaluations_after_180(root, folder_place):
    add_experiment(root, "young", days=89)
    add_experiment(root, "middle", days=91)
    add_experiment(root, "old", days=181)
    push_all(root, folder_place)
    before = runs_and_scores(root)
    done = applied(root, folder_place)
    gone = before - runs_and_scores(root)
    assert {"/".join(path.split("/")[:2]) for path in gone} == {"outputs/middle", "outputs/old", "evaluations/old"}
    assert (done.removed, done.failures) == (len(gone), ())
    assert content(root, "questions")


def test_the_newest_file_within_decides_and_not_the_folder(root, folder_place):
    add_experiment(root)
    age(root.path / run_path(task=0) / "video" / "model_output.mp4", 1)
    for folder in [*(root.path / run_path(task=0)).rglob("*"), root.path / run_path(task=0)]:
        if folder.is_dir():
            age_of_folder = folder.stat().st_mtime - 1e8
            os.utime(folder, (age_of_folder, age_of_folder))
    os.utime(root.path / run_path(task=1))
    push_all(root, folder_place)
    applied(root, folder_place)
    assert (root.path / run_path(task=0)).exists()
    assert not (root.path / run_path(task=1)).exists()


def test_an_experiment_can_have_days_of_its_own(root, folder_place):
    for name in ("kept", "short", "other"):
        add_experiment(root, name, days=100)
    push_all(root, folder_place)
    policies = Policies(experiments={"kept": {"outputs": None}, "short": {"evaluations": 10}})
    applied(root, folder_place, policies)
    left = {"/".join(path.split("/")[:2]) for path in runs_and_scores(root)}
    assert left == {"outputs/kept", "evaluations/kept", "evaluations/other"}


def test_other_files_between_the_runs_stay(root, folder_place):
    add_experiment(root, days=400)
    notes = [f"outputs/{NAME}/notes.txt", f"outputs/{NAME}/model-1/readme", f"evaluations/{NAME}/human-eval.plan.json"]
    for path in notes:
        (root.path / path).write_text("by hand")
        age(root.path / path, 400)
    push_all(root, folder_place)
    applied(root, folder_place)
    assert set(content(root, "outputs")) | set(content(root, "evaluations")) == set(notes)


# What may go


def test_what_has_never_been_pushed_stays(root, folder_place):
    add_experiment(root, days=400)
    folder_place.open()
    before = content(root)
    done = applied(root, folder_place)
    assert content(root) == before
    assert len(done.failures) == 12
    assert "is not in any snapshot, as there is none" in done.failures[0]


def test_what_is_different_from_the_latest_snapshot_stays(root, folder_place):
    add_experiment(root)
    push_all(root, folder_place)
    changed = root.path / run_path() / "video" / "model_output.mp4"
    size = changed.stat().st_size
    changed.write_bytes(b"x" * size)
    age(changed, 100)
    new = root.path / run_path(task=1) / "another.txt"
    new.write_text("new")
    age(new, 100)
    done = applied(root, folder_place)
    assert {path for path in runs_and_scores(root) if path.startswith("outputs")} == {run_path(), run_path(task=1)}
    assert any("is different in snapshot" in failure for failure in done.failures)
    assert any("another.txt is not in snapshot" in failure for failure in done.failures)
    assert len(done.failures) == 2


def test_a_hidden_file_that_no_snapshot_holds_keeps_its_run(root, folder_place):
    add_experiment(root)
    push_all(root, folder_place)
    for name, task in ((".notes", 0), (".DS_Store", 1), (".x.0123456789ab.tmp", 2)):
        (root.path / run_path(task=task) / name).write_text("hidden")
        age(root.path / run_path(task=task), 100)
    done = applied(root, folder_place)
    assert {path for path in runs_and_scores(root) if path.startswith("outputs")} == {run_path()}
    assert len(done.failures) == 1
    assert ".notes is hidden" in done.failures[0]


def test_links_go_with_their_run(root, folder_place):
    add_experiment(root)
    (root.path / run_path() / "same.mp4").symlink_to("video/model_output.mp4")
    age(root.path / run_path(), 100)
    push_all(root, folder_place)
    assert applied(root, folder_place).failures == ()
    assert not (root.path / run_path()).exists()


def test_another_snapshot_can_be_named(root, folder_place):
    add_experiment(root)
    first = push_all(root, folder_place, "20250101")
    applied(root, folder_place)
    push_all(root, folder_place, "20250102")
    pull(folder_place.open(), first, root.path)
    age(root.outputs, 100)
    assert len(applied(root, folder_place).failures) == 6
    with plan_retention(root, USUAL, folder_place.open(), snapshot=first) as plan:
        assert plan.apply().removed == 6


def test_with_force_it_goes_without_asking_anybody(root):
    add_experiment(root)
    done = apply_retention_policies(root, policies=USUAL, force=True)
    assert (done.removed, done.remote, done.snapshot) == (6, None, None)
    assert not root.outputs.joinpath(NAME).exists()
    assert {(line["remote"], line["snapshot"], line["files"][0]["key"]) for line in journal(root)} == {(None,) * 3}
    assert all(file["sha256"] for line in journal(root) for file in line["files"])


def test_an_experiment_in_which_somebody_is_at_work_is_left_alone(root, folder_place):
    for name in ("busy", "quiet"):
        add_experiment(root, name)
    push_all(root, folder_place)
    with at_work(root, "busy"):
        planned = applied(root, folder_place, dry_run=True)
        done = applied(root, folder_place)
    assert planned.busy == done.busy == ("busy",)
    assert (planned.removed, done.removed) == (6, 6)
    assert [part.busy for part in done.parts] == [True, False]
    assert (root.path / run_path("busy")).exists()
    assert not (root.path / run_path("quiet")).exists()


def test_no_data_root_is_a_usage_error(root, folder_place):
    with pytest.raises(UsageError, match="no data root"):
        applied(root, folder_place)


# The plan and the journal


def test_the_plan_is_what_then_happens(root, place):
    add_experiment(root, "one", days=100)
    add_experiment(root, "two", days=200)
    add_experiment(root, "three", days=10)
    push_all(root, place)
    (root.path / run_path("two", task=2) / "new.txt").write_text("not pushed")
    age(root.path / run_path("two", task=2), 200)
    before = content(root)
    with plan_retention(root, USUAL, place.open()) as plan:
        units = list(plan.units())
        preview = plan.preview()
        done = plan.apply()
    goes = {unit.path for unit in units if unit.problem is None}
    assert goes
    expected = {path: data for path, data in before.items() if not any(f"{path}/".startswith(f"{g}/") for g in goes)}
    assert {path: data for path, data in content(root).items() if path != "retention.jsonl"} == expected
    assert replace(preview, dry_run=False, temp=done.temp) == done
    assert done.removed == len(goes) == sum(part.units for part in done.parts)
    assert done.removed_bytes == sum(len(data) for data in before.values()) - sum(map(len, expected.values()))


def test_the_journal_says_what_went_and_where_it_is(root, place):
    add_experiment(root, days=200)
    before = content(root)
    snapshot = push_all(root, place)
    applied(root, place)
    lines = journal(root)
    assert {line["path"] for line in lines} >= {run_path(), score_path()}
    assert {(line["event"], line["snapshot"], line["remote"]) for line in lines} == {
        ("removed", snapshot, place.open().url)
    }
    files = [file for line in lines for file in line["files"]]
    assert {file["path"] for file in files} == set(before) - set(content(root))
    for file in files:
        assert place.fetch(file["key"]) == before[file["path"]]
    again = applied(root, place)
    assert again.removed == 0
    assert journal(root) == lines


def test_a_part_of_a_line_that_a_power_cut_has_left_does_no_harm(root, folder_place):
    add_experiment(root)
    push_all(root, folder_place)
    path = root.path / "retention.jsonl"
    path.write_text('{"event": "remo')
    applied(root, folder_place)
    first, *rest = path.read_text().splitlines()
    assert first == '{"event": "remo'
    assert [json.loads(line)["event"] for line in rest] == ["removed"] * 6


def test_what_changes_between_the_plan_and_its_end_stays(root, folder_place):
    add_experiment(root, days=200)
    push_all(root, folder_place)
    video = root.path / run_path() / "video" / "model_output.mp4"
    score = root.path / score_path()
    with plan_retention(root, USUAL, folder_place.open()) as plan:
        before = video.stat()
        video.write_bytes(bytes(before.st_size))  # It looks as it did, but for its bytes.
        os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))
        score.write_text("{}")
        (root.path / run_path(task=1) / "new.txt").write_text("new")
        (root.path / run_path(task=2) / ".hidden").write_text("new")
        done = plan.apply()
    assert video.exists()
    assert score.read_text() == "{}"
    assert (root.path / run_path(task=1) / "new.txt").read_text() == "new"
    assert (root.path / run_path(task=2) / ".hidden").exists()
    assert len(list((root.path / run_path(task=1)).rglob("*"))) == 4
    assert len(done.failures) == 4
    assert done.removed == 12 - 4


def test_temporary_files_go_with_the_same_command(root, folder_place):
    add_experiment(root, days=1)
    (root.questions / ".x.0123456789ab.tmp").write_text("left behind")
    age(root.questions / ".x.0123456789ab.tmp", 8)
    push_all(root, folder_place)
    assert applied(root, folder_place, dry_run=True).temp.counts == {"*.tmp": 1}
    assert applied(root, folder_place).temp.counts == {"*.tmp": 1}
    assert not (root.questions / ".x.0123456789ab.tmp").exists()


def test_snapshots_pushed_afterwards_leave_the_journal_alone(root, folder_place, tmp_path):
    add_experiment(root)
    push_all(root, folder_place, "20250101")
    applied(root, folder_place)
    lines = journal(root)
    push_all(root, folder_place, "20250102")
    pull(folder_place.open(), "20250101", root.path, max_delete=100)
    assert journal(root) == lines


# A remote that does not do what it should


@pytest.mark.parametrize("damage", ["other bytes", "cut short", "gone"])
def test_one_object_that_is_not_as_it_was_pushed_keeps_everything(root, moto_place, damage):
    add_experiment(root, days=200)
    snapshot = push_all(root, moto_place)
    remote = moto_place.open()
    key = f"{data_prefix(snapshot)}/{run_path(model='model-2', task=2)}/metadata.json"
    data = remote.read(key)
    if damage == "gone":
        remote.delete([key])
    else:
        remote.write(key, bytes(len(data)) if damage == "other bytes" else data[:-1])
    before = content(root)
    with pytest.raises(RemoteError, match="nothing was removed"):
        applied(root, moto_place)
    assert content(root) == before


@pytest.mark.long
def test_a_remote_that_fails_keeps_everything(moto_place, tmp_path):
    cases = longer(list(zip(FAULTS[1:], [*PLACES, *PLACES[:2]], strict=True)), list(product(FAULTS, PLACES)))
    roots = [DataRoot(tmp_path / "-".join(case).replace("/", "")) for case in cases]
    for root in roots:
        add_experiment(root, days=200, tasks=1, models=("model-1",))
    before = content(roots[0])
    push_all(roots[0], moto_place)

    def refused(root: DataRoot, case: tuple[str, str]) -> None:
        kind, what = case
        with FaultProxy(moto_place.environment["AWS_ENDPOINT_URL"], share=1, kinds=[kind], only=what) as proxy:
            with pytest.raises(VMEvalError):
                applied(root, through(moto_place, proxy))
            assert proxy.faults[kind]
        assert content(root) == before

    with ThreadPoolExecutor(len(cases)) as pool:
        list(pool.map(refused, roots, cases))
    assert applied(roots[0], moto_place).removed == 2


def test_leftovers_that_cannot_be_listed_are_told_when_all_that_is_due_is_gone(root):
    add_experiment(root, models=("model-1",), tasks=1)
    too_deep(root.questions / "m")
    done = apply_retention_policies(root, policies=USUAL, force=True)
    assert (done.removed, done.failed, done.temp.failed) == (1, 0, 1)
    assert not (root.path / run_path()).exists()
