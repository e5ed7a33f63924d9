"""What answers may say of where things lie."""

from pathlib import Path

import pytest

from vmevalkit.dataroot import DataRoot
from vmevalkit.web.config import ScatteredRoot
from vmevalkit.web.public import public_uri, public_value, without_prefix

ROOT = DataRoot(Path("/srv/lab/data"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /srv/lab/data/outputs/x.mp4", "cannot open outputs/x.mp4"),
        ("no experiments in /srv/lab/data", "no experiments in the data root"),
        ("in '/srv/lab/data': none", "in 'the data root': none"),
        ("/srv/lab/data/a and /srv/lab/data/b", "a and b"),
        ("file:///srv/lab/data/x", "file://x"),
        ("/srv/lab/database/x", "/srv/lab/database/x"),
        ("s3://bucket/srv/lab/data/x", "s3://bucket/srv/lab/data/x"),
        ("no path at all", "no path at all"),
    ],
)
def test_paths_below_the_data_root_are_relative_to_it(text: str, shown: str) -> None:
    assert without_prefix(ROOT, text) == shown


def test_parts_of_a_data_root_that_lie_elsewhere_are_not_told_either() -> None:
    root = ScatteredRoot(Path("/srv/lab/data"), Path("/mnt/big/questions"), Path("/fast/outputs"))
    assert without_prefix(root, "/mnt/big/questions/a, /fast/outputs/b") == "questions/a, outputs/b"


def test_paths_are_found_however_deep_they_are_in_a_value() -> None:
    value = {"a": ["/srv/lab/data/x", {"b": "/srv/lab/data/y"}], "n": [1, True, None, 2.5]}
    assert public_value(ROOT, value) == {"a": ["x", {"b": "y"}], "n": [1, True, None, 2.5]}


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("s3://vmevalkit/202501151030/data", "s3://vmevalkit/202501151030/data"),
        ("file:///srv/lab/backup/202501151030/data", "file:///…/backup/202501151030/data"),
        ("file:///srv/lab/backup/archive/old/data", "file:///…/backup/archive/old/data"),
        ("file:///home/me/archive/secret/deep/backup/202501151030/data", "file:///…/backup/202501151030/data"),
        ("file:///home/me/archive/secret/backup/archive/old/data/", "file:///…/backup/archive/old/data"),
        ("file:///home/me/archive/202501151030/x", "file:///…/archive/202501151030/x"),
        ("memory:///202501151030/data", "memory:///202501151030/data"),
    ],
)
def test_a_folder_as_a_remote_is_named_without_its_place(uri: str, shown: str) -> None:
    assert public_uri(uri) == shown
