"""Videos and frames: served from where they lie, whole or in ranges, and never from anywhere else."""

from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from starlette.responses import Response, StreamingResponse

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    GROUND_TRUTH_NAME,
    VIDEO_NAME,
    DataRoot,
    PairKey,
    RunKey,
    check_name,
    resolve_inside,
)
from vmevalkit.errors import UnsafePathError
from vmevalkit.web._ranges import RangeNotSatisfiableError, lists_tag, requested_range
from vmevalkit.web.config import DashboardConfig
from vmevalkit.web.errors import ErrorBody, NotFoundError, error_response
from vmevalkit.web.results import domain_name

_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
    ".png": "image/png",
}
_QUESTION_FILES = (FIRST_FRAME_NAME, FINAL_FRAME_NAME, GROUND_TRUTH_NAME)
_Domain = Annotated[str, InPath(description="A domain, such as chess or chess_task")]
_TaskId = Annotated[str, InPath(description="Id of a question, such as maze_0001")]
_CHUNK_BYTES = 256 * 1024
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"video/mp4": {}, "image/png": {}}},
    206: {"description": "The bytes asked for with Range", "content": {"video/mp4": {}, "image/png": {}}},
    304: {"description": "Unchanged"},
    400: {"model": ErrorBody, "description": "A name that could lead elsewhere"},
    404: {"model": ErrorBody, "description": "No such file"},
    416: {"model": ErrorBody, "description": "No such bytes"},
    422: {"model": ErrorBody, "description": "A parameter that makes no sense"},
}


def media_router(config: DashboardConfig) -> APIRouter:
    """Build the routes below ``/media``."""
    router = APIRouter(prefix="/media", tags=["media"])
    root = config.root

    def video(
        request: Request,
        model: Annotated[str, InPath(description="Name of a model")],
        domain: _Domain,
        task_id: _TaskId,
        run_id: Annotated[str, InPath(description="Name of the run's folder")],
        filename: Annotated[str, InPath(description=f"Usually {VIDEO_NAME}")],
        experiment: Annotated[str | None, Query(description="Where to look; everywhere if left out")] = None,
    ) -> Response:
        """Return a video of a run, whole or in ranges."""
        check_name("file name", filename)
        for name in [experiment] if experiment else _experiments(config):
            key = RunKey(name, model, domain_name(domain), task_id, run_id)
            folder = root.run_folder(key) / "video"
            path = _inside(root.outputs, folder, filename)
            if path.is_file():
                return send_file(request, path)
        raise NotFoundError("there is no such video", hint="GET /api/results lists the videos that there are")

    def question(
        request: Request,
        domain: _Domain,
        task_id: _TaskId,
        filename: Annotated[str, InPath(description=f"One of {', '.join(_QUESTION_FILES)}")],
    ) -> Response:
        """Return a frame of a question, or the film of its solution."""
        key = PairKey(domain_name(domain), task_id)
        if filename not in _QUESTION_FILES:
            raise NotFoundError("a question has no such file", hint=f"there are {', '.join(_QUESTION_FILES)}")
        path = _inside(root.questions, root.pair_folder(key), filename)
        if path.is_file():
            return send_file(request, path)
        raise NotFoundError(_absent(root, key, filename))

    for path, endpoint in (
        ("/video/{model}/{domain}/{task_id}/{run_id}/{filename}", video),
        ("/question/{domain}/{task_id}/{filename}", question),
    ):
        router.get(path, responses=_RESPONSES, response_class=Response)(endpoint)
        router.head(path, include_in_schema=False)(endpoint)
    return router


def send_file(request: Request, path: Path) -> Response:
    """Answer with a file, or with the part of it that was asked for, or that it has not changed."""
    stat = path.stat()
    tag, modified = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"', formatdate(stat.st_mtime, usegmt=True)
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": modified, "Cache-Control": "no-cache"}
    asked = request.headers
    if "if-none-match" in asked:
        unchanged = lists_tag(asked["if-none-match"], tag)
    else:
        unchanged = asked.get("if-modified-since") == modified
    if unchanged:
        return Response(status_code=304, headers=headers)
    usable = asked.get("if-range") in (None, tag, modified)
    try:
        part = requested_range(asked.get("range") if usable else None, stat.st_size)
    except RangeNotSatisfiableError:
        headers["Content-Range"] = f"bytes */{stat.st_size}"
        return error_response(request.url.path, 416, f"the file has only {stat.st_size} bytes", headers=headers)
    positions = range(stat.st_size) if part is None else part
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stat.st_size}"
    headers["Content-Length"] = str(len(positions))
    headers["Content-Type"] = _CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_read(path, positions), status, headers)


def _read(path: Path, positions: range) -> Iterator[bytes]:
    left = len(positions)
    with path.open("rb") as file:
        file.seek(positions.start)
        while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk


def _experiments(config: DashboardConfig) -> list[str]:
    others = (name for name in config.root.experiments() if name != config.experiment)
    return [config.experiment, *others]


def _inside(section: Path, folder: Path, filename: str) -> Path:
    """Return a file of a folder; no link on the way may lead out of the folder, nor out of the section."""
    try:
        resolve_inside(section, str(PurePosixPath(folder.relative_to(section), filename)))
        return resolve_inside(folder, filename)
    except UnsafePathError as error:
        raise UnsafePathError("the file does not lie in its own folder") from error


def _absent(root: DataRoot, key: PairKey, filename: str) -> str:
    if root.pair_folder(key).is_dir():
        return f"question {key.task_id} has no {filename}"
    return f"there is no question {key.task_id} in domain {key.domain}"
