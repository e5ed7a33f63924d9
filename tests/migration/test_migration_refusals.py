"""What a migration leaves alone, names, and goes on after."""

import shutil
from dataclasses import replace

import pytest
from migration_checks import check_all_there
from support.folders import hashes
from support.full_disk import no_large_files
from support.layouts import TREES, film, picture, put

from vmevalkit.dataroot import Archived, PairKey, VersionLog, exclusive
from vmevalkit.errors import BusyError, RecordError, UnknownNameError, UsageError
from vmevalkit.migration import (
    SOURCES,
    FoundQuestion,
    FoundRun,
    NotUnderstood,
    find_source,
    migrate,
    migrate_to_new_structure,
    plan_migration,
)
from vmevalkit.migration._parcels import Lane, Parcel
from vmevalkit.migration._placing import seen_places


class Given:
    """A source that holds what a test says."""

    name, description, is_ours = "given", "what a test says", False

    def __init__(self, *items):
        self._items = items

    def detects(self, path):
        return True

    def items(self, path):
        yield from self._items


def question(domain="maze", name="maze_0000", **fields):
    return FoundQuestion(
        "here", domain, name, **{"prompt": "p", "first_frame": picture(1), "final_frame": picture(2), **fields}
    )


def problems(report):
    return [(problem.kind, problem.path) for problem in report.problems]


@pytest.fixture
def bring(root, tmp_path):
    """Migrate what is given, after a plan that must say the same."""
    (tmp_path / "source").mkdir()

    def bring(*items):
        plan = plan_migration(tmp_path / "source", root, sources=[Given(*items)])
        report = migrate(tmp_path / "source", root, sources=[Given(*items)])
        assert (plan.found, plan.problems, plan.new_bytes) == (report.found, report.problems, report.new_bytes)
        return report

    return bring


@pytest.mark.parametrize(
    "item",
    [
        question(domain="../up"),
        question(name="a/b"),
        question(name=".."),
        question(name=""),
        FoundRun("here", "pilot", "models/wan", "maze", "maze_0000", "r", None, status="failed"),
        FoundRun("here", "pilot", "m", "maze", "maze_0000", "..", None, status="failed"),
        FoundRun("here", "pilot", "m", "maze", "maze_0000", "r", None, "failed", question={"../x": b""}),
    ],
)
def test_an_unsafe_name_is_refused_by_name_and_the_rest_goes_on(bring, root, tmp_path, item):
    report = bring(item, question())
    assert problems(report) == [("refused", "here")]
    assert "safe" in report.problems[0].why
    assert list(root.iter_pairs()) == [PairKey("maze", "maze_0000")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "source"]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (question(first_frame=b"no picture"), "the first frame: cannot be decoded"),
        (question(final_frame=picture(3)[:-20]), "the final frame: cannot be decoded"),
        (question(ground_truth=b"no film"), "is no MP4"),
        (question(ground_truth=b"\0\0\0\x18ftypisom" + b"\0" * 40), "the video"),
        (question(prompt="  "), "empty prompt"),
        (question(prompt="\ud800"), "not UTF-8"),
        (question(metadata={"x": float("nan")}), "cannot be kept as JSON"),
        (question(metadata={"x": "\udfff"}), "cannot be kept as JSON"),
        (NotUnderstood("here", "because"), "because"),
    ],
)
def test_what_is_broken_is_named_and_the_rest_goes_on(bring, root, item, why):
    report = bring(item, question())
    assert problems(report) == [("not understood", "here")]
    assert why in report.problems[0].why
    assert list(root.iter_pairs()) == [PairKey("maze", "maze_0000")]


def test_something_else_in_the_place_of_a_question_is_a_conflict_and_is_left_alone(bring, root):
    bring(question())
    before = hashes(root.path)
    for changed in (
        question(prompt="another"),
        question(first_frame=picture(7)),
        question(metadata={"new": 1}),
        question(ground_truth=film(root.path / ".vmevalkit", 1)),
    ):
        report = bring(changed)
        assert problems(report) == [("conflict", "here")]
        assert report.total("questions").conflicts == 1
    assert hashes(root.path) == before


def test_the_same_question_twice_in_a_source_is_one(bring):
    report = bring(question(), question())
    assert (report.total("questions").new, report.total("questions").there, report.problems) == (1, 1, ())


def test_of_two_questions_for_one_place_the_first_is_taken_and_the_second_is_a_conflict(bring):
    report = bring(question(), question(prompt="another"))
    assert problems(report) == [("conflict", "here")]
    assert "in the source twice" in report.problems[0].why


def test_another_video_of_the_same_run_is_a_conflict(bring, root, tmp_path):
    names = ("here", "pilot", "m", "maze", "maze_0000", "r")
    bring(FoundRun(*names, film(tmp_path / "work", 1)))
    before = hashes(root.path)
    report = bring(FoundRun(*names, film(tmp_path / "work", 2)))
    assert problems(report) == [("conflict", "here")]
    assert hashes(root.path) == before


