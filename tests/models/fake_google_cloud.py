"""Veo on Google's Agent Platform, as its documentation and its client ``google-genai`` have it."""

import base64
from dataclasses import replace

from google.oauth2.credentials import Credentials
from support.fake_provider import KEY, FakeProvider, Request, Response

from vmevalkit.models.google_cloud import ENTRIES, GoogleCloudProvider

PROJECT = "a-project"
MODEL = f"projects/{PROJECT}/locations/us-central1/publishers/google/models/{ENTRIES[0].model_id}"


class Fake(FakeProvider):
    def __init__(self, scenario, video) -> None:
        super().__init__(scenario, video)
        self._told_done: set[str] = set()

    def respond(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return problem(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        match request.method, request.path.removeprefix(f"/v1beta1/{MODEL}"):
            case "POST", ":predictLongRunning":
                return self._create(request)
            case "POST", ":fetchPredictOperation":
                return self._get(request.json()["operationName"].removeprefix(f"{MODEL}/operations/"))
        return problem(404, "NOT_FOUND", "Not found.")

    def _create(self, request: Request) -> Response:
        match self.submission(request):
            case "refused":
                return problem(400, "INVALID_ARGUMENT", "The prompt violates our safety guidelines.")
            case "rate limited":
                return problem(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", **{"Retry-After": "0"})
            case "failed":
                return problem(500, "INTERNAL", "Internal error.")
            case "wrong key":
                return problem(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
            case "bad request":
                return problem(400, "INVALID_ARGUMENT", "Unsupported aspect ratio.")
        return self._operation(self.job_id)

    def _get(self, job_id: str) -> Response:
        match self.state(job_id):
            case "lost":
                return problem(404, "NOT_FOUND", "Operation not found.")
            case "rate limited":
                return problem(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", **{"Retry-After": "0"})
            case "down":
                return problem(503, "UNAVAILABLE", "The service is currently unavailable.")
            case "failed":
                return self._operation(job_id, done=True, error={"code": 13, "message": "Internal\nerror."})
            case "refused":
                reason = "Veo could not generate videos because of our\nsafety filters."
                return self._done(job_id, raiMediaFilteredCount=1, raiMediaFilteredReasons=[reason])
            case "succeeded":
                return self._film(job_id)
        return self._operation(job_id)

    def _film(self, job_id: str) -> Response:
        """Whoever is told that it is done asks again, for the video: the same question, and the same answer."""
        if job_id not in self._told_done:
            self._told_done.add(job_id)
            return self._with_video(job_id, b"not looked at")
        self._told_done.remove(job_id)
        download = self.download()
        if download.status != 200:
            return problem(download.status, "UNKNOWN", "No video now.")
        whole = self._with_video(job_id, download.body)
        return whole if download.cut_after is None else replace(whole, cut_after=len(whole.body) // 2)

    def _with_video(self, job_id: str, video: bytes) -> Response:
        encoded = {"bytesBase64Encoded": base64.b64encode(video).decode(), "mimeType": "video/mp4"}
        return self._done(job_id, raiMediaFilteredCount=0, videos=[encoded])

    def _done(self, job_id: str, **response) -> Response:
        return self._operation(job_id, done=True, response=response)

    def _operation(self, job_id: str, **more) -> Response:
        return Response.of({"name": f"{MODEL}/operations/{job_id}", **more})


def problem(status: int, code: str, message: str, **headers) -> Response:
    return Response.of({"error": {"code": status, "message": message, "status": code}}, status, **headers)


def adapter(url: str, key: str) -> GoogleCloudProvider:
    return GoogleCloudProvider(ENTRIES[0], PROJECT, base_url=url, silence=5, credentials=Credentials(token=key))


def prompt_of(request: Request) -> str:
    return request.json()["instances"][0]["prompt"]


def image_of(fake: Fake) -> bytes:
    image = fake.accepted[0].json()["instances"][0]["image"]
    assert image["mimeType"] == "image/png"
    return base64.b64decode(image["bytesBase64Encoded"])
