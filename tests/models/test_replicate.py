"""Models on Replicate."""

import pytest
from fake_replicate import KEY, Fake, adapter, problem
from support.fake_provider import Response, Scenario, ask

from vmevalkit.models.provider import (
    JobLostError,
    RateLimitError,
    UnavailableError,
    UnreachableError,
    VideoJob,
)
from vmevalkit.models.replicate import ENTRIES, ReplicateProvider

JOB = VideoJob("Go!", b"png", 640, 480, 5.0, 42, "key")


class Holding(Fake):
    """A fake with one prediction, which looks as a test wants it."""

    def __init__(self, status="succeeded", **looks):
        super().__init__(Scenario.SUCCESS, b"")
        self.status, self.looks = status, looks

    def get(self, job_id):
        return Response.of(self.prediction(job_id, self.status, **self.looks))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "replicate-wan-2.2-i2v-fast",
            {"image", "num_frames", "frames_per_second", "resolution", "seed"},
        ),
        (
            "replicate-seedance-2.0",
            {"image", "duration", "resolution", "aspect_ratio", "generate_audio", "seed"},
        ),
        ("replicate-kling-2.6", {"start_image", "duration", "generate_audio"}),
    ],
)
def test_each_model_gets_the_job_in_its_own_words(name, fields):
    (entry,) = [entry for entry in ENTRIES if entry.name == name]

    class Any(Fake):
        def respond(self, request):
            known = request.path == f"/v1/models/{entry.model_id}/predictions"
            return self.create(request) if known else super().respond(request)

    with Any(Scenario.SUCCESS, b"") as fake:
        ask(ReplicateProvider(entry, KEY, base_url=fake.url), lambda provider: provider.submit(JOB))
    given = fake.accepted[0].json()["input"]
    assert set(given) == {"prompt"} | fields
    assert given.get("duration", 5) == 5
    assert given.get("seed", 42) == 42


def test_a_video_that_replicate_has_deleted_is_lost():
    with Holding() as fake, pytest.raises(JobLostError, match="job-1 has been deleted"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


def test_of_several_outputs_the_first_is_the_video():
    with Holding(output=["https://a/1.mp4", "https://a/2.png"]) as fake:
        status = ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))
    assert status.video == "https://a/1.mp4"


def test_a_prediction_that_the_client_cannot_read_is_no_success():
    with Holding("aborted") as fake, pytest.raises(UnavailableError, match="not understood"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


def test_the_client_does_not_wait_and_ask_again_by_itself():
    class Busy(Fake):
        def get(self, job_id):
            return problem(429, "Request was throttled.", **{"retry-after": "9"})

    with Busy(Scenario.SUCCESS, b"") as fake, pytest.raises(RateLimitError) as caught:
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))
    assert caught.value.retry_after == 9
    assert len(fake.requests) == 1


def test_an_upload_that_fails_can_be_tried_again_for_nothing_was_submitted():
    class Full(Fake):
        def file(self, number):
            return {"detail": "no"}

    with Full(Scenario.SUCCESS, b"") as fake, pytest.raises(UnreachableError, match="could not be uploaded"):
        ask(adapter(fake.url, KEY), lambda provider: provider.submit(JOB))
    assert fake.asked == []
