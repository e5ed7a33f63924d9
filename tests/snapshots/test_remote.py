"""What a remote promises, what it finds out about its store, and what it says when something is missing."""

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from support.stores import KEY, SECRET, Place

from vmevalkit.errors import ConflictError, RemoteError, UsageError, VMEvalError
from vmevalkit.snapshots import MissingObjectError, open_remote, push, read_latest
from vmevalkit.snapshots.remote import Conditions

pytestmark = pytest.mark.s3

honours_conditions = pytest.mark.parametrize("place", ["moto", "folder"], indirect=True)

EXPECTED = {
    "moto": Conditions(create=True, update=True),
    "rclone": Conditions(create=False, update=False),
    "folder": Conditions(create=True, update=False),
}


def test_it_finds_out_which_conditions_the_store_honours(place, remote):
    assert remote.conditions == EXPECTED[place.kind]
    assert place.open().conditions == EXPECTED[place.kind]


def test_it_finds_out_whether_it_answers_with_md5s(place, remote):
    assert remote.answers_with_md5 == (place.kind != "folder")


def test_an_object_is_created_once(remote):
    remote.create("a/b", b"first")
    with pytest.raises(ConflictError, match="a/b is already there"):
        remote.create("a/b", b"second")
    assert remote.read("a/b") == b"first"


@honours_conditions
def test_of_many_that_create_at_once_one_wins(place, remote):
    others = [place.open() for _ in range(8)]

    def attempt(number):
        try:
            others[number].create("a/b", b"%d" % number)
        except ConflictError:
            return None
        return b"%d" % number

    with ThreadPoolExecutor(8) as pool:
        won = [result for result in pool.map(attempt, range(8)) if result is not None]
    assert won == [remote.read("a/b")]


@honours_conditions
def test_no_update_is_lost(place, remote):
    others = [place.open() for _ in range(4)]

    def work(number):
        for _ in range(5):
            others[number].update("count", lambda old: b"%d" % (int(old or b"0") + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert remote.read("count") == b"20"


def test_what_is_not_there_reads_as_nothing_and_cannot_be_streamed_or_copied(remote):
    assert remote.read("nothing") is None
    assert not remote.exists("nothing")
    assert remote.is_empty("nothing")
    assert remote.folders("nothing") == []
    with pytest.raises(MissingObjectError, match="nothing"):
        list(remote.stream("nothing"))
    with pytest.raises(MissingObjectError, match="nothing"):
        remote.copy("nothing", "something")


def test_a_stream_that_breaks_off_leaves_no_object(remote):
    def broken():
        yield bytes(9 << 20)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        remote.write_parts("large", broken(), 20 << 20)
    assert not remote.exists("large")


def test_delete_below_spares_the_neighbours(remote):
    for key in ["a/1", "a/b/2", "ab/3"]:
        remote.write(key, b"x")
    remote.delete_below("a")
    assert (remote.is_empty("a"), remote.exists("ab/3")) == (True, True)


def test_a_prefix_in_the_url_is_a_place_of_its_own(moto_place, tree):
    inner = replace(moto_place, url=f"{moto_place.url}/team/data")
    push(inner.open(), tree, name="20250115")
    assert read_latest(inner.open()).s3_uri == f"{moto_place.url}/team/data/20250115/data"
    assert read_latest(moto_place.open()) is None
    assert all(key.startswith("team/data/") for key in moto_place.objects())


@pytest.mark.parametrize("ending", ["/", "//"])
def test_a_slash_at_the_end_makes_no_difference(place, tree, ending):
    push(place.open(), tree, name="20250115")
    again = replace(place, url=place.url + ending).open()
    assert again.url == place.url
    assert read_latest(again).s3_uri == f"{place.url}/20250115/data"


def test_memory_is_a_remote(tree):
    remote = open_remote("memory://", Place("memory", "memory://").settings)
    assert push(remote, tree, name="20250115").s3_uri == "memory:///20250115/data"
    assert read_latest(remote).snapshot == "20250115"


# What is missing, and the setting that fixes it.


def failure(place, **environment) -> VMEvalError:
    changed = replace(place, environment={**place.environment, **environment})
    with pytest.raises(VMEvalError) as caught:
        read_latest(changed.open())
    assert "\n" not in caught.value.message
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    return caught.value


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_ACCESS_KEY_ID": KEY},
        {"AWS_SECRET_ACCESS_KEY": SECRET},
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    ],
)
def test_without_credentials_the_variables_to_set_are_named(environment):
    error = failure(Place("s3", "s3://bucket", environment))
    assert isinstance(error, UsageError)
    assert "no credentials" in error.message
    assert "AWS_ACCESS_KEY_ID" in error.hint
    assert "AWS_SECRET_ACCESS_KEY" in error.hint
    assert ".env" in error.hint