def test_a_link_that_leads_out_of_the_source_is_refused(root, tmp_path):
    made = TREES["vbvr"](tmp_path / "source", 2)
    _, name = min(made.questions)
    (frame,) = (tmp_path / "source").rglob(f"{name}/first_frame.png")
    put(tmp_path / "elsewhere.png", frame.read_bytes())
    frame.unlink()
    frame.symlink_to(tmp_path / "elsewhere.png")
    report = migrate(tmp_path / "source", root)
    assert [problem.kind for problem in report.problems] == ["refused"]
    assert "through a link" in report.problems[0].why
    assert len(list(root.iter_pairs())) == 1


@pytest.mark.parametrize("path", ["/etc/hostname", "../../outside.png", "a\0b", "no_such.png"])
def test_a_path_in_a_file_that_leads_out_or_nowhere_is_not_followed(root, tmp_path, path):
    put(tmp_path / "outside.png", picture(1))
    record = {"id": "a", "domain": "d", "prompt": "p", "first_image_path": path, "final_image_path": "b.png"}
    put(tmp_path / "source/in/a.json", record)
    report = migrate(tmp_path / "source", root, layout="json")
    assert [problem.kind for problem in report.problems] == ["not understood"]
    assert report.problems[0].path == "in/a.json"


def test_a_data_root_is_not_migrated_into_itself(root):
    made = TREES["vmevalkit"](root.path, 2)
    before = hashes(root.path)
    for path in (root.path, root.path.parent, root.questions, root.outputs / "pilot_experiment"):
        for call in (plan_migration, migrate):
            with pytest.raises(UsageError, match="data root"):
                call(path, root, layout="vmevalkit")
    assert hashes(root.path) == before
    assert made.questions


def test_nothing_there_and_nothing_known_are_said(root, tmp_path):
    with pytest.raises(UsageError, match="there is nothing at"):
        migrate_to_new_structure(root.path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no layout that is known"):
        migrate(tmp_path / "empty", root)
    with pytest.raises(UnknownNameError, match="vbvrr"):
        find_source(tmp_path / "empty", "vbvrr")
    assert not root.path.exists()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_that_is_told_to_read_another_layout_says_so_or_what_it_does_not_understand(source, tree, root):
    try:
        report = plan_migration(tree[0], root, layout=source.name)
    except UsageError as error:
        assert f"holds nothing of the layout {source.name}" in error.message  # noqa: PT017 - one of two good ends
    else:
        assert report.problems or not report.is_done


def test_who_makes_questions_keeps_a_migration_out(root, tmp_path):
    TREES["json"](tmp_path / "source", 1)
    with exclusive(root.lock("create"), "creating questions"), pytest.raises(BusyError):
        migrate(tmp_path / "source", root)


def test_an_archived_experiment_is_not_added_to(root, tmp_path):
    made = TREES["vbvr"](tmp_path / "source", 2)
    stub = root.archive_stub("migrated")
    texts = dict.fromkeys(("remote", "snapshot", "s3_uri", "manifest_sha256", "archived_at"), "x")
    Archived(experiment="migrated", files=1, bytes=1, **texts).save(stub)
    before = stub.read_bytes()
    report = migrate(tmp_path / "source", root)
    assert {problem.kind for problem in report.problems} == {"refused"}
    assert len(report.problems) == len(made.videos)
    assert (stub.read_bytes(), list(root.iter_runs())) == (before, [])


def test_unknown_files_beside_a_question_are_named(root, tmp_path):
    made = TREES["vmevalkit"](tmp_path / "source", 2)
    put(tmp_path / "source/questions/maze_task/maze_0001/solution.svg", "<svg/>")
    put(tmp_path / "source/questions/notes/a.txt", "hello")
    report = migrate(tmp_path / "source", root)
    assert sorted(problem.path for problem in report.problems) == [
        "questions/maze_task/maze_0001/solution.svg",
        "questions/notes",
    ]
    check_all_there(root, made)


def test_a_source_that_has_gone_is_no_longer_needed(root, tmp_path):
    made = TREES["imagefolder"](tmp_path / "source", 2)
    migrate(tmp_path / "source", root, link=True)
    shutil.rmtree(tmp_path / "source")
    check_all_there(root, made)


def test_a_disk_without_room_for_what_was_seen_is_told_in_one_line():
    parcel = Parcel("questions", "maze", "", "", VersionLog(), None, frozenset(), Lane("questions", "", ("create",)))
    with no_large_files(), pytest.raises(RecordError, match="the temporary database: ") as full, seen_places() as seen:
        for number in range(400):
            seen.fingerprint_before(replace(parcel, place=f"{number}{'x' * 100_000}"))
    assert "TMPDIR" in full.value.hint
