"""Where settings come from."""

import pytest

from vmevalkit.errors import UsageError
from vmevalkit.settings import load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    for name in (
        "VMEVAL_REMOTE",
        "VMEVAL_DATA_DIR",
        "VMEVAL_SNAPSHOTS",
        "S3_BUCKET",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_are_those_of_the_requirements():
    settings = load_settings()
    assert (settings.s3_bucket, settings.aws_region, settings.remote_url) == (
        "vmevalkit",
        "us-east-2",
        "s3://vmevalkit",
    )
    assert (str(settings.data_dir), settings.snapshots) == ("data", "full")


def test_the_environment_beats_dotenv_which_beats_the_toml_file(elsewhere, monkeypatch):
    (elsewhere / "vmevalkit.toml").write_text(
        's3_bucket = "toml"\nremote = "file:///toml"\nsnapshots = "incremental"\n'
    )
    (elsewhere / ".env").write_text("S3_BUCKET=dotenv\nVMEVAL_REMOTE=file:///dotenv\n")
    monkeypatch.setenv("S3_BUCKET", "environment")
    settings = load_settings()
    assert (settings.s3_bucket, settings.remote, settings.snapshots) == ("environment", "file:///dotenv", "incremental")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_has_two_names(monkeypatch, name):
    monkeypatch.setenv(name, "eu-central-1")
    assert load_settings().aws_region == "eu-central-1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('snapshots = "sometimes"', "setting VMEVAL_SNAPSHOTS: Input should be 'full' or 'incremental'"),
        ("snapshots = full", r"vmevalkit\.toml: Invalid value \(at line 1"),
        ("remote_timeout = 0", "setting VMEVAL_REMOTE_TIMEOUT: Input should be greater than 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(elsewhere, text, problem):
    (elsewhere / "vmevalkit.toml").write_text(text)
    with pytest.raises(UsageError, match=problem):
        load_settings()
