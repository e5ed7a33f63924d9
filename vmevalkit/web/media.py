"""Videos and frames, and small pictures of them: served whole or in ranges, and never from outside the data root."""

import os
from collections.abc import AsyncIterator, Callable
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
from vmevalkit.web._lanes import DRAWING, READING
from vmevalkit.web._ranges import RangeNotSatisfiableError, lists_tag, requested_range
from vmevalkit.web.config import DashboardConfig
from vmevalkit.web.errors import ErrorBody, NotFoundError, error_response
from vmevalkit.web.posters import POSTER, STRIP, THUMBNAIL, Kind, NoPictureError, Posters
from vmevalkit.web.public import domain_name

_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
    ".png": "image/png",
}
_QUESTION_FILES = (FIRST_FRAME_NAME, FINAL_FRAME_NAME, GROUND_TRUTH_NAME)
_Experiment = Annotated[str, InPath(description="Name of an experiment")]
_Model = Annotated[str, InPath(description="Name of a model")]
_RunId = Annotated[str, InPath(description="Name of the run's folder")]
_Domain = Annotated[str, InPath(description="A domain, such as chess or chess_task")]
_TaskId = Annotated[str, InPath(description="Id of a question, such as maze_0001")]
_CHUNK_BYTES = 256 * 1024
MEDIA_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"video/mp4": {}, "image/png": {}}},
    206: {"description": "The bytes asked for with Range", "content": {"video/mp4": {}, "image/png": {}}},
    304: {"description": "Unchanged"},
    400: {"model": ErrorBody, "description": "A name that could lead elsewhere"},
    404: {"model": ErrorBody, "description": "No such file"},
    416: {"model": ErrorBody, "description": "No such bytes"},
    422: {"model": ErrorBody, "description": "A parameter that makes no sense"},
}


_PICTURE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/jpeg": {}, "image/png": {}}},
    **{status: MEDIA_RESPONSES[status] for status in (304, 400, 422)},
    404: {"model": ErrorBody, "description": "No such file, or one that cannot be decoded"},
}
_PICTURE_CACHE = {"Cache-Control": "private, max-age=60"}
"""A page that is turned back to shows its pictures at once; after a minute a browser asks whether they have changed."""
_NO_PICTURE_CACHE = {"Cache-Control": "private, max-age=300"}


def media_router(config: DashboardConfig) -> APIRouter:
    """Build the routes below ``/media``."""
    router = APIRouter(prefix="/media", tags=["media"])
    _add_files(router, config)
    _add_pictures(router, config.root)
    return router


def _add_files(router: APIRouter, config: DashboardConfig) -> None:
    root = config.root

    def video(
        request: Request,
        model: _Model,
        domain: _Domain,
        task_id: _TaskId,
        run_id: _RunId,
        filename: Annotated[str, InPath(description=f"Usually {VIDEO_NAME}")],
        experiment: Annotated[str | None, Query(description="Where to look; everywhere if left out")] = None,
    ) -> Response:
        """Return a video of a run, whole or in ranges."""
        check_name("file name", filename)
        for name in [experiment] if experiment else _experiments(config):
            key = RunKey(name, model, domain_name(domain), task_id, run_id)
            folder = root.run_folder(key) / "video"
            path = file_inside(root.outputs, folder, filename)
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
        path = file_inside(root.questions, root.pair_folder(key), filename)
        if path.is_file():
            return send_file(request, path)
        raise NotFoundError(_absent(root, key, filename))

    for path, endpoint in (
        ("/video/{model}/{domain}/{task_id}/{run_id}/{filename}", video),
        ("/question/{domain}/{task_id}/{filename}", question),
    ):
        router.get(path, responses=MEDIA_RESPONSES, response_class=Response)(endpoint)
        router.head(path, include_in_schema=False)(endpoint)


