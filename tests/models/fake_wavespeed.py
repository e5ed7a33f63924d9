"""WaveSpeed's API on loopback."""

import re

from support.fake_provider import KEY, FakeProvider, Request, Response, Scenario

from vmevalkit.models.wavespeed import ENTRIES, WaveSpeedProvider


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.path.startswith("/output/"):
            return self.download()
        if request.method == "PUT" and request.path.startswith("/media/"):
            return Response(200)
        if request.headers.get("authorization") != f"Bearer {KEY}" or self.scenario is Scenario.WRONG_KEY:
            self.submission(request)
            return failure(401, f"Invalid API key: {request.headers['authorization']}")
        if (request.method, request.path) == ("POST", "/api/v3/media/uploads"):
            link = f"{self.url}/media/{len(self.requests)}.png"
            upload = {"method": "PUT", "url": link, "headers": {"content-type": "image/png"}}
            return data(upload=upload, download_url=link)
        if (request.method, request.path) == ("POST", f"/api/v3/{ENTRIES[0].model_id}"):
            return self.create(request)
        if found := re.fullmatch(r"/api/v3/predictions/([^/]+)/result", request.path):
            return self.result(found[1])
        return failure(404, "Not found")

    def create(self, request: Request) -> Response:
        match self.submission(request):
            case "rate limited":
                return failure(429, "Too many requests", **{"retry-after": "0"})
            case "failed":
                return failure(500, "Internal\nserver error")
            case "bad request":
                return failure(400, "duration must be one of 5, 10")
            case "refused":
                return failure(400, "The content contains sensitive information.")
        return data(id=self.job_id, status="created", outputs=[])

    def result(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return failure(404, "Prediction not found")
            case "down":
                return failure(500, "Internal server error")
            case "rate limited":
                return failure(429, "Too many requests", **{"retry-after": "0"})
            case "failed":
                return data(id=job_id, status="failed", code=1403, error="The task could not\nbe completed.")
            case "refused":
                return data(id=job_id, status="failed", code=1200, error="Modify the input content and retry.")
            case "succeeded":
                return data(id=job_id, status="completed", outputs=[f"{self.url}/output/{job_id}.mp4"])
            case state:
                return data(id=job_id, status={"queued": "created", "running": "processing"}[state], outputs=[])


def data(**fields) -> Response:
    return Response.of({"code": 200, "message": "success", "data": fields})


def failure(status: int, text: str, **headers) -> Response:
    return Response.of({"code": status, "message": text}, status, **headers)


def adapter(url: str, key: str) -> WaveSpeedProvider:
    return WaveSpeedProvider(ENTRIES[0], key, base_url=url, silence=5)


def prompt_of(request: Request) -> str:
    return request.json()["prompt"]


def image_of(fake: Fake) -> bytes:
    path = fake.accepted[0].json()["image"].removeprefix(fake.url)
    (upload,) = [request for request in fake.requests if request.method == "PUT" and request.path == path]
    assert upload.headers["content-type"] == "image/png"
    return upload.body
