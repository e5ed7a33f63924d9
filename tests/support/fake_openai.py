"""A server with the ``/v1/videos`` interface on loopback, such as vLLM-Omni."""

import re

from support.fake_provider import KEY, FakeProvider, Request, Response, Scenario
from vmevalkit.models.openai_videos import ENTRIES, OpenAIVideosProvider

BLOCKED = {"code": "moderation_blocked", "message": "Your request was blocked by our moderation system."}


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}" or self.scenario is Scenario.WRONG_KEY:
            self.submission(request)
            return error(401, f"Incorrect API key provided: {request.headers['authorization']}", "invalid_api_key")
        if (request.method, request.path) == ("POST", "/v1/videos"):
            return self.create(request)
        if found := re.fullmatch(r"/v1/videos/([^/]+)(/content)?", request.path):
            return self.download() if found[2] else self.retrieve(found[1])
        return error(404, "Not Found")

    def create(self, request: Request) -> Response:
        match self.submission(request):
            case "rate limited":
                return error(429, "Rate limit reached for requests", "rate_limit_exceeded", **{"retry-after": "0"})
            case "failed":
                return error(500, "The server had an error while processing your request.\nSorry about that!")
            case "bad request":
                return error(400, "Invalid value: '64x48'. Supported values are: '720x1280', and '1280x720'.")
            case "refused":
                return error(400, BLOCKED["message"], BLOCKED["code"])
        return Response.of(self.video(self.job_id, "queued"))

    def retrieve(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return error(404, f"Video with id '{job_id}' not found")
            case "down":
                return error(500, "The server had an error while processing your request")
            case "rate limited":
                return error(429, "Rate limit reached for requests", "rate_limit_exceeded", **{"retry-after": "0"})
            case "failed":
                failure = {"code": "video_generation_failed", "message": "Out of memory"}
                return Response.of(self.video(job_id, "failed", error=failure))
            case "refused":
                return Response.of(self.video(job_id, "failed", error=BLOCKED))
            case state:
                status = {"queued": "queued", "running": "in_progress", "succeeded": "completed"}[state]
                return Response.of(self.video(job_id, status))

    def video(self, job_id: str, status: str, **more) -> dict:
        known = {"id": job_id, "object": "video", "created_at": 1701234567, "progress": 0, "error": None}
        return {**known, "status": status, "model": "sora-2", "seconds": "5", "size": "64x48", **more}


def error(status: int, message: str, code: str | None = None, **headers) -> Response:
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Response.of({"error": body}, status, **headers)


def adapter(url: str, key: str) -> OpenAIVideosProvider:
    return OpenAIVideosProvider(ENTRIES[0], key, base_url=f"{url}/v1", silence=5)


def fields_of(request: Request) -> dict[str, bytes]:
    boundary = request.headers["content-type"].split("boundary=")[1].encode()
    found = {}
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        found[re.search(rb'name="([^"]*)"', head)[1].decode()] = body.removesuffix(b"\r\n")
    return found


def prompt_of(request: Request) -> str:
    return fields_of(request)["prompt"].decode()


def image_of(fake: Fake) -> bytes:
    return fields_of(fake.accepted[0])["input_reference"]