def _add_pictures(router: APIRouter, root: DataRoot) -> None:
    posters = Posters(root.state / "posters")

    def video_of(experiment: str, model: str, domain: str, task_id: str, run_id: str) -> Path:
        key = RunKey(experiment, model, domain_name(domain), task_id, run_id)
        path = file_inside(root.outputs, root.run_video(key).parent, VIDEO_NAME)
        if not path.is_file():
            raise NotFoundError("there is no such video")
        return path

    def first_frame_of(domain: str, task_id: str) -> Path:
        key = PairKey(domain_name(domain), task_id)
        path = file_inside(root.questions, root.pair_folder(key), FIRST_FRAME_NAME)
        if not path.is_file():
            raise NotFoundError(_absent(root, key, FIRST_FRAME_NAME))
        return path

    async def poster(
        request: Request, experiment: _Experiment, model: _Model, domain: _Domain, task_id: _TaskId, run_id: _RunId
    ) -> Response:
        """Return the last frame of a run's video as a JPEG, about 256 pixels wide."""
        return await _picture(request, posters, POSTER, lambda: video_of(experiment, model, domain, task_id, run_id))

    async def strip(
        request: Request, experiment: _Experiment, model: _Model, domain: _Domain, task_id: _TaskId, run_id: _RunId
    ) -> Response:
        """Return eight frames of a run's video side by side as a JPEG, from the first to the last, 160 pixels high."""
        return await _picture(request, posters, STRIP, lambda: video_of(experiment, model, domain, task_id, run_id))

    async def thumbnail(request: Request, domain: _Domain, task_id: _TaskId) -> Response:
        """Return a question's first frame as a PNG of at most 160 pixels."""
        return await _picture(request, posters, THUMBNAIL, lambda: first_frame_of(domain, task_id))

    for path, endpoint in (
        ("/poster/{experiment}/{model}/{domain}/{task_id}/{run_id}.jpg", poster),
        ("/strip/{experiment}/{model}/{domain}/{task_id}/{run_id}.jpg", strip),
        ("/thumbnail/{domain}/{task_id}.png", thumbnail),
    ):
        router.get(path, responses=_PICTURE_RESPONSES, response_class=Response)(endpoint)
        router.head(path, include_in_schema=False)(endpoint)


async def _picture(request: Request, posters: Posters, kind: Kind, find: Callable[[], Path]) -> Response:
    """Answer with a small picture of the file that ``find`` returns, or that it has not changed."""

    def look() -> tuple[Path, str, bytes | None]:
        source = find()
        tag = posters.tag(kind, source)
        return source, tag, posters.kept(tag)

    try:
        source, tag, data = await READING.run(look)
        headers = {"ETag": f'"{tag}"', **_PICTURE_CACHE}
        if lists_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if data is None:
            data = await DRAWING.run(posters.make, kind, source, tag)
    except NoPictureError:
        message = f"there is no {kind.name}: the file cannot be decoded"
        return error_response(request, 404, message, headers=_NO_PICTURE_CACHE)
    except FileNotFoundError as error:
        raise NotFoundError("the file has just been removed") from error
    return Response(data, media_type=kind.media_type, headers=headers)


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
        return error_response(request, 416, f"the file has only {stat.st_size} bytes", headers=headers)
    positions = range(stat.st_size) if part is None else part
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stat.st_size}"
    headers["Content-Length"] = str(len(positions))
    headers["Content-Type"] = _CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_read(path, positions), status, headers)


async def _read(path: Path, positions: range) -> AsyncIterator[bytes]:
    """Yield the bytes as fast as they are taken, no more than a chunk ahead."""
    descriptor = await READING.run(os.open, path, os.O_RDONLY)
    try:
        at = positions.start
        while at < positions.stop:
            chunk = await READING.run(os.pread, descriptor, min(positions.stop - at, _CHUNK_BYTES), at)
            if not chunk:
                return
            at += len(chunk)
            yield chunk
    finally:
        os.close(descriptor)


def _experiments(config: DashboardConfig) -> list[str]:
    others = (name for name in config.root.experiments() if name != config.experiment)
    return [config.experiment, *others]


def file_inside(section: Path, folder: Path, filename: str) -> Path:
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
