"""Runway's API, as its documentation and its client ``runwayml`` have it."""

import base64

from support.fake_provider import KEY, FakeProvider, Request, Response

from vmevalkit.models.runway import ENTRIES, RunwayProvider

DATA_URI = "data:image/png;base64,"
CREDITS = 60


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.path.startswith("/outputs/"):
            # A signed link: who sends the key along gives it away.
            return self.download() if "authorization" not in request.headers else Response(400)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response.of({"error": "The API key is not valid."}, 401)
        if request.headers.get("x-runway-version") != "2024-11-06":
            return Response.of({"error": "This endpoint needs the header X-Runway-Version."}, 400)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["v1", "image_to_video"]:
                return self._create(request)
            case "GET", ["v1", "tasks", job_id]:
                return self._get(job_id)
        return Response.of({"error": "Not found."}, 404)

    def _create(self, request: Request) -> Response:
        match self.submission(request):
            case "refused":
                return Response.of({"error": "The prompt did not pass content moderation."}, 400)
            case "rate limited":
                return Response.of({"error": "You have reached your daily limit."}, 429, **{"Retry-After": "0"})
            case "failed":
                return Response.of({"error": "An internal error occurred."}, 500)
            case "wrong key":
                return Response.of({"error": "The API key is not valid."}, 401)
            case "bad request":
                return Response.of({"error": "Validation of body failed.", "issues": [{"path": ["ratio"]}]}, 400)
        return Response.of({"id": self.job_id, "estimatedCost": {"credits": CREDITS}})

    def _get(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return Response.of({"error": "Not found."}, 404)
            case "rate limited":
                return Response.of({"error": "Too many requests."}, 429, **{"Retry-After": "0"})
            case "down":
                return Response.of({"error": "Shedding load."}, 503)
            case "failed":
                return self._task(
                    job_id, "FAILED", failure="Please try\nagain.", failureCode="INTERNAL.BAD_OUTPUT.CODE01"
                )
            case "refused":
                return self._task(job_id, "FAILED", failure="Moderated.", failureCode="SAFETY.OUTPUT.VIDEO")
            case "succeeded":
                return self._task(job_id, "SUCCEEDED", output=[f"{self.url}/outputs/{job_id}.mp4?_jwt=signed"])
            case "queued":
                return self._task(job_id, "THROTTLED")
        return self._task(job_id, "RUNNING", progress=0.5)

    def _task(self, job_id: str, status: str, **more) -> Response:
        over = status in ("FAILED", "SUCCEEDED")
        cost = {"cost": {"credits": CREDITS}} if over else {"estimatedCost": {"credits": CREDITS}}
        return Response.of({"id": job_id, "status": status, "createdAt": "2026-11-23T12:00:00.000Z", **cost, **more})


def adapter(url: str, key: str) -> RunwayProvider:
    return RunwayProvider(ENTRIES[0], key, base_url=url, silence=5)


def prompt_of(request: Request) -> str:
    return request.json()["promptText"]


def image_of(fake: Fake) -> bytes:
    image = fake.accepted[0].json()["promptImage"]
    assert image.startswith(DATA_URI)
    return base64.b64decode(image.removeprefix(DATA_URI))
