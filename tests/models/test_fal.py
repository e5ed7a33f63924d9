"""Models on fal."""

import pytest
from fake_fal import KEY, Fake, adapter, detail
from support.fake_provider import Response, Scenario, ask

from vmevalkit.models.fal import ENTRIES, FalProvider
from vmevalkit.models.provider import JobFailedError, RateLimitError, RefusedRequestError, UnavailableError, VideoJob

JOB = VideoJob("Go!", b"png", 640, 480, 5.0, 42, "key")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("fal-wan-2.7", {"duration": 5, "resolution": "720p", "enable_prompt_expansion": False, "seed": 42}),
        ("fal-seedance-2.0", {"duration": "5", "resolution": "720p", "generate_audio": False, "seed": 42}),
        ("fal-kling-4", {"duration": 5, "start_image_url": "data:image/png;base64,cG5n"}),
    ],
)
def test_each_model_gets_the_job_in_its_own_words(name, fields):
    (entry,) = [entry for entry in ENTRIES if entry.name == name]

    class Any(Fake):
        def respond(self, request):
            return self.create(request)

    with Any(Scenario.SUCCESS, b"") as fake:
        ask(FalProvider(entry, KEY, base_url=fake.url), lambda provider: provider.submit(JOB))
    (request,) = fake.accepted
    assert request.path == f"/{entry.model_id}"
    usual = {} if "start_image_url" in fields else {"image_url": "data:image/png;base64,cG5n"}
    assert request.json() == {"prompt": "Go!"} | usual | fields


def test_a_base_url_may_have_a_path():
    class Any(Fake):
        def respond(self, request):
            return self.create(request)

    with Any(Scenario.SUCCESS, b"") as fake:
        ask(FalProvider(ENTRIES[0], KEY, base_url=f"{fake.url}/fal/"), lambda provider: provider.submit(JOB))
    assert fake.accepted[0].path == f"/fal/{ENTRIES[0].model_id}"
    assert fake.accepted[0].headers["host"] in fake.url


@pytest.mark.parametrize(
    ("status", "expected"), [(429, RateLimitError), (409, RefusedRequestError), (503, UnavailableError)]
)
def test_what_the_client_would_send_again_is_sent_once(status, expected):
    class Refusing(Fake):
        def create(self, request):
            self.asked.append(request)
            return detail(status, "nginx")

    with Refusing(Scenario.SUCCESS, b"") as fake, pytest.raises(expected, match=f"status {status}"):
        ask(adapter(fake.url, KEY), lambda provider: provider.submit(JOB))
    assert len(fake.asked) == 1


def test_a_result_without_a_video_is_a_failure():
    class Empty(Fake):
        def state(self, job_id):
            return "succeeded"

        def result(self, job_id):
            return Response.of({"images": []})

    with Empty(Scenario.SUCCESS, b"") as fake, pytest.raises(JobFailedError, match="without a video"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))


def test_a_result_that_cannot_be_read_just_now_is_asked_for_again():
    class Down(Fake):
        def state(self, job_id):
            return "succeeded"

        def result(self, job_id):
            return detail(502, "Bad gateway")

    with Down(Scenario.SUCCESS, b"") as fake, pytest.raises(UnavailableError, match="status 502: Bad gateway"):
        ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1"))
