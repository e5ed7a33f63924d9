"""No address reads anything outside of the folder that it is about.

Every trick that is known to have worked somewhere is put into every parameter of every address that there is, by
itself and around names that exist.
"""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from dashboard_data import EXPERIMENT, RUN_ID, add_question, add_run, run_of, serving

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web import DashboardConfig, create_app

SECRET = b"the secret of the host"
_DEEP = 8
_DOTS = (
    "..",
    ".",
    "...",
    "....",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "%25252e%25252e",
    "%c0%ae%c0%ae",
    "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%a4%e2%80%a4",
    "%u002e%u002e",
    "..;",
    "..%00",
    "..%09",
    "..%0d",
    "..%20",
    "..%3b",
    "..%23",
    "..%3f",
    "%00..",
    "%20..",
    "%09..",
    "..%2e",
    "a%2f..",
    "a/..",
)
_SLASHES = (
    "/",
    "//",
    "/./",
    "%2f",
    "%2F",
    "%252f",
    "%25252f",
    "%5c",
    "%255c",
    "%c0%af",
    "%c1%9c",
    "%e0%80%af",
    "%ef%bc%8f",
    "%ef%bc%bc",
    "%e2%81%84",
    "%u2215",
    "%00%2f",
    "/%00/",
)
_TRICKS = tuple(
    dict.fromkeys(
        [
            *_DOTS,
            *(f"{dots}{slash}secret.txt" for dots in _DOTS[:9] for slash in _SLASHES[:9]),
            *(f"{f'{dots}{slash}' * _DEEP}secret.txt" for dots in ("..", "%2e%2e") for slash in _SLASHES),
            "..%2f" * _DEEP + "etc%2fpasswd",
            "%2fetc%2fpasswd",
            "%2f%2fetc%2fpasswd",
            "/etc/passwd",
            "%5c%5clocalhost%5cc$",
            "C:%5csecret.txt",
            "C%3a%2fsecret.txt",
            "file:%2f%2f%2fsecret.txt",
            "file%3a%2f%2f%2fetc%2fpasswd",
            "http:%2f%2fevil.example%2fx",
            "....//secret.txt",
            "....%2f%2fsecret.txt",
            "..././secret.txt",
            "secret.txt%00.mp4",
            "model_output.mp4%00",
            "model_output.mp4%0a",
            "model_output.mp4%20",
            "model_output.mp4.",
            "model_output.mp4%2f",
            "model_output.mp4%2f..",
            "model_output.mp4::$DATA",
            "first_frame.png%00",
            "maze_0001%00",
            "maze_0001%2f..%2fmaze_0001",
            "%00",
            "%0a",
            "%0d%0aX-Injected:%20yes",
            "%0d%0a%0d%0asecret",
            "%7f",
            "%1b[2J",
            "%ff",
            "%fe%ff",
            "%ed%a0%80",
            "%f4%90%80%80",
            "%e2%80%ae",
            "%f0%9f%92%a9",
            "%",
            "%2",
            "%zz",
            "~",
            "~root",
            "$HOME",
            "${IFS}",
            "`id`",
            "$(id)",
            "|id",
            ";id",
            "&id",
            "%26id",
            "-rf",
            "--help",
            "*",
            "?",
            "%3f",
            "%23",
            "[a-z]",
            "{a,b}",
            "%27%20OR%201=1--",
            "%22%3b--",
            "%3cscript%3e",
            "{{7*7}}",
            "link-to-secret.mp4",
            "link-to-folder",
            "link-to-folder/secret.txt",
            "link-to-folder%2fsecret.txt",
            ".hidden.mp4",
            ".model_output.mp4.0123456789ab.tmp",
            "model_output.mp4.tmp",
            ".vmevalkit",
            ".git",
            ".env",
            "metadata.json",
            "../metadata.json",
            "..%2fmetadata.json",
            "question_metadata.json",
            "con",
            "nul",
            "x" * 129,
            "x" * 300,
            "9" * 400,
            "%41" * 200,
            "-1",
            "1e999",
            "null",
            "undefined",
            "NaN",
        ]
    )
)
_VIDEO = f"/media/video/oracle/maze/maze_0001/{RUN_ID}"
_ELSEWHERE = [
    f"{_VIDEO}/model_output.mp4?experiment=..%2f..",
    f"{_VIDEO}/model_output.mp4?experiment=%00",
    f"/media/video/linked/maze/maze_0001/{RUN_ID}/secret.txt",
    "/media/question/maze/maze_0002/first_frame.png",
    "/media/question/maze/maze_0003/first_frame.png",
    "/media/../secret.txt",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "//secret.txt",
    "/static/..%2f..%2fsecret.txt",
]
_NAMES = {
    "experiment": EXPERIMENT,
    "model": "oracle",
    "domain": "maze",
    "task_id": "maze_0001",
    "run_id": RUN_ID,
    "filename": "model_output.mp4",
    "item": "0123456789abcdef",
    "kind": "video",
}
_PAGES = ("/question/{domain}/{task_id}", "/score/{experiment}", "/static/{filename}")


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
    return address.replace("\\", "%5c").replace(" ", "%20")


