"""No address reads anything outside of the folder that it is about."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard_data import EXPERIMENT, RUN_ID, add_question, add_run, run_of, serving

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web import DashboardConfig

SECRET = b"the secret of the host"
_CLIMBS = (
    "..",
    ".",
    "../secret.txt",
    "../../secret.txt",
    "../../../../../../../secret.txt",
    "..%2fsecret.txt",
    "..%2f..%2f..%2f..%2f..%2f..%2f..%2fsecret.txt",
    "%2e%2e",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "%2E%2E%2F%2E%2E%2Fsecret.txt",
    ".%2e/secret.txt",
    "%2e./secret.txt",
    "%252e%252e%252fsecret.txt",
    "..%252fsecret.txt",
    "..%5csecret.txt",
    "..%5c..%5c..%5csecret.txt",
    "..\\secret.txt",
    "..%c0%afsecret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "..%e2%81%84secret.txt",
    "%ef%bc%8e%ef%bc%8e/secret.txt",
    "....//secret.txt",
    "..;/secret.txt",
    "..%00/secret.txt",
    "secret.txt%00.mp4",
    "model_output.mp4%00",
    "model_output.mp4%0a",
    "model_output.mp4%20",
    "%00",
    "%0d%0aX-Injected:%20yes",
    "~",
    "~root",
    "%2fsecret.txt",
    "%2f%2fsecret.txt",
    "//secret.txt",
    "C:%5csecret.txt",
    "file:%2f%2f%2fsecret.txt",
    "link-to-secret.mp4",
    "link-to-folder",
    "link-to-folder/secret.txt",
    ".hidden.mp4",
    ".model_output.mp4.0123456789ab.tmp",
    "model_output.mp4.tmp",
    "*",
    "?",
    "x" * 300,
    "metadata.json",
    "../metadata.json",
    "-rf",
)
_VIDEO = f"/media/video/oracle/maze/maze_0001/{RUN_ID}"
_ADDRESSES = [
    *(f"{_VIDEO}/{climb}" for climb in _CLIMBS),
    *(f"/media/video/{climb}/maze/maze_0001/{RUN_ID}/model_output.mp4" for climb in _CLIMBS),
    *(f"/media/video/oracle/{climb}/maze_0001/{RUN_ID}/model_output.mp4" for climb in _CLIMBS),
    *(f"/media/video/oracle/maze/maze_0001/{climb}/model_output.mp4" for climb in _CLIMBS),
    *(f"/media/question/maze/maze_0001/{climb}" for climb in _CLIMBS),
    *(f"/media/question/maze/{climb}/first_frame.png" for climb in _CLIMBS),
    *(f"/question/maze/{climb}" for climb in _CLIMBS),
    *(f"/static/{climb}" for climb in _CLIMBS),
    f"{_VIDEO}/model_output.mp4?experiment=..%2f..",
    f"{_VIDEO}/model_output.mp4?experiment=%00",
    f"/media/video/linked/maze/maze_0001/{RUN_ID}/secret.txt",
    "/media/question/maze/maze_0002/first_frame.png",
    "/media/question/maze/maze_0003/first_frame.png",
    "/media/../secret.txt",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "//secret.txt",
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, http.client.HTTPConnection]]:
    """A data root beside a secret, with links that lead to it, behind a raw connection that changes no address."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "secret.txt").write_bytes(SECRET)
    root = DataRoot(folder / "data")
    for number in (1, 2):
        add_question(root, PairKey("maze", f"maze_{number:04d}"), ground_truth=False)
    key = run_of("oracle", "maze_0001")
    add_run(root, key)
    video = root.run_folder(key) / "video"
    (video / "link-to-secret.mp4").symlink_to(folder / "secret.txt")
    (video / "link-to-folder").symlink_to(folder)
    (video / ".hidden.mp4").write_bytes(SECRET)
    (video / ".model_output.mp4.0123456789ab.tmp").write_bytes(SECRET)
    linked = root.run_folder(run_of("linked", "maze_0001"))
    linked.mkdir(parents=True)
    (linked / "video").symlink_to(folder)
    frame = root.questions / "maze_task" / "maze_0002" / "first_frame.png"
    frame.unlink()
    frame.symlink_to(folder / "secret.txt")
    outside = folder / "outside"
    outside.mkdir()
    (outside / "first_frame.png").write_bytes(SECRET)
    (root.questions / "maze_task" / "maze_0003").symlink_to(outside)
    with serving(DashboardConfig(root)) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port)
        yield folder, connection
        connection.close()


def ask(connection: http.client.HTTPConnection, address: str) -> tuple[int, bytes]:
    connection.putrequest("GET", address, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    assert answer.getheader("X-Injected") is None
    return answer.status, body


def raw(address: str) -> str:
    """Keep the address as it is, but for what http.client refuses to send at all."""
    return address.replace("\\", "%5c")


@pytest.mark.parametrize("address", _ADDRESSES)
def test_an_address_that_climbs_is_refused_and_tells_nothing(
    host: tuple[Path, http.client.HTTPConnection], address: str
) -> None:
    folder, connection = host
    status, body = ask(connection, raw(address))
    assert 400 <= status < 500, body
    assert SECRET not in body
    assert str(folder).encode() not in body


def test_the_same_host_serves_the_video_that_lies_where_it_should(
    host: tuple[Path, http.client.HTTPConnection],
) -> None:
    status, body = ask(host[1], f"{_VIDEO}/model_output.mp4?experiment={EXPERIMENT}")
    assert status == 200
    assert b"ftyp" in body[:16]
