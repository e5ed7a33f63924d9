"""How snapshots are named."""

import pytest

from vmevalkit.errors import UsageError
from vmevalkit.snapshots.names import (
    check_snapshot_name,
    common_folders,
    data_uri_readings,
    is_archive,
    name_for_now,
    snapshots_meant,
    split_data_uri,
)


def test_a_snapshot_is_named_after_the_minute_in_utc(at):
    at("202501151030")
    assert name_for_now() == "202501151030"


@pytest.mark.parametrize("name", ["20250115", "202501151030", "20240229", "archive/pilot_experiment"])
def test_dates_and_archives_are_names(name):
    assert check_snapshot_name(name) == name
    assert is_archive(name) == name.startswith("archive/")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "latest",
        "2025",
        "20251301",
        "20250229",
        "202501152460",
        "2025-01-15",
        "\uff12\uff10\uff12\uff15\uff10\uff11\uff11\uff15",  # digits, but not ours
        "20250115\n",
        "/20250115",
        "../20250115",
        "archive/",
        "archive/..",
        "archive/a/b",
        "archive/.hidden",
        "archives/a",
    ],
)
def test_anything_else_is_refused(name):
    with pytest.raises(UsageError):
        check_snapshot_name(name)


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://vmevalkit/202501151030/data", ("s3://vmevalkit", "202501151030")),
        ("s3://vmevalkit/202501151030/data/", ("s3://vmevalkit", "202501151030")),
        ("s3://bucket/team/x/20250115/data", ("s3://bucket/team/x", "20250115")),
        ("file:///mnt/safe/archive/pilot/data", ("file:///mnt/safe", "archive/pilot")),
        ("memory:///20250115/data", ("memory://", "20250115")),
    ],
)
def test_a_data_uri_says_the_remote_and_the_snapshot(uri, parts):
    assert split_data_uri(uri) == parts


@pytest.mark.parametrize("uri", ["", "s3://bucket", "s3://bucket/data", "s3://bucket/20251399/data", "20250115/data"])
def test_another_uri_is_refused(uri):
    with pytest.raises(UsageError, match="is not the data folder of a snapshot"):
        split_data_uri(uri)


@pytest.mark.parametrize(
    ("uri", "readings"),
    [
        (
            "s3://bucket/archive/20250115/data",
            (("s3://bucket", "archive/20250115"), ("s3://bucket/archive", "20250115")),
        ),
        ("memory:///archive/20250115/data", (("memory://", "archive/20250115"), ("memory:///archive", "20250115"))),
        ("s3://bucket/archive/pilot/data", (("s3://bucket", "archive/pilot"),)),
        ("s3://archive/20250115/data", (("s3://archive", "20250115"),)),
    ],
)
def test_a_date_below_an_archive_folder_can_be_read_in_two_ways(uri, readings):
    assert data_uri_readings(uri) == readings


@pytest.mark.parametrize(
    ("remote", "uri", "meant"),
    [
        ("s3://bucket", "s3://bucket/20250115/data", ("20250115",)),
        ("s3://bucket", "s3://bucket/archive/20250115/data", ("archive/20250115",)),
        ("s3://bucket/archive", "s3://bucket/archive/20250115/data/", ("20250115",)),
        ("file:///mnt/link", "file:///mnt/folder/archive/pilot/data", ("archive/pilot",)),
        ("file:///mnt/link", "file:///mnt/archive/20250115/data", ("archive/20250115", "20250115")),
        ("s3://bucket", "rubbish", ()),
    ],
)
def test_an_entry_of_a_log_means_a_snapshot_of_its_own_remote_however_that_is_spelled(remote, uri, meant):
    assert snapshots_meant(uri, remote) == meant


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("", "", ("",)),
        ("", "outputs", ("outputs",)),
        ("outputs", "outputs/pilot", ("outputs/pilot",)),
        ("outputs", "outputs2", ()),
        ("outputs/pilot", "outputs/pilots", ()),
        ("*/pilot", "", ("evaluations/pilot", "outputs/pilot")),
        ("*/pilot", "*/pilot", ("evaluations/pilot", "outputs/pilot")),
        ("*/pilot", "outputs", ("outputs/pilot",)),
        ("*/pilot", "outputs/pilot/model-1", ("outputs/pilot/model-1",)),
        ("*/pilot", "questions", ()),
    ],
)
def test_two_parts_of_a_data_root_have_the_inner_folders_in_common(one, other, common):
    assert common_folders(one, other) == common
    assert common_folders(other, one) == common
