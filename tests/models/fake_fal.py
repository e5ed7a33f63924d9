"""fal's queue on loopback."""

import base64
import re

from support.fake_provider import KEY, FakeProvider, Request, Response, Scenario

from vmevalkit.models.fal import ENTRIES, FalProvider

REFUSAL = [
    {
        "loc": ["body", "prompt"],
        "msg": "The content could not be processed because it contained material flagged by a content checker.",
        "type": "content_policy_violation",
        "url": "https://docs.fal.ai/errors#content_policy_violation",
        "input": "...",
    }
]


class Fake(FakeProvider):
    app = "fal-ai/wan"

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/files/"):
            return self.download()
        if request.headers.get("authorization") != f"Key {KEY}" or self.scenario is Scenario.WRONG_KEY:
            self.submission(request)
            return detail(401, f"Cannot access application with {request.headers['authorization']}")
        if (request.method, request.path) == ("POST", f"/{ENTRIES[0].model_id}"):
            return self.create(request)
        if found := re.fullmatch(rf"/{self.app}/requests/([^/]+)(/status)?", request.path):
            return self.status(found[1]) if found[2] else self.result(found[1])
        return detail(404, "Path not found")

    def create(self, request: Request) -> Response:
        match self.submission(request):
            case "rate limited":
                return detail(429, "Too many requests", **{"retry-after": "0"})
            case "failed":
                return detail(500, "Internal\nserver error")
            case "bad request":
                return detail(422, [{"loc": ["body", "duration"], "msg": "Input should be 2 to 15", "type": "enum"}])
            case "refused":
                return detail(422, REFUSAL)
        return Response.of({"status": "IN_QUEUE", "queue_position": 0, **self.links(self.job_id)})

    def status(self, job_id: str) -> Response:
        known = {"logs": None, **self.links(job_id)}
        match self.state(job_id):
            case "lost":
                return detail(404, "Request not found")
            case "down":
                return detail(500, "Internal server error")
            case "rate limited":
                return detail(429, "Too many requests", **{"retry-after": "0"})
            case "queued":
                return Response.of({"status": "IN_QUEUE", "queue_position": 2, **known}, 202)
            case "running":
                return Response.of({"status": "IN_PROGRESS", **known}, 202)
            case "failed":
                return Response.of({"status": "COMPLETED", "error": "Out of memory", "metrics": {}, **known})
        return Response.of({"status": "COMPLETED", "metrics": {"inference_time": 61.5}, **known})

    def result(self, job_id: str) -> Response:
        if self.scenario is Scenario.REFUSED_LATER:
            return detail(422, REFUSAL)
        if self.scenario is Scenario.FAILED:
            return detail(500, "Out of memory")
        return Response.of({"video": {"url": f"{self.url}/files/{job_id}.mp4", "content_type": "video/mp4"}, "seed": 1})

    def links(self, job_id: str) -> dict[str, str]:
        base = f"https://queue.fal.run/{self.app}/requests/{job_id}"
        return {
            "request_id": job_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }


def detail(status: int, text, **headers) -> Response:
    return Response.of({"detail": text}, status, **headers)


def adapter(url: str, key: str) -> FalProvider:
    return FalProvider(ENTRIES[0], key, base_url=url, silence=5)


def prompt_of(request: Request) -> str:
    return request.json()["prompt"]


def image_of(fake: Fake) -> bytes:
    kind, _, data = fake.accepted[0].json()["image_url"].partition(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data)
