"""Models on WaveSpeed."""

import pytest
from fake_wavespeed import KEY, Fake, adapter, data, failure
from support.fake_provider import Scenario, ask

from vmevalkit.models.provider import JobFailedError, RateLimitError, UnavailableError, UnreachableError, VideoJob
from vmevalkit.models.wavespeed import ENTRIES

JOB = VideoJob("Go!", b"png", 640, 480, 5.0, 42, "key")


class Saying(Fake):
    """A fake whose only task looks as a test wants it."""

    def __init__(self, **looks):
        super().__init__(Scenario.SUCCESS, b"")
        self.looks = looks

    def result(self, job_id):
        return data(id=job_id, **self.looks)


def test_the_frame_goes_as_a_link_and_the_duration_as_a_number():
    with Fake(Scenario.SUCCESS, b"") as fake:
        ask(adapter(fake.url, KEY), lambda provider: provider.submit(JOB))
    (request,) = fake.accepted
    assert request.path == f"/api/v3/{ENTRIES[0].model_id}"
    assert request.json() == {"prompt": "Go!", "image": f"{fake.url}/media/1.png", "duration": 5}


@pytest.mark.parametrize("state", ["failed", "cancelled", "timeout", "deleted"])
def test_every_end_but_success_is_a_failure_that_says_which(state):
    with Saying(status=state) as fake, pytest.raises(JobFailedError, match=f"^wavespeed: {state}$"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


def test_a_result_without_a_video_is_a_failure():
    with Saying(status="completed", outputs=[]) as fake, pytest.raises(JobFailedError, match="without a video"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


def test_a_status_that_is_not_known_is_no_success():
    with Saying(status="melting") as fake, pytest.raises(UnavailableError, match="status that is known"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


@pytest.mark.parametrize(("status", "expected"), [(500, UnreachableError), (429, RateLimitError)])
def test_an_upload_that_fails_can_be_tried_again_for_nothing_was_submitted(status, expected):
    class Full(Fake):
        def respond(self, request):
            return failure(status, "Try later") if request.path.endswith("/uploads") else super().respond(request)

    with Full(Scenario.SUCCESS, b"") as fake, pytest.raises(expected, match=f"status {status}: {status}: Try later"):
        ask(adapter(fake.url, KEY), lambda provider: provider.submit(JOB))
    assert fake.asked == []
