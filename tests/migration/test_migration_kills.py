"""A migration that is killed at any moment, and then simply run again."""

from pathlib import Path

import pytest
from migration_checks import check_all_there
from support.folders import hashes
from support.layouts import TREES, Made
from support.long import longer
from support.stepping import killed_at_step, spread, steps_of

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, is_temporary

KILLS, COUNT = longer((3, 6), (50, 40))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["vmevalkit", "vbvr"])
def test_killed_at_random_moments_and_run_again_it_equals_an_undisturbed_one(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    source, quiet, disturbed = tmp_path / "source", tmp_path / "quiet", tmp_path / "disturbed"
    made = TREES[kind](source, COUNT)
    command = ["migrate", source, "--yes", "--data-dir"]
    steps = steps_of([*command, quiet], quiet)
    check_all_there(DataRoot(quiet), made)
    for step in spread(steps, KILLS):
        assert killed_at_step([*command, disturbed], disturbed, step)
        _check_nothing_is_half(disturbed, made)
    assert main([*map(str, command), str(disturbed)]) == 0
    assert hashes(disturbed) == hashes(quiet)


def _check_nothing_is_half(data: Path, made: Made) -> None:
    """Whatever has its name is whole."""
    for path in data.rglob("question_metadata.json"):
        if any(is_temporary(part) for part in path.relative_to(data).parts):
            continue
        key = path.parent.parent.name.removesuffix("_task"), path.parent.name
        files = {**made.questions[key], "prompt.txt": made.prompts[key].encode()}
        assert {name: (path.parent / name).read_bytes() for name in files} == files
    for (experiment, model, domain, task, run), video in made.videos.items():
        folder = data / "outputs" / experiment / model / f"{domain}_task" / task / run
        if folder.exists():
            assert (folder / "video/model_output.mp4").read_bytes() == video
            assert (folder / "metadata.json").is_file()
