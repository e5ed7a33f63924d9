"""Requests to the dashboard, as they come from the socket."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fuzz.target import Target
from fuzz.targets.films import PICTURE
from fuzz.targets.records import EVALUATION, PAIR, RUN, as_json
from vmevalkit.dataroot import DataRoot, write_bytes
from vmevalkit.web import DashboardConfig, create_app

_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS")


@cache
def _app() -> tuple[asyncio.AbstractEventLoop, Any]:
    """Make the dashboard on a question, a run and a score, once for all requests."""
    root = DataRoot(Path(tempfile.mkdtemp(prefix="vmevalkit-fuzz-")))
    atexit.register(shutil.rmtree, root.path, ignore_errors=True)
    question = root.questions / "maze_task/maze_0000"
    below = "pilot_experiment/oracle/maze_task/maze_0000"
    write_bytes(question / "question_metadata.json", as_json(PAIR))
    write_bytes(question / "prompt.txt", b"Move the dot.")
    for name in ("first_frame.png", "final_frame.png"):
        write_bytes(question / name, PICTURE)
    write_bytes(root.outputs / below / str(RUN["run_id"]) / "metadata.json", as_json(RUN))
    write_bytes(root.evaluations / below / "human-eval.json", as_json(EVALUATION))
    return asyncio.new_event_loop(), create_app(DashboardConfig(root))


def _request(data: bytes, _folder: Path) -> object:
    """Send a request: a line with the method and the address, a line per header, an empty line, the body."""
    head, _, body = data.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    method, _, target = line.partition(b" ")
    raw_path, _, query = target.partition(b"?")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (one.partition(b":") for one in lines)]
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", b"127.0.0.1"))
    if body:
        headers.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": (method if method in _METHODS else b"GET").decode(),
        "scheme": "http",
        "path": unquote("/" + raw_path.decode("latin-1").lstrip("/")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    loop, app = _app()
    status, answer = loop.run_until_complete(_asked(app, scope, body))
    if status >= 500 or b"Traceback" in answer:
        raise AssertionError(f"status {status} for {data!r}: {answer[:500]!r}")
    return status


async def _asked(app: Any, scope: Mapping[str, object], body: bytes) -> tuple[int, bytes]:  # noqa: ANN401 - ASGI
    status, answer, sent = 0, b"", False

    async def receive() -> dict[str, object]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, answer
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            answer += message.get("body", b"")

    await app(scope, receive, send)
    return status, answer


_ADDRESSES = (
    "GET /api/results?experiment=pilot_experiment&model=oracle&sort=score&order=desc&since=2025-01-15T10:30Z&limit=5",
    "GET /api/results?cursor=WyJrZXkiLCJhIiwicCIsIm0iLCJjIiwiYyIsInIiXQ&q=dot",
    "GET /api/questions?domain=maze_task&cursor=maze/maze_0000",
    "GET /api/leaderboard?experiment=pilot_experiment&evaluator=human-eval",
    "GET /api/compare?experiment=pilot_experiment&models=oracle,static",
    "GET /api/search?q=maze",
    "GET /question/maze/maze_0000?experiment=pilot_experiment",
    "GET /browse?domain=maze&view=grid",
    'GET /media/questions/maze_task/maze_0000/first_frame.png\nRange: bytes=0-9\nIf-None-Match: W/"a"',
    "GET /api/rating/pilot_experiment/plan",
    'PUT /api/rating/pilot_experiment/plan\nContent-Type: application/json\n\n{"seed": 1, "overlap": 0.5}',
    "POST /api/rating/pilot_experiment/raters/ada/next\nContent-Type: application/json\n\n{}",
    "GET /?token=x\nAuthorization: Bearer x\nAccept: text/html\nCookie: a=b",
)

TARGETS = (
    Target(
        "request",
        _request,
        tuple(address.encode() for address in _ADDRESSES),
        (
            *(b"/api/experiments", b"/api/models", b"/api/versions", b"/static/", b"/media/", b"/data", b"/score"),
            *(b"%2e%2e/", b"%00", b"%ff", b"?limit=", b"&since=", b"&score_from=", b"\nRange: bytes=", b"\nHost: "),
            *(b"\n\n", b"application/json", b"%ed%a0%80", b"&domain=", b"&before="),
        ),
    ),
)
