"""The Luma Agents API, as its documentation and its client ``luma-agents`` have it."""

import base64

from support.fake_provider import KEY, FakeProvider, Request, Response

from vmevalkit.models.luma import ENTRIES, LumaProvider

REFUSAL = "Generation output was flagged by our content moderation system."


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.path.startswith("/outputs/"):
            # A signed link: who sends the key along gives it away.
            return self.download() if "authorization" not in request.headers else Response(400)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response.of({"detail": "Missing or invalid API key"}, 401)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["v1", "generations"]:
                return self._create(request)
            case "GET", ["v1", "generations", job_id]:
                return self._get(job_id)
        return Response.of({"detail": "Not Found"}, 404)

    def _create(self, request: Request) -> Response:
        match self.submission(request):
            case "refused":
                return Response.of({"detail": "Prompt was flagged by our content moderation system."}, 400)
            case "rate limited":
                return Response.of({"detail": "Too many concurrent jobs"}, 429, **{"Retry-After": "0"})
            case "failed":
                return Response.of({"detail": "Internal server error"}, 500)
            case "wrong key":
                return Response.of({"detail": "Invalid API key"}, 401)
            case "bad request":
                return Response.of({"detail": "Invalid aspect_ratio '5:4'. Valid: 16:9, 1:1, 21:9"}, 400)
        return Response.of(self._generation(self.job_id, "queued"), 201)

    def _get(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return Response.of({"detail": "Generation not found"}, 404)
            case "rate limited":
                return Response.of({"detail": "Rate limit exceeded"}, 429, **{"Retry-After": "0"})
            case "down":
                return Response.of({"detail": "Upstream service unavailable"}, 502)
            case "failed":
                return Response.of(self._generation(job_id, "failed", "generation_failed", "Generation failed"))
            case "refused":
                return Response.of(self._generation(job_id, "failed", "content_moderated", REFUSAL))
            case "succeeded":
                return Response.of(self._generation(job_id, "completed"))
            case "queued":
                return Response.of(self._generation(job_id, "queued"))
        return Response.of(self._generation(job_id, "processing"))

    def _generation(self, job_id: str, state: str, code: str | None = None, reason: str | None = None) -> dict:
        link = f"{self.url}/outputs/{job_id}.mp4?X-Amz-Expires=3600"
        return {
            "id": job_id,
            "type": "video",
            "state": state,
            "model": "ray-3.2",
            "created_at": "2026-11-23T12:00:00Z",
            "output": [{"type": "video", "url": link}] if state == "completed" else [],
            "failure_reason": reason,
            "failure_code": code,
        }


def adapter(url: str, key: str) -> LumaProvider:
    return LumaProvider(ENTRIES[0], key, base_url=f"{url}/v1", silence=5)


def prompt_of(request: Request) -> str:
    return request.json()["prompt"]


def image_of(fake: Fake) -> bytes:
    [frame] = fake.accepted[0].json()["video"]["keyframes"]
    assert frame["media_type"] == "image/png"
    return base64.b64decode(frame["data"])