@pytest.mark.parametrize("server", ["moto_url", "rclone_url"])
def test_a_bucket_that_is_not_there_is_named_with_its_setting(request, server):
    environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment["AWS_ENDPOINT_URL"] = request.getfixturevalue(server)
    error = failure(Place("s3", "s3://no-such-bucket", environment))
    assert isinstance(error, UsageError)
    assert "s3://no-such-bucket: no such bucket" in error.message
    assert "S3_BUCKET" in error.hint
    assert "--remote" in error.hint


def test_a_wrong_secret_and_an_unknown_key(rclone_url):
    environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": rclone_url}
    place = Place("rclone", "s3://bucket", environment)
    for changes in ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}):
        error = failure(place, **changes)
        assert isinstance(error, UsageError)
        assert "access key" in error.message
        assert "AWS_SECRET_ACCESS_KEY" in error.hint


def test_the_endpoint_is_down():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = failure(
            Place(
                "s3",
                "s3://bucket",
                {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": endpoint},
            )
        )
    assert isinstance(error, RemoteError)
    assert "cannot be reached" in error.message
    assert "AWS_ENDPOINT_URL" in error.hint


class _Refusal(BaseHTTPRequestHandler):
    """Answers every request the way S3 refuses one."""

    answer = (403, "AccessDenied")

    def do_GET(self):
        status, code = self.answer
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("status", "code", "kind", "problem", "way_out"),
    [
        (403, "AccessDenied", RemoteError, "permission denied (AccessDenied: No.)", "may list, read and write"),
        (403, "RequestTimeTooSkewed", UsageError, "clock", "set the clock"),
        (400, "ExpiredToken", UsageError, "has expired", "AWS_SESSION_TOKEN"),
        (400, "AuthorizationHeaderMalformed", UsageError, "another region", "AWS_REGION"),
        (400, "SomethingElse", RemoteError, "SomethingElse: No.", None),
    ],
)
def test_a_refusal_says_what_to_do(status, code, kind, problem, way_out):
    handler = type("Handler", (_Refusal,), {"answer": (status, code)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": endpoint}
        error = failure(Place("s3", "s3://bucket", environment))
        server.shutdown()
        thread.join()
    assert type(error) is kind
    assert problem in error.message
    assert error.hint is None if way_out is None else way_out in error.hint


@pytest.mark.parametrize(
    "url", ["", "bucket", "/folder", "ftp://host/x", "https://host/bucket", "s3://", "file://folder/x"]
)
def test_a_url_that_is_no_remote(url):
    with pytest.raises(UsageError):
        open_remote(url, Place("none", url, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}).settings)


def test_a_folder_that_is_missing_is_not_made_by_reading(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        open_remote(f"file://{tmp_path}/remote", Place("folder", "").settings)
    assert not (tmp_path / "remote").exists()


def test_a_folder_with_a_space_in_its_name(tmp_path, tree):
    remote = Place("folder", f"file://{tmp_path}/my%20remote").open()
    push(remote, tree, name="20250115")
    assert (tmp_path / "my remote/20250115/manifest.jsonl.gz").is_file()


def test_a_store_that_goes_away_ends_a_push_with_one_error(folder_place, tree):
    remote = folder_place.open()
    push(remote, tree, name="20250115")
    shutil.rmtree(remote.folder)
    remote.folder.write_bytes(b"now it is a file")
    with pytest.raises(VMEvalError):
        push(remote, tree, name="20250116")
