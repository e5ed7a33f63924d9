"""Archiving: an experiment is safe on the remote, byte for byte, before anything of it is removed here."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import product

import pytest
from aged import NAME, Meanwhile, add_experiment, age, content, push_all, run_path, score_path, through
from support.fault_proxy import KINDS, FaultProxy
from support.long import LONG, longer
from support.stores import Place

from vmevalkit.dataroot import ARCHIVED_NAME, DataRoot, at_work, load_archived
from vmevalkit.errors import (
    BusyError,
    ConflictError,
    RecordError,
    RemoteError,
    UnknownNameError,
    UnsafePathError,
    UsageError,
    VMEvalError,
)
from vmevalkit.lifecycle import (
    apply_retention_policies,
    archive,
    archive_old_experiments,
    plan_archive,
    plan_unarchive,
    unarchive,
)
from vmevalkit.progress import Silent
from vmevalkit.snapshots import add_version, difference, fetched_manifest, files_to_remove, pull, tree_at, verify
from vmevalkit.snapshots.manifest import Header, write_manifest
from vmevalkit.snapshots.names import claim_key, data_prefix, manifest_key

pytestmark = pytest.mark.s3

STUB = f"outputs/{NAME}/{ARCHIVED_NAME}"


def of(root, name: str = NAME) -> dict[str, bytes]:
    """Return what lies in an experiment, its stub aside."""
    stub = f"outputs/{name}/{ARCHIVED_NAME}"
    return {
        path: data
        for section in ("evaluations", "outputs")
        for path, data in content(root, f"{section}/{name}").items()
        if path != stub
    }


def stored(place, snapshot: str) -> dict[str, bytes]:
    """Return what an archive holds, read without our own code where there is a server."""
    with fetched_manifest(place.open(), snapshot) as manifest:
        return {row.path: place.fetch(row.key) for row in manifest.rows()}


# There and back


def test_an_experiment_goes_and_comes_back_bit_by_bit(root, place):
    add_experiment(root)
    add_experiment(root, "other")
    before, others = of(root), of(root, "other")
    result = archive(root, place.open(), NAME)
    assert (result.snapshot, result.removed, result.files, result.failures) == ("archive/pilot", 18, 18, ())
    assert stored(place, "archive/pilot") == before
    assert (of(root), of(root, "other")) == ({}, others)
    assert [path.name for path in root.outputs.joinpath(NAME).iterdir()] == [ARCHIVED_NAME]
    assert not root.evaluations.joinpath(NAME).exists()

    back = unarchive(root, place.open(), NAME)
    assert (back.written, back.failed) == (18, 0)
    assert of(root) == before
    assert not (root.path / STUB).exists()
    assert stored(place, "archive/pilot") == before


def test_the_stub_says_where_it_is_and_what_it_holds(root, place):
    add_experiment(root, tasks=2)
    (root.outputs / NAME / "notes.txt").write_text("by hand")
    size = sum(map(len, of(root).values()))
    archive(root, place.open(), NAME)
    stub = load_archived(root, NAME)
    assert (stub.remote, stub.snapshot) == (place.open().url, "archive/pilot")
    assert stub.s3_uri == f"{place.open().url}/archive/pilot/data"
    assert (stub.files, stub.bytes) == (13, size)
    assert {name: (model.runs, model.evaluations) for name, model in stub.models.items()} == {
        "model-1": (2, 2),
        "model-2": (2, 2),
    }
    with fetched_manifest(place.open(), "archive/pilot") as manifest:
        assert manifest.sha256() == stub.manifest_sha256
        assert manifest.header.scope == "*/pilot"


def test_links_and_experiments_without_runs_go_as_well(root, folder_place):
    add_experiment(root)
    (root.path / run_path() / "same.mp4").symlink_to("video/model_output.mp4")
    shutil.copytree(root.evaluations / NAME, root.evaluations / "scores-only")
    for name in (NAME, "scores-only"):
        archive(root, folder_place.open(), name)
        unarchive(root, folder_place.open(), name)
    assert str((root.path / run_path() / "same.mp4").readlink()) == "video/model_output.mp4"
    assert len(of(root, "scores-only")) == 6


def test_the_longest_file_names_go_and_come_back(root, folder_place):
    add_experiment(root)
    for name in ("n" * 240 + ".txt", "字" * 84):  # A folder as remote needs two bytes itself.
        (root.outputs / NAME / name).write_text(name)
    before = of(root)
    archive(root, folder_place.open(), NAME)
    assert unarchive(root, folder_place.open(), NAME).failures == ()
    assert of(root) == before


def test_links_to_what_is_removed_before_them_go_and_come_back(root, folder_place):
    add_experiment(root, tasks=1)
    # More files than are looked at ahead, so that the first are gone when the link is reached.
    many = [root.outputs / NAME / "a" / f"{number:04d}" for number in range(600)]
    many[0].parent.mkdir()
    for path in many:
        path.write_text(path.name)
    (root.outputs / NAME / "b").symlink_to("a/0000")
    (root.outputs / NAME / "c").symlink_to(root.outputs / NAME / "b")
    before = of(root)
    assert archive(root, folder_place.open(), NAME).failures == ()
    assert [path.name for path in (root.outputs / NAME).iterdir()] == [ARCHIVED_NAME]
    assert unarchive(root, folder_place.open(), NAME).failures == ()
    assert of(root) == before
    assert (root.outputs / NAME / "c").read_text() == "0000"


def test_a_link_into_an_archived_experiment_is_pushed_pulled_and_archived_like_any_other(root, folder_place, tmp_path):
    add_experiment(root)
    add_experiment(root, "other")
    (root.outputs / "other" / "link.json").symlink_to(f"../../{run_path()}/metadata.json")
    (root.outputs / "other" / "runs").symlink_to("../pilot/model-1")
    archive(root, folder_place.open(), NAME)
    snapshot = push_all(root, folder_place)
    for _ in range(2):
        assert pull(folder_place.open(), snapshot, tmp_path / "back").failures == ()
        assert str((tmp_path / "back/outputs/other/runs").readlink()) == "../pilot/model-1"
    assert [plan.problem for plan in plan_archive(root, folder_place.open())] == [None]
    assert archive(root, folder_place.open(), "other").failures == ()
    assert unarchive(root, folder_place.open(), "other").failures == ()
    assert unarchive(root, folder_place.open(), NAME).failures == ()
    assert (root.outputs / "other" / "link.json").read_bytes() == (
        root.path / run_path() / "metadata.json"
    ).read_bytes()


def test_the_same_experiment_again_needs_no_second_archive_and_another_state_gets_one(root, folder_place):
    add_experiment(root)
    before = of(root)
    for expected in ("archive/pilot", "archive/pilot"):
        assert archive(root, folder_place.open(), NAME).snapshot == expected
        unarchive(root, folder_place.open(), NAME)
    (root.path / run_path() / "metadata.json").write_text("{}")
    after = of(root)
    assert archive(root, folder_place.open(), NAME).snapshot == "archive/pilot+2"
    assert stored(folder_place, "archive/pilot") == before
    assert stored(folder_place, "archive/pilot+2") == after


def test_the_archive_can_be_deleted_when_everything_is_back(root, place):
    add_experiment(root)
    before = of(root)
    archive(root, place.open(), NAME)
    assert unarchive(root, place.open(), NAME, remove_remote=True).removed_remote
    assert of(root) == before
    assert [key for key in place.objects() if key.startswith("archive/")] == []


def test_an_archive_that_a_version_names_is_not_deleted(root, folder_place):
    add_experiment(root)
    archive(root, folder_place.open(), NAME)
    add_version(folder_place.open(), "archive/pilot", version="1.0", mirror=root)
    before = content(root)
    with pytest.raises(UsageError, match=r"version 1\.0 is archive/pilot"):
        unarchive(root, folder_place.open(), NAME, remove_remote=True)
    assert content(root) == before
    assert verify(folder_place.open(), "archive/pilot").failed == 0


def test_a_version_protects_its_archive_however_the_remote_is_spelled(root, folder_place, tmp_path):
    add_experiment(root)
    remote = folder_place.open()
    (tmp_path / "link").symlink_to(remote.folder)
    link = Place("folder", f"file://{tmp_path / 'link'}").open()
    archive(root, link, NAME)
    add_version(remote, "archive/pilot", version="1.0", mirror=root)
    with pytest.raises(UsageError, match=r"version 1\.0 is archive/pilot"):
        unarchive(root, link, NAME, remove_remote=True)
    assert verify(remote, "archive/pilot").failed == 0


def test_a_data_root_that_was_restored_elsewhere_finds_its_archives(root, folder_place, tmp_path):
    add_experiment(root)
    before = of(root)
    archive(root, folder_place.open(), NAME)
    push_all(root, folder_place)
    elsewhere = DataRoot(tmp_path / "elsewhere")
    pull(folder_place.open(), "archive/pilot", tmp_path / "by-hand")
    assert content(DataRoot(tmp_path / "by-hand")) == before
    shutil.copytree(root.path, elsewhere.path)
    unarchive(elsewhere, folder_place.open(), NAME)
    assert of(elsewhere) == before


# Which ones


def test_the_age_is_that_of_the_newest_file_evaluations_included(root, folder_place):
    for name in ("old", "new-run", "new-score", "touched"):
        add_experiment(root, name, days=31)
    age(root.path / run_path("new-run") / "metadata.json", 29)
    age(root.path / score_path("new-score"), 29)
    os.utime(root.outputs / "touched")
    plans = plan_archive(root, folder_place.open(), days_old=30)
    assert [plan.experiment for plan in plans] == ["old", "touched"]
    assert [plan.experiment for plan in plan_archive(root, folder_place.open())] == [
        "new-run",
        "new-score",
        "old",
        "touched",
    ]


def test_old_experiments_go_with_one_call_and_a_dry_run_only_says_so(root, folder_place):
    add_experiment(root, "old", days=31)
    add_experiment(root, "busy", days=31)
    add_experiment(root, "young", days=1)
    remote = folder_place.open()
    with at_work(root, "busy"):
        plans = archive_old_experiments(root=root, remote=remote, dry_run=True)
        assert [(plan.experiment, plan.problem is None) for plan in plans] == [("busy", False), ("old", True)]
        results = archive_old_experiments(root=root, remote=remote)
    assert [(one.experiment, one.snapshot, one.files, one.bytes) for one in results] == [
        (plan.experiment, plan.snapshot, plan.files, plan.bytes) for plan in plans if plan.problem is None
    ]
    assert [path.name for path in sorted(root.outputs.iterdir())] == ["busy", "old", "young"]
    assert archive_old_experiments(days_old=0.5, root=root, remote=remote)
    assert archive_old_experiments(days_old=0.5, root=root, remote=remote) == []


def test_one_experiment_that_cannot_be_archived_does_not_stop_the_others(root, folder_place, tmp_path):
    elsewhere = Place("folder", f"file://{tmp_path / 'elsewhere'}").open()
    for name in ("away", "damaged", "linked", "zz"):
        add_experiment(root, name, tasks=1)
    (root.outputs / "linked" / "out").symlink_to(tmp_path)
    archive(root, elsewhere, "away")
    (root.outputs / "away" / "stray.txt").write_text("stray")
    (root.outputs / "damaged" / ARCHIVED_NAME).write_text("{")
    plans = plan_archive(root, folder_place.open(), days_old=0)
    assert {plan.experiment: plan.problem is None for plan in plans} == {
        "away": False,
        "damaged": False,
        "linked": False,
        "zz": True,
    }
    results = archive_old_experiments(0, root=root, remote=folder_place.open())
    assert [(one.experiment, one.removed > 0, one.failed > 0) for one in results] == [
        ("away", False, True),
        ("damaged", False, True),
        ("linked", False, True),
        ("zz", True, False),
    ]
    assert [one.failures for one in results] == [() if plan.problem is None else (plan.problem,) for plan in plans]


def test_a_young_experiment_that_cannot_be_archived_is_passed_over(root, folder_place, tmp_path):
    add_experiment(root, "linked", days=1, tasks=1)
    (root.outputs / "linked" / "out").symlink_to(tmp_path)
    assert plan_archive(root, folder_place.open(), days_old=30) == []


def test_an_unknown_or_empty_experiment_is_named(root, folder_place):
    add_experiment(root)
    with pytest.raises(UnknownNameError, match="unknown experiment: pillot"):
        plan_archive(root, folder_place.open(), ["pillot"])
    (root.outputs / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to archive"):
        archive(root, folder_place.open(), "empty")
    with pytest.raises(UnsafePathError):
        plan_archive(root, folder_place.open(), ["../pilot"])


@pytest.mark.parametrize("place_of_link", ["outputs/pilot", "outputs"])
def test_a_folder_behind_a_link_is_not_archived(root, folder_place, tmp_path, place_of_link):
    add_experiment(root)
    real = tmp_path / "real"
    (root.path / place_of_link).rename(real)
    (root.path / place_of_link).symlink_to(real)
    before = content(root)
    with pytest.raises(UsageError, match="is a link"):
        archive(root, folder_place.open(), NAME)
    assert content(root) == before


# While others are at work


def test_who_works_in_an_experiment_keeps_it_from_being_archived(root, folder_place):
    add_experiment(root)
    before = content(root)
    with at_work(root, NAME):
        with pytest.raises(BusyError, match="working in experiment pilot"):
            archive(root, folder_place.open(), NAME)
        with at_work(root, NAME):  # Several may.
            pass
    assert content(root) == before


def test_nobody_can_begin_to_work_in_an_experiment_that_is_being_archived(root, folder_place):
    add_experiment(root)
    refused = []

    def begin() -> None:
        with pytest.raises(BusyError, match="archiving or tidying") as found, at_work(root, NAME):
            pass
        refused.append(found.value)

    archive(root, folder_place.open(), NAME, progress=Meanwhile("files read back", begin))
    assert refused
    with pytest.raises(UsageError, match="is archived as archive/pilot"), at_work(root, NAME):
        pass


@pytest.mark.parametrize("keeps_looks", [False, True])
def test_a_file_that_changes_while_it_is_archived_is_found_out_and_nothing_goes(root, folder_place, keeps_looks):
    add_experiment(root)
    video = root.path / run_path() / "video" / "model_output.mp4"
    video.write_bytes(b"first")
    age(video, 100)
    stage = "files read back"

    def write() -> None:
        looks = video.stat()
        video.write_bytes(b"later")
        if keeps_looks:
            os.utime(video, ns=(looks.st_atime_ns, looks.st_mtime_ns))

    result = archive(root, folder_place.open(), NAME, progress=Meanwhile(stage, write))
    # What was found the same before it was read back, and has changed since, stays.
    assert result.failures == (f"{run_path()}/video/model_output.mp4: has changed meanwhile: it stays",)
    assert list(of(root)) == [f"{run_path()}/video/model_output.mp4"]
    assert video.read_bytes() == b"later"


def test_a_file_that_is_sent_and_changes_before_it_is_compared_ends_it(root, folder_place):
    add_experiment(root)
    video = root.path / run_path() / "video" / "model_output.mp4"

    class AtTheEnd(Silent):
        sent = 0

        def advance(self, count=1, size=0) -> None:
            self.sent += count
            if self.sent == 18:  # All are on the remote, and the manifest comes next.
                video.write_bytes(b"later")

    progress = AtTheEnd()
    with pytest.raises(RecordError, match="has changed while it was archived"):
        archive(root, folder_place.open(), NAME, progress=progress)
    assert len(of(root)) == 18
    assert not (root.path / STUB).exists()
    assert archive(root, folder_place.open(), NAME).snapshot == "archive/pilot+2"
    assert of(root) == {}


def test_a_file_that_comes_while_others_are_removed_stays_and_is_told_each_time(root, folder_place):
    add_experiment(root)
    new = root.path / run_path() / "new.txt"
    result = archive(
        root, folder_place.open(), NAME, progress=Meanwhile("files removed", lambda: new.write_text("new"))
    )
    assert result.failures == (f"{run_path()}/new.txt: is not in the archive: it stays",)
    assert [plan.action for plan in plan_archive(root, folder_place.open())] == ["finish"]
    assert archive(root, folder_place.open(), NAME).failures == result.failures
    assert new.read_text() == "new"
    unarchive(root, folder_place.open(), NAME)
    assert len(of(root)) == 19


# A remote that does not do what it should


def tampered(remote, damage: str, key: str) -> None:
    data = remote.read(key)
    if damage == "gone":
        remote.delete([key])
    else:
        remote.write(key, {"other bytes": bytes(len(data)), "cut short": data[:-1], "too long": data + b"x"}[damage])


@pytest.mark.parametrize("damage", ["other bytes", "cut short", "too long", "gone"])
def test_a_store_that_has_other_bytes_than_it_was_given_keeps_everything_here(root, place, damage):
    add_experiment(root)
    before = content(root)
    remote = place.open()
    key = f"{data_prefix('archive/pilot')}/{run_path(model='model-2', task=2)}/metadata.json"
    lie = Meanwhile("files read back", lambda: tampered(remote, damage, key))
    with pytest.raises(RemoteError, match="nothing was removed"):
        archive(root, remote, NAME, progress=lie)
    assert content(root) == before
    # The next attempt does not trust what is there, and goes elsewhere.
    assert archive(root, remote, NAME).snapshot == "archive/pilot+2"
    assert stored(place, "archive/pilot+2") == {path: data for path, data in before.items() if NAME in path}
    assert of(root) == {}


def test_leftovers_of_an_archive_that_was_damaged_since_stay(root, folder_place):
    add_experiment(root)
    before = of(root)
    archive(root, folder_place.open(), NAME)
    left = f"{run_path()}/metadata.json"
    (root.path / left).parent.mkdir(parents=True)
    (root.path / left).write_bytes(before[left])
    tampered(folder_place.open(), "other bytes", f"{data_prefix('archive/pilot')}/{left}")
    with pytest.raises(RemoteError, match="nothing was removed"):
        archive(root, folder_place.open(), NAME)
    assert of(root) == {left: before[left]}


@pytest.mark.long
def test_a_remote_that_fails_at_any_point_keeps_everything_here(moto_place, tmp_path):
    places = ("/data/", "manifest.jsonl.gz", "push.json")
    kinds = longer(("500", "truncate", "flip-down", "flip-up", "reset"), KINDS)
    cases = list(product(kinds, places) if LONG else zip(kinds, [*places, "/data/", "/data/"], strict=True))
    roots = [DataRoot(tmp_path / str(number)) for number, _ in enumerate(cases)]
    for number, root in enumerate(roots):
        add_experiment(root, f"pilot-{number}", tasks=1, models=("model-1",))

    def archived(number: int) -> None:
        (kind, what), root, name = cases[number], roots[number], f"pilot-{number}"
        before = content(root)
        endpoint = moto_place.environment["AWS_ENDPOINT_URL"]
        with FaultProxy(endpoint, share=1, kinds=[kind], only=f"{name}/{what.strip('/')}") as proxy:
            try:
                archive(root, through(moto_place, proxy).open(), name)
            except VMEvalError as error:
                assert error.message  # noqa: PT017 - an error is one of the two ends that are right
                assert content(root) == before
            else:
                assert of(root, name) == {}
                assert set(before) - set(content(root)) == set(stored(moto_place, f"archive/{name}"))
            assert proxy.faults[kind]
        if content(root) == before:
            archive(root, moto_place.open(), name)
        stub = load_archived(root, name)
        assert stored(moto_place, stub.snapshot) == {path: data for path, data in before.items() if name in path}

    with ThreadPoolExecutor(len(cases)) as pool:
        list(pool.map(archived, range(len(cases))))


def test_what_cannot_be_brought_back_is_named_and_the_stub_stays(root, place):
    add_experiment(root)
    before = of(root)
    archive(root, place.open(), NAME)
    path = f"{run_path()}/metadata.json"
    key = f"{data_prefix('archive/pilot')}/{path}"
    tampered(place.open(), "other bytes", key)
    back = unarchive(root, place.open(), NAME, remove_remote=True)
    assert (back.failed, back.removed_remote) == (1, False)
    assert path in back.failures[0]
    assert set(before) - set(of(root)) == {path}
    assert (root.path / STUB).exists()
    place.open().write(key, before[path])
    assert unarchive(root, place.open(), NAME).written == 1
    assert of(root) == before


# What comes from outside is not trusted


def test_an_archive_that_names_files_of_other_places_is_refused(root, folder_place):
    add_experiment(root)
    archive(root, folder_place.open(), NAME)
    remote = folder_place.open()
    with fetched_manifest(remote, "archive/pilot") as manifest:
        rows = [row._replace(path=row.path.replace(NAME, "other")) for row in manifest.rows()]
    out = BytesIO()
    write_manifest(out, Header("archive/pilot", "", len(rows), sum(row.size for row in rows), "*/pilot"), rows)
    remote.write(manifest_key("archive/pilot"), out.getvalue())
    before = content(root)
    for work in (plan_unarchive, unarchive):
        with pytest.raises(UnsafePathError, match="no part of experiment pilot"):
            work(root, remote, NAME)
    assert content(root) == before


def test_another_manifest_than_the_one_it_was_archived_with_is_refused(root, folder_place):
    add_experiment(root)
    archive(root, folder_place.open(), NAME)
    remote = folder_place.open()
    with fetched_manifest(remote, "archive/pilot") as manifest:
        rows = list(manifest.rows())[1:]
    out = BytesIO()
    write_manifest(out, Header("archive/pilot", "", len(rows), sum(row.size for row in rows), "*/pilot"), rows)
    remote.write(manifest_key("archive/pilot"), out.getvalue())
    left = root.path / run_path() / "metadata.json"
    left.parent.mkdir(parents=True)
    left.write_bytes(remote.read(f"{data_prefix('archive/pilot')}/{run_path()}/metadata.json"))
    for work in (unarchive, archive):
        with pytest.raises(RecordError, match="is not the manifest that pilot was archived with"):
            work(root, remote, NAME)
    assert left.exists()
    assert (root.path / STUB).exists()


def test_what_is_here_and_different_is_not_written_over(root, folder_place):
    add_experiment(root)
    archive(root, folder_place.open(), NAME)
    mine = root.path / run_path() / "metadata.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(ConflictError, match="is not as in the archive"):
        unarchive(root, folder_place.open(), NAME)
    assert list(of(root).values()) == [b"mine"]


def test_another_remote_than_the_one_of_the_stub_is_not_taken_for_it(root, folder_place, tmp_path):
    add_experiment(root)
    result = archive(
        root,
        folder_place.open(),
        NAME,
        progress=Meanwhile("files removed", lambda: (root.path / run_path() / "new.txt").write_text("new")),
    )
    assert result.failures
    other = Place("folder", f"file://{tmp_path / 'other'}").open()
    with pytest.raises(UsageError, match="was archived on"):
        archive(root, other, NAME)


# Beside the other commands


def test_retention_does_not_touch_what_is_archived(root, folder_place):
    add_experiment(root)
    add_experiment(root, "other")
    push_all(root, folder_place)
    archive(root, folder_place.open(), NAME)
    done = apply_retention_policies(root, remote=folder_place.open())
    assert {part.experiment for part in done.parts} == {"other"}
    assert (root.path / STUB).exists()


def test_an_archive_is_one_part_of_the_data_root_for_diff_and_pull(root, folder_place):
    add_experiment(root)
    add_experiment(root, "other")
    archive(root, folder_place.open(), NAME)
    unarchive(root, folder_place.open(), NAME)
    (root.path / run_path() / "new.txt").write_text("new")
    remote = folder_place.open()
    with fetched_manifest(remote, "archive/pilot") as old, difference(old, tree_at(root.path)) as found:
        assert [(change.kind, change.path) for change in found.changes()] == [("added", f"{run_path()}/new.txt")]
    assert files_to_remove(remote, "archive/pilot", root.path, limit=5) == [f"{run_path()}/new.txt"]


def test_the_same_experiment_from_two_data_roots_gets_two_archives(root, folder_place, tmp_path):
    other = DataRoot(tmp_path / "other")
    add_experiment(root, days=100)
    add_experiment(other, days=101)
    assert of(root) != of(other)
    assert archive(root, folder_place.open(), NAME).snapshot == "archive/pilot"
    assert archive(other, folder_place.open(), NAME).snapshot == "archive/pilot+2"


@pytest.mark.parametrize("is_copied", ["before it is archived", "after it was archived once"])
def test_an_archive_that_another_data_root_needs_is_not_used_and_so_not_deleted(
    root, folder_place, tmp_path, is_copied
):
    add_experiment(root)
    before = of(root)
    remote = folder_place.open()
    if is_copied == "after it was archived once":
        archive(root, remote, NAME)
        unarchive(root, remote, NAME)
    copy = DataRoot(tmp_path / "copy")
    shutil.copytree(root.path, copy.path, symlinks=True)
    assert archive(root, remote, NAME).snapshot == "archive/pilot"
    assert [plan.snapshot for plan in plan_archive(copy, remote)] == ["archive/pilot+2"]
    assert archive(copy, remote, NAME).snapshot == "archive/pilot+2"
    unarchive(root, remote, NAME, remove_remote=True)
    unarchive(copy, remote, NAME)
    assert of(copy) == before


def test_an_archive_that_was_deleted_and_made_by_another_data_root_is_not_ours(root, folder_place, tmp_path):
    add_experiment(root)
    remote = folder_place.open()
    archive(root, remote, NAME)
    unarchive(root, remote, NAME)
    remote.delete([manifest_key("archive/pilot"), claim_key("archive/pilot")])
    remote.delete_below(data_prefix("archive/pilot"))
    copy = DataRoot(tmp_path / "copy")
    shutil.copytree(root.path, copy.path)
    assert archive(copy, remote, NAME).snapshot == "archive/pilot"
    assert archive(root, remote, NAME).snapshot == "archive/pilot+2"


def test_an_archive_that_was_interrupted_after_it_was_sent_is_used_again(root, folder_place):
    add_experiment(root)

    class PowerCutError(Exception):
        pass

    def fail() -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        archive(root, folder_place.open(), NAME, progress=Meanwhile("files read back", fail))
    add_experiment(root, "other")
    push_all(root, folder_place)
    assert archive(root, folder_place.open(), NAME).snapshot == "archive/pilot"


def test_an_experiment_of_the_longest_name_gets_a_second_archive_as_well(root, folder_place):
    name = "n" * 128
    add_experiment(root, name, tasks=1)
    assert archive(root, folder_place.open(), name).snapshot == f"archive/{name}"
    unarchive(root, folder_place.open(), name)
    (root.path / run_path(name) / "metadata.json").write_text("{}")
    before = of(root, name)
    (plan,) = plan_archive(root, folder_place.open())
    assert archive(root, folder_place.open(), name).snapshot == plan.snapshot == f"archive/{name[:126]}+2"
    unarchive(root, folder_place.open(), name)
    assert of(root, name) == before