def routes() -> list[str]:
    """All addresses with parameters."""
    paths = create_app(DashboardConfig(DataRoot(Path("nowhere")))).openapi()["paths"]
    return [*(path for path, methods in paths.items() if "{" in path and "get" in methods), *_PAGES]


def test_there_are_many_tricks_and_they_are_tried_on_every_route_with_parameters() -> None:
    assert len(_TRICKS) >= 200
    assert {
        "/api/results/{experiment}/{model}/{domain}/{task_id}/{run_id}",
        "/api/questions/{domain}/{task_id}",
    } <= set(routes())


@pytest.mark.parametrize("route", routes())
def test_a_trick_in_any_parameter_is_refused_and_tells_nothing(
    host: tuple[Path, http.client.HTTPConnection], route: str
) -> None:
    folder, connection = host
    names = re.findall(r"{(\w+)}", route)
    for name in names:
        for trick in _TRICKS:
            values = {other: _NAMES.get(other, "x") for other in names} | {name: trick}
            status, body = ask(connection, raw(route.format(**values)))
            assert 400 <= status < 500, (name, trick, body)
            assert SECRET not in body, (name, trick)
            assert str(folder).encode() not in body, (name, trick)
            assert b"root:x:0" not in body, (name, trick)


_TEXTS = ("/api/search?q={}", "/api/questions?q={}&limit=1")


@pytest.mark.parametrize("name", ["domain", "evaluator", "cursor", "since"])
def test_a_trick_in_a_filter_is_refused_or_finds_nothing(
    host: tuple[Path, http.client.HTTPConnection], name: str
) -> None:
    folder, connection = host
    for trick in _TRICKS:
        status, body = ask(connection, raw(f"/api/results?{name}={query_of(trick)}"))
        assert 200 <= status < 500, (trick, body)
        assert SECRET not in body, trick
        assert str(folder).encode() not in body, trick
        if status == 200:
            assert json.loads(body)["total"] in (0, json.loads(ask(connection, "/api/results")[1])["total"]), trick


@pytest.mark.parametrize("address", _TEXTS)
def test_a_trick_in_a_text_is_only_a_text(host: tuple[Path, http.client.HTTPConnection], address: str) -> None:
    folder, connection = host
    for trick in _TRICKS:
        status, body = ask(connection, raw(address.format(query_of(trick))))
        assert status in (200, 422), (trick, body)
        assert SECRET not in body, trick
        assert str(folder).encode() not in body, trick


def query_of(trick: str) -> str:
    """Keep what would end a value in it."""
    return trick.replace("&", "%26").replace("#", "%23").replace("+", "%2b")


@pytest.mark.parametrize("address", _ELSEWHERE)
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
