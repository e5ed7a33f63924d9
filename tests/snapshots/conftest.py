"""Real object stores on loopback: moto's S3 server, rclone's, and a folder."""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Thread

import pytest
from snapshot_places import KEY, SECRET, Place, bucket, write_files

from vmevalkit.snapshots import Remote, Tree, tree_at


@pytest.fixture(autouse=True)
def no_machine_role(monkeypatch):
    """Without keys, AWS's library would ask the network what role this machine has."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Moto's S3, made to answer one request at a time: its conditional writes are not atomic otherwise."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    moto, turn = DomainDispatcherApplication(create_backend_app), Lock()

    def application(environ, start_response):
        with turn:
            return list(moto(environ, start_response))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def rclone_folder(tmp_path_factory) -> Path:
    """Where rclone's S3 keeps its objects: a folder per bucket, a file per object."""
    return tmp_path_factory.mktemp("rclone")


@pytest.fixture(scope="session")
def rclone_url(rclone_folder) -> Iterator[str]:
    """rclone's S3: another implementation, which takes no notice of conditions."""
    command = [Path(sys.executable).with_name("rclone"), "serve", "s3", rclone_folder, "--addr", "127.0.0.1:0"]
    command += ["--auth-key", f"{KEY},{SECRET}", "--config", "/dev/null", "--vfs-cache-mode", "off"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        for line in server.stderr:
            if found := re.search(r"\[(http://127\.0\.0\.1:\d+)/\]", line):
                break
        else:
            pytest.fail("rclone did not start")
        log = Thread(target=server.stderr.read)  # A full pipe would stop the server.
        log.start()
        yield found[1]
        server.terminate()
        try:
            server.wait(timeout=1)
        except subprocess.TimeoutExpired:
            server.kill()  # It waits for open connections.
        log.join()


@pytest.fixture(params=["moto", "rclone", "folder"])
def place(request, tmp_path) -> Place:
    """An empty place on each kind of store in turn."""
    if request.param == "folder":
        return Place("folder", f"file://{tmp_path / 'remote'}")
    return bucket(request.param, request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def moto_place(moto_url) -> Place:
    return bucket("moto", moto_url)


@pytest.fixture
def folder_place(tmp_path) -> Place:
    return Place("folder", f"file://{tmp_path / 'remote'}")


@pytest.fixture
def remote(place) -> Remote:
    return place.open()


@pytest.fixture
def files() -> dict[str, bytes]:
    """A small data root: path and content."""
    found = {}
    for domain, number in [("chess", 0), ("chess", 1), ("maze", 0)]:
        folder = f"questions/{domain}_task/{domain}_{number:04d}"
        found[f"{folder}/first_frame.png"] = f"first {domain} {number}".encode() * 50
        found[f"{folder}/prompt.txt"] = f"Solve {domain} {number}.".encode()
    found["questions/vmeval_dataset.json"] = b"{}\n"
    found["outputs/pilot/model-1/chess_task/chess_0000/run-1/video/model_output.mp4"] = bytes(range(256)) * 40
    found["outputs/pilot/model-1/chess_task/chess_0000/run-1/metadata.json"] = b""
    found["evaluations/pilot/model-1/chess_task/chess_0000/human-eval.json"] = b'{"score": 4}\n'
    return found


@pytest.fixture
def tree(tmp_path, files) -> Tree:
    write_files(tmp_path / "data", files)
    return tree_at(tmp_path / "data")


@pytest.fixture
def at(monkeypatch):
    """Set the clock: ``at("202501151030")``."""

    def set_clock(moment: str) -> None:
        time = datetime.strptime(moment, "%Y%m%d%H%M").replace(tzinfo=UTC)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(time.timestamp())))

    return set_clock
