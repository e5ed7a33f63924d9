"""Replicate's HTTP API on loopback."""

import re

from support.fake_provider import KEY, FakeProvider, Request, Response, Scenario

from vmevalkit.models.replicate import ENTRIES, ReplicateProvider

REFUSAL = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.path.startswith("/delivery/"):
            return self.download()
        if request.headers.get("authorization") != f"Bearer {KEY}" or self.scenario is Scenario.WRONG_KEY:
            self.submission(request)
            return problem(401, f"You did not pass a valid token: {request.headers['authorization']}")
        if (request.method, request.path) == ("POST", "/v1/files"):
            return Response.of(self.file(len(self.requests)), 201)
        if (request.method, request.path) == ("POST", f"/v1/models/{ENTRIES[0].model_id}/predictions"):
            return self.create(request)
        if found := re.fullmatch(r"/v1/predictions/([^/]+)", request.path):
            return self.get(found[1])
        return problem(404, "The requested resource could not be found.")

    def create(self, request: Request) -> Response:
        match self.submission(request):
            case "rate limited":
                return problem(429, "Request was throttled. Your rate limit resets in ~1s.", **{"retry-after": "0"})
            case "failed":
                return problem(500, "Internal\nserver error")
            case "bad request":
                return problem(422, "- input.duration: Must be less than or equal to 15")
            case "refused":
                return problem(422, REFUSAL)
        return Response.of(self.prediction(self.job_id, "starting"), 201)

    def get(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return problem(404, "The requested resource could not be found.")
            case "down":
                # The client repeats a poll that is answered so.
                return problem(503, "Service unavailable", **{"retry-after": "0"})
            case "rate limited":
                return problem(429, "Request was throttled.", **{"retry-after": "0"})
            case "failed":
                return Response.of(self.prediction(job_id, "failed", error="CUDA out of\nmemory"))
            case "refused":
                return Response.of(self.prediction(job_id, "failed", error=REFUSAL))
            case "succeeded":
                video = f"{self.url}/delivery/{job_id}/output.mp4"
                return Response.of(self.prediction(job_id, "succeeded", output=video))
            case state:
                return Response.of(self.prediction(job_id, {"queued": "starting", "running": "processing"}[state]))

    def prediction(self, job_id: str, status: str, **more) -> dict:
        known = {"id": job_id, "model": ENTRIES[0].model_id, "version": "hidden", "status": status, "input": {}}
        later = {"output": None, "logs": "", "error": None, "metrics": {}, "data_removed": False}
        times = {"created_at": "2026-11-23T06:00:00Z", "started_at": None, "completed_at": None}
        return {**known, **later, **times, "urls": {"get": f"{self.url}/v1/predictions/{job_id}"}, **more}

    def file(self, number: int) -> dict:
        known = {"id": f"file-{number}", "name": "first_frame.png", "content_type": "image/png", "size": 1}
        more = {"etag": "e", "checksums": {}, "metadata": {}, "created_at": "2026-11-23T06:00:00Z", "expires_at": None}
        return {**known, **more, "urls": {"get": f"https://api.replicate.com/v1/files/file-{number}"}}


def problem(status: int, text: str, **headers) -> Response:
    return Response.of({"title": "Problem", "detail": text, "status": status}, status, **headers)


def adapter(url: str, key: str) -> ReplicateProvider:
    return ReplicateProvider(ENTRIES[0], key, base_url=url, silence=5)


def prompt_of(request: Request) -> str:
    return request.json()["input"]["prompt"]


def image_of(fake: Fake) -> bytes:
    image = fake.accepted[0].json()["input"]["image"]
    number = int(image.removeprefix("https://api.replicate.com/v1/files/file-"))
    upload = fake.requests[number - 1]
    boundary = upload.headers["content-type"].split("boundary=")[1].encode()
    parts = [part for part in upload.body.split(b"--" + boundary) if b'name="content"' in part]
    head, _, body = parts[0].partition(b"\r\n\r\n")
    assert b"image/png" in head
    return body.removesuffix(b"\r\n")
