"""The Interactions API of Gemini, as its documentation and its client ``google-genai`` have it."""

import base64

from support.fake_provider import KEY, FakeProvider, Request, Response

from vmevalkit.models.google import ENTRIES, GoogleProvider

WRONG_KEY = Response.of(
    {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
        }
    },
    400,
)


class Fake(FakeProvider):
    def respond(self, request: Request) -> Response:
        if request.headers.get("x-goog-api-key") != KEY:
            return WRONG_KEY
        match request.method, request.path.split("/")[1:]:
            case "POST", ["v1", "interactions"]:
                return self._create(request)
            case "GET", ["v1", "interactions", job_id]:
                return self._get(job_id)
            case "GET", ["v1", "files", "video1:download"] if request.query == {"alt": ["media"]}:
                return self.download()
        return problem(404, "not_found", "Not found.")

    def _create(self, request: Request) -> Response:
        match self.submission(request):
            case "refused":
                return problem(400, "invalid_request", "The input was blocked for safety reasons.")
            case "rate limited":
                return problem(429, "too_many_requests", "Resource has been exhausted.", **{"Retry-After": "0"})
            case "failed":
                return problem(500, "internal", "An internal error has occurred.")
            case "wrong key":
                return WRONG_KEY
            case "bad request":
                return problem(400, "invalid_request", "Invalid value at 'response_format.duration'.")
        return self._interaction(self.job_id, "in_progress")

    def _get(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return problem(404, "not_found", "Interaction not found.")
            case "rate limited":
                return problem(429, "too_many_requests", "Resource has been exhausted.", **{"Retry-After": "0"})
            case "down":
                return problem(503, "unavailable", "The model is overloaded.")
            case "failed":
                error = {"code": "internal", "message": "Something\nwent wrong."}
                return self._interaction(job_id, "failed", errors=[error])
            case "refused":
                return self._complete(job_id, {"type": "text", "text": "I cannot film\nthat."})
            case "succeeded":
                uri = "https://generativelanguage.googleapis.com/v1/files/video1:download?alt=media"
                return self._complete(job_id, {"type": "video", "mime_type": "video/mp4", "uri": uri})
            case "queued":
                return self._interaction(job_id, "queued")
        return self._interaction(job_id, "in_progress")

    def _complete(self, job_id: str, content: dict) -> Response:
        return self._interaction(job_id, "completed", steps=[{"type": "model_output", "content": [content]}])

    def _interaction(self, job_id: str, status: str, **more) -> Response:
        model = ENTRIES[0].model_id
        return Response.of({"id": job_id, "object": "interaction", "model": model, "status": status, **more})


def problem(status: int, code: str, message: str, **headers) -> Response:
    return Response.of({"error": {"code": code, "message": message}}, status, **headers)


def adapter(url: str, key: str) -> GoogleProvider:
    return GoogleProvider(ENTRIES[0], key, base_url=url, silence=5)


def prompt_of(request: Request) -> str:
    return _content(request, "text")["text"]


def image_of(fake: Fake) -> bytes:
    image = _content(fake.accepted[0], "image")
    assert image["mime_type"] == "image/png"
    return base64.b64decode(image["data"])


def _content(request: Request, kind: str) -> dict:
    [step] = request.json()["input"]
    [content] = [content for content in step["content"] if content["type"] == kind]
    return content
