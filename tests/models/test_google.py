"""What is special to Google."""

import sys
from typing import get_args

import fake_google
import pytest
from canned import Canned
from google.genai import interactions
from support.fake_provider import KEY, FakeProvider, Request, Response, Scenario, ask

from vmevalkit.errors import UsageError
from vmevalkit.models import provider as errors
from vmevalkit.models.entry import ModelEntry
from vmevalkit.models.google import ENTRIES, GoogleProvider, nearest_resolution
from vmevalkit.models.provider import JobStatus, VideoJob

JOB = VideoJob("Go.", b"a picture", 720, 1280, 7, 42, "a key")
FILE = "https://generativelanguage.googleapis.com/v1/files/video1:download?alt=media"


def known(union) -> set[str]:
    """The values of one of the client's open enumerations."""
    return set(get_args(get_args(union)[0]))


def sent(entry: ModelEntry = ENTRIES[0]) -> dict:
    with fake_google.Fake(Scenario.SUCCESS, b"") as fake:
        ask(GoogleProvider(entry, KEY, base_url=fake.url), lambda google: google.submit(JOB))
    return fake.accepted[0].json()


def polled(response: Response) -> JobStatus:
    with Canned(response) as server:
        return ask(fake_google.adapter(server.url, KEY), lambda google: google.poll("1"))


def interaction(status: str, **fields) -> Response:
    return Response.of({"id": "1", "object": "interaction", "status": status, **fields})


def test_the_entries_are_what_the_client_knows():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.name == f"google-{entry.model_id}"
        assert entry.provider == entry.extra == "google"
        assert entry.model_id in known(interactions.Model)
        asked = {nearest_resolution(width, height) for width, height in entry.limits.sizes}
        assert asked <= known(interactions.Resolution)


@pytest.mark.parametrize(
    ("width", "height", "resolution"),
    [(64, 48, "720p"), (1280, 720, "720p"), (1080, 1920, "1080p"), (3840, 2160, "4k"), (512, 512, "720p")],
)
def test_the_resolution_is_the_one_next_to_the_first_frame(width, height, resolution):
    assert nearest_resolution(width, height) == resolution


def test_the_video_is_made_in_the_background_from_the_first_frame():
    request = sent()
    assert request["background"] is True
    assert request["generation_config"] == {"video_config": {"task": "image_to_video"}}
    assert request["response_format"] == {
        "type": "video",
        "delivery": "uri",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "duration": "7s",
    }


def test_options_go_into_the_response_format_and_win():
    entry = ModelEntry("mine", "google", "gemini-omni-1.1-flash", "", options={"resolution": "360p"})
    assert sent(entry)["response_format"]["resolution"] == "360p"


def test_a_job_that_is_not_known_is_lost_however_that_is_said():
    with pytest.raises(errors.JobLostError):
        polled(fake_google.problem(400, "invalid_request", "Invalid interaction name."))


def test_a_question_that_is_refused_for_no_reason_is_asked_again():
    with pytest.raises(errors.UnavailableError):
        polled(fake_google.problem(400, "invalid_request", "Request contains an invalid argument."))


def test_a_wrong_key_is_told_from_a_wrong_request():
    with pytest.raises(errors.CredentialsError):
        polled(fake_google.WRONG_KEY)


@pytest.mark.parametrize("status", ["failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"])
def test_an_interaction_that_is_over_without_a_video_has_failed(status):
    with pytest.raises(errors.JobFailedError, match=status):
        polled(interaction(status))


def test_a_failure_for_safety_is_a_refusal():
    with pytest.raises(errors.ContentRefusedError, match="Too dangerous"):
        polled(interaction("failed", errors=[{"code": "SAFETY", "message": "Too\ndangerous."}]))


def test_an_interaction_without_any_output_has_failed():
    with pytest.raises(errors.JobFailedError, match="has no video"):
        polled(interaction("completed"))


def test_a_status_that_is_new_is_waited_for():
    assert polled(interaction("polishing")).state == "running"


class Redirecting(FakeProvider):
    """Sends every question on to another server."""

    def __init__(self, target: str) -> None:
        super().__init__(Scenario.SUCCESS, b"")
        self._target = target

    def respond(self, request: Request) -> Response:
        return Response(302, headers={"location": f"{self._target}/storage/video.mp4"})


def test_the_key_does_not_follow_a_redirect_to_another_server(tmp_path):
    path = tmp_path / "v.mp4"
    with Canned(Response(200, b"the video")) as storage, Redirecting(storage.url) as server:
        ask(fake_google.adapter(server.url, KEY), lambda google: google.fetch(JobStatus("succeeded", FILE), path))
    assert path.read_bytes() == b"the video"
    assert server.requests[0].headers["x-goog-api-key"] == KEY
    assert "x-goog-api-key" not in storage.requests[0].headers


def test_a_link_to_elsewhere_is_fetched_without_the_key(tmp_path):
    path = tmp_path / "v.mp4"
    with Canned(Response(200, b"the video")) as storage:
        link = JobStatus("succeeded", f"{storage.url}/video.mp4")
        ask(fake_google.adapter("http://127.0.0.1:9", KEY), lambda google: google.fetch(link, path))
    assert path.read_bytes() == b"the video"
    assert "x-goog-api-key" not in storage.requests[0].headers


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(UsageError, match=r"google-gemini-omni-1.2-flash needs Google's client") as raised:
        GoogleProvider(ENTRIES[0], KEY)
    assert raised.value.hint == "pip install 'vmevalkit[google]'"
    assert KEY not in str(raised.value)
