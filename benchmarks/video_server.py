"""A server of the ``/v1/videos`` shape for measurements: a submission takes a set time, and its video is done at once.

``python -m benchmarks.video_server FD LATENCY`` serves a listening socket that it inherits. ``GET /submissions`` says
how many there were.
"""

import asyncio
import socket
import sys
import tempfile
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vmevalkit.media import write_video

_SIDE, _FRAMES, _FPS = 64, 8, 8
_KEEP_ALIVE_SECONDS = 60
"""Longer than a busy client leaves a connection alone: what is measured is not how often it connects."""


class _Videos:
    def __init__(self, latency: float) -> None:
        self._latency, self._video, self._submissions = latency, _sample_video(), 0

    async def submit(self, request: Request) -> Response:
        await request.body()
        self._submissions += 1
        job_id = f"video_{self._submissions}"
        await asyncio.sleep(self._latency)
        return JSONResponse({"id": job_id, "object": "video", "status": "queued"})

    async def status(self, request: Request) -> Response:
        return JSONResponse({"id": request.path_params["job_id"], "object": "video", "status": "completed"})

    async def content(self, _: Request) -> Response:
        return Response(self._video, media_type="video/mp4")

    async def submissions(self, _: Request) -> Response:
        return JSONResponse(self._submissions)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/videos", self.submit, methods=["POST"]),
                Route("/v1/videos/{job_id}", self.status),
                Route("/v1/videos/{job_id}/content", self.content),
                Route("/submissions", self.submissions),
            ]
        )


def _sample_video() -> bytes:
    shades = np.linspace(0, 255, _FRAMES, dtype=np.uint8)
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        path = Path(folder) / "sample.mp4"
        write_video(path, (np.full((_SIDE, _SIDE, 3), shade) for shade in shades), fps=_FPS)
        return path.read_bytes()


def main(descriptor: str, latency: str) -> None:
    """Serve until the process is told to end."""
    config = uvicorn.Config(
        _Videos(float(latency)).app(), log_level="error", access_log=False, timeout_keep_alive=_KEEP_ALIVE_SECONDS
    )
    with socket.socket(fileno=int(descriptor)) as listening:
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
