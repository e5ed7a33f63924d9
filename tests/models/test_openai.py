"""Servers with OpenAI's ``/v1/videos`` interface."""

from dataclasses import replace
from typing import get_args

import pytest
from openai.types import VideoSeconds, VideoSize
from support.fake_openai import KEY, Fake, adapter, error, fields_of
from support.fake_provider import Response, Scenario, ask

from vmevalkit.models.openai_videos import ENTRIES, OpenAIVideosProvider
from vmevalkit.models.provider import ContentRefusedError, CredentialsError, VideoJob

JOB = VideoJob("Go!", b"png", 1280, 720, 8, 42, "key")


def submitted(provider) -> str:
    return ask(provider, lambda provider: provider.submit(JOB))


def test_the_limits_of_sora_are_those_of_the_client():
    limits = ENTRIES[0].limits
    assert {f"{width}x{height}" for width, height in limits.sizes} <= set(get_args(VideoSize))
    assert {str(seconds) for seconds in limits.seconds} == set(get_args(VideoSeconds))


def test_size_duration_model_and_seed_are_sent_as_the_interface_wants_them():
    with Fake(Scenario.SUCCESS, b"") as fake:
        submitted(adapter(fake.url, KEY))
    fields = fields_of(fake.accepted[0])
    assert fields.pop("input_reference") == b"png"
    assert fields == {"model": b"sora-2", "prompt": b"Go!", "size": b"1280x720", "seconds": b"8", "seed": b"42"}


def test_options_go_along_and_before_what_is_sent_otherwise():
    entry = replace(ENTRIES[0], options={"num_inference_steps": 20, "seed": 1, "negative_prompt": "blur"})
    with Fake(Scenario.SUCCESS, b"") as fake:
        submitted(OpenAIVideosProvider(entry, KEY, base_url=f"{fake.url}/v1"))
    fields = fields_of(fake.accepted[0])
    assert (fields["num_inference_steps"], fields["seed"], fields["negative_prompt"]) == (b"20", b"1", b"blur")


def test_a_server_without_keys_is_asked_with_an_empty_one():
    class Open(Fake):
        def respond(self, request):
            return self.create(request)

    with Open(Scenario.SUCCESS, b"") as fake:
        assert submitted(adapter(fake.url, "")) == "job-1"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(429, "insufficient_quota", CredentialsError), (400, "moderation_blocked", ContentRefusedError)],
)
def test_the_code_of_an_error_says_more_than_its_status(status, code, expected):
    class Refusing(Fake):
        def create(self, request):
            return error(status, "No.", code)

    with Refusing(Scenario.SUCCESS, b"") as fake, pytest.raises(expected, match=rf"^openai: {code} No\.$"):
        submitted(adapter(fake.url, KEY))


def test_a_status_that_is_not_known_means_that_the_job_goes_on():
    class Own(Fake):
        def retrieve(self, job_id):
            return Response.of(self.video(job_id, "postprocessing"))

    with Own(Scenario.SUCCESS, b"") as fake:
        assert ask(adapter(fake.url, KEY), lambda provider: provider.poll("job-1")).state == "running"
