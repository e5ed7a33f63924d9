"""The checklist before an experiment."""

import json
import re

import pytest

from vmevalkit.cli import main
from vmevalkit.runner import preflight
from vmevalkit.runner.preflight import Check, pre_experiment_check, run_checks
from vmevalkit.settings import Settings

OWN = {
    "wan": {"type": "openai", "base_url": "http://127.0.0.1:9/v1", "key": "WAN_KEY"},
    "mine": {"type": "command", "command": "no-such-program {output}"},
}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(_env_file=None, remote=f"file://{tmp_path / 'remote'}", models=OWN)


def checks(root, settings, **more) -> dict[str, Check]:
    return {check.name: check for check in run_checks(root, settings, {"WAN_KEY": "k"}, **more)}


def test_a_whole_dataset_passes_the_five_checks(dataset, settings):
    found = checks(dataset, settings, groups=["dataset", "remote", "disk"])
    for name in ("dataset_exists", "images_complete", "prompts_valid", "s3_configured", "disk_space"):
        assert found[name].passed, found[name]
    assert "10 questions" in found["dataset_exists"].detail


def test_no_dataset_is_said_with_the_way_out(root, settings):
    found = checks(root, settings, groups=["dataset"])
    assert list(found) == ["dataset_exists"]
    assert "vmevalkit create" in found["dataset_exists"].detail


@pytest.mark.parametrize("damage", ["gone", "cut", "text"])
def test_an_image_that_is_missing_or_broken_is_named(dataset, settings, damage):
    path = dataset.questions / "maze_task/maze_0001/final_frame.png"
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"no picture")
    found = checks(dataset, settings, groups=["dataset"])["images_complete"]
    assert not found.passed
    assert "1 questions lack an image, such as maze_task/maze_0001/final_frame.png" in found.detail


def test_a_question_without_a_prompt_is_named(dataset, settings):
    manifest = json.loads(dataset.manifest.read_text())
    manifest["pairs"][3]["prompt"] = "  "
    dataset.manifest.write_text(json.dumps(manifest))
    found = checks(dataset, settings, groups=["dataset"])["prompts_valid"]
    assert not found.passed
    assert manifest["pairs"][3]["id"] in found.detail


def test_a_remote_that_cannot_be_used_is_named(dataset, tmp_path):
    settings = Settings(_env_file=None, remote="ftp://host")
    found = checks(dataset, settings, groups=["remote"])["s3_configured"]
    assert (found.passed, "is not a remote" in found.detail) == (False, True)


def test_too_little_room_is_said(dataset, settings, monkeypatch):
    monkeypatch.setattr(preflight, "FREE_MB", 10**12)
    assert not checks(dataset, settings, groups=["disk"])["disk_space"].passed


def test_models_that_are_named_must_be_able_to_begin(dataset, settings):
    found = checks(dataset, settings, groups=["models"], models=["oracle", "wan", "mine", "luma-ray-3.2", "nobody"])
    assert {name: check.passed for name, check in found.items()} == {
        "model oracle": True,
        "model wan": True,
        "model mine": False,
        "model luma-ray-3.2": False,
        "model nobody": False,
    }
    assert "program not found" in found["model mine"].detail
    assert "LUMA_AGENTS_API_KEY" in found["model luma-ray-3.2"].detail
    assert "unknown model" in found["model nobody"].detail


def test_keys_that_are_not_set_are_only_good_to_know(dataset, settings):
    found = checks(dataset, settings, groups=["models"])
    assert found["key WAN_KEY"].passed
    assert (found["key FAL_KEY"].passed, found["key FAL_KEY"].required) == (False, False)


def without_free_space(printed):
    return re.sub(r"\d+ MB free", "MB free", printed)


def test_the_list_can_be_had_from_python_and_from_the_command_line(dataset, settings, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VMEVAL_REMOTE", settings.remote)
    monkeypatch.setattr(preflight, "FREE_MB", 0)
    assert main(["check", "--data-dir", str(dataset.path)]) == 0  # The first one makes the remote's folder.
    capsys.readouterr()
    assert pre_experiment_check(dataset.path)
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].startswith("✅ dataset_exists")
    assert main(["check", "--data-dir", str(dataset.path)]) == 0
    # The disk is not ours alone.
    assert without_free_space(capsys.readouterr().out) == without_free_space(printed)
    dataset.manifest.unlink()
    assert not pre_experiment_check(dataset.path)
    assert main(["check", "--data-dir", str(dataset.path), "--json"]) == 1
