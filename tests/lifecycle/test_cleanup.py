"""Clean-up: leftovers go, and what belongs to the data stays, whatever it is called."""

import os
import re
from pathlib import Path

import pytest
from aged import add_experiment, age, content, fingerprint, run_path, too_deep
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import DataRoot, at_work, exclusive
from vmevalkit.errors import UsageError
from vmevalkit.lifecycle import Policies, cleanup_temp_files

USUAL = Policies()
PLACE = "questions/maze_task/maze_0000"


def put(root: DataRoot, path: str, days: float = 8) -> None:
    """Write a file, or a folder with one file if the path ends in a slash, so old."""
    file = root.path / (f"{path}inside.txt" if path.endswith("/") else path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("junk")
    age(file, days)


def cleaned(root: DataRoot, policies: Policies = USUAL, **options) -> set[str]:
    """Clean up and return what is gone."""
    reported = []
    before = {p.relative_to(root.path).as_posix() for p in root.path.rglob("*")}
    done = cleanup_temp_files(root, policies=policies, report=reported.append, **options)
    gone = before - {p.relative_to(root.path).as_posix() for p in root.path.rglob("*")}
    assert done.removed == tuple(reported)
    assert done.failures == ()
    return {path for path in gone if path.rpartition("/")[0] not in gone}


JUNK = [
    "notes.tmp",
    "old.cache",
    "questions/.DS_Store",
    "questions/maze_task/.maze_0009.0123456789ab.tmp/",
    "questions/maze_task/maze_0000/.prompt.txt.0123456789ab.tmp",
    "questions/maze_task/maze_0000/x.cache/",
    "outputs/.pilot.0123456789ab.tmp/",
    "outputs/pilot/__pycache__/",
    f"{run_path()}/video/part.tmp",
    f"{run_path()}/video.cache/",
    "outputs/pilot/model-1/maze_task/maze_0000/.r1.0123456789ab.tmp/",
    "evaluations/pilot/model-1/maze_task/maze_0000/.RuleEvaluator.json.0123456789ab.tmp",
    ".vmevalkit/.index.sqlite.tmp",
    "__pycache__/",
    "something else/x.tmp/",
]
DATA = [
    "outputs/old.cache/model-1/maze_task/maze_0000/r1/metadata.json",
    "outputs/pilot/model.tmp/maze_task/maze_0000/r1/metadata.json",
    "outputs/pilot/model-1/maze_task/task.cache/r1/metadata.json",
    "outputs/pilot/model-1/maze_task/maze_0000/x.tmp/metadata.json",
    "evaluations/old.cache/model.cache/maze_task/task.tmp/RuleEvaluator.json",
    "questions/some.cache/x.tmp/question_metadata.json",
    "retention.jsonl",
    ".vmevalkit/hashes.sqlite",
    "tmp",
    "cache/x.tmp.txt",
]


def test_leftovers_go_and_data_stays(root):
    add_experiment(root)
    for path in [*JUNK, *DATA]:
        put(root, path)
    before = content(root)
    assert cleaned(root) == {path.rstrip("/") for path in JUNK}
    junk = tuple(path.rstrip("/") for path in JUNK)
    assert content(root) == {path: data for path, data in before.items() if not path.startswith(junk)}
    assert all((root.path / path).exists() for path in DATA)
    assert cleaned(root) == set()


def test_what_could_be_in_use_has_to_be_old_and_the_newest_file_within_decides(root):
    add_experiment(root)
    for path in ("x.tmp", "x.cache", "folder.tmp/", "__pycache__/", ".DS_Store"):
        put(root, f"{PLACE}/{path}", 6)
    put(root, f"{PLACE}/half.tmp/", 9)
    put(root, f"{PLACE}/half.tmp/deep/young", 6)
    assert cleaned(root) == {f"{PLACE}/__pycache__", f"{PLACE}/.DS_Store"}
    assert cleaned(root, Policies(temp=None)) == set()
    assert cleaned(root, Policies(temp=5)) == {
        f"{PLACE}/{name}" for name in ("x.tmp", "x.cache", "folder.tmp", "half.tmp")
    }


def test_links_are_not_followed(root, tmp_path):
    add_experiment(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.tmp").write_text("precious")
    age(outside, 100)
    (root.questions / "link").symlink_to(outside)
    (root.questions / "link.tmp").symlink_to(outside)
    age(root.questions / "link.tmp", 0)
    os.utime(root.questions / "link.tmp", (0, 0), follow_symlinks=False)
    os.utime(root.questions / "link", (0, 0), follow_symlinks=False)
    assert cleaned(root) == {"questions/link.tmp"}
    assert (outside / "precious.tmp").read_text() == "precious"


def test_nothing_goes_where_somebody_is_at_work(root):
    add_experiment(root, "busy")
    add_experiment(root, "quiet")
    for name in ("busy", "quiet"):
        put(root, f"{run_path(name)}/x.tmp")
        put(root, f"evaluations/{name}/x.tmp")
    put(root, "questions/x.tmp")
    with at_work(root, "busy"), exclusive(root.lock("create"), "creating questions"):
        planned = cleanup_temp_files(root, policies=USUAL, dry_run=True)
        gone = cleaned(root)
    assert planned.busy == ("questions", "experiment busy")
    assert gone == {junk.path for junk in planned.removed} == {f"{run_path('quiet')}/x.tmp", "evaluations/quiet/x.tmp"}


def test_a_dry_run_changes_nothing(root):
    add_experiment(root)
    for path in JUNK:
        put(root, path)
    before = fingerprint(root.path)
    planned = cleanup_temp_files(root, policies=USUAL, dry_run=True)
    assert fingerprint(root.path) == before
    done = cleanup_temp_files(root, policies=USUAL)
    assert (planned.removed, planned.counts, planned.bytes) == (done.removed, done.counts, done.bytes)


def test_what_cannot_be_removed_is_named_and_the_rest_goes(root, monkeypatch):
    put(root, "questions/a.tmp")
    put(root, "questions/b.tmp")

    real = Path.unlink

    def refuse(path, missing_ok=False) -> None:
        if path.name == "a.tmp":
            raise PermissionError(13, "Permission denied", str(path))
        real(path)

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    done = cleanup_temp_files(root, policies=USUAL)
    assert [junk.path for junk in done.removed] == ["questions/b.tmp"]
    assert re.search(r"a\.tmp: Permission denied", done.failures[0])


def test_a_folder_that_cannot_be_listed_is_named_and_the_rest_goes(root):
    put(root, "questions/a.tmp")
    too_deep(root.questions / "m")
    put(root, "questions/z.tmp")
    for dry_run in (True, False):
        done = cleanup_temp_files(root, policies=USUAL, dry_run=dry_run)
        assert [junk.path for junk in done.removed] == ["questions/a.tmp", "questions/z.tmp"]
        assert done.failed == len(done.failures) == 1
        assert done.failures[0].endswith("ddd: File name too long")


def test_leftovers_whose_age_cannot_be_found_out_are_named_and_stay(root):
    place = too_deep(root.questions / "m.tmp")
    done = cleanup_temp_files(root, policies=Policies(temp=0))
    assert (done.removed, done.failed) == ((), 1)
    assert done.failures[0].endswith("ddd: File name too long")
    assert place.is_dir()


def test_no_data_root_is_a_usage_error(root):
    with pytest.raises(UsageError, match="no data root"):
        cleanup_temp_files(root, policies=USUAL)


_NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+@=-]{0,5}(\.tmp|\.cache)", fullmatch=True)


@given(names=st.lists(_NAMES, min_size=5, max_size=5))
def test_no_folder_of_a_run_or_an_evaluation_is_ever_taken_for_junk(tmp_path_factory, names):
    root = DataRoot(tmp_path_factory.mktemp("names") / "data")
    experiment, model, domain, task, run = names
    put(root, f"outputs/{experiment}/{model}/{domain}_task/{task}/{run}/metadata.json", 1000)
    put(root, f"evaluations/{experiment}/{model}/{domain}_task/{task}/Rule.json", 1000)
    put(root, f"questions/{domain}_task/{task}/prompt.txt", 1000)
    assert cleaned(root) == set()
