"""What the user writes: ``vmevalkit.toml``, ``.env`` and options."""

import contextlib
import os
from pathlib import Path

from fuzz.target import Target
from vmevalkit.evaluators.options import read_options
from vmevalkit.evaluators.registry import evaluators
from vmevalkit.lifecycle.policies import Policies
from vmevalkit.models import catalogue
from vmevalkit.settings import load_settings, secrets


def _toml(data: bytes, folder: Path) -> object:
    (folder / "vmevalkit.toml").write_bytes(data)
    with contextlib.chdir(folder):
        settings = load_settings(env_file=None)
    catalogue(settings.models)
    for name, entry in evaluators(settings.evaluators).items():
        if entry.kind == "judge":
            read_options(name, entry.options)
    return Policies.of(settings)


def _dotenv(data: bytes, folder: Path) -> object:
    path = folder / ".env"
    path.write_bytes(data)
    before = dict(os.environ)
    settings, keys = load_settings(env_file=path), secrets(env_file=path)
    if os.environ != before:
        raise AssertionError("reading the settings has changed the environment")
    return settings, keys


_TOML = b"""
remote = "s3://bucket"
poll_seconds = 2.5
snapshots = "incremental"
[models."lab-wan-2.2"]
type = "openai"
base_url = "http://gpu7:8000/v1"
key = "LAB_KEY"
sizes = ["832x480"]
seconds = [5, 10.5]
usd_per_second = 0.002
[evaluators.lab]
model = "vl"
base_url = "http://localhost:8000/v1"
extra_body = '{"top_k": 1}'
[retention]
outputs = 30
[retention.experiments.pilot]
evaluations = "forever"
"""

TARGETS = (
    Target(
        "settings",
        _toml,
        (_TOML,),
        (b"[models.x]", b'type = "fal"', b"[evaluators.x]", b"retention = ", b"inf", b"nan", b"= []", b"= {}", b"\xff"),
    ),
    Target(
        "dotenv",
        _dotenv,
        (b"VMEVAL_DATA_DIR=data\nAWS_ACCESS_KEY_ID='a b'\nexport LAB_KEY=\"x\\n${HOME}\"\n# end",),
        (b"VMEVAL_POLL_SECONDS=", b"MODELS=", b"RETENTION=", b"${", b"}", b"\0", b"\xff", b"nan"),
    ),
)
